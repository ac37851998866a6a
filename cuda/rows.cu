/* Operations on rows of tables: gather, scatter-add, store, means of ragged rows.
 *
 * A warp processes a row at a time; its threads process the columns, four each where the rows allow
 * it: V is float or float4, and a template counts `cols` in V. */
#include "cuda.h"

static __device__ inline float zero_of(float)
{
    return 0;
}

static __device__ inline float4 zero_of(float4)
{
    return make_float4(0, 0, 0, 0);
}

static __device__ inline float sum_of(float a, float b)
{
    return a + b;
}

static __device__ inline float4 sum_of(float4 a, float4 b)
{
    return make_float4(a.x + b.x, a.y + b.y, a.z + b.z, a.w + b.w);
}

static __device__ inline float times(float a, float factor)
{
    return a * factor;
}

static __device__ inline float4 times(float4 a, float factor)
{
    return make_float4(a.x * factor, a.y * factor, a.z * factor, a.w * factor);
}

/* Whether rows of these two matrices can be processed four columns at a time. */
static bool by_four(int cols, const void *a, const void *b)
{
    return cols % 4 == 0 && ((uintptr_t)a | (uintptr_t)b) % sizeof(float4) == 0;
}

/* Calls a function template with the columns as float4 or as float. */
#define BY_COLUMNS(function, d, plan, cols, from, to)                                              \
    do {                                                                                           \
        if (by_four(cols, from, to))                                                               \
            function(d, plan, (cols) / 4, (const float4 *)(from), (float4 *)(to));                 \
        else                                                                                       \
            function(d, plan, cols, from, to);                                                     \
    } while (0)

/* ---- gathering and storing ---- */

template <class V>
static __global__ void gather_rows(struct row_plan r, int cols, const V *table, V *out)
{
    for WARP_ROWS (i, r.count) {
        int32_t from = r.at[i];
        for WARP_COLUMNS (j, cols)
            out[(size_t)i * cols + j] = from < 0 ? zero_of(V()) : table[(size_t)from * cols + j];
    }
}

template <class V>
static void gather(struct device *d, const struct rows *r, int cols, const V *table, V *out)
{
    LAUNCH(d, gather_rows<V>, row_blocks(r->count), ROW_WARPS * WARP, 0, cuda_rows(r), cols, table,
           out);
}

void cuda_gather(struct device *d, const struct rows *r, int cols, const float *table, float *out)
{
    BY_COLUMNS(gather, d, r, cols, table, out);
}

template <class V>
static __global__ void store_rows(struct row_plan r, int cols, const V *from, V *table)
{
    for WARP_ROWS (i, r.count)
        if (r.at[i] >= 0)
            for WARP_COLUMNS (j, cols)
                table[(size_t)r.at[i] * cols + j] = from[(size_t)i * cols + j];
}

template <class V>
static void store(struct device *d, const struct rows *r, int cols, const V *from, V *table)
{
    LAUNCH(d, store_rows<V>, row_blocks(r->count), ROW_WARPS * WARP, 0, cuda_rows(r), cols, from,
           table);
}

void cuda_store(struct device *d, const struct rows *r, int cols, const float *from, float *table)
{
    BY_COLUMNS(store, d, r, cols, from, table);
}

/* ---- adding back ----
 *
 * The plan's positions, grouped by row, are cut into tiles, a warp each, so that a row with
 * thousands of positions is shared by many.  A warp adds what lies within its tile to the table;
 * of a row that goes beyond it leaves a sum: at the tile's head where the row began before it, else
 * at its tail.  A second kernel adds those sums, in the order of the tiles. */

enum { TILE = 8 };

template <class V>
static __global__ void add_tiles(int tiles, int cols, const V *g, V *table, struct row_plan r,
                                 V *sums)
{
    const int real = r.start[r.unique];
    for WARP_ROWS (tile, tiles) {
        const int first = tile * TILE, end = min(first + (int)TILE, real);
        if (first >= end)
            return;
        for (int u = segment_of(r.start, r.unique, first); u < r.unique && r.start[u] < end; u++) {
            const int from = max(r.start[u], first), to = min(r.start[u + 1], end);
            const bool whole = r.start[u] >= first && r.start[u + 1] <= end;
            V *own = whole ? table + (size_t)r.row[u] * cols
                           : sums + (2 * (size_t)tile + (r.start[u] >= first)) * cols;
            for WARP_COLUMNS (j, cols) {
                V sum = zero_of(V());
#pragma unroll 4
                for (int i = from; i < to; i++)
                    sum = sum_of(sum, g[(size_t)r.order[i] * cols + j]);
                own[j] = whole ? sum_of(own[j], sum) : sum;
            }
        }
    }
}

