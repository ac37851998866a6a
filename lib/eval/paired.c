#include "eval/paired.h"

#include <math.h>
#include <stdlib.h>

#include "base/ascending.h"
#include "base/mem.h"
#include "base/random.h"

/* ---- Wilcoxon ---- */

static int by_size(const void *a, const void *b)
{
    double x = fabs(*(const double *)a), y = fabs(*(const double *)b);
    return (x > y) - (x < y);
}

/* P(W <= w), where W is the sum of a random subset of the n ranks, doubled to be whole numbers:
 * counts the subsets of each sum, rank by rank.  Exact, because counts stay below 2^53. */
static double share_up_to(const size_t *rank, size_t n, size_t w)
{
    double count[WILCOXON_EXACT * (WILCOXON_EXACT + 1) + 1] = {1}, below = 0;
    size_t most = 0;
    for (size_t i = 0; i < n; i++) {
        most += rank[i];
        for (size_t sum = most; sum >= rank[i]; sum--)
            count[sum] += count[sum - rank[i]];
    }
    for (size_t sum = 0; sum <= w; sum++)
        below += count[sum];
    return ldexp(below, -(int)n);
}

static double normal_p(const struct wilcoxon *w, double ties)
{
    double n = (double)w->n, mean = n * (n + 1) / 4;
    double variance = n * (n + 1) * (2 * n + 1) / 24 - ties / 48;
    return erfc(fabs(w->plus - mean) / sqrt(2 * variance));
}

struct wilcoxon wilcoxon_of(const double *d, size_t n)
{
    struct wilcoxon w = {.p = 1};
    double *by = mem_alloc(n * sizeof *by), ties = 0;
    size_t *twice = mem_alloc(n * sizeof *twice); /* the ranks, doubled */
    for (size_t i = 0; i < n; i++)
        if (d[i] != 0)
            by[w.n++] = d[i];
    qsort(by, w.n, sizeof *by, by_size);
    for (size_t i = 0, end; i < w.n; i = end) {
        for (end = i; end < w.n && fabs(by[end]) == fabs(by[i]);)
            end++;
        double t = (double)(end - i), rank = (double)(i + end + 1) / 2;
        ties += t * (t * t - 1);
        for (size_t j = i; j < end; j++) {
            twice[j] = i + end + 1;
            *(by[j] > 0 ? &w.plus : &w.minus) += rank;
        }
    }
    w.exact = w.n <= WILCOXON_EXACT;
    if (w.n && w.exact)
        w.p = fmin(1, 2 * share_up_to(twice, w.n, (size_t)(2 * fmin(w.plus, w.minus))));
    else if (w.n)
        w.p = normal_p(&w, ties);
    mem_free(by);
    mem_free(twice);
    return w;
}

/* ---- Holm ---- */

/* The i-th smallest p is the one with i others before it, of equal ones by their order; n is the
 * number of models, so searching for it takes no time. */
void holm(const double *p, size_t n, double *to)
{
    double highest = 0;
    for (size_t rank = 0; rank < n; rank++)
        for (size_t i = 0; i < n; i++) {
            size_t before = 0;
            for (size_t j = 0; j < n; j++)
                before += p[j] < p[i] || (p[j] == p[i] && j < i);
            if (before == rank)
                to[i] = highest = fmax(highest, fmin(1, (double)(n - rank) * p[i]));
        }
}

/* ---- bootstrap ---- */

static double percentile(const double *sorted, size_t n, double share)
{
    double at = share * (double)(n - 1);
    size_t i = (size_t)at;
    return i + 1 < n ? sorted[i] + (at - (double)i) * (sorted[i + 1] - sorted[i]) : sorted[i];
}

/* Puts the means of one draw into to[0], to[stride], ... */
static void draw_means(const double *d, size_t n, size_t columns, struct random *random, double *to,
                       size_t stride)
{
    for (size_t c = 0; c < columns; c++)
        to[c * stride] = 0;
    for (size_t i = 0; i < n; i++) {
        const double *row = d + random_below(random, (uint32_t)n) * columns;
        for (size_t c = 0; c < columns; c++)
            to[c * stride] += row[c];
    }
    for (size_t c = 0; c < columns; c++)
        to[c * stride] /= (double)n;
}

void bootstrap_means(const double *d, size_t n, size_t columns, size_t resamples, uint64_t seed,
                     struct interval *to)
{
    struct random random = random_of(seed, 0);
    double *mean = mem_alloc(columns * resamples * sizeof *mean); /* [columns, resamples] */
    for (size_t r = 0; n && r < resamples; r++)
        draw_means(d, n, columns, &random, mean + r, resamples);
    for (size_t c = 0; c < columns; c++) {
        double *of = mean + c * resamples;
        if (n)
            qsort(of, resamples, sizeof *of, ascending_f64);
        to[c].low = n ? percentile(of, resamples, 0.025) : NAN;
        to[c].high = n ? percentile(of, resamples, 0.975) : NAN;
    }
    mem_free(mean);
}
