/* A perceptron of one hidden layer over many rows: cuBLAS multiplies, and a warp processes a row of
 * hidden units at a time.
 *
 * 250,000 rows of 26 numbers and 32 units: a pass over the units moves 32 MB, 10 µs on an H100; the
 * forward pass has two, the backward pass some ten. */
#include "cuda.h"

static void products(struct cuda *c, const struct perceptron *p, float *units)
{
    cuda_gemm(c, false, true, p->rows, p->hidden, p->in, p->x, p->in, p->weight, p->in, 0, units,
              p->hidden);
}

static __global__ void add_up(struct perceptron p, const float *units, float *y)
{
    for WARP_ROWS (i, p.rows) {
        const float *own = units + (size_t)i * p.hidden, *x = p.x + (size_t)i * p.in;
        const float *offset = p.offset + (size_t)segment_of(p.start, p.groups, i) * p.hidden;
        float sum = 0;
        for WARP_COLUMNS (j, p.hidden)
            sum += p.score[j] * fmaxf(own[j] + offset[j], 0);
        for WARP_COLUMNS (k, p.in)
            sum += p.direct[k] * x[k];
        sum = warp_sum(sum);
        if (threadIdx.x % WARP == 0)
            y[i] = sum;
    }
}

void cuda_perceptron(struct device *d, const struct perceptron *p, float *y)
{
    struct cuda *c = cuda_of(d);
    float *units = (float *)cuda_scratch(c, (size_t)p->rows * p->hidden * sizeof *units);
    products(c, p, units);
    LAUNCH(c, add_up, row_blocks(p->rows), ROW_WARPS * WARP, 0, *p, units, y);
}

/* The units become their gradients; part [rows, hidden] = each row's part of that of `score`. */
static __global__ void units_back(struct perceptron p, const float *dy, float *units, float *part)
{
    for WARP_ROWS (i, p.rows) {
        const float *offset = p.offset + (size_t)segment_of(p.start, p.groups, i) * p.hidden;
        for WARP_COLUMNS (j, p.hidden) {
            size_t at = (size_t)i * p.hidden + j;
            float unit = units[at] + offset[j];
            part[at] = unit > 0 ? dy[i] * unit : 0;
            units[at] = unit > 0 ? dy[i] * p.score[j] : 0;
        }
    }
}

static __global__ void add_groups(int groups, int hidden, const int32_t *start, const float *units,
                                  float *offset)
{
    for WARP_ROWS (g, groups)
        for WARP_COLUMNS (j, hidden) {
            float sum = 0;
            for (int i = start[g]; i < start[g + 1]; i++)
                sum += units[(size_t)i * hidden + j];
            offset[(size_t)g * hidden + j] += sum;
        }
}

void cuda_perceptron_back(struct device *d, const struct perceptron *p, const float *dy,
                          const struct perceptron_grads *to)
{
    struct cuda *c = cuda_of(d);
    size_t size = (size_t)p->rows * p->hidden;
    float *units = (float *)cuda_scratch(c, 2 * size * sizeof *units), *part = units + size;
    products(c, p, units);
    LAUNCH(c, units_back, row_blocks(p->rows), ROW_WARPS * WARP, 0, *p, dy, units, part);
    LAUNCH(c, add_groups, row_blocks(p->groups), ROW_WARPS * WARP, 0, p->groups, p->hidden, p->start,
           units, to->offset);
    cuda_sum_rows(c, p->rows, p->hidden, p->hidden, part, to->score);
    cuda_gemm(c, true, false, p->hidden, p->in, p->rows, units, p->hidden, p->x, p->in, 1,
              to->weight, p->in);
    cuda_gemm(c, false, false, 1, p->in, p->rows, dy, p->rows, p->x, p->in, 1, to->direct, p->in);
}
