/* The CPU's directions of rows, and the cosine between them. */
#include "nn/cpu.h"
#include "nn/maths.h"

VECTOR static void unit_row(size_t n, const float *x, float *restrict y)
{
    float squares = 0;
#pragma omp simd reduction(+ : squares)
    for (size_t j = 0; j < n; j++)
        squares += x[j] * x[j];
    float inverse = maths_inverse_length(squares);
    for (size_t j = 0; j < n; j++)
        y[j] = x[j] * inverse;
}

static void normalize_share(size_t rows, size_t n, const float *x, float *y)
{
    struct span s = cpu_own_share(rows, 1);
    for (size_t i = s.from; i < s.to; i++)
        unit_row(n, x + i * n, y + i * n);
}

void cpu_normalize(struct device *d, int rows, int cols, const float *x, float *y)
{
    int threads = cpu_threads_for(cpu_of(d), (double)rows * cols / 8);
    CPU_IN_THREADS(threads, normalize_share((size_t)rows, (size_t)cols, x, y));
}

/* dx += the gradient of -share · cosine, from 1 / |x| and 1 / |aim|. */
static inline __attribute__((always_inline)) void cosine_row_back(size_t n, const float *x,
                                                                  const float *aim, float inverse,
                                                                  float inverse_aim, float cosine,
                                                                  float share, float *restrict dx)
{
    for (size_t j = 0; j < n; j++)
        dx[j] -= maths_cosine_back(x[j] * inverse, aim[j] * inverse_aim, cosine, inverse * share);
}

/* Returns the loss. */
VECTOR static float cosine_row(size_t n, const float *x, const float *aim, float share, float *dx,
                               float *daim)
{
    float squares = 0, squares_aim = 0, product = 0;
#pragma omp simd reduction(+ : squares, squares_aim, product)
    for (size_t j = 0; j < n; j++) {
        squares += x[j] * x[j];
        squares_aim += aim[j] * aim[j];
        product += x[j] * aim[j];
    }
    float inverse = maths_inverse_length(squares), inverse_aim = maths_inverse_length(squares_aim);
    float cosine = product * inverse * inverse_aim;
    if (dx)
        cosine_row_back(n, x, aim, inverse, inverse_aim, cosine, share, dx);
    if (daim)
        cosine_row_back(n, aim, x, inverse_aim, inverse, cosine, share, daim);
    return 1 - cosine;
}

static void cosine_loss_share(size_t rows, size_t n, const float *x, const float *aim, float *loss,
                              float *dx, float *daim)
{
    struct span s = cpu_own_share(rows, 1);
    for (size_t i = s.from; i < s.to; i++)
        loss[i] = cosine_row(n, x + i * n, aim + i * n, 1 / (float)rows, dx ? dx + i * n : NULL,
                             daim ? daim + i * n : NULL);
}

void cpu_cosine_loss(struct device *d, int rows, int cols, const float *x, const float *aim,
                     float *loss, float *dx, float *daim)
{
    int threads = cpu_threads_for(cpu_of(d), (double)rows * cols / 4);
    CPU_IN_THREADS(threads, cosine_loss_share((size_t)rows, (size_t)cols, x, aim, loss, dx, daim));
}
