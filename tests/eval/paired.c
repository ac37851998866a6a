/* Reference values are those of SciPy 1.17.1 (scipy.stats.wilcoxon, scipy.stats.bootstrap), called
 * as the comments say. */
#include "eval/paired.h"

#include <math.h>

#include "../tap.h"

static int near(double a, double b)
{
    return fabs(a - b) <= 1e-12 * fmax(1, fabs(b));
}

static void wilcoxon_is(const char *name, const double *d, size_t n, size_t used, double least,
                        double p, bool exact)
{
    struct wilcoxon w = wilcoxon_of(d, n);
    tap_ok(w.n == used && near(fmin(w.plus, w.minus), least) && near(w.p, p) && w.exact == exact,
           "%s: n %zu, W %g, p %.15g", name, w.n, fmin(w.plus, w.minus), w.p);
    tap_ok(near(w.plus + w.minus, (double)used * (double)(used + 1) / 2), "%s: all ranks are given",
           name);
}

static void test_exact(void)
{
    /* Darwin's cross- and self-fertilized maize, in eighths of an inch: method="exact" */
    static const double maize[] = {6, 8, 14, 16, 23, 24, 28, 29, 41, -48, 49, 56, 60, -67, 75};
    /* zero_method="wilcox", method=PermutationMethod(n_resamples=10**6), which takes all signs */
    static const double ties[] = {1, -1, 2, 2, -3, 4, 0, 4, 4, -5, 0, 6};
    static const double one[] = {-3}, none[] = {0, 0, 0}, even[] = {2, -2};
    double mixed[50];
    for (int i = 0; i < 50; i++) /* method="exact" */
        mixed[i] = (i * 7) % 5 < 3 ? i + 1 : -(i + 1);
    wilcoxon_is("maize", maize, 15, 15, 24, 0.041259765625, true);
    wilcoxon_is("ties and zeros", ties, 12, 10, 15.5, 0.25390625, true);
    wilcoxon_is("50 differences", mixed, 50, 50, 530, 0.3044806608698192, true);
    wilcoxon_is("one difference", one, 1, 1, 0, 1, true);
    wilcoxon_is("no difference", none, 3, 0, 0, 1, true);
    wilcoxon_is("as much up as down", even, 2, 2, 1.5, 1, true);
    wilcoxon_is("nobody", NULL, 0, 0, 0, 1, true);
}

/* correction=False, method="approx" */
static void test_normal(void)
{
    double mixed[51], ties[60];
    for (int i = 0; i < 51; i++)
        mixed[i] = (i * 7) % 5 < 3 ? i + 1 : -(i + 1);
    for (int i = 0; i < 60; i++)
        ties[i] = ((i * 37) % 23 - 9) / 4.0;
    wilcoxon_is("51 differences", mixed, 51, 51, 530, 0.21251812213554644, false);
    wilcoxon_is("many ties and 2 zeros", ties, 60, 58, 595, 0.04353205576279501, false);
    for (int i = 0; i < 60; i++)
        ties[i] = -ties[i];
    wilcoxon_is("the other way round", ties, 60, 58, 595, 0.04353205576279501, false);
}

static void holm_is(const char *name, const double *p, const double *expected, size_t n)
{
    double to[8];
    bool same = true;
    holm(p, n, to);
    for (size_t i = 0; i < n; i++)
        same &= fabs(to[i] - expected[i]) < 1e-12;
    tap_ok(same, "Holm: %s", name);
}

/* By hand: 4 * 0.005, 3 * 0.01, 2 * 0.03, and 1 * 0.04, which may not be below the one before. */
static void test_holm(void)
{
    holm_is("four in any order", (double[]){0.01, 0.04, 0.03, 0.005},
            (double[]){0.03, 0.06, 0.06, 0.02}, 4);
    holm_is("equal ones", (double[]){0.02, 0.02, 0.5}, (double[]){0.06, 0.06, 0.5}, 3);
    holm_is("1 at most", (double[]){0.6, 0.7}, (double[]){1, 1}, 2);
    holm_is("one alone", (double[]){0.2}, (double[]){0.2}, 1);
}

/* 200000 resamples of scipy.stats.bootstrap((d,), np.mean, method="percentile") give 0.2525 (and
 * 0.25125 with other seeds) to 0.7125 (0.71375). */
static void test_bootstrap(void)
{
    double d[400];
    struct interval i[2], again[2];
    for (int k = 0; k < 200; k++) {
        d[2 * k] = ((k * 37) % 23 - 9) / 4.0;
        d[2 * k + 1] = 5;
    }
    bootstrap_means(d, 200, 2, 20000, 1, i);
    tap_ok(fabs(i[0].low - 0.252) < 0.01 && fabs(i[0].high - 0.7125) < 0.01, "mean %.4f to %.4f",
           i[0].low, i[0].high);
    tap_ok(i[1].low == 5 && i[1].high == 5, "what is always the same has no width");
    bootstrap_means(d, 200, 2, 20000, 1, again);
    tap_ok(i[0].low == again[0].low && i[0].high == again[0].high, "one seed, one interval");
    bootstrap_means(d, 200, 2, 20000, 2, again);
    tap_ok(i[0].low != again[0].low || i[0].high != again[0].high, "another seed, another one");
}

/* Of the 27 draws of three from 0, 0, 9 the mean is 0 in 8, 3 in 12, 6 in 6 and 9 in 1: a share of
 * 0.037 lies at 9. */
static void test_bootstrap_by_hand(void)
{
    static const double d[] = {0, 0, 9};
    struct interval i;
    bootstrap_means(d, 3, 1, 50000, 3, &i);
    tap_ok(i.low == 0 && i.high == 9, "0 to 9: %g to %g", i.low, i.high);
    bootstrap_means(d, 1, 1, 10, 3, &i);
    tap_ok(i.low == 0 && i.high == 0, "one row is every draw");
    bootstrap_means(d, 3, 1, 1, 3, &i);
    tap_ok(i.low == i.high, "one draw is both ends");
    bootstrap_means(NULL, 0, 1, 10, 3, &i);
    tap_ok(isnan(i.low) && isnan(i.high), "nobody, no interval");
}

int main(void)
{
    test_exact();
    test_normal();
    test_holm();
    test_bootstrap();
    test_bootstrap_by_hand();
    return tap_done();
}