/* A block a row: each warp sums a run of tiles, and the first warp adds their sums. */
template <class V>
static __global__ void add_parts(int cols, const V *sums, V *table, struct row_plan r)
{
    SHARED(V, part); /* [ROW_WARPS, WARP] */
    const int warp = (int)threadIdx.x / WARP, lane = (int)threadIdx.x % WARP;
    const int u = (int)blockIdx.x;
    const int first = r.start[u] / TILE, last = (r.start[u + 1] - 1) / TILE;
    if (first == last)
        return;
    const int each = (last - first + ROW_WARPS) / ROW_WARPS; /* of last - first + 1 tiles */
    const int from = first + warp * each, to = min(from + each, last + 1);
    for (int base = 0; base < cols; base += WARP) {
        const int j = base + lane;
        V sum = zero_of(V());
        if (j < cols)
#pragma unroll 4
            for (int tile = from; tile < to; tile++)
                sum = sum_of(sum, sums[(2 * (size_t)tile + (tile == first)) * cols + j]);
        part[warp * WARP + lane] = sum;
        __syncthreads();
        if (warp == 0 && j < cols) {
            for (int w = 1; w < ROW_WARPS; w++)
                sum = sum_of(sum, part[w * WARP + lane]);
            V *own = table + (size_t)r.row[u] * cols + j;
            *own = sum_of(*own, sum);
        }
        __syncthreads();
    }
}

template <class V>
static void gather_back(struct device *d, const struct rows *r, int cols, const V *g, V *table)
{
    const int tiles = (r->count + TILE - 1) / TILE;
    V *sums = (V *)cuda_scratch(cuda_of(d), 2 * sizeof *sums * (size_t)tiles * (size_t)cols);
    if (!r->unique)
        return;
    LAUNCH(d, add_tiles<V>, row_blocks(tiles), ROW_WARPS * WARP, 0, tiles, cols, g, table,
           cuda_rows(r), sums);
    if (tiles == 1 || r->unique == r->count) /* no row crosses a tile's border */
        return;
    LAUNCH(d, add_parts<V>, (unsigned)r->unique, ROW_WARPS * WARP, sizeof(V) * ROW_WARPS * WARP,
           cols, sums, table, cuda_rows(r));
}

void cuda_gather_back(struct device *d, const struct rows *r, int cols, const float *g,
                      float *table)
{
    BY_COLUMNS(gather_back, d, r, cols, g, table);
}

/* ---- means of ragged rows ---- */

template <class V>
static __global__ void mean_rows(int count, const int32_t *start, int cols, const V *x, V *out)
{
    for WARP_ROWS (s, count) {
        const int from = start[s], to = start[s + 1];
        const float share = 1.0f / (float)(to - from);
        for WARP_COLUMNS (j, cols) {
            V sum = zero_of(V());
#pragma unroll 4
            for (int i = from; i < to; i++)
                sum = sum_of(sum, x[(size_t)i * cols + j]);
            out[(size_t)s * cols + j] = from < to ? times(sum, share) : sum;
        }
    }
}

template <class V>
static void mean(struct device *d, const struct ragged *r, int cols, const V *x, V *out)
{
    LAUNCH(d, mean_rows<V>, row_blocks(r->count), ROW_WARPS * WARP, 0, r->count, r->start, cols,
           x, out);
}

void cuda_mean(struct device *d, const struct ragged *r, int cols, const float *x, float *out)
{
    BY_COLUMNS(mean, d, r, cols, x, out);
}

template <class V>
static __global__ void spread_rows(int total, const int32_t *start, const int32_t *owner, int cols,
                                   const V *g, V *dx)
{
    for WARP_ROWS (i, total) {
        const int s = owner[i];
        const float share = 1.0f / (float)(start[s + 1] - start[s]);
        for WARP_COLUMNS (j, cols) {
            V *to = dx + (size_t)i * cols + j;
            *to = sum_of(*to, times(g[(size_t)s * cols + j], share));
        }
    }
}

