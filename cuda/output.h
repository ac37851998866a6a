/* What loss and ranks over all items share: the scores of a chunk of rows by one product, and the
 * maximum and sum of a row's scores by one block.
 *
 * The product's matrices are copies.  Ones follow the states and the biases follow the weights, so
 * that no extra pass adds biases, and the product for the gradient of the weights has the gradient
 * of the biases in a column of its own.  A bias is split into parts of 8 bits, which every
 * precision multiplies exactly.  Rows are padded to whole vectors of 16 bytes, as tensor cores
 * require. */
#ifndef CUDA_OUTPUT_H
#define CUDA_OUTPUT_H

#include "cuda.h"

/* ---- float or bf16, 16 bytes of them ---- */

template <class T> struct vector_of {
    enum { SIZE = 16 / sizeof(T) };
};

static __device__ inline void unpack(uint4 raw, float x[4], float)
{
    x[0] = __uint_as_float(raw.x), x[1] = __uint_as_float(raw.y);
    x[2] = __uint_as_float(raw.z), x[3] = __uint_as_float(raw.w);
}

static __device__ inline void unpack(uint4 raw, float x[8], bf16)
{
    const unsigned word[4] = {raw.x, raw.y, raw.z, raw.w};
#pragma unroll
    for (int i = 0; i < 4; i++) {
        x[2 * i] = __uint_as_float(word[i] << 16);
        x[2 * i + 1] = __uint_as_float(word[i] & 0xffff0000u);
    }
}

/* Two numbers as bf16, the first one in the lower half. */
static __device__ inline unsigned both_to_bf16(float a, float b)
{
#ifdef __CUDA_ARCH__ /* one instruction with the same rounding */
    unsigned both;
    asm("cvt.rn.bf16x2.f32 %0, %1, %2;" : "=r"(both) : "f"(b), "f"(a));
    return both;
#else
    return maths_to_bf16(a) | (unsigned)maths_to_bf16(b) << 16;
#endif
}

static __device__ inline uint4 pack(const float x[4], float)
{
    return make_uint4(__float_as_uint(x[0]), __float_as_uint(x[1]), __float_as_uint(x[2]),
                      __float_as_uint(x[3]));
}

static __device__ inline uint4 pack(const float x[8], bf16)
{
    return make_uint4(both_to_bf16(x[0], x[1]), both_to_bf16(x[2], x[3]), both_to_bf16(x[4], x[5]),
                      both_to_bf16(x[6], x[7]));
}

/* ---- the product ---- */

enum { BIAS_PARTS = 3 };

/* T: type of the copies; S: type of the scores. */
template <class T, class S> struct joined {
    int width, items; /* padded; padding is 0 */
    T *state;         /* [targets, width] state, ones */
    T *weight;        /* [items, width] weight, bias in parts */
    S *score;         /* [rows, items] of one chunk */
    int rows;         /* of the largest chunk */
    void *rest;       /* the caller's scratch, aligned to 256 bytes */
};

/* Part number `part` of x: x rounded to bf16, then the rounded rest, and so on. */
static __device__ inline float bias_part(float x, int part)
{
    for (int p = 0; p < part; p++)
        x -= maths_from_bf16(maths_to_bf16(x));
    return maths_from_bf16(maths_to_bf16(x));
}

/* to [padded rows, width] = x [rows, cols], then BIAS_PARTS parts of bias, or the number `instead`
 * where bias is NULL, then zeros; padding rows are zeros. */
template <class T>
static __global__ void join(int padded, int width, int rows, int cols, const float *x,
                            const float *bias, float instead, T *to)
{
    for
        WARP_ROWS(i, padded)
        {
        for
            WARP_COLUMNS(j, width)
            {
                float y = 0;
                if (i < rows && j < cols)
                    y = x[(size_t)i * cols + j];
                else if (i < rows && j < cols + BIAS_PARTS)
                    y = bias ? bias_part(bias[i], j - cols) : instead;
                number_to(y, to + (size_t)i * width + j);
            }
        }
}

static inline int output_padded(int n)
{
    return (n + 7) / 8 * 8;
}

static inline size_t output_aligned(size_t bytes)
{
    return (bytes + 255) / 256 * 256;
}

/* Takes scratch memory, with `rest` bytes for the caller, and makes the copies. */
template <class T, class S>
static struct joined<T, S> output_scratch(struct cuda *c, const struct output_layer *o, size_t rest) {
    struct joined<T, S> j;
    j.width = output_padded(o->width + BIAS_PARTS);
    j.items = output_padded(o->items);
    size_t row = (size_t)j.items * sizeof(S), wanted = (size_t)o->targets;
    size_t fit = c->workspace / row > 1 ? c->workspace / row : 1;
    size_t chunks = (wanted + fit - 1) / fit;
    j.rows = o->join ? o->join->rows : (int)((wanted + chunks - 1) / chunks);
    size_t states = wanted * (size_t)j.width, weights = (size_t)j.items * (size_t)j.width;
    size_t of_states = output_aligned(states * sizeof(T));
    size_t of_weights = output_aligned(weights * sizeof(T));
    size_t of_scores = output_aligned((size_t)j.rows * row);
    char *at = (char *)cuda_scratch(c, of_states + of_weights + of_scores + rest);
    j.state = (T *)at;
    j.weight = (T *)(at + of_states);
    j.score = (S *)(at + of_states + of_weights);
    j.rest = at + of_states + of_weights + of_scores;
    LAUNCH(c, join<T>, row_blocks(o->targets), ROW_WARPS *WARP, 0, o->targets, j.width, o->targets,
           o->width, o->state, (const float *)NULL, 1.0f, j.state);
    LAUNCH(c, join<T>, row_blocks(j.items), ROW_WARPS *WARP, 0, j.items, j.width, o->items,
           o->width, o->weight, o->bias, 0.0f, j.weight);
    return j;
}

