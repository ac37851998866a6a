/* Tests whether paired differences are more than chance: Wilcoxon's signed-rank test, and bootstrap
 * intervals of the mean. */
#ifndef EVAL_PAIRED_H
#define EVAL_PAIRED_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* The exact distribution tests up to this many differences. */
enum { WILCOXON_EXACT = 50 };

struct wilcoxon {
    size_t n;           /* differences other than 0; the others take no part */
    double plus, minus; /* sums of the ranks of |d| where d > 0 and where d < 0 */
    double p;           /* two-sided; 1 where n = 0 */
    bool exact;
};

/* Equal |d| share the mean of their ranks.  Up to WILCOXON_EXACT differences, p comes from all 2^n
 * signs that the ranks can have, shared ranks included.  Beyond that it comes from the normal
 * approximation with the variance n(n+1)(2n+1)/24 - sum over ties of t(t^2-1)/48, without
 * correction for continuity.
 * (Wilcoxon 1945; Hollander, Wolfe and Chicken 2014, section 3.1.) */
struct wilcoxon wilcoxon_of(const double *d, size_t n);

/* Holm's correction of n p values that belong together: with p_(1) <= p_(2) <= ... in order,
 * to_(i) = max over j <= i of min(1, (n - j + 1) p_(j)).  Rejecting what is at most alpha then errs
 * anywhere with a probability of at most alpha (Holm 1979). */
void holm(const double *p, size_t n, double *to);

struct interval {
    double low, high;
};

/* Sets to[columns] to the 95 % percentile intervals of the mean of each column of d: [n, columns],
 * from `resamples` draws of n rows with replacement (Efron and Tibshirani 1993, section 13.3).  All
 * columns have the same draws, which depend only on n, resamples and seed.  Percentiles between two
 * means are interpolated. */
void bootstrap_means(const double *d, size_t n, size_t columns, size_t resamples, uint64_t seed,
                     struct interval *to);

#endif
