/* Two models compared user by user: who is in both, whose targets differ in number, differences. */
#include "eval/compare.h"

#include <math.h>

#include "../tap.h"

static const struct cuts cuts = {1, {2}, false};

/* A target of the user, at the rank. */
static void target(struct by_user *b, int32_t user, int32_t rank)
{
    user_sums_add(&b->sums, &cuts, user, rank);
}

static bool near(double a, double b)
{
    return fabs(a - b) < 1e-12;
}

static void users(void)
{
    struct by_user model = {.runs = 2}, base = {.runs = 1};
    struct comparison c;
    /* user 0: the model has the one target at ranks 1 and 3 of its runs, the base at 2 */
    target(&model, 0, 1);
    target(&model, 0, 3);
    target(&base, 0, 2);
    /* user 1: with the base alone; user 2: with the model alone */
    target(&base, 1, 1);
    target(&model, 2, 1);
    /* user 4: two targets of the model, both runs together, and two of the base: uneven */
    target(&model, 4, 1);
    target(&model, 4, 1);
    target(&base, 4, 9);
    target(&base, 4, 2);
    compare_users(&model, &base, &cuts, 100, 1, &c);
    tap_ok(c.users == 2 && c.alone == 2 && c.uneven == 1,
           "%zu users in both, %zu in one alone, %zu with different numbers of targets", c.users,
           c.alone, c.uneven);
    /* recall@2: 1/2 - 1 and 1 - 1/2; mrr@2: 1/2 - 1/2 and 1 - 1/4 */
    tap_ok(near(c.column[1].difference, 0) && near(c.column[2].difference, 0.375),
           "mean differences of recall and mrr");
    tap_ok(c.column[2].interval.low >= 0 && c.column[2].interval.high <= 0.75 &&
               c.column[2].interval.low <= c.column[2].interval.high,
           "the interval is within the differences");
    by_user_release(&model);
    by_user_release(&base);
}

/* Fractions summed in another order differ in their last bits; a model is not better than itself.
 */
static void rounding(void)
{
    struct by_user model = {.runs = 1}, base = {.runs = 1};
    struct cuts twenty = {1, {20}, false};
    struct comparison c;
    for (int32_t user = 0; user < 20; user++)
        for (int32_t i = 0; i < 20; i++) {
            user_sums_add(&model.sums, &twenty, user, 1 + i);
            user_sums_add(&base.sums, &twenty, user, 1 + i * 11 % 20);
        }
    compare_users(&model, &base, &twenty, 100, 1, &c);
    tap_ok(c.users == 20 && c.column[2].difference == 0 && c.column[2].interval.low == 0 &&
               c.column[2].interval.high == 0,
           "the order of summing makes no difference");
    by_user_release(&model);
    by_user_release(&base);
}

static void nobody(void)
{
    struct by_user model = {.runs = 1}, base = {.runs = 1};
    struct comparison c;
    target(&model, 0, 1);
    compare_users(&model, &base, &cuts, 100, 1, &c);
    tap_ok(c.users == 0 && c.alone == 1 && isnan(c.column[1].difference),
           "without a user in both there is no difference");
    by_user_release(&model);
    by_user_release(&base);
}

int main(void)
{
    users();
    rounding();
    nobody();
    return tap_done();
}
