/* The CPU's self-attention of several heads: threads share the sequences. */
#include <omp.h>

#include "nn/cpu.h"
#include "nn/maths.h"

/* ---- one head of one row over the rows up to it: n columns, rows ld apart ---- */

/* e_j += factor · x · y_j */
VECTOR static void add_products(size_t rows, size_t n, size_t ld, float factor, const float *x,
                                const float *y, float *restrict e)
{
    for (size_t j = 0; j < rows; j++) {
        float sum = 0;
#pragma omp simd reduction(+ : sum)
        for (size_t i = 0; i < n; i++)
            sum += x[i] * y[j * ld + i];
        e[j] += factor * sum;
    }
}

/* to += Σ_j w_j x_j */
VECTOR static void add_sum(size_t rows, size_t n, size_t ld, const float *w, const float *x,
                           float *restrict to)
{
    for (size_t j = 0; j < rows; j++)
        for (size_t i = 0; i < n; i++)
            to[i] += w[j] * x[j * ld + i];
}

/* to_j += w_j x */
VECTOR static void add_to_each(size_t rows, size_t n, size_t ld, const float *w, const float *x,
                               float *restrict to)
{
    for (size_t j = 0; j < rows; j++)
        for (size_t i = 0; i < n; i++)
            to[j * ld + i] += w[j] * x[i];
}

/* ---- all heads of all rows ---- */

/* One head of row t, which attends to rows first .. t. */
struct place {
    size_t rows;       /* it attends to */
    size_t cols, from; /* the head's columns: how many, the first */
    size_t weight;     /* where its weights begin */
};

static struct place place_of(const struct heads *h, int head, size_t first, size_t t)
{
    size_t cols = (size_t)(h->width / h->count);
    return (struct place){.rows = t - first + 1,
                          .cols = cols,
                          .from = (size_t)head * cols,
                          .weight = (size_t)head * (size_t)h->weights + (size_t)h->at[t]};
}

static int heads_threads(struct device *d, const struct ragged *r, const struct heads *h)
{
    return cpu_threads_for(cpu_of(d), (double)r->total * (r->longest + 1) / 2 * h->width);
}

static float heads_factor(const struct heads *h)
{
    return 1 / sqrtf((float)(h->width / h->count));
}

static void weights_share(const struct ragged *r, const struct heads *h, const float *query,
                          const float *key, float *weight)
{
    struct span share = cpu_own_share((size_t)r->count, 1);
    size_t ld = (size_t)h->ld;
    float factor = heads_factor(h);
    for (size_t s = share.from; s < share.to; s++)
        for (size_t first = (size_t)r->start[s], t = first; t < (size_t)r->start[s + 1]; t++)
            for (int k = 0; k < h->count; k++) {
                struct place p = place_of(h, k, first, t);
                float *own = weight + p.weight;
                memset(own, 0, p.rows * sizeof *own);
                add_products(p.rows, p.cols, ld, factor, query + t * ld + p.from,
                             key + first * ld + p.from, own);
                cpu_softmax(p.rows, own);
            }
}

void cpu_head_weights(struct device *d, const struct ragged *r, const struct heads *h,
                      const float *query, const float *key, float *weight)
{
    int threads = heads_threads(d, r, h);
    CPU_IN_THREADS(threads, weights_share(r, h, query, key, weight));
}

/* Gradient of the products: de_j = factor w_j (dw_j - Σ_i w_i dw_i). */
VECTOR static void products_back(size_t rows, float factor, const float *w, const float *dw,
                                 float *de)
{
    float mean = 0;
    for (size_t j = 0; j < rows; j++)
        mean += w[j] * dw[j];
    for (size_t j = 0; j < rows; j++)
        de[j] = factor * w[j] * (dw[j] - mean);
}

/* `most` floats of scratch for each thread. */
static void weights_back_share(const struct ragged *r, const struct heads *h, const float *query,
                               const float *key, const float *weight, const float *dweight,
                               float *dquery, float *dkey, float *scratch, size_t most)
{
    struct span share = cpu_own_share((size_t)r->count, 1);
    size_t ld = (size_t)h->ld;
    float factor = heads_factor(h), *de = scratch + (size_t)omp_get_thread_num() * most;
    for (size_t s = share.from; s < share.to; s++)
        for (size_t first = (size_t)r->start[s], t = first; t < (size_t)r->start[s + 1]; t++)
            for (int k = 0; k < h->count; k++) {
                struct place p = place_of(h, k, first, t);
                size_t own = t * ld + p.from, others = first * ld + p.from;
                products_back(p.rows, factor, weight + p.weight, dweight + p.weight, de);
                add_sum(p.rows, p.cols, ld, de, key + others, dquery + own);
                add_to_each(p.rows, p.cols, ld, de, query + own, dkey + others);
            }
}

void cpu_head_weights_back(struct device *d, const struct ragged *r, const struct heads *h,
                           const float *query, const float *key, const float *weight,
                           const float *dweight, float *dquery, float *dkey)
{
    int threads = heads_threads(d, r, h);
    size_t most = cpu_padded((size_t)r->longest);
    float *scratch = cpu_scratch(cpu_of(d), (size_t)threads * most);
    CPU_IN_THREADS(threads, weights_back_share(r, h, query, key, weight, dweight, dquery, dkey,
                                               scratch, most));
}

static void sums_share(const struct ragged *r, const struct heads *h, const float *weight,
                       const float *value, float *out)
{
    struct span share = cpu_own_share((size_t)r->count, 1);
    size_t ld = (size_t)h->ld, width = (size_t)h->width;
    for (size_t s = share.from; s < share.to; s++)
        for (size_t first = (size_t)r->start[s], t = first; t < (size_t)r->start[s + 1]; t++)
            for (int k = 0; k < h->count; k++) {
                struct place p = place_of(h, k, first, t);
                float *own = out + t * width + p.from;
                memset(own, 0, p.cols * sizeof *own);
                add_sum(p.rows, p.cols, ld, weight + p.weight, value + first * ld + p.from, own);
            }
}

void cpu_head_sums(struct device *d, const struct ragged *r, const struct heads *h,
                   const float *weight, const float *value, float *out)
{
    int threads = heads_threads(d, r, h);
    CPU_IN_THREADS(threads, sums_share(r, h, weight, value, out));
}

static void sums_back_share(const struct ragged *r, const struct heads *h, const float *weight,
                            const float *value, const float *dout, float *dweight, float *dvalue)
{
    struct span share = cpu_own_share((size_t)r->count, 1);
    size_t ld = (size_t)h->ld, width = (size_t)h->width;
    for (size_t s = share.from; s < share.to; s++)
        for (size_t first = (size_t)r->start[s], t = first; t < (size_t)r->start[s + 1]; t++)
            for (int k = 0; k < h->count; k++) {
                struct place p = place_of(h, k, first, t);
                const float *own = dout + t * width + p.from;
                size_t others = first * ld + p.from;
                add_products(p.rows, p.cols, ld, 1, own, value + others, dweight + p.weight);
                add_to_each(p.rows, p.cols, ld, weight + p.weight, own, dvalue + others);
            }
}

void cpu_head_sums_back(struct device *d, const struct ragged *r, const struct heads *h,
                        const float *weight, const float *value, const float *dout, float *dweight,
                        float *dvalue)
{
    int threads = heads_threads(d, r, h);
    CPU_IN_THREADS(threads, sums_back_share(r, h, weight, value, dout, dweight, dvalue));
}
