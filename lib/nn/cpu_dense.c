/* The CPU's matrix products, biases, columns, activations and dropout. */
#include <omp.h>

#include "nn/blas.h"
#include "nn/cpu.h"
#include "nn/maths.h"

/* ---- products ---- */

void cpu_sgemm(bool ta, bool tb, int m, int n, int k, const float *a, int lda, const float *b,
               int ldb, float beta, float *c, int ldc)
{
    if (m <= 0 || n <= 0)
        return;
    if (k <= 0) { /* no terms: c = beta c */
        for (int i = 0; i < m; i++)
            for (int j = 0; j < n; j++)
                c[(size_t)i * ldc + j] = beta == 0 ? 0 : beta * c[(size_t)i * ldc + j];
        return;
    }
    blas_sgemm(ta, tb, m, n, k, a, lda, b, ldb, beta, c, ldc);
}

/* The rows or the columns of c are shared out, k never: each element is summed by one thread. */
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

VECTOR void cpu_sum_rows(size_t rows, size_t cols, size_t stride, const float *restrict g,
                         float *restrict to)
{
    for (size_t i = 0; i < rows; i++)
        for (size_t j = 0; j < cols; j++)
            to[j] += g[i * stride + j];
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

/* ---- dropout ---- */

enum { BLOCKS = 16, MASK = 4 * BLOCKS };

/* The factors of elements 4·block .. 4·block + MASK-1.  The words of one place lie beside each
 * other first: of a loop over blocks that stores the four words of each at once compilers make no
 * vector code. */
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
