/* Grouped matrices, one a user or cluster: the product of each sequence's few rows with a matrix of
 * its own, all sequences at once.
 *
 * 100 sequences of 15 rows, matrices of 100 × 100: each matrix is read once, 4 MB, a microsecond of
 * memory traffic; 15 million multiplications take less.  So each loaded number of the matrix is
 * used for eight rows, and the rows come from the first-level cache. */
#include "cuda.h"

enum { WARPS = 8, ROWS_AT_ONCE = WARPS };

/* Arguments of the kernels. */
struct grouped {
    const int32_t *start; /* rows of the sequences */
    const int32_t *group; /* matrix of each sequence */
    int in, out, ldw;
    int tiles; /* blocks of a sequence */
};

static __device__ inline const float *matrix_of(const struct grouped &g, int s, const float *w)
{
    return w + (size_t)g.group[s] * g.out * g.ldw;
}

/* ---- forward: a warp computes one output of a sequence; its threads share the row of the matrix
 * ---- */

static __device__ inline void some_rows(const float *w, const float *x, int in, int rows,
                                        float *sum)
{
    for (int r = 0; r < ROWS_AT_ONCE; r++)
        sum[r] = 0;
    for (int j = (int)threadIdx.x; j < in; j += WARP) {
        float weight = w[j];
#pragma unroll
        for (int r = 0; r < ROWS_AT_ONCE; r++)
            if (r < rows)
                sum[r] += weight * x[(size_t)r * in + j];
    }
#pragma unroll
    for (int r = 0; r < ROWS_AT_ONCE; r++)
        sum[r] = warp_sum(sum[r]);
}

static __global__ void linear(struct grouped g, const float *x, const float *w, bool accumulate,
                              float *y)
{
    int s = (int)blockIdx.x / g.tiles;
    int o = (int)blockIdx.x % g.tiles * WARPS + (int)threadIdx.y;
    if (o >= g.out)
        return;
    const float *own = matrix_of(g, s, w) + (size_t)o * g.ldw;
    for (int row = g.start[s]; row < g.start[s + 1]; row += ROWS_AT_ONCE) {
        float sum[ROWS_AT_ONCE];
        int rows = min(ROWS_AT_ONCE, g.start[s + 1] - row);
        some_rows(own, x + (size_t)row * g.in, g.in, rows, sum);
#pragma unroll
        for (int r = 0; r < ROWS_AT_ONCE; r++)
            if (r < rows && (int)threadIdx.x == r) {
                float *to = y + (size_t)(row + r) * g.out + o;
                *to = sum[r] + (accumulate ? *to : 0);
            }
    }
}

static struct grouped grouped_of(const struct ragged *r, const struct rows *group, int in, int out,
                                 int ldw, int tiles)
{
    struct grouped g = {r->start, group->at, in, out, ldw, tiles};
    return g;
}

void cuda_group_linear(struct device *d, const struct ragged *r, const struct rows *group, int in,
                       int out, const float *x, const float *w, int ldw, bool accumulate, float *y)
{
    int tiles = (out + WARPS - 1) / WARPS;
    LAUNCH(cuda_of(d), linear, (unsigned)(r->count * tiles), dim3(WARP, WARPS), 0,
           grouped_of(r, group, in, out, ldw, tiles), x, w, accumulate, y);
}

/* ---- backward ---- */

/* dx += dy w: a block computes 32 inputs of a sequence; its warps share the outputs. */
static __global__ void inputs_back(struct grouped g, const float *w, const float *dy, float *dx)
{
    __shared__ float sums[WARPS][ROWS_AT_ONCE][WARP];
    int s = (int)blockIdx.x / g.tiles, lane = (int)threadIdx.x, warp = (int)threadIdx.y;
    int j = (int)blockIdx.x % g.tiles * WARP + lane;
    const float *own = matrix_of(g, s, w) + j;
    for (int row = g.start[s]; row < g.start[s + 1]; row += ROWS_AT_ONCE) {
        float sum[ROWS_AT_ONCE] = {0};
        int rows = min(ROWS_AT_ONCE, g.start[s + 1] - row);
        const float *from = dy + (size_t)row * g.out;
        for (int o = warp; j < g.in && o < g.out; o += WARPS) {
            float weight = own[(size_t)o * g.ldw];
#pragma unroll
            for (int r = 0; r < ROWS_AT_ONCE; r++)
                if (r < rows)
                    sum[r] += weight * from[(size_t)r * g.out + o];
        }
#pragma unroll
        for (int r = 0; r < ROWS_AT_ONCE; r++)
            sums[warp][r][lane] = sum[r];
        __syncthreads();
        if (warp < rows && j < g.in) { /* a warp a row: there are as many warps as rows */
            float all = 0;
            for (int i = 0; i < WARPS; i++)
                all += sums[i][warp][lane];
            dx[(size_t)(row + warp) * g.in + j] += all;
        }
        __syncthreads();
    }
}

/* Outputs of a block of weights_back, for 32 inputs; each warp has four outputs. */
enum { OUTPUTS_AT_ONCE = 4, OUTPUTS = OUTPUTS_AT_ONCE * WARPS };

/* dw[group] += dyᵀ x: a block computes a tile of one matrix and walks over the rows of its
 * sequences in the plan's order. */
static __global__ void weights_back(struct grouped g, const int32_t *matrix, const int32_t *first,
                                    const int32_t *order, const float *x, const float *dy,
                                    float *dw)
{
    int u = (int)blockIdx.x / g.tiles, tile = (int)blockIdx.x % g.tiles;
    int across = (g.in + WARP - 1) / WARP;
    int j = tile % across * WARP + (int)threadIdx.x;
    int o = tile / across * OUTPUTS + (int)threadIdx.y * OUTPUTS_AT_ONCE;
    float sum[OUTPUTS_AT_ONCE] = {0};
    if (j >= g.in)
        return;
    for (int i = first[u]; i < first[u + 1]; i++) {
        int s = order[i];
        for (int row = g.start[s]; row < g.start[s + 1]; row++) {
            float in = x[(size_t)row * g.in + j];
#pragma unroll
            for (int n = 0; n < OUTPUTS_AT_ONCE; n++)
                if (o + n < g.out)
                    sum[n] += dy[(size_t)row * g.out + o + n] * in;
        }
    }
    float *to = dw + ((size_t)matrix[u] * g.out + o) * g.ldw + j;
#pragma unroll
    for (int n = 0; n < OUTPUTS_AT_ONCE; n++)
        if (o + n < g.out)
            to[(size_t)n * g.ldw] += sum[n];
}

void cuda_group_linear_back(struct device *d, const struct ragged *r, const struct rows *group,
                            int in, int out, const float *x, const float *w, int ldw,
                            const float *dy, float *dx, float *dw)
{
    struct cuda *c = cuda_of(d);
    int across = (in + WARP - 1) / WARP, down = (out + OUTPUTS - 1) / OUTPUTS;
    if (dx)
        LAUNCH(c, inputs_back, (unsigned)(r->count * across), dim3(WARP, WARPS), 0,
               grouped_of(r, group, in, out, ldw, across), w, dy, dx);
    if (dw)
        LAUNCH(c, weights_back, (unsigned)(group->unique * across * down), dim3(WARP, WARPS), 0,
               grouped_of(r, group, in, out, ldw, across * down), group->row, group->start,
               group->order, x, dy, dw);
}
