/* The CPU's layer normalization. */
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

static void norm_share(size_t rows, size_t n, const float *x, const float *gain, const float *bias,
                       float *y, float *kept)
{
    struct span s = cpu_own_share(rows, 1);
    for (size_t i = s.from; i < s.to; i++)
        row_norm(n, x + i * n, gain, bias, y + i * n, kept + 2 * i);
}

void cpu_layer_norm(struct device *d, int rows, int cols, const float *x, const float *gain,
                    const float *bias, float *y, float *kept)
{
    int threads = cpu_threads_for(cpu_of(d), (double)rows * cols / 8);
    CPU_IN_THREADS(threads, norm_share((size_t)rows, (size_t)cols, x, gain, bias, y, kept));
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
VECTOR static void add_gains(size_t rows, size_t n, struct span s, const float *x,
                             const float *kept, const float *dy, float *restrict dgain)
{
    for (size_t i = 0; i < rows; i++)
        for (size_t j = s.from; j < s.to; j++)
            dgain[j] += dy[i * n + j] * maths_normal(x[i * n + j], kept[2 * i], kept[2 * i + 1]);
}

/* Threads share the rows of dx and the columns of dgain: one thread sums each number. */
static void norm_back_share(size_t rows, size_t n, const float *x, const float *gain,
                            const float *kept, const float *dy, float *dx, float *dgain)
{
    struct span own = cpu_own_share(rows, 1);
    for (size_t i = own.from; i < own.to; i++)
        row_norm_back(n, x + i * n, gain, kept + 2 * i, dy + i * n, dx + i * n);
    add_gains(rows, n, cpu_own_share(n, 16), x, kept, dy, dgain);
}

void cpu_layer_norm_back(struct device *d, int rows, int cols, const float *x, const float *gain,
                         const float *kept, const float *dy, float *dx, float *dgain, float *dbias)
{
    int threads = cpu_threads_for(cpu_of(d), (double)rows * cols / 8);
    CPU_IN_THREADS(threads,
                   norm_back_share((size_t)rows, (size_t)cols, x, gain, kept, dy, dx, dgain));
    cpu_bias_back(d, rows, cols, dy, dbias);
}
