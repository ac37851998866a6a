/* Self-attention of several heads: a block computes one head of one row.
 *
 * 500 sequences of 5 rows, width 64, two heads: 15,000 weights of 32 products each; rows come from
 * the second-level cache, and launch latency dominates.  In the backward pass a row is part of sums
 * over the rows it attends to and over the rows that attend to it: two kernels, each with one writer
 * for each number. */
#include "cuda.h"

enum { HEAD_THREADS = 64, HEAD_WARPS = HEAD_THREADS / WARP };

/* What a block works on: row t of a sequence of rows first .. end-1, one head's columns. */
struct head_place {
    size_t t, first, end;
    int rows;          /* it attends to: first .. t */
    int cols;          /* of the head */
    size_t from, ld;   /* its first column; floats between rows */
    const int32_t *at; /* where the weights of its rows begin, among all weights */
    size_t before;     /* weights of the heads before it */
};

static __device__ inline struct head_place place_of(const int32_t *start, const int32_t *owner,
                                                    const struct heads &h)
{
    size_t t = blockIdx.x;
    int s = owner[t], cols = h.width / h.count;
    struct head_place p = {t,    (size_t)start[s],            (size_t)start[s + 1],
                           0,    cols,                        (size_t)blockIdx.y * cols,
                           (size_t)h.ld, h.at, (size_t)blockIdx.y * h.weights};
    p.rows = (int)(t - p.first) + 1;
    return p;
}

static dim3 head_grid(const struct ragged *r, const struct heads *h)
{
    return dim3((unsigned)r->total, (unsigned)h->count);
}

/* The weights of row t begin here. */
static __device__ inline size_t weights_of(const struct head_place &p, size_t t)
{
    return p.before + (size_t)p.at[t];
}

/* e_j = or += factor · x · y_j: a warp computes each */
static __device__ inline void products(const struct head_place &p, float factor, const float *x,
                                       const float *y, float *e, bool accumulate)
{
    for (int j = (int)threadIdx.x / WARP; j < p.rows; j += HEAD_WARPS) {
        const float *own = y + (p.first + j) * p.ld + p.from;
        float sum = 0;
        for WARP_COLUMNS (i, p.cols)
            sum += x[i] * own[i];
        sum = factor * warp_sum(sum);
        if (threadIdx.x % WARP == 0)
            e[j] = accumulate ? e[j] + sum : sum;
    }
}

static __global__ void __launch_bounds__(HEAD_THREADS)
    head_weights(const int32_t *start, const int32_t *owner, struct heads h, float factor,
                 const float *query, const float *key, float *weight)
{
    __shared__ float room[WARP];
    struct head_place p = place_of(start, owner, h);
    float *own = weight + weights_of(p, p.t), top = -INFINITY, sum = 0;
    products(p, factor, query + p.t * p.ld + p.from, key, own, false);
    __syncthreads();
    for (int j = (int)threadIdx.x; j < p.rows; j += HEAD_THREADS)
        top = own[j] > top ? own[j] : top;
    top = block_max(top, room);
    for (int j = (int)threadIdx.x; j < p.rows; j += HEAD_THREADS)
        sum += own[j] = maths_exp(own[j] - top);
    sum = block_sum(sum, room);
    for (int j = (int)threadIdx.x; j < p.rows; j += HEAD_THREADS)
        own[j] /= sum;
}

static float heads_factor(const struct heads *h)
{
    return 1 / sqrtf((float)(h->width / h->count));
}

void cuda_head_weights(struct device *d, const struct ragged *r, const struct heads *h,
                       const float *query, const float *key, float *weight)
{
    LAUNCH(d, head_weights, head_grid(r, h), HEAD_THREADS, 0, r->start, r->owner, *h,
           heads_factor(h), query, key, weight);
}

