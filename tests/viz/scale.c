/* Numbers to places. */
#include "viz/scale.h"

#include <math.h>

#include "../tap.h"

static void test_scale(void)
{
    struct scale s = {0, 10, 100, 300}, down = {0, 1, 250, 50}, flat = {3, 3, 0, 10};
    tap_ok(scale_at(&s, 5) == 200 && scale_at(&s, 0) == 100, "a scale");
    tap_ok(scale_at(&down, 0.25) == 200, "a scale that runs down");
    tap_ok(scale_at(&flat, 3) == 5, "no range lies in the middle");
    tap_ok(scale_step(0, 1, 5) == 0.2 && scale_step(0, 7, 5) == 2 && scale_step(0, 230, 5) == 50 &&
               scale_step(0, 5, 5) == 1,
           "steps are 1, 2 or 5 times a power of ten");
    tap_ok(scale_step(2, 2, 5) == 1 && scale_step(0, INFINITY, 5) == 1,
           "no range, a step all the same");
    struct scale r = {0.13, 0.87, 0, 1};
    scale_round(&r, 0.2);
    tap_ok(r.low == 0 && fabs(r.high - 1) < 1e-12, "a range is widened to whole steps");
    tap_ok(scale_decimals(0.2) == 1 && scale_decimals(0.05) == 2 && scale_decimals(20) == 0,
           "marks have the decimals that they need");
    tap_ok(scale_share(-1, 0, 2) == 0 && scale_share(1, 0, 2) == 0.5 && scale_share(3, 0, 2) == 1 &&
               scale_share(1, 1, 1) == 0 && scale_share(NAN, 0, 1) == 0,
           "shares stay within 0 and 1");
}

int main(void)
{
    test_scale();
    return tap_done();
}
