/* The choice of the largest values against a sort; logarithms of arrays against the library's. */
#include "index/largest.h"

#include <float.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "../tap.h"
#include "base/random.h"
#include "index/logs.h"

enum { MOST = 700 };

static int descending(const void *a, const void *b)
{
    float x = *(const float *)a, y = *(const float *)b;
    return (x < y) - (x > y);
}

/* Values from few different ones, so that many are equal, or from many; some are 0. */
static void draw(float *x, size_t n, bool few, struct random *r)
{
    for (size_t i = 0; i < n; i++)
        x[i] = few                  ? (float)random_below(r, 12) / 7
               : random_below(r, 5) ? expf(random_between(r, -40, 40))
                                    : 0;
}

/* Whether the cut takes the values of a sort, and of equal ones the first; whether the choice of
 * all at once is the same. */
static bool is_right(const float *x, size_t n, size_t count, float about)
{
    float sorted[MOST], other = x[0];
    unsigned char chosen[MOST] = {0};
    struct cut cut = largest_cut(x, n, count, &about);
    size_t taken = 0, refused_last = 0;
    memcpy(sorted, x, n * sizeof *x);
    qsort(sorted, n, sizeof *sorted, descending);
    size_t wanted = 0;
    while (wanted < n && wanted < count && sorted[wanted] > 0)
        wanted++;
    float least = wanted ? sorted[wanted - 1] : FLT_MAX;
    largest_choose(x, n, count, &other, chosen);
    if (largest_value(x, n) != (n ? sorted[0] : 0))
        return false;
    for (size_t i = 0; i < n; i++) {
        bool takes = cut_takes(&cut, x[i]);
        taken += takes;
        refused_last += !takes && x[i] == least;
        bool late = x[i] == least && refused_last;
        if (takes != chosen[i] || (takes && (x[i] < least || late)) || (!takes && x[i] > least))
            return false;
    }
    return taken == wanted;
}

static void check_largest(bool few)
{
    struct random r = random_of(few, 5);
    int wrong = 0;
    for (int round = 0; round < 600; round++) {
        float x[MOST] = {0};
        size_t n = random_below(&r, MOST), count = 1 + random_below(&r, 200);
        draw(x, n, few, &r);
        wrong += !is_right(x, n, count, round % 3 ? x[n / 2] : random_between(&r, -1, 2));
    }
    tap_ok(!wrong, "the largest of %s values: %d of 600 choices are wrong",
           few ? "often equal" : "different", wrong);
}

static void check_logs(void)
{
    enum { N = 100003 };
    static float x[N], logs[N];
    struct random r = random_of(1, 6);
    double worst = 0;
    for (int i = 0; i < N; i++)
        x[i] = logs[i] =
            i < N / 2 ? expf(random_between(&r, -80, 80)) : random_between(&r, 0.5f, 2);
    x[0] = logs[0] = 1;
    x[1] = logs[1] = FLT_MIN;
    x[2] = logs[2] = FLT_MAX;
    logs_of(logs, N);
    for (int i = 0; i < N; i++) {
        double wanted = log((double)x[i]), unit = (double)FLT_EPSILON * fmax(fabs(wanted), 1e-30);
        worst = fmax(worst, fabs((double)logs[i] - wanted) / unit);
    }
    tap_ok(logs[0] == 0 && worst < 2, "logarithms to %.2f units in the last place", worst);
}

int main(void)
{
    check_largest(true);
    check_largest(false);
    check_logs();
    return tap_done();
}
