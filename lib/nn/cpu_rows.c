/* The CPU's operations on rows of tables: gather, scatter-add, store, means of ragged rows. */
#include "nn/cpu.h"

static void gather_share(const struct rows *r, size_t width, const float *table, float *out)
{
    enum { AHEAD = 8, MOST = 128 /* floats; of longer rows the processor fetches the rest */ };
    struct span s = cpu_own_share((size_t)r->count, 1);
    for (size_t i = s.from; i < s.to; i++) {
        if (i + AHEAD < s.to && r->at[i + AHEAD] >= 0)
            cpu_prefetch(width < MOST ? width : MOST, table + (size_t)r->at[i + AHEAD] * width);
        if (r->at[i] < 0)
            memset(out + i * width, 0, width * sizeof *out);
        else
            memcpy(out + i * width, table + (size_t)r->at[i] * width, width * sizeof *out);
    }
}

void cpu_gather(struct device *d, const struct rows *r, int cols, const float *table, float *out)
{
    int threads = cpu_threads_for(cpu_of(d), (double)r->count * cols / 8);
    CPU_IN_THREADS(threads, gather_share(r, (size_t)cols, table, out));
}

/* One thread computes the whole gradient of a table row and adds its parts in the plan's order. */
static void gather_back_share(const struct rows *r, size_t width, const float *g, float *table)
{
    struct span s = cpu_own_share((size_t)r->unique, 1);
    for (size_t u = s.from; u < s.to; u++)
        for (int32_t i = r->start[u]; i < r->start[u + 1]; i++)
            cpu_add_scaled(width, 1, g + (size_t)r->order[i] * width,
                           table + (size_t)r->row[u] * width);
}

void cpu_gather_back(struct device *d, const struct rows *r, int cols, const float *g, float *table)
{
    int threads = cpu_threads_for(cpu_of(d), (double)r->count * cols / 8);
    CPU_IN_THREADS(threads, gather_back_share(r, (size_t)cols, g, table));
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

static size_t rows_of(const struct ragged *r, size_t s)
{
    return (size_t)(r->start[s + 1] - r->start[s]);
}

static void mean_share(const struct ragged *r, size_t width, const float *x, float *out)
{
    struct span own = cpu_own_share((size_t)r->count, 1);
    for (size_t s = own.from; s < own.to; s++)
        mean_rows(rows_of(r, s), width, x + (size_t)r->start[s] * width, out + s * width);
}

void cpu_mean(struct device *d, const struct ragged *r, int cols, const float *x, float *out)
{
    int threads = cpu_threads_for(cpu_of(d), (double)r->total * cols / 8);
    CPU_IN_THREADS(threads, mean_share(r, (size_t)cols, x, out));
}

VECTOR static void spread(size_t rows, size_t cols, const float *restrict g, float *restrict dx)
{
    float share = 1.0f / (float)rows;
    for (size_t i = 0; i < rows; i++)
        for (size_t j = 0; j < cols; j++)
            dx[i * cols + j] += g[j] * share;
}

static void mean_back_share(const struct ragged *r, size_t width, const float *g, float *dx)
{
    struct span own = cpu_own_share((size_t)r->count, 1);
    for (size_t s = own.from; s < own.to; s++)
        spread(rows_of(r, s), width, g + s * width, dx + (size_t)r->start[s] * width);
}

void cpu_mean_back(struct device *d, const struct ragged *r, int cols, const float *g, float *dx)
{
    int threads = cpu_threads_for(cpu_of(d), (double)r->total * cols / 8);
    CPU_IN_THREADS(threads, mean_back_share(r, (size_t)cols, g, dx));
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

static void mean_up_to_share(const struct ragged *r, size_t width, const float *x, float *out)
{
    struct span own = cpu_own_share((size_t)r->count, 1);
    for (size_t s = own.from; s < own.to; s++) {
        size_t at = (size_t)r->start[s] * width;
        mean_up_to(rows_of(r, s), width, x + at, out + at);
    }
}

void cpu_mean_up_to(struct device *d, const struct ragged *r, int cols, const float *x, float *out)
{
    int threads = cpu_threads_for(cpu_of(d), (double)r->total * cols / 4);
    CPU_IN_THREADS(threads, mean_up_to_share(r, (size_t)cols, x, out));
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

static void mean_up_to_back_share(const struct ragged *r, size_t width, const float *g, float *sums,
                                  float *dx)
{
    struct span own = cpu_own_share((size_t)r->count, 1);
    float *sum = sums + (size_t)omp_get_thread_num() * cpu_padded(width);
    for (size_t s = own.from; s < own.to; s++) {
        size_t at = (size_t)r->start[s] * width;
        spread_up_to(rows_of(r, s), width, g + at, sum, dx + at);
    }
}

void cpu_mean_up_to_back(struct device *d, const struct ragged *r, int cols, const float *g,
                         float *dx)
{
    int threads = cpu_threads_for(cpu_of(d), (double)r->total * cols / 4);
    size_t width = (size_t)cols;
    float *sums = cpu_scratch(cpu_of(d), (size_t)threads * cpu_padded(width));
    CPU_IN_THREADS(threads, mean_up_to_back_share(r, width, g, sums, dx));
}

/* ---- rows times factors ---- */

VECTOR static void scale_row(size_t n, float factor, const float *restrict x, float *restrict y)
{
    for (size_t j = 0; j < n; j++)
        y[j] = factor * x[j];
}

static void scale_rows_share(size_t rows, size_t width, const float *x, const float *factor,
                             float *y)
{
    struct span s = cpu_own_share(rows, 1);
    for (size_t i = s.from; i < s.to; i++)
        scale_row(width, factor[i], x + i * width, y + i * width);
}

void cpu_scale_rows(struct device *d, int rows, int cols, const float *x, const float *factor,
                    float *y)
{
    int threads = cpu_threads_for(cpu_of(d), (double)rows * cols / 8);
    CPU_IN_THREADS(threads, scale_rows_share((size_t)rows, (size_t)cols, x, factor, y));
}

static void scale_rows_back_share(size_t rows, size_t width, const float *x, const float *factor,
                                  const float *dy, float *dx, float *dfactor)
{
    struct span s = cpu_own_share(rows, 1);
    for (size_t i = s.from; i < s.to; i++) {
        const float *from = dy + i * width;
        if (dx)
            cpu_add_scaled(width, factor[i], from, dx + i * width);
        if (dfactor)
            dfactor[i] += cpu_product(width, x + i * width, from);
    }
}

void cpu_scale_rows_back(struct device *d, int rows, int cols, const float *x, const float *factor,
                         const float *dy, float *dx, float *dfactor)
{
    int threads = cpu_threads_for(cpu_of(d), (double)rows * cols / 8);
    CPU_IN_THREADS(threads,
                   scale_rows_back_share((size_t)rows, (size_t)cols, x, factor, dy, dx, dfactor));
}
