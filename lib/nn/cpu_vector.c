/* Vector and row loops in the calling thread, which the CPU's operations share. */
#include "nn/blas.h"
#include "nn/cpu.h"
#include "nn/maths.h"

void cpu_sgemm(bool ta, bool tb, int m, int n, int k, const float *a, int lda, const float *b,
               int ldb, float beta, float *c, int ldc)
{
    if (m <= 0 || n <= 0)
        return;
    if (k <= 0) { /* no terms: c = beta c */
        for (int i = 0; i < m; i++)
            for (int j = 0; j < n; j++) {
                float *to = &c[(ptrdiff_t)i * ldc + j];
                *to = beta == 0 ? 0 : beta * *to;
            }
        return;
    }
    blas_sgemm(ta, tb, m, n, k, a, lda, b, ldb, beta, c, ldc);
}

VECTOR void cpu_sum_rows(size_t rows, size_t cols, size_t stride, const float *restrict g,
                         float *restrict to)
{
    for (size_t i = 0; i < rows; i++)
        for (size_t j = 0; j < cols; j++)
            to[j] += g[i * stride + j];
}

VECTOR float cpu_product(size_t n, const float *a, const float *b)
{
    float sum = 0;
#pragma omp simd reduction(+ : sum)
    for (size_t j = 0; j < n; j++)
        sum += a[j] * b[j];
    return sum;
}

VECTOR void cpu_add_scaled(size_t n, float factor, const float *restrict x, float *restrict y)
{
    for (size_t j = 0; j < n; j++)
        y[j] += factor * x[j];
}

void cpu_softmax(size_t n, float *w)
{
    float top = w[0], sum = 0;
    for (size_t j = 1; j < n; j++)
        top = w[j] > top ? w[j] : top;
    for (size_t j = 0; j < n; j++)
        sum += w[j] = maths_exp(w[j] - top);
    for (size_t j = 0; j < n; j++)
        w[j] /= sum;
}

void cpu_softmax_back(size_t n, size_t cols, const float *weight, const float *value,
                      const float *dout, float *de)
{
    float mean = 0;
    for (size_t j = 0; j < n; j++) {
        de[j] = cpu_product(cols, dout, value + j * cols);
        mean += weight[j] * de[j];
    }
    for (size_t j = 0; j < n; j++)
        de[j] = weight[j] * (de[j] - mean);
}
