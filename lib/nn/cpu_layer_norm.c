/* The CPU's layer normalization. */
#include <omp.h>

#include "nn/cpu.h"
#include "nn/maths.h"

/* The mean of a row, then that of its squared distances from the mean: the difference of two large
 * sums would lose precision. */
VECTOR static void row_norm(size_t n, const float *x, const float *gain, const float *bias,
                            float *restrict y, float kept[2])
{
    float sum = 0, squares = 0;
#pragma omp simd reduction(+ : sum)
    for (size_t j = 0; j < n; j++)
        sum += x[j];
    float mean = sum / (float)n;
#pragma omp simd reduction(+ : squares)
    for (size_t j = 0; j < n; j++)
        squares += (x[j] - mean) * (x[j] - mean);
    float inverse = 1 / sqrtf(squares / (float)n + LAYER_NORM_EPSILON);
    for (size_t j = 0; j < n; j++)
        y[j] = gain[j] * maths_normal(x[j], mean, inverse) + bias[j];
    kept[0] = mean, kept[1] = inverse;
}

void cpu_layer_norm(struct device *d, int rows, int cols, const float *x, const float *gain,
                    const float *bias, float *y, float *kept)
{
    int threads = cpu_threads_for(cpu_of(d), (double)rows * cols / 8);
    size_t n = (size_t)cols;
#pragma omp parallel for num_threads(threads) schedule(static) if (threads > 1)
    for (int i = 0; i < rows; i++)
        row_norm(n, x + (size_t)i * n, gain, bias, y + (size_t)i * n, kept + 2 * (size_t)i);
}

VECTOR static void row_norm_back(size_t n, const float *x, const float *gain, const float kept[2],
                                 const float *dy, float *restrict dx)
{
    float mean = kept[0], inverse = kept[1], sum = 0, product = 0;
#pragma omp simd reduction(+ : sum, product)
    for (size_t j = 0; j < n; j++) {
        sum += gain[j] * dy[j];
        product += gain[j] * dy[j] * maths_normal(x[j], mean, inverse);
    }
    sum /= (float)n, product /= (float)n;
    for (size_t j = 0; j < n; j++)
        dx[j] += maths_normal_back(gain[j] * dy[j], maths_normal(x[j], mean, inverse), sum, product,
                                   inverse);
}

/* Columns from .. to-1 of dgain. */
VECTOR static void add_gains(int rows, size_t n, struct span s, const float *x, const float *kept,
                             const float *dy, float *restrict dgain)
{
    for (size_t i = 0; i < (size_t)rows; i++)
        for (size_t j = s.from; j < s.to; j++)
            dgain[j] += dy[i * n + j] * maths_normal(x[i * n + j], kept[2 * i], kept[2 * i + 1]);
}

/* Threads share the rows of dx and the columns of dgain: one thread sums each number. */
void cpu_layer_norm_back(struct device *d, int rows, int cols, const float *x, const float *gain,
                         const float *kept, const float *dy, float *dx, float *dgain, float *dbias)
{
    int threads = cpu_threads_for(cpu_of(d), (double)rows * cols / 8);
    size_t n = (size_t)cols;
#pragma omp parallel num_threads(threads) if (threads > 1)
    {
        int part = omp_get_thread_num(), parts = omp_get_num_threads();
        struct span own = cpu_share((size_t)rows, 1, part, parts);
        for (size_t i = own.from; i < own.to; i++)
            row_norm_back(n, x + i * n, gain, kept + 2 * i, dy + i * n, dx + i * n);
        add_gains(rows, n, cpu_share(n, 16, part, parts), x, kept, dy, dgain);
    }
    cpu_bias_back(d, rows, cols, dy, dbias);
}
