/* Attention over ragged rows: a block computes a sequence.
 *
 * 100 sequences of 15 rows, width 100: forward reads keys and values and writes keys, 1.8 MB;
 * backward reads them and adds to their gradients, 3.6 MB.  That is half a microsecond and one
 * microsecond of memory traffic, so launch and load latency dominate. */
#include "cuda.h"

enum { ATTEND_THREADS = 128, ATTEND_WARPS = ATTEND_THREADS / WARP };

/* Rows of the block's sequence, and its row of scale. */
struct span {
    size_t from, to;
    const float *scale;
};

static __device__ inline struct span span_of(const int32_t *start, const int32_t *group, int width,
                                             const float *scale)
{
    int s = (int)blockIdx.x;
    struct span own = {(size_t)start[s], (size_t)start[s + 1],
                       scale + (size_t)(group ? group[s] : 0) * width};
    return own;
}

/* key = tanh(key); weight = scale · key: a warp computes a row. */
static __device__ inline void energies(struct span own, int width, float *key, float *weight)
{
    int lane = (int)threadIdx.x % WARP;
    for (size_t i = own.from + threadIdx.x / WARP; i < own.to; i += ATTEND_WARPS) {
        float sum = 0;
        for (int j = lane; j < width; j += WARP) {
            float y = key[i * width + j] = maths_tanh(key[i * width + j]);
            sum += own.scale[j] * y;
        }
        sum = warp_sum(sum);
        if (lane == 0)
            weight[i] = sum;
    }
}

static __global__ void __launch_bounds__(ATTEND_THREADS)
    attend(const int32_t *start, const int32_t *group, int width, int cols, float *key,
           const float *scale, const float *value, float *weight, float *out)
{
    __shared__ float room[WARP];
    struct span own = span_of(start, group, width, scale);
    energies(own, width, key, weight);
    __syncthreads();
    float top = -INFINITY, sum = 0;
    for (size_t i = own.from + threadIdx.x; i < own.to; i += ATTEND_THREADS)
        top = weight[i] > top ? weight[i] : top;
    top = block_max(top, room);
    for (size_t i = own.from + threadIdx.x; i < own.to; i += ATTEND_THREADS)
        sum += weight[i] = maths_exp(weight[i] - top);
    sum = block_sum(sum, room);
    for (size_t i = own.from + threadIdx.x; i < own.to; i += ATTEND_THREADS)
        weight[i] /= sum;
    __syncthreads();
    for (int j = (int)threadIdx.x; j < cols; j += ATTEND_THREADS) {
        float mean = 0;
        for (size_t i = own.from; i < own.to; i++)
            mean += weight[i] * value[i * cols + j];
        out[(size_t)blockIdx.x * cols + j] = mean;
    }
}

void cuda_attend(struct device *d, const struct ragged *r, const struct rows *group, int width,
                 int cols, float *key, const float *scale, const float *value, float *weight,
                 float *out)
{
    LAUNCH(cuda_of(d), attend, (unsigned)r->count, ATTEND_THREADS, 0, r->start,
           group ? group->at : NULL, width, cols, key, scale, value, weight, out);
}

/* ---- backward ---- */

/* de = dout · value: a warp computes a row. */
static __device__ inline void weights_back(struct span own, int cols, const float *value,
                                           const float *dout, float *de)
{
    int lane = (int)threadIdx.x % WARP;
    for (size_t i = own.from + threadIdx.x / WARP; i < own.to; i += ATTEND_WARPS) {
        float sum = 0;
        for (int j = lane; j < cols; j += WARP)
            sum += dout[j] * value[i * cols + j];
        sum = warp_sum(sum);
        if (lane == 0)
            de[i] = sum;
    }
}

/* de [total] = the gradients of the energies; dscale [count, width] = each sequence's part. */
static __global__ void __launch_bounds__(ATTEND_THREADS)
    attend_back(const int32_t *start, const int32_t *group, int width, int cols, const float *key,
                const float *scale, const float *value, const float *weight, const float *dout,
                float *dkey, float *dscale, float *dvalue, float *de)
{
    __shared__ float room[WARP];
    struct span own = span_of(start, group, width, scale);
    dout += (size_t)blockIdx.x * cols;
    weights_back(own, cols, value, dout, de);
    __syncthreads();
    float mean = 0;
    for (size_t i = own.from + threadIdx.x; i < own.to; i += ATTEND_THREADS)
        mean += weight[i] * de[i];
    mean = block_sum(mean, room);
    for (size_t i = own.from + threadIdx.x; i < own.to; i += ATTEND_THREADS)
        de[i] = weight[i] * (de[i] - mean);
    __syncthreads();
    for (int j = (int)threadIdx.x; j < width; j += ATTEND_THREADS) {
        float sum = 0;
        for (size_t i = own.from; i < own.to; i++) {
            float y = key[i * width + j];
            sum += de[i] * y;
            if (dkey)
                dkey[i * width + j] += maths_tanh_back(y, de[i] * own.scale[j]);
        }
        dscale[(size_t)blockIdx.x * width + j] = sum;
    }
    for (int j = (int)threadIdx.x; dvalue && j < cols; j += ATTEND_THREADS)
        for (size_t i = own.from; i < own.to; i++)
            dvalue[i * cols + j] += weight[i] * dout[j];
}

void cuda_attend_back(struct device *d, const struct ragged *r, const struct rows *group, int width,
                      int cols, const float *key, const float *scale, const float *value,
                      const float *weight, const float *dout, float *dkey, float *dscale,
                      float *dvalue)
{
    struct cuda *c = cuda_of(d);
    size_t total = (size_t)r->total, sums = (size_t)r->count * width;
    float *de = (float *)cuda_scratch(c, (total + sums) * sizeof(float)), *each = de + total;
    LAUNCH(c, attend_back, (unsigned)r->count, ATTEND_THREADS, 0, r->start,
           group ? group->at : NULL, width, cols, key, scale, value, weight, dout, dkey, each,
           dvalue, de);
    if (dscale)
        cuda_add_by_group(c, group, r->count, width, each, dscale);
}

/* to[row[u]] += the rows of g in its group, in the plan's order. */
static __global__ void add_groups(int unique, int cols, const int32_t *row, const int32_t *start,
                                  const int32_t *order, const float *g, float *to)
{
    for EACH (i, (size_t)unique * cols) {
        size_t u = i / cols, col = i - u * cols;
        float sum = 0;
        for (int n = start[u]; n < start[u + 1]; n++)
            sum += g[(size_t)order[n] * cols + col];
        to[(size_t)row[u] * cols + col] += sum;
    }
}

void cuda_add_by_group(struct cuda *c, const struct rows *group, int count, int cols,
                       const float *g, float *to)
{
    if (!group) {
        cuda_sum_rows(c, count, cols, cols, g, to);
        return;
    }
    size_t n = (size_t)group->unique * cols;
    LAUNCH(c, add_groups, cuda_grid(c, n, 128), 128, 0, group->unique, cols, group->row,
           group->start, group->order, g, to);
}
