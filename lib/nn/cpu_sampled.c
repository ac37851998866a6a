/* The CPU's losses over some of the items: rows shared out among the threads. */
#include <math.h>

#include "nn/cpu.h"
#include "nn/maths.h"

/* One row: its scores, and which columns are negatives. */
struct row {
    enum loss_kind kind;
    int cols, own;
    int32_t target;
    const float *score, *correction;
    const int32_t *item;
};

static bool is_negative(const struct row *r, int j)
{
    return j != r->own && r->item[j] != r->target;
}

static float score_of(const struct row *r, int j)
{
    return r->score[j] - (r->correction && j != r->own ? r->correction[j] : 0);
}

/* The weights of the negatives: 1/n, or for the max losses (and cross-entropy) e^(y_j - top), whose
 * sum over negatives is *sum; the largest score among them, own included for cross-entropy, *top.
 */
static int count_negatives(const struct row *r, float *top, float *sum)
{
    int n = 0;
    *top = r->kind == LOSS_CROSS_ENTROPY ? score_of(r, r->own) : -INFINITY;
    *sum = 0;
    for (int j = 0; j < r->cols; j++)
        if (is_negative(r, j)) {
            float y = score_of(r, j);
            *top = y > *top ? y : *top;
            n++;
        }
    for (int j = 0; j < r->cols; j++)
        if (is_negative(r, j))
            *sum += maths_exp(score_of(r, j) - *top);
    return n;
}

static float cross_entropy(const struct row *r, float top, float sum, float share, float *dscore)
{
    float own = score_of(r, r->own), all = sum + maths_exp(own - top);
    for (int j = 0; j < r->cols && dscore; j++)
        if (j == r->own || is_negative(r, j))
            dscore[j] += share * (maths_exp(score_of(r, j) - top) / all - (j == r->own));
    return logf(all) + top - own;
}

static float pairwise(const struct row *r, int n, float top, float sum, float share, float *dscore)
{
    bool weighed = r->kind == LOSS_TOP1_MAX || r->kind == LOSS_BPR_MAX;
    float own = score_of(r, r->own), mean = 0, by_all = 0;
    for (int j = 0; j < r->cols; j++)
        if (is_negative(r, j)) {
            float y = score_of(r, j), weight = weighed ? maths_exp(y - top) / sum : 1.0f / (float)n;
            mean += weight * maths_pair(r->kind, own, y);
        }
    /* BPR-max is the logarithm of its mean. */
    float outer = r->kind == LOSS_BPR_MAX ? -1 / mean : 1;
    for (int j = 0; j < r->cols && dscore; j++)
        if (is_negative(r, j)) {
            float y = score_of(r, j), by_own, by_other;
            float weight = weighed ? maths_exp(y - top) / sum : 1.0f / (float)n;
            maths_pair_back(r->kind, own, y, &by_own, &by_other);
            by_all += weight * by_own;
            float by_weight = weighed ? maths_pair(r->kind, own, y) - mean : 0;
            dscore[j] += share * outer * weight * (by_other + by_weight);
        }
    if (dscore)
        dscore[r->own] += share * outer * by_all;
    return r->kind == LOSS_BPR_MAX ? -logf(mean) : mean;
}

void cpu_sampled_loss(struct device *d, enum loss_kind kind, int rows, int cols, const float *score,
                      const int32_t *own, const int32_t *item, const int32_t *target,
                      const float *correction, float *loss, float *dscore)
{
    int threads = cpu_threads_for(cpu_of(d), (double)rows * cols * 8);
#pragma omp parallel for num_threads(threads) schedule(static) if (threads > 1)
    for (int i = 0; i < rows; i++) {
        size_t at = (size_t)i * (size_t)cols;
        struct row r = {kind, cols, own[i], target[i], score + at, correction, item};
        float top, sum, share = 1.0f / (float)rows, *gradient = dscore ? dscore + at : NULL;
        int n = count_negatives(&r, &top, &sum);
        loss[i] = 0;
        if (n && kind == LOSS_CROSS_ENTROPY)
            loss[i] = cross_entropy(&r, top, sum, share, gradient);
        else if (n)
            loss[i] = pairwise(&r, n, top, sum, share, gradient);
    }
}
