/* The CPU's matrix products, biases, columns, activations, dropout and grouped products. */
#include <omp.h>

#include "nn/cpu.h"
#include "nn/maths.h"

/* ---- products ---- */

/* Threads share the rows or the columns of c, never k: one thread sums each element. */
void cpu_gemm(struct device *d, bool ta, bool tb, int m, int n, int k, const float *a, int lda,
              const float *b, int ldb, float beta, float *c, int ldc)
{
    int threads = cpu_threads_for(cpu_of(d), (double)m * n * k / 32);
    bool by_rows = m >= n;
#pragma omp parallel num_threads(threads) if (threads > 1)
    {
        struct span s =
            cpu_share((size_t)(by_rows ? m : n), 16, omp_get_thread_num(), omp_get_num_threads());
        int part = (int)(s.to - s.from);
        if (by_rows)
            cpu_sgemm(ta, tb, part, n, k, a + (ta ? s.from : s.from * (size_t)lda), lda, b, ldb,
                      beta, c + s.from * (size_t)ldc, ldc);
        else
            cpu_sgemm(ta, tb, m, part, k, a, lda, b + (tb ? s.from * (size_t)ldb : s.from), ldb,
                      beta, c + s.from, ldc);
    }
}

/* ---- biases ---- */

VECTOR static void add_to_rows(size_t rows, size_t cols, const float *bias, float *y)
{
    for (size_t i = 0; i < rows; i++)
        for (size_t j = 0; j < cols; j++)
            y[i * cols + j] += bias[j];
}

void cpu_bias(struct device *d, int rows, int cols, const float *bias, float *y)
{
    int threads = cpu_threads_for(cpu_of(d), (double)rows * cols / 8);
#pragma omp parallel num_threads(threads) if (threads > 1)
    {
        struct span s = cpu_share((size_t)rows, 1, omp_get_thread_num(), omp_get_num_threads());
        add_to_rows(s.to - s.from, (size_t)cols, bias, y + s.from * (size_t)cols);
    }
}

void cpu_bias_back(struct device *d, int rows, int cols, const float *g, float *to)
{
    int threads = cpu_threads_for(cpu_of(d), (double)rows * cols / 8);
#pragma omp parallel num_threads(threads) if (threads > 1)
    {
        struct span s = cpu_share((size_t)cols, 16, omp_get_thread_num(), omp_get_num_threads());
        cpu_sum_rows((size_t)rows, s.to - s.from, (size_t)cols, g + s.from, to + s.from);
    }
}

void cpu_columns(struct device *d, int rows, int cols, const float *from, int ld_from, float *to,
                 int ld_to, bool accumulate)
{
    (void)d;
    for (size_t i = 0; i < (size_t)rows; i++) {
        const float *x = from + i * (size_t)ld_from;
        float *y = to + i * (size_t)ld_to;
        if (!accumulate)
            memcpy(y, x, (size_t)cols * sizeof *y);
        else
            cpu_add_scaled((size_t)cols, 1, x, y);
    }
}

/* ---- activations ---- */

VECTOR static void activate(enum activation a, size_t n, const float *x, float *y)
{
    if (a == ACTIVATION_TANH)
        for (size_t i = 0; i < n; i++)
            y[i] = maths_tanh(x[i]);
    else if (a == ACTIVATION_RELU)
        for (size_t i = 0; i < n; i++)
            y[i] = x[i] > 0 ? x[i] : 0;
    else
        for (size_t i = 0; i < n; i++)
            y[i] = maths_sigmoid(x[i]);
}

void cpu_activate(struct device *d, enum activation a, size_t n, const float *x, float *y)
{
    int threads = cpu_threads_for(cpu_of(d), (double)n);
#pragma omp parallel num_threads(threads) if (threads > 1)
    {
        struct span s = cpu_share(n, 16, omp_get_thread_num(), omp_get_num_threads());
        activate(a, s.to - s.from, x + s.from, y + s.from);
    }
}

VECTOR static void activate_back(enum activation a, size_t n, const float *y, const float *dy,
                                 float *restrict dx)
{
    if (a == ACTIVATION_TANH)
        for (size_t i = 0; i < n; i++)
            dx[i] += maths_tanh_back(y[i], dy[i]);
    else if (a == ACTIVATION_RELU)
        for (size_t i = 0; i < n; i++)
            dx[i] += y[i] > 0 ? dy[i] : 0;
    else
        for (size_t i = 0; i < n; i++)
            dx[i] += maths_sigmoid_back(y[i], dy[i]);
}

void cpu_activate_back(struct device *d, enum activation a, size_t n, const float *y,
                       const float *dy, float *dx)
{
    int threads = cpu_threads_for(cpu_of(d), (double)n / 4);
#pragma omp parallel num_threads(threads) if (threads > 1)
    {
        struct span s = cpu_share(n, 16, omp_get_thread_num(), omp_get_num_threads());
        activate_back(a, s.to - s.from, y + s.from, dy + s.from, dx + s.from);
    }
}

/* ---- elementwise products ---- */

VECTOR static void multiply(size_t n, const float *a, const float *b, float *restrict y)
{
    for (size_t i = 0; i < n; i++)
        y[i] = a[i] * b[i];
}

