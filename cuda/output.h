/* What loss and ranks over all items share: the scores of a chunk of rows by one product, and what
 * a block learns of a row's scores.
 *
 * The product's matrices are copies.  Behind the states stand ones and behind the weights the
 * biases, so that no pass over the scores adds biases, and the product that gives the gradient of
 * the weights has that of the biases in a column of its own.  A bias stands there in parts of 8
 * bits, which every precision multiplies exactly.  Rows are padded to whole vectors of 16 bytes,
 * which tensor cores want too. */
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

/* Two numbers as bf16, the first in the lower half. */
static __device__ inline unsigned both_to_bf16(float a, float b)
{
#ifdef __CUDA_ARCH__ /* one instruction for the same rounding */
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

/* T: what the copies are; S: what scores are. */
template <class T, class S> struct joined {
    int width, items; /* padded; the columns and rows behind are 0 */
    T *state;         /* [targets, width] state, ones */
    T *weight;        /* [items, width] weight, bias in parts */
    S *score;         /* [rows, items] of one chunk */
    int rows;         /* of the largest chunk */
    void *rest;       /* what the caller asked for, aligned to 256 bytes */
};

/* The first 8 bits of x, those after them, ... */
static __device__ inline float bias_part(float x, int part)
{
    for (int p = 0; p < part; p++)
        x -= maths_from_bf16(maths_to_bf16(x));
    return maths_from_bf16(maths_to_bf16(x));
}

/* to [padded rows, width] = x [rows, cols], then BIAS_PARTS parts of bias, or where that is NULL
 * the number `instead`, then zeros; the rows behind are zeros. */
template <class T>
static __global__ void join(int padded, int width, int rows, int cols, const float *x,
                            const float *bias, float instead, T *to)
{
    for
        WARP_ROWS(i, padded)
        {
        for
            LANES(j, width)
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

/* Takes scratch, with `rest` bytes for the caller, and makes the copies. */
template <class T, class S>
static struct joined<T, S> output_join(struct cuda *c, const struct output_layer *o, size_t rest) {
    struct joined<T, S> j;
    j.width = output_padded(o->width + BIAS_PARTS);
    j.items = output_padded(o->items);
    size_t row = (size_t)j.items * sizeof(S), wanted = (size_t)o->targets;
    size_t fit = c->workspace / row > 1 ? c->workspace / row : 1;
    size_t chunks = (wanted + fit - 1) / fit;
    j.rows = (int)((wanted + chunks - 1) / chunks);
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

/* y [m, n] = op(a) op(b) + beta y, the factors as they are */
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

/* The scores of `rows` targets from `first`; columns beyond the items are zeros. */
template <class T, class S>
static void output_scores(struct cuda *c, const struct joined<T, S> *j, int first, int rows)
{
    output_product(c, false, true, rows, j->items, j->width, j->state + (size_t)first * j->width,
                   j->width, j->weight, j->width, 0, j->score, j->items);
}

/* Threads for a row of scores: enough loads on their way, few of them idle. */
static inline unsigned output_threads(int items)
{
    unsigned threads = 128;
    while (threads < 1024 && threads * 32 < (unsigned)items)
        threads *= 2;
    return threads;
}

/* ---- in a block: a row of scores in one look ---- */

/* e^x to the softmax's needs, x <= 0: twice for each score, so that it must not cost more than
 * memory does. */
static __device__ inline float output_exp(float x)
{
#ifdef __CUDA_ARCH__
    return __expf(x);
#else
    return maths_exp(x);
#endif
}

/* Scores as far as they were seen: Σ e^(score - top); not_finite is 0, or NaN. */
struct attended {
    float top, sum, not_finite;
};

/* Of `count` of the numbers x [N] (Milakov & Gimelshein 2018, "Online normalizer calculation for
 * softmax"). */
template <int N> static __device__ inline void see(struct attended *s, const float *x, int count)
{
    float top = s->top;
#pragma unroll
    for (int i = 0; i < N; i++)
        top = i < count ? fmaxf(x[i], top) : top; /* NaN is no maximum */
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

/* The same of all threads' together; room for 32 numbers. */
static __device__ inline struct attended see_all(struct attended own, float *room)
{
    struct attended all;
    all.top = block_max(own.top, room);
    all.sum = block_sum(own.sum * output_exp(own.top - all.top), room);
    all.not_finite = block_sum(own.not_finite, room);
    return all;
}

static __device__ inline float loss_of(struct attended s, float score)
{
    return logf(s.sum) + s.top - score + s.not_finite;
}

#endif
