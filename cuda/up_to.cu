/* Attention of each row to the rows up to itself: a block computes a row.
 *
 * 512 sequences of 6 rows, width 100: 10,752 weights of 100 logistic functions each, some
 * microseconds of arithmetic; rows come from the second-level cache.  In the backward pass a row is
 * part of two sums, over the rows it attends to and over the rows that attend to it: two kernels,
 * each with one writer for each number. */
#include "cuda.h"

enum { UP_TO_THREADS = 128, UP_TO_WARPS = UP_TO_THREADS / WARP };

static __global__ void __launch_bounds__(UP_TO_THREADS)
    look_up_to(const int32_t *start, const int32_t *owner, const int32_t *at, int width, int cols,
               const float *query, const float *key, const float *scale, const float *value,
               float *weight, float *out)
{
    size_t t = blockIdx.x, first = (size_t)start[owner[t]];
    int rows = (int)(t - first) + 1, lane = (int)threadIdx.x % WARP;
    float *own = weight + at[t];
    for (int j = (int)threadIdx.x / WARP; j < rows; j += UP_TO_WARPS) {
        float sum = 0;
        for (int i = lane; i < width; i += WARP)
            sum += scale[i] * maths_sigmoid(query[t * width + i] + key[(first + j) * width + i]);
        sum = warp_sum(sum);
        if (lane == 0)
            own[j] = sum;
    }
    __syncthreads();
    for (int i = (int)threadIdx.x; i < cols; i += UP_TO_THREADS) {
        float sum = 0;
        for (int j = 0; j < rows; j++)
            sum += own[j] * value[(first + j) * cols + i];
        out[t * cols + i] = sum;
    }
}

void cuda_attend_up_to(struct device *d, const struct ragged *r, const int32_t *at, int width,
                       int cols, const float *query, const float *key, const float *scale,
                       const float *value, float *weight, float *out)
{
    LAUNCH(d, look_up_to, (unsigned)r->total, UP_TO_THREADS, 0, r->start, r->owner, at, width, cols,
           query, key, scale, value, weight, out);
}

/* Row t as a query: de_tj = dout_t · value_j, dquery_t, and the row's part of dscale. */
static __global__ void __launch_bounds__(UP_TO_THREADS)
    look_back(const int32_t *start, const int32_t *owner, const int32_t *at, int width, int cols,
              const float *query, const float *key, const float *scale, const float *value,
              const float *dout, float *de, float *dquery, float *part)
{
    size_t t = blockIdx.x, first = (size_t)start[owner[t]];
    int rows = (int)(t - first) + 1, lane = (int)threadIdx.x % WARP;
    float *own = de + at[t];
    for (int j = (int)threadIdx.x / WARP; j < rows; j += UP_TO_WARPS) {
        float sum = 0;
        for (int i = lane; i < cols; i += WARP)
            sum += dout[t * cols + i] * value[(first + j) * cols + i];
        sum = warp_sum(sum);
        if (lane == 0)
            own[j] = sum;
    }
    __syncthreads();
    for (int i = (int)threadIdx.x; i < width; i += UP_TO_THREADS) {
        float dq = 0, ds = 0;
        for (int j = 0; j < rows; j++) {
            float y = maths_sigmoid(query[t * width + i] + key[(first + j) * width + i]);
            ds += own[j] * y;
            dq += maths_sigmoid_back(y, own[j] * scale[i]);
        }
        dquery[t * width + i] += dq;
        part[t * width + i] = ds;
    }
}

/* Row j as a key: dkey_j and dvalue_j. */
static __global__ void __launch_bounds__(UP_TO_THREADS)
    looked_at_back(const int32_t *start, const int32_t *owner, const int32_t *at, int width,
                   int cols, const float *query, const float *key, const float *scale,
                   const float *weight, const float *dout, const float *de, float *dkey,
                   float *dvalue)
{
    size_t j = blockIdx.x, first = (size_t)start[owner[j]], end = (size_t)start[owner[j] + 1];
    for (int i = (int)threadIdx.x; i < width; i += UP_TO_THREADS) {
        float dk = 0;
        for (size_t t = j; t < end; t++) {
            float y = maths_sigmoid(query[t * width + i] + key[j * width + i]);
            dk += maths_sigmoid_back(y, de[at[t] + (j - first)] * scale[i]);
        }
        dkey[j * width + i] += dk;
    }
    for (int i = (int)threadIdx.x; i < cols; i += UP_TO_THREADS) {
        float dv = 0;
        for (size_t t = j; t < end; t++)
            dv += weight[at[t] + (j - first)] * dout[t * cols + i];
        dvalue[j * cols + i] += dv;
    }
}

void cuda_attend_up_to_back(struct device *d, const struct ragged *r, const int32_t *at, int width,
                            int cols, const float *query, const float *key, const float *scale,
                            const float *value, const float *weight, const float *dout,
                            float *dquery, float *dkey, float *dscale, float *dvalue)
{
    /* Upper bound of the weights: rows times the longest sequence. */
    size_t rows = (size_t)r->total, weights = rows * (size_t)r->longest;
    float *part =
        (float *)cuda_scratch(cuda_of(d), (rows * (size_t)width + weights) * sizeof *part);
    float *de = part + rows * (size_t)width;
    LAUNCH(d, look_back, (unsigned)rows, UP_TO_THREADS, 0, r->start, r->owner, at, width, cols,
           query, key, scale, value, dout, de, dquery, part);
    LAUNCH(d, looked_at_back, (unsigned)rows, UP_TO_THREADS, 0, r->start, r->owner, at, width, cols,
           query, key, scale, weight, dout, de, dkey, dvalue);
    cuda_sum_rows(cuda_of(d), (int)rows, width, width, part, dscale);
}
