/* Sums of scores user by user. */
#include "eval/user_sums.h"

#include "../tap.h"

static const struct cuts cuts = {.count = 1, .at = {2}};

static void sums(void)
{
    struct user_sums s = {0};
    size_t width = user_sums_width(&cuts); /* loss, recall@2, mrr@2, targets */
    user_sums_add(&s, &cuts, 2, 1, 0.5);
    user_sums_add(&s, &cuts, 2, 2, 1);
    user_sums_add(&s, &cuts, 2, 3, 2);
    user_sums_add(&s, &cuts, 0, 2, 4);
    tap_ok(width == 4 && s.at.len == 12, "a row a user, up to the highest");
    tap_ok(user_sums_of(&s, 0, width)[3] == 1 && !user_sums_of(&s, 1, width) &&
               user_sums_of(&s, 2, width)[3] == 3 && !user_sums_of(&s, 3, width),
           "targets are counted, none of a user between or behind");
    tap_ok(s.at.at[8] == 3.5 && s.at.at[9] == 2 && s.at.at[10] == 1.5,
           "losses, recall and reciprocal ranks are summed");
    user_sums_merge(&s, width, 3, (double[]){3, 2, 0.25, 2});
    user_sums_merge(&s, width, 3, (double[]){1, 1, 0.5, 1});
    tap_ok(s.at.len == 16 && s.at.at[12] == 4 && s.at.at[13] == 3 && s.at.at[14] == 0.75 &&
               s.at.at[15] == 3,
           "sums are added to sums");
    user_sums_release(&s);
}

int main(void)
{
    sums();
    return tap_done();
}
