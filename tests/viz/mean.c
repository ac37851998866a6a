/* Means and their errors, and the scale of their picture. */
#include "viz/means_form.h"

#include <math.h>

#include "../tap.h"

static void test_means(void)
{
    struct means m = {0};
    means_add(&m, 1, 0.2, 0.4);
    means_add(&m, 1, 0.4, 0.8);
    means_end_session(&m);
    means_add(&m, 1, 0.9, 1.8);
    means_add(&m, 3, 0.1, 0.2);
    means_end_session(&m);
    const struct mean *x = &m.at.at[1];
    tap_ok(x->count == 3 && x->sessions == 2, "weights and sessions are counted");
    tap_ok(fabs(mean_relative(x) - 1) < 1e-12 && fabs(mean_weight(x) - 0.5) < 1e-12, "means");
    /* residuals of the sessions: 1.2 - 2 = -0.8 and 1.8 - 1 = 0.8; √(2 · 1.28) / 3 */
    tap_ok(fabs(mean_error(x) - sqrt(2.56) / 3) < 1e-12, "the error is of sessions");
    tap_ok(isnan(mean_relative(&m.at.at[0])) && isnan(mean_error(&m.at.at[3])),
           "nothing is said of nothing, no error of one session");
    means_release(&m);
}

static void add_group(struct means *m, size_t group, int sessions, double relative)
{
    for (int i = 0; i < sessions; i++) {
        means_add(m, group, 0.1, relative);
        means_end_session(m);
    }
}

static void test_top(void)
{
    struct means m = {0};
    add_group(&m, 0, 50, 2);
    tap_ok(means_top(&m, 1.2) == 2 && means_top(&m, 3) == 3, "the scale reaches the highest mean");
    add_group(&m, 1, 2, 2.9);
    tap_ok(fabs(means_top(&m, 1.2) - 2.9) < 1e-12, "and one of few sessions that goes on from it");
    add_group(&m, 2, 2, 3.1);
    tap_ok(fabs(means_top(&m, 1.2) - 2.9) < 1e-12, "but none that is far above");
    means_release(&m);
    add_group(&m, 0, 2, 9);
    tap_ok(means_top(&m, 1.2) == 9, "of few sessions in all groups the scale is theirs");
    means_release(&m);
}

int main(void)
{
    test_means();
    test_top();
    return tap_done();
}