template <class V>
static void mean_back(struct device *d, const struct ragged *r, int cols, const V *g, V *dx)
{
    LAUNCH(d, spread_rows<V>, row_blocks(r->total), ROW_WARPS * WARP, 0, r->total, r->start, r->owner,
           cols, g, dx);
}

void cuda_mean_back(struct device *d, const struct ragged *r, int cols, const float *g, float *dx)
{
    BY_COLUMNS(mean_back, d, r, cols, g, dx);
}

template <class V>
static __global__ void mean_rows_up_to(int count, const int32_t *start, int cols, const V *x, V *out)
{
    for WARP_ROWS (s, count)
        for WARP_COLUMNS (j, cols) {
            V sum = zero_of(V());
            for (int i = start[s]; i < start[s + 1]; i++) {
                sum = sum_of(sum, x[(size_t)i * cols + j]);
                out[(size_t)i * cols + j] = times(sum, 1.0f / (float)(i - start[s] + 1));
            }
        }
}

template <class V>
static void mean_up_to(struct device *d, const struct ragged *r, int cols, const V *x, V *out)
{
    LAUNCH(d, mean_rows_up_to<V>, row_blocks(r->count), ROW_WARPS * WARP, 0, r->count, r->start,
           cols, x, out);
}

void cuda_mean_up_to(struct device *d, const struct ragged *r, int cols, const float *x, float *out)
{
    BY_COLUMNS(mean_up_to, d, r, cols, x, out);
}

template <class V>
static __global__ void spread_rows_up_to(int count, const int32_t *start, int cols, const V *g,
                                         V *dx)
{
    for WARP_ROWS (s, count)
        for WARP_COLUMNS (j, cols) {
            V sum = zero_of(V());
            for (int i = start[s + 1] - 1; i >= start[s]; i--) {
                V *to = dx + (size_t)i * cols + j;
                sum = sum_of(sum, times(g[(size_t)i * cols + j], 1.0f / (float)(i - start[s] + 1)));
                *to = sum_of(*to, sum);
            }
        }
}

template <class V>
static void mean_up_to_back(struct device *d, const struct ragged *r, int cols, const V *g, V *dx)
{
    LAUNCH(d, spread_rows_up_to<V>, row_blocks(r->count), ROW_WARPS * WARP, 0, r->count, r->start,
           cols, g, dx);
}

void cuda_mean_up_to_back(struct device *d, const struct ragged *r, int cols, const float *g,
                          float *dx)
{
    BY_COLUMNS(mean_up_to_back, d, r, cols, g, dx);
}

/* ---- rows times factors ---- */

static __global__ void scale_all(int rows, int cols, const float *x, const float *factor, float *y)
{
    for WARP_ROWS (i, rows)
        for WARP_COLUMNS (j, cols)
            y[(size_t)i * cols + j] = factor[i] * x[(size_t)i * cols + j];
}

void cuda_scale_rows(struct device *d, int rows, int cols, const float *x, const float *factor,
                     float *y)
{
    LAUNCH(d, scale_all, row_blocks(rows), ROW_WARPS * WARP, 0, rows, cols, x, factor, y);
}

static __global__ void scale_all_back(int rows, int cols, const float *x, const float *factor,
                                      const float *dy, float *dx, float *dfactor)
{
    for WARP_ROWS (i, rows) {
        float sum = 0;
        for WARP_COLUMNS (j, cols) {
            size_t at = (size_t)i * cols + j;
            sum += x[at] * dy[at];
            if (dx)
                dx[at] += factor[i] * dy[at];
        }
        sum = warp_sum(sum);
        if (dfactor && threadIdx.x % WARP == 0)
            dfactor[i] += sum;
    }
}

void cuda_scale_rows_back(struct device *d, int rows, int cols, const float *x,
                          const float *factor, const float *dy, float *dx, float *dfactor)
{
    LAUNCH(d, scale_all_back, row_blocks(rows), ROW_WARPS * WARP, 0, rows, cols, x, factor, dy, dx,
           dfactor);
}
