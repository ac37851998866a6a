/* The CPU's operations on rows of tables: gather, scatter-add, store, means of ragged rows. */
#include <omp.h>

#include "nn/cpu.h"

void cpu_gather(struct device *d, const struct rows *r, int cols, const float *table, float *out)
{
    int threads = cpu_threads_for(cpu_of(d), (double)r->count * cols / 8);
    size_t width = (size_t)cols;
#pragma omp parallel for num_threads(threads) schedule(static) if (threads > 1)
    for (int i = 0; i < r->count; i++) {
        if (r->at[i] < 0)
            memset(out + (size_t)i * width, 0, width * sizeof *out);
        else
            memcpy(out + (size_t)i * width, table + (size_t)r->at[i] * width, width * sizeof *out);
    }
}

VECTOR static void add_row(size_t n, const float *restrict from, float *restrict to)
{
    for (size_t i = 0; i < n; i++)
        to[i] += from[i];
}

/* One thread computes the whole gradient of a table row and adds its parts in the plan's order. */
void cpu_gather_back(struct device *d, const struct rows *r, int cols, const float *g, float *table)
{
    int threads = cpu_threads_for(cpu_of(d), (double)r->count * cols / 8);
    size_t width = (size_t)cols;
#pragma omp parallel for num_threads(threads) schedule(static) if (threads > 1)
    for (int u = 0; u < r->unique; u++)
        for (int32_t i = r->start[u]; i < r->start[u + 1]; i++)
            add_row(width, g + (size_t)r->order[i] * width, table + (size_t)r->row[u] * width);
}

void cpu_store(struct device *d, const struct rows *r, int cols, const float *from, float *table)
{
    (void)d;
    size_t width = (size_t)cols;
    for (int i = 0; i < r->count; i++)
        if (r->at[i] >= 0)
            memcpy(table + (size_t)r->at[i] * width, from + (size_t)i * width,
                   width * sizeof *table);
}

VECTOR static void mean_rows(size_t rows, size_t cols, const float *restrict x, float *restrict out)
{
    float share = 1.0f / (float)rows;
    memset(out, 0, cols * sizeof *out);
    for (size_t i = 0; i < rows; i++)
        for (size_t j = 0; j < cols; j++)
            out[j] += x[i * cols + j];
    for (size_t j = 0; rows && j < cols; j++)
        out[j] *= share;
}

void cpu_mean(struct device *d, const struct ragged *r, int cols, const float *x, float *out)
{
    int threads = cpu_threads_for(cpu_of(d), (double)r->total * cols / 8);
    size_t width = (size_t)cols;
#pragma omp parallel for num_threads(threads) schedule(static) if (threads > 1)
    for (int s = 0; s < r->count; s++)
        mean_rows((size_t)(r->start[s + 1] - r->start[s]), width, x + (size_t)r->start[s] * width,
                  out + (size_t)s * width);
}

VECTOR static void spread(size_t rows, size_t cols, const float *restrict g, float *restrict dx)
{
    float share = 1.0f / (float)rows;
    for (size_t i = 0; i < rows; i++)
        for (size_t j = 0; j < cols; j++)
            dx[i * cols + j] += g[j] * share;
}

void cpu_mean_back(struct device *d, const struct ragged *r, int cols, const float *g, float *dx)
{
    int threads = cpu_threads_for(cpu_of(d), (double)r->total * cols / 8);
    size_t width = (size_t)cols;
#pragma omp parallel for num_threads(threads) schedule(static) if (threads > 1)
    for (int s = 0; s < r->count; s++)
        spread((size_t)(r->start[s + 1] - r->start[s]), width, g + (size_t)s * width,
               dx + (size_t)r->start[s] * width);
}

/* Sums first, then means: no row is rounded twice. */
VECTOR static void mean_up_to(size_t rows, size_t cols, const float *restrict x,
                              float *restrict out)
{
    for (size_t i = 0; i < rows; i++)
        for (size_t j = 0; j < cols; j++)
            out[i * cols + j] = x[i * cols + j] + (i ? out[(i - 1) * cols + j] : 0);
    for (size_t i = 1; i < rows; i++)
        for (size_t j = 0; j < cols; j++)
            out[i * cols + j] /= (float)(i + 1);
}

void cpu_mean_up_to(struct device *d, const struct ragged *r, int cols, const float *x, float *out)
{
    int threads = cpu_threads_for(cpu_of(d), (double)r->total * cols / 4);
    size_t width = (size_t)cols;
#pragma omp parallel for num_threads(threads) schedule(static) if (threads > 1)
    for (int s = 0; s < r->count; s++) {
        size_t at = (size_t)r->start[s] * width;
        mean_up_to((size_t)(r->start[s + 1] - r->start[s]), width, x + at, out + at);
    }
}

/* A row is in its own mean and in those of all later rows. */
VECTOR static void spread_up_to(size_t rows, size_t cols, const float *restrict g,
                                float *restrict sum, float *restrict dx)
{
    memset(sum, 0, cols * sizeof *sum);
    for (size_t i = rows; i-- > 0;) {
        float share = 1.0f / (float)(i + 1);
        for (size_t j = 0; j < cols; j++) {
            sum[j] += g[i * cols + j] * share;
            dx[i * cols + j] += sum[j];
        }
    }
}

void cpu_mean_up_to_back(struct device *d, const struct ragged *r, int cols, const float *g,
                         float *dx)
{
    int threads = cpu_threads_for(cpu_of(d), (double)r->total * cols / 4);
    size_t width = (size_t)cols, padded = cpu_padded(width);
    float *sums = cpu_scratch(cpu_of(d), (size_t)threads * padded);
#pragma omp parallel for num_threads(threads) schedule(static) if (threads > 1)
    for (int s = 0; s < r->count; s++) {
        size_t at = (size_t)r->start[s] * width;
        spread_up_to((size_t)(r->start[s + 1] - r->start[s]), width, g + at,
                     sums + (size_t)omp_get_thread_num() * padded, dx + at);
    }
}

/* ---- rows times factors ---- */

VECTOR static void scale_row(size_t n, float factor, const float *restrict x, float *restrict y)
{
    for (size_t j = 0; j < n; j++)
        y[j] = factor * x[j];
}

VECTOR static float row_product(size_t n, const float *x, const float *y)
{
    float sum = 0;
#pragma omp simd reduction(+ : sum)
    for (size_t j = 0; j < n; j++)
        sum += x[j] * y[j];
    return sum;
}

void cpu_scale_rows(struct device *d, int rows, int cols, const float *x, const float *factor,
                    float *y)
{
    int threads = cpu_threads_for(cpu_of(d), (double)rows * cols / 8);
    size_t width = (size_t)cols;
#pragma omp parallel for num_threads(threads) schedule(static) if (threads > 1)
    for (int i = 0; i < rows; i++)
        scale_row(width, factor[i], x + (size_t)i * width, y + (size_t)i * width);
}

void cpu_scale_rows_back(struct device *d, int rows, int cols, const float *x, const float *factor,
                         const float *dy, float *dx, float *dfactor)
{
    int threads = cpu_threads_for(cpu_of(d), (double)rows * cols / 8);
    size_t width = (size_t)cols;
#pragma omp parallel for num_threads(threads) schedule(static) if (threads > 1)
    for (int i = 0; i < rows; i++) {
        const float *from = dy + (size_t)i * width;
        if (dx)
            cpu_add_scaled(width, factor[i], from, dx + (size_t)i * width);
        if (dfactor)
            dfactor[i] += row_product(width, x + (size_t)i * width, from);
    }
}
