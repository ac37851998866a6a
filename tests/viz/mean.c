/* Means and their errors. */
#include "viz/mean.h"

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

int main(void)
{
    test_means();
    return tap_done();
}