/* Row t as a query: de, the gradients of its products, and dquery_t. */
static __global__ void __launch_bounds__(HEAD_THREADS)
    head_query_back(const int32_t *start, const int32_t *owner, struct heads h, float factor,
                    const float *key, const float *weight, const float *dweight, float *de,
                    float *dquery)
{
    __shared__ float room[WARP];
    struct head_place p = place_of(start, owner, h);
    size_t own = weights_of(p, p.t);
    float mean = 0;
    for (int j = (int)threadIdx.x; j < p.rows; j += HEAD_THREADS)
        mean += weight[own + j] * dweight[own + j];
    mean = block_sum(mean, room);
    for (int j = (int)threadIdx.x; j < p.rows; j += HEAD_THREADS)
        de[own + j] = factor * weight[own + j] * (dweight[own + j] - mean);
    __syncthreads();
    for (int i = (int)threadIdx.x; i < p.cols; i += HEAD_THREADS) {
        float sum = 0;
        for (int j = 0; j < p.rows; j++)
            sum += de[own + j] * key[(p.first + j) * p.ld + p.from + i];
        dquery[p.t * p.ld + p.from + i] += sum;
    }
}

/* Row t as one that others attend to: to_t += Σ_{u >= t} w_ut x_u, x [., ldx] */
static __global__ void __launch_bounds__(HEAD_THREADS)
    head_attended_back(const int32_t *start, const int32_t *owner, struct heads h, const float *w,
                       const float *x, int ldx, float *to)
{
    struct head_place p = place_of(start, owner, h);
    for (int i = (int)threadIdx.x; i < p.cols; i += HEAD_THREADS) {
        float sum = 0;
        for (size_t u = p.t; u < p.end; u++)
            sum += w[weights_of(p, u) + (p.t - p.first)] * x[u * ldx + p.from + i];
        to[p.t * p.ld + p.from + i] += sum;
    }
}

void cuda_head_weights_back(struct device *d, const struct ragged *r, const struct heads *h,
                            const float *query, const float *key, const float *weight,
                            const float *dweight, float *dquery, float *dkey)
{
    size_t weights = (size_t)h->count * (size_t)h->weights;
    float *de = (float *)cuda_scratch(cuda_of(d), weights * sizeof *de);
    LAUNCH(d, head_query_back, head_grid(r, h), HEAD_THREADS, 0, r->start, r->owner, *h,
           heads_factor(h), key, weight, dweight, de, dquery);
    LAUNCH(d, head_attended_back, head_grid(r, h), HEAD_THREADS, 0, r->start, r->owner, *h, de,
           query, h->ld, dkey);
}

static __global__ void __launch_bounds__(HEAD_THREADS)
    head_sums(const int32_t *start, const int32_t *owner, struct heads h, const float *weight,
              const float *value, float *out)
{
    struct head_place p = place_of(start, owner, h);
    const float *own = weight + weights_of(p, p.t);
    for (int i = (int)threadIdx.x; i < p.cols; i += HEAD_THREADS) {
        float sum = 0;
        for (int j = 0; j < p.rows; j++)
            sum += own[j] * value[(p.first + j) * p.ld + p.from + i];
        out[p.t * h.width + p.from + i] = sum;
    }
}

void cuda_head_sums(struct device *d, const struct ragged *r, const struct heads *h,
                    const float *weight, const float *value, float *out)
{
    LAUNCH(d, head_sums, head_grid(r, h), HEAD_THREADS, 0, r->start, r->owner, *h, weight, value,
           out);
}

static __global__ void __launch_bounds__(HEAD_THREADS)
    head_summed_back(const int32_t *start, const int32_t *owner, struct heads h,
                     const float *value, const float *dout, float *dweight)
{
    struct head_place p = place_of(start, owner, h);
    products(p, 1, dout + p.t * h.width + p.from, value, dweight + weights_of(p, p.t), true);
}

void cuda_head_sums_back(struct device *d, const struct ragged *r, const struct heads *h,
                         const float *weight, const float *value, const float *dout,
                         float *dweight, float *dvalue)
{
    LAUNCH(d, head_summed_back, head_grid(r, h), HEAD_THREADS, 0, r->start, r->owner, *h, value,
           dout, dweight);
    LAUNCH(d, head_attended_back, head_grid(r, h), HEAD_THREADS, 0, r->start, r->owner, *h, weight,
           dout, h->width, dvalue);
}
