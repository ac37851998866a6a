/* The CPU's rows of length 1. */
#include "nn/cpu.h"
#include "nn/maths.h"

VECTOR static float unit_row(size_t n, const float *x, float *restrict y)
{
    float squares = 0;
#pragma omp simd reduction(+ : squares)
    for (size_t j = 0; j < n; j++)
        squares += x[j] * x[j];
    float inverse = maths_inverse_length(squares);
    for (size_t j = 0; j < n; j++)
        y[j] = x[j] * inverse;
    return inverse;
}

static void normalize_share(size_t rows, size_t n, const float *x, float *y, float *kept)
{
    struct span s = cpu_own_share(rows, 1);
    for (size_t i = s.from; i < s.to; i++)
        kept[i] = unit_row(n, x + i * n, y + i * n);
}

void cpu_normalize(struct device *d, int rows, int cols, const float *x, float *y, float *kept)
{
    int threads = cpu_threads_for(cpu_of(d), (double)rows * cols / 8);
    CPU_IN_THREADS(threads, normalize_share((size_t)rows, (size_t)cols, x, y, kept));
}

VECTOR static void unit_row_back(size_t n, const float *y, float inverse, const float *dy,
                                 float *restrict dx)
{
    float product = 0;
#pragma omp simd reduction(+ : product)
    for (size_t j = 0; j < n; j++)
        product += y[j] * dy[j];
    for (size_t j = 0; j < n; j++)
        dx[j] += maths_unit_back(y[j], dy[j], product, inverse);
}

static void normalize_back_share(size_t rows, size_t n, const float *y, const float *kept,
                                 const float *dy, float *dx)
{
    struct span s = cpu_own_share(rows, 1);
    for (size_t i = s.from; i < s.to; i++)
        unit_row_back(n, y + i * n, kept[i], dy + i * n, dx + i * n);
}

void cpu_normalize_back(struct device *d, int rows, int cols, const float *y, const float *kept,
                        const float *dy, float *dx)
{
    int threads = cpu_threads_for(cpu_of(d), (double)rows * cols / 8);
    CPU_IN_THREADS(threads, normalize_back_share((size_t)rows, (size_t)cols, y, kept, dy, dx));
}
