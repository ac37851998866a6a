/* Sums of scores user by user. */
#include "eval/user_sums.h"

#include "../tap.h"

static const struct cuts cuts = {1, {2}, false};

static void sums(void)
{
    struct user_sums s = {0};
    int columns = metrics_columns(&cuts);
    user_sums_add(&s, &cuts, 2, 1);
    user_sums_add(&s, &cuts, 2, 2);
    user_sums_add(&s, &cuts, 2, 3);
    user_sums_add(&s, &cuts, 0, 2);
    tap_ok(columns == 3 && s.at.len == 9, "a row a user, up to the highest");
    tap_ok(s.at.at[0] == 1 && s.at.at[3] == 0 && s.at.at[4] == 0 && s.at.at[6] == 3,
           "targets are counted, none of a user between");
    tap_ok(s.at.at[7] == 2 && s.at.at[8] == 1.5, "recall and reciprocal ranks are summed");
    user_sums_merge(&s, 3, 3, (double[]){2, 1, 0.25});
    user_sums_merge(&s, 3, 3, (double[]){1, 1, 0.5});
    tap_ok(s.at.len == 12 && s.at.at[9] == 3 && s.at.at[10] == 2 && s.at.at[11] == 0.75,
           "sums are added to sums");
    user_sums_release(&s);
}

int main(void)
{
    sums();
    return tap_done();
}
