/* Two models compared user by user: who is in both, whose targets differ in number, differences. */
#include "eval/compare.h"

#include <math.h>

#include "../tap.h"

static const struct cuts cuts = {.count = 1, .at = {2}};

/* A target of the user, at the rank. */
static void target(struct by_user *b, int32_t user, int32_t rank)
{
    user_sums_add(&b->sums, &cuts, user, rank, 1);
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
    /* mrr@2 of users 0 and 4: (1 + 0) / 2 and 1; of the base 1/2 and (0 + 1/2) / 2 */
    tap_ok(near(c.column[2].model, 0.75) && near(c.column[2].base, 0.375),
           "the means of both sides that the difference is of");
    tap_ok(c.column[2].holm == c.column[2].test.p, "a single model's p is not corrected");
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
    struct cuts twenty = {.count = 1, .at = {20}};
    struct comparison c;
    for (int32_t user = 0; user < 20; user++)
        for (int32_t i = 0; i < 20; i++) {
            user_sums_add(&model.sums, &twenty, user, 1 + i, 1);
            user_sums_add(&base.sums, &twenty, user, 1 + i * 11 % 20, 1);
        }
    compare_users(&model, &base, &twenty, 100, 1, &c);
    tap_ok(c.users == 20 && c.column[2].difference == 0 && c.column[2].interval.low == 0 &&
               c.column[2].interval.high == 0,
           "the order of summing makes no difference");
    by_user_release(&model);
    by_user_release(&base);
}

/* p of 0.01, 0.04 and 0.03 on one score, other ones on the next. */
static void correction(void)
{
    static const double p[][2] = {{0.01, 1}, {0.04, 0.2}, {0.03, 0.2}};
    struct comparison *c[3];
    for (int i = 0; i < 3; i++) {
        c[i] = mem_zero(1, sizeof **c);
        for (int column = 1; column <= 2; column++)
            c[i]->column[column].test.p = p[i][column - 1];
    }
    compare_correct(c, 3, &cuts);
    tap_ok(near(c[0]->column[1].holm, 0.03) && near(c[1]->column[1].holm, 0.06) &&
               near(c[2]->column[1].holm, 0.06),
           "p is corrected over the models");
    tap_ok(near(c[0]->column[2].holm, 1) && near(c[1]->column[2].holm, 0.6) &&
               near(c[2]->column[2].holm, 0.6),
           "score by score");
    for (int i = 0; i < 3; i++)
        mem_free(c[i]);
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
    correction();
    nobody();
    return tap_done();
}
