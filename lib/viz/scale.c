#include "viz/scale.h"

#include <math.h>

double scale_reach(double value, double error, double highest)
{
    return error > 0 ? fmax(value, fmin(value + error, highest * 1.25)) : value;
}

double scale_at(const struct scale *s, double value)
{
    if (!(s->high > s->low))
        return (s->from + s->to) / 2;
    return s->from + (value - s->low) / (s->high - s->low) * (s->to - s->from);
}

double scale_step(double low, double high, int most)
{
    double least = (high - low) / most;
    if (!(least > 0) || !isfinite(least))
        return 1;
    double step = pow(10, floor(log10(least)));
    static const double times[] = {1, 2, 5};
    for (int i = 0; i < 3; i++)
        if (step * times[i] >= least * (1 - 1e-9))
            return step * times[i];
    return step * 10;
}

void scale_round(struct scale *s, double step)
{
    s->low = floor(s->low / step + 1e-9) * step;
    s->high = ceil(s->high / step - 1e-9) * step;
}

int scale_decimals(double step)
{
    int decimals = 0;
    for (; decimals < 9 && fabs(step - round(step)) > 1e-9 * fabs(step); decimals++)
        step *= 10;
    return decimals;
}

double scale_share(double value, double low, double high)
{
    if (!(high > low) || !(value > low))
        return 0;
    return value < high ? (value - low) / (high - low) : 1;
}
