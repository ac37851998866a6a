/* The CPU's losses over some of the items.  Threads share the rows.  The loops over a row have no
 * branches: weights of 1 and 0 tell negatives from other columns. */
#include <math.h>

#include "nn/cpu.h"
#include "nn/maths.h"

/* One row: its corrected scores, and for each column the weight of a negative, else 0. */
struct sampled_row {
    enum loss_kind kind;
    size_t cols, own;
    float own_score, share; /* share: weight of its loss in the mean */
    const float *score;     /* [cols] */
    float *weight;          /* [cols] */
};

/* Fills y and weight for row i; returns the sum of the weights. */
VECTOR static float mark(const struct sampled_scores *s, size_t i, const float *correction,
                         float *restrict y, float *restrict weight)
{
    size_t cols = (size_t)s->candidates;
    const float *score = s->score + i * cols;
    const int32_t *item = s->item, *owner = s->owner;
    int32_t target = s->target[i], own_owner = owner[s->own[i]];
    float sum = 0;
#pragma omp simd reduction(+ : sum)
    for (size_t j = 0; j < cols; j++) {
        y[j] = score[j] - correction[j];
        weight[j] = maths_negative(item[j], target, owner[j], own_owner) ? 1.0f : 0.0f;
        sum += weight[j];
    }
    return sum;
}

/* Sets the weights of row i's spared candidates to 0; returns the sum of what they were. */
static float spare(const struct sampled_scores *s, size_t i, float *weight)
{
    float sum = 0;
    for (int32_t k = s->spared_at[i]; k < s->spared_at[i + 1]; k++) {
        sum += weight[s->spared[k]];
        weight[s->spared[k]] = 0;
    }
    return sum;
}

/* The largest score of a negative, at least `least`. */
VECTOR static float largest(size_t n, const float *y, const float *weight, float least)
{
    int32_t top = maths_order(least);
#pragma omp simd reduction(max : top)
    for (size_t j = 0; j < n; j++) {
        int32_t order = maths_order(weight[j] > 0 ? y[j] : -INFINITY);
        top = order > top ? order : top;
    }
    return maths_order_back(top);
}

/* weight_j = e^(y_j - top) for negatives; returns their sum. */
VECTOR static float exponentials(size_t n, float top, const float *y, float *restrict weight)
{
    float sum = 0;
#pragma omp simd reduction(+ : sum)
    for (size_t j = 0; j < n; j++) {
        weight[j] = weight[j] > 0 ? maths_exp(y[j] - top) : 0.0f;
        sum += weight[j];
    }
    return sum;
}

static float cross_entropy(const struct sampled_row *r, float *dscore)
{
    float top = largest(r->cols, r->score, r->weight, r->own_score);
    float own = maths_exp(r->own_score - top);
    float all = exponentials(r->cols, top, r->score, r->weight) + own;
    if (dscore) {
        cpu_add_scaled(r->cols, r->share / all, r->weight, dscore);
        dscore[r->own] += r->share * (own / all - 1);
    }
    return logf(all) + top - r->own_score;
}

/* ---- losses of pairs: a loop for each kind ---- */

#define LOOP static inline __attribute__((always_inline))

/* Σ weight_j pair_j */
LOOP float sum_pairs(int kind, const struct sampled_row *r)
{
    const float *y = r->score, *weight = r->weight, own = r->own_score;
    float sum = 0;
#pragma omp simd reduction(+ : sum)
    for (size_t j = 0; j < r->cols; j++)
        sum += weight[j] * maths_pair(kind, own, y[j]);
    return sum;
}

VECTOR static float pairs(const struct sampled_row *r)
{
    switch (r->kind) {
    case LOSS_BPR:
        return sum_pairs(LOSS_BPR, r);
    case LOSS_BPR_MAX:
        return sum_pairs(LOSS_BPR_MAX, r);
    case LOSS_HINGE:
        return sum_pairs(LOSS_HINGE, r);
    default:
        return sum_pairs(LOSS_TOP1, r);
    }
}

/* Sums over a row's pairs, each times weight_j: of the pairs, and of their derivatives by the
 * target's score. */
struct sums {
    float pairs, by_own;
};

/* dscore_j += factor weight_j times the pair's derivative by y_j, plus for softmax weights their
 * own derivative.  Pairs and derivatives share their exponentials. */
