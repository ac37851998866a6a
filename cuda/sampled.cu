/* Losses over some of the items.  A block computes a row and walks over its columns three times:
 * for the largest score, for the sums, for the gradient.
 *
 * 100 rows of 2,148 columns: 0.9 MB of scores are read from the second-level cache, and as much is
 * written. */
#include "cuda.h"

enum { SAMPLED_THREADS = 128 };

/* One row: its scores, and which columns are negatives. */
struct row {
    enum loss_kind kind;
    int cols, own, spared; /* spared: columns in its list */
    int32_t target, owner;
    const float *score, *correction;
    const int32_t *item, *owners, *list;
};

static __device__ inline struct row row_of(enum loss_kind kind, const struct sampled_scores &s,
                                           size_t i)
{
    struct row r = {};
    r.kind = kind;
    r.cols = s.candidates;
    r.own = s.own[i];
    r.target = s.target[i];
    r.owner = s.owner[r.own];
    r.score = s.score + i * (size_t)s.candidates;
    r.correction = s.correction;
    r.item = s.item;
    r.owners = s.owner;
    r.list = s.spared;
    if (s.spared_at) {
        r.spared = s.spared_at[i + 1] - s.spared_at[i];
        r.list += s.spared_at[i];
    }
    return r;
}

/* Whether the row's list, which is ascending, has the column. */
static __device__ inline bool is_spared(const struct row &r, int j)
{
    int low = 0, high = r.spared;
    while (low < high) {
        int middle = (low + high) / 2;
        if (r.list[middle] < j)
            low = middle + 1;
        else
            high = middle;
    }
    return low < r.spared && r.list[low] == j;
}

static __device__ inline bool is_negative(const struct row &r, int j)
{
    return j != r.own && maths_negative(r.item[j], r.target, r.owners[j], r.owner) &&
           !is_spared(r, j);
}

static __device__ inline float score_of(const struct row &r, int j)
{
    return r.score[j] - (r.correction && j != r.own ? r.correction[j] : 0.0f);
}

/* Results of the first two walks, which the gradients need. */
struct found {
    int negatives;
    float top, sum; /* the largest score; Σ e^(y_j - top) over the negatives */
};

static __device__ inline struct found sum_row(const struct row &r, float *room)
{
    struct found f = {0, r.kind == LOSS_CROSS_ENTROPY ? score_of(r, r.own) : -INFINITY, 0};
    float count = 0;
    for (int j = (int)threadIdx.x; j < r.cols; j += SAMPLED_THREADS)
        if (is_negative(r, j)) {
            float y = score_of(r, j);
            f.top = y > f.top ? y : f.top;
            count++;
        }
    f.top = block_max(f.top, room);
    f.negatives = (int)block_sum(count, room);
    for (int j = (int)threadIdx.x; j < r.cols; j += SAMPLED_THREADS)
        if (is_negative(r, j))
            f.sum += maths_exp(score_of(r, j) - f.top);
    f.sum = block_sum(f.sum, room);
    return f;
}

static __device__ inline float cross_entropy(const struct row &r, struct found f, float share,
                                             float *dscore)
{
    float own = score_of(r, r.own), all = f.sum + maths_exp(own - f.top);
    for (int j = (int)threadIdx.x; j < r.cols && dscore; j += SAMPLED_THREADS)
        if (j == r.own || is_negative(r, j))
            dscore[j] +=
                share * (maths_exp(score_of(r, j) - f.top) / all - (j == r.own ? 1.0f : 0.0f));
    return logf(all) + f.top - own;
}

static __device__ inline float pairwise(const struct row &r, struct found f, float share,
                                        float *dscore, float *room)
{
    bool weighed = r.kind == LOSS_TOP1_MAX || r.kind == LOSS_BPR_MAX;
    float own = score_of(r, r.own), mean = 0, by_all = 0, each = 1.0f / (float)f.negatives;
    for (int j = (int)threadIdx.x; j < r.cols; j += SAMPLED_THREADS)
        if (is_negative(r, j)) {
            float y = score_of(r, j), weight = weighed ? maths_exp(y - f.top) / f.sum : each;
            mean += weight * maths_pair(r.kind, own, y);
        }
    mean = block_sum(mean, room);
    /* BPR-max is the negative logarithm of its mean. */
    float outer = r.kind == LOSS_BPR_MAX ? -1 / mean : 1.0f;
    for (int j = (int)threadIdx.x; j < r.cols && dscore; j += SAMPLED_THREADS)
        if (is_negative(r, j)) {
            float y = score_of(r, j), weight = weighed ? maths_exp(y - f.top) / f.sum : each;
            float by_own, by_other;
            maths_pair_back(r.kind, own, y, &by_own, &by_other);
            by_all += weight * by_own;
            float by_weight = weighed ? maths_pair(r.kind, own, y) - mean : 0.0f;
            dscore[j] += share * outer * weight * (by_other + by_weight);
        }
    by_all = block_sum(by_all, room);
    if (dscore && threadIdx.x == 0)
        dscore[r.own] += share * outer * by_all;
    return r.kind == LOSS_BPR_MAX ? -logf(mean) : mean;
}

static __global__ void __launch_bounds__(SAMPLED_THREADS)
    sampled_loss(enum loss_kind kind, struct sampled_scores s, float *loss, float *dscore)
{
    __shared__ float room[WARP];
    size_t i = blockIdx.x;
    struct row r = row_of(kind, s, i);
    struct found f = sum_row(r, room);
    float share = 1.0f / (float)s.targets, sum = 0;
    float *gradient = dscore ? dscore + i * (size_t)s.candidates : NULL;
    if (f.negatives)
        sum = kind == LOSS_CROSS_ENTROPY ? cross_entropy(r, f, share, gradient)
                                         : pairwise(r, f, share, gradient, room);
    if (threadIdx.x == 0)
        loss[i] = sum;
}

void cuda_sampled_loss(struct device *d, enum loss_kind kind, const struct sampled_scores *s,
                       float *loss, float *dscore)
{
    LAUNCH(d, sampled_loss, (unsigned)s->targets, SAMPLED_THREADS, 0, kind, *s, loss, dscore);
}
