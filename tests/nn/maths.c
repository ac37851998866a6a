/* The elementary functions of nn/maths.h against the library's in double precision, over all
 * magnitudes. */
#include "nn/maths.h"
#include "../tap.h"

/* Units in the last place of a float32 by which x is off. */
static double units_off(float x, double expected)
{
    double size = fabs(expected) > 1e-37 ? fabs(expected) : 1e-37;
    return fabs((double)x - expected) / ldexp(1, ilogb(size) - 23);
}

static void check_log1p(void)
{
    double most = 0;
    for (double u = 1; u > 1e-30; u *= 0.9999)
        most = fmax(most, units_off(maths_log1p((float)u), log1p((double)(float)u)));
    tap_ok(most < 3, "log(1 + u) of u of 1e-30 to 1 is off by %.2f units in the last place", most);
    tap_ok(maths_log1p(0) == 0, "log(1 + 0) is 0");
}

/* log σ(x) = -log(1 + e^-x) and σ(-x), on both sides of 0. */
static void check_log_sigmoid(void)
{
    double most = 0, most_back = 0;
    for (double size = 85; size > 1e-30; size *= 0.9999)
        for (int side = -1; side <= 1; side += 2) {
            float x = (float)(side * size);
            double of = (double)x, power = exp(-fabs(of));
            most = fmax(most, units_off(maths_log_sigmoid(x), fmin(of, 0) - log1p(power)));
            most_back = fmax(
                most_back, units_off(maths_log_sigmoid_back(x), (x < 0 ? 1 : power) / (1 + power)));
        }
    tap_ok(most < 4, "log σ(x) of |x| up to 85 is off by %.2f units in the last place", most);
    tap_ok(most_back < 4, "its derivative by %.2f", most_back);
    tap_ok(maths_log_sigmoid(-1e30f) == -1e30f && maths_log_sigmoid(-INFINITY) == -INFINITY,
           "log σ(x) of x far below 0 is x");
    tap_ok(maths_log_sigmoid(1e30f) <= 0 && maths_log_sigmoid(1e30f) > -1e-37f &&
               maths_log_sigmoid(INFINITY) > -1e-37f,
           "and of x far above 0 next to 0");
    tap_ok(isnan(maths_log_sigmoid(NAN)), "and of NaN NaN");
}

static void check_exp_below(void)
{
    double most = 0;
    for (double size = 87; size > 1e-30; size *= 0.9999) {
        double of = (double)(float)-size,
               off = fabs((double)maths_exp_below((float)-size) / exp(of) - 1);
        most = fmax(most, off / (3.5e-7 + 1e-7 * size));
    }
    tap_ok(most < 1, "e^x of x below 0 is off by %.2f of what it may be", most);
    tap_ok(maths_exp_below(0) == 1 && maths_exp_below(-INFINITY) < 2e-38f &&
               isnan(maths_exp_below(NAN)),
           "e^0 is 1, e^-infinity next to 0, and of NaN NaN");
}

int main(void)
{
    check_exp_below();
    check_log1p();
    check_log_sigmoid();
    return tap_done();
}