LOOP struct sums add_gradients(int kind, const struct sampled_row *r, float factor, float mean,
                               bool weighed, float *restrict dscore)
{
    const float *y = r->score, *weight = r->weight, own = r->own_score;
    float pairs = 0, sum = 0;
#pragma omp simd reduction(+ : pairs, sum)
    for (size_t j = 0; j < r->cols; j++) {
        float by_own, by_other, pair = maths_pair(kind, own, y[j]);
        maths_pair_back(kind, own, y[j], &by_own, &by_other);
        pairs += weight[j] * pair;
        sum += weight[j] * by_own;
        dscore[j] += factor * weight[j] * (by_other + (weighed ? pair - mean : 0));
    }
    return (struct sums){pairs, sum};
}

VECTOR static struct sums pairs_back(const struct sampled_row *r, float factor, float mean,
                                     float *dscore)
{
    switch (r->kind) {
    case LOSS_BPR:
        return add_gradients(LOSS_BPR, r, factor, mean, false, dscore);
    case LOSS_BPR_MAX:
        return add_gradients(LOSS_BPR_MAX, r, factor, mean, true, dscore);
    case LOSS_HINGE:
        return add_gradients(LOSS_HINGE, r, factor, mean, false, dscore);
    case LOSS_TOP1_MAX:
        return add_gradients(LOSS_TOP1, r, factor, mean, true, dscore);
    default:
        return add_gradients(LOSS_TOP1, r, factor, mean, false, dscore);
    }
}

/* Gradients through softmax weights need the mean first; the other losses compute both in one
 * walk. */
static float pairwise(const struct sampled_row *r, float negatives, float *dscore)
{
    bool weighed = r->kind == LOSS_TOP1_MAX || r->kind == LOSS_BPR_MAX;
    if (weighed)
        negatives = exponentials(r->cols, largest(r->cols, r->score, r->weight, -INFINITY),
                                 r->score, r->weight);
    float mean = weighed || !dscore ? pairs(r) / negatives : 0;
    /* BPR-max is the negative logarithm of its mean. */
    float factor = r->share / negatives * (r->kind == LOSS_BPR_MAX ? -1 / mean : 1);
    if (dscore) {
        struct sums sums = pairs_back(r, factor, mean, dscore);
        dscore[r->own] += factor * sums.by_own;
        mean = sums.pairs / negatives;
    }
    return r->kind == LOSS_BPR_MAX ? -logf(mean) : mean;
}

static float loss_of(const struct sampled_row *r, float negatives, float *dscore)
{
    if (negatives == 0)
        return 0;
    return r->kind == LOSS_CROSS_ENTROPY ? cross_entropy(r, dscore)
                                         : pairwise(r, negatives, dscore);
}

/* Row i, ready for its loss; *negatives: how many it has. */
static struct sampled_row open_row(enum loss_kind kind, const struct sampled_scores *s, size_t i,
                                   const float *correction, float *y, float *negatives)
{
    size_t cols = (size_t)s->candidates, own = (size_t)s->own[i];
    struct sampled_row r = {.kind = kind,
                            .cols = cols,
                            .own = own,
                            .own_score = s->score[i * cols + own],
                            .share = 1.0f / (float)s->targets,
                            .score = y,
                            .weight = y + cpu_padded(cols)};
    *negatives = mark(s, i, correction, y, r.weight) - r.weight[own];
    r.weight[own] = 0;
    if (s->spared_at)
        *negatives -= spare(s, i, r.weight);
    y[own] = r.own_score;
    return r;
}

static void sampled_loss_share(enum loss_kind kind, const struct sampled_scores *s,
                               const float *correction, float *scratch, float *loss, float *dscore)
{
    size_t n = (size_t)s->candidates;
    float *y = scratch + (size_t)(2 * omp_get_thread_num()) * cpu_padded(n);
    struct span own = cpu_own_share((size_t)s->targets, 1);
    for (size_t i = own.from; i < own.to; i++) {
        float negatives;
        struct sampled_row r = open_row(kind, s, i, correction, y, &negatives);
        loss[i] = loss_of(&r, negatives, dscore ? dscore + i * n : NULL);
    }
}

void cpu_sampled_loss(struct device *d, enum loss_kind kind, const struct sampled_scores *s,
                      float *loss, float *dscore)
{
    size_t n = (size_t)s->candidates, padded = cpu_padded(n);
    int threads = cpu_threads_for(cpu_of(d), (double)s->targets * s->candidates * 2);
    float *scratch = cpu_scratch(cpu_of(d), (size_t)(2 * threads + 1) * padded);
    const float *correction =
        s->correction ? s->correction : memset(scratch, 0, n * sizeof *scratch);
    CPU_IN_THREADS(threads,
                   sampled_loss_share(kind, s, correction, scratch + padded, loss, dscore));
}