/* y [m, n] = op(a) op(b) + beta y, without rounding the factors. */
static inline void
output_product(struct cuda *c, bool ta, bool tb, int m, int n, int k, const float *a, int lda,
               const float *b, int ldb, float beta, float *y, int ldy)
{
    cuda_gemm_wide(c, ta, tb, m, n, k, a, lda, b, ldb, beta, y, ldy);
}

template <class Y>
static inline void output_product(struct cuda *c, bool ta, bool tb, int m, int n, int k,
                                  const bf16 *a, int lda, const bf16 *b, int ldb, float beta, Y *y,
                                  int ldy)
{
    cuda_gemm_bf16(c, ta, tb, m, n, k, a, lda, b, ldb, beta, y, ldy);
}

/* A block adds the additions of a row to its scores. */
template <class S>
static __global__ void add_values(int first, int stride, struct additions add, S *score)
{
    int row = (int)blockIdx.x, from = add.start[first + row], to = add.start[first + row + 1];
    S *x = score + (size_t)row * stride;
    for (int i = from + (int)threadIdx.x; i < to; i += (int)blockDim.x)
        number_to(number_of(x[add.item[i]]) + add.value[i], x + add.item[i]);
}

/* A block adds the gradients of a row's scores to those of its additions. */
template <class S>
static __global__ void add_gradients(int first, int stride, struct additions add, const S *dscore)
{
    int row = (int)blockIdx.x, from = add.start[first + row], to = add.start[first + row + 1];
    const S *x = dscore + (size_t)row * stride;
    for (int i = from + (int)threadIdx.x; i < to; i += (int)blockDim.x)
        add.grad[i] += number_of(x[add.item[i]]);
}

/* The scores of `rows` targets from `first` on; columns beyond the items are zeros. */
template <class T, class S>
static void output_scores(struct cuda *c, const struct output_layer *o, const struct joined<T, S> *j,
                          int first, int rows)
{
    output_product(c, false, true, rows, j->items, j->width, j->state + (size_t)first * j->width,
                   j->width, j->weight, j->width, 0, j->score, j->items);
    if (o->add.count)
        LAUNCH(c, add_values<S>, (unsigned)rows, 128, 0, first, j->items, o->add, j->score);
}

/* Threads for a row of scores: enough loads in flight, few idle threads. */
static inline unsigned output_threads(int items)
{
    unsigned threads = 128;
    while (threads < 1024 && threads * 32 < (unsigned)items)
        threads *= 2;
    return threads;
}

/* ---- in a block: a row of scores in one pass ---- */

/* e^x for x <= 0 as exact as the softmax needs it.  Each score takes two, so it must not cost more
 * than memory traffic. */
static __device__ inline float output_exp(float x)
{
#ifdef __CUDA_ARCH__
    return __expf(x);
#else
    return maths_exp(x);
#endif
}

/* Maximum and sum of the scores so far: Σ e^(score - top); not_finite is 0, or NaN. */
struct softmax_sum {
    float top, sum, not_finite;
};

/* Adds the first `count` numbers of x [N] (Milakov & Gimelshein 2018, "Online normalizer
 * calculation for softmax"). */
template <int N>
static __device__ inline void softmax_add(struct softmax_sum *s, const float *x, int count)
{
    float top = s->top;
#pragma unroll
    for (int i = 0; i < N; i++)
        top = i < count ? fmaxf(x[i], top) : top; /* fmaxf ignores NaN */
    if (top > s->top) {
        s->sum *= output_exp(s->top - top);
        s->top = top;
    }
#pragma unroll
    for (int i = 0; i < N; i++)
        if (i < count) {
            s->sum += output_exp(x[i] - top);
            s->not_finite += x[i] * 0.0f;
        }
}

/* Joins all threads' maxima and sums; room for 32 numbers. */
static __device__ inline struct softmax_sum softmax_join(struct softmax_sum own, float *room)
{
    struct softmax_sum all;
    all.top = block_max(own.top, room);
    all.sum = block_sum(own.sum * output_exp(own.top - all.top), room);
    all.not_finite = block_sum(own.not_finite, room);
    return all;
}

/* Of a part of the items: joins the sums [rows] of a chunk, of the device, and the targets' scores
 * with those of the other parts (NULL: these are known).  The host waits. */
void cuda_join_sums(struct cuda *c, const struct output_join *j, int first, int rows,
                    struct softmax_sum *sums, float *score);

static __device__ inline float loss_of(struct softmax_sum s, float score)
{
    return logf(s.sum) + s.top - score + s.not_finite;
}

#endif