void cpu_multiply(struct device *d, size_t n, const float *a, const float *b, float *y)
{
    int threads = cpu_threads_for(cpu_of(d), (double)n / 8);
#pragma omp parallel num_threads(threads) if (threads > 1)
    {
        struct span s = cpu_share(n, 16, omp_get_thread_num(), omp_get_num_threads());
        multiply(s.to - s.from, a + s.from, b + s.from, y + s.from);
    }
}

VECTOR static void add_product(size_t n, const float *a, const float *b, float *restrict to)
{
    for (size_t i = 0; i < n; i++)
        to[i] += a[i] * b[i];
}

void cpu_multiply_back(struct device *d, size_t n, const float *a, const float *b, const float *dy,
                       float *da, float *db)
{
    int threads = cpu_threads_for(cpu_of(d), (double)n / 4);
#pragma omp parallel num_threads(threads) if (threads > 1)
    {
        struct span s = cpu_share(n, 16, omp_get_thread_num(), omp_get_num_threads());
        if (da)
            add_product(s.to - s.from, b + s.from, dy + s.from, da + s.from);
        if (db)
            add_product(s.to - s.from, a + s.from, dy + s.from, db + s.from);
    }
}

/* ---- dropout ---- */

enum { BLOCKS = 16, MASK = 4 * BLOCKS };

/* The factors of elements 4·block .. 4·block + MASK-1.  The first loop stores words of the same
 * index side by side: compilers do not vectorize a loop that stores the four words of each block at
 * once. */
VECTOR static void dropout_mask(struct dropout_key key, uint32_t block, float *restrict mask)
{
    float kept = 1.0f / (1.0f - key.rate);
    uint32_t word[4][BLOCKS];
    for (uint32_t i = 0; i < BLOCKS; i++) {
        uint32_t own[4];
        maths_dropout_words(key.seed, key.step, key.tensor, block + i, own);
        word[0][i] = own[0], word[1][i] = own[1], word[2][i] = own[2], word[3][i] = own[3];
    }
    for (int i = 0; i < BLOCKS; i++)
        for (int j = 0; j < 4; j++)
            mask[4 * i + j] = maths_dropout_factor(word[j][i], key.rate, kept);
}

void cpu_dropout(struct device *d, struct dropout_key key, size_t n, const float *x, float *y,
                 bool accumulate)
{
    int threads = cpu_threads_for(cpu_of(d), (double)n);
#pragma omp parallel num_threads(threads) if (threads > 1)
    {
        struct span s = cpu_share(n, MASK, omp_get_thread_num(), omp_get_num_threads());
        for (size_t i = s.from; i < s.to; i += MASK) {
            float mask[MASK];
            dropout_mask(key, (uint32_t)(i / 4), mask);
            size_t some = s.to - i < MASK ? s.to - i : MASK;
            for (size_t j = 0; j < some; j++)
                y[i + j] = x[i + j] * mask[j] + (accumulate ? y[i + j] : 0);
        }
    }
}

/* ---- grouped products: one small matrix a user or cluster ---- */

static int group_threads(struct device *d, const struct ragged *r, int in, int out)
{
    return cpu_threads_for(cpu_of(d), (double)r->total * in * out / 16);
}

void cpu_group_linear(struct device *d, const struct ragged *r, const struct rows *group, int in,
                      int out, const float *x, const float *w, int ldw, bool accumulate, float *y)
{
    int threads = group_threads(d, r, in, out);
#pragma omp parallel for num_threads(threads) schedule(static) if (threads > 1)
    for (int s = 0; s < r->count; s++) {
        size_t from = (size_t)r->start[s], size = (size_t)out * (size_t)ldw;
        cpu_sgemm(false, true, r->start[s + 1] - r->start[s], out, in, x + from * (size_t)in, in,
                  w + (size_t)group->at[s] * size, ldw, accumulate ? 1 : 0, y + from * (size_t)out,
                  out);
    }
}

/* One thread computes the whole gradient of a matrix and adds its parts in the plan's order. */
void cpu_group_linear_back(struct device *d, const struct ragged *r, const struct rows *group,
                           int in, int out, const float *x, const float *w, int ldw,
                           const float *dy, float *dx, float *dw)
{
    int threads = group_threads(d, r, in, out);
    size_t size = (size_t)out * (size_t)ldw;
#pragma omp parallel for num_threads(threads) schedule(static) if (threads > 1)
    for (int u = 0; u < group->unique; u++) {
        size_t matrix = (size_t)group->row[u] * size;
        for (int32_t i = group->start[u]; i < group->start[u + 1]; i++) {
            int32_t s = group->order[i];
            size_t from = (size_t)r->start[s];
            int rows = r->start[s + 1] - r->start[s];
            const float *own = dy + from * (size_t)out;
            if (dx)
                cpu_sgemm(false, false, rows, in, out, own, out, w + matrix, ldw, 1,
                          dx + from * (size_t)in, in);
            if (dw)
                cpu_sgemm(true, false, out, in, rows, own, out, x + from * (size_t)in, in, 1,
                          dw + matrix, ldw);
        }
    }
}
