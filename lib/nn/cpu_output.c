#include "nn/cpu_output.h"

#include <math.h>
#include <omp.h>

#include "nn/maths.h"

enum {
    TILE_FLOATS = 1 << 17, /* half a megabyte of scores stays in a core's second-level cache */
    TILE_LEAST = 64,
    TILE_MOST = 4096,
};

static int tile_width(int rows, int items, int threads)
{
    int width = TILE_FLOATS / (rows > 0 ? rows : 1) / 16 * 16;
    int share = ((items + threads - 1) / threads + 15) / 16 * 16;
    width = width < TILE_LEAST ? TILE_LEAST : width > TILE_MOST ? TILE_MOST : width;
    return width < share ? width : share > 0 ? share : 16;
}

void chunk_plan(struct chunk *c, struct cpu *cpu, const struct output *o, bool keep,
                struct chunk_more more)
{
    size_t items = (size_t)(o->items > 0 ? o->items : 1), threads = (size_t)cpu->threads;
    size_t fit = cpu->workspace / items, wanted = (size_t)o->targets;
    fit = fit < 1 ? 1 : fit;
    size_t chunks = wanted ? (wanted + fit - 1) / fit : 1;
    size_t rows = (wanted + chunks - 1) / chunks;
    *c = (struct chunk){.o = o, .threads = cpu->threads, .capacity = (int)rows};
    c->width = tile_width(c->capacity, o->items, c->threads);
    c->tiles = (o->items + c->width - 1) / c->width;

    size_t kept = cpu_padded(keep ? rows * items : 0);
    size_t passing = cpu_padded(threads * rows * (size_t)c->width);
    size_t parts = threads * rows * sizeof(struct part) / sizeof(float);
    size_t totals = rows * sizeof(double) / sizeof(float), own = cpu_padded(2 * rows);
    c->kept = cpu_scratch(cpu, kept + passing + parts + totals + own + more.fixed +
                                   rows * (more.row + more.tile_row * (size_t)c->tiles));
    c->passing = c->kept + kept;
    c->part = (struct part *)(void *)(c->passing + passing);
    c->total = (double *)(void *)(c->part + threads * rows);
    c->score = (float *)(c->total + rows);
    c->top = c->score + rows;
    c->rest = c->score + own;
}

bool chunk_next(struct chunk *c)
{
    c->first += c->rows;
    int left = c->o->targets - c->first;
    /* Chunks of sizes that differ by one at most. */
    int chunks = c->capacity ? (left + c->capacity - 1) / c->capacity : 0;
    c->rows = chunks ? (left + chunks - 1) / chunks : 0;
    for (int i = 0; i < c->threads * c->rows; i++)
        c->part[i] = (struct part){.top = -INFINITY};
    return c->rows > 0;
}

struct span chunk_tile(const struct chunk *c, int tile)
{
    size_t from = (size_t)tile * (size_t)c->width, to = from + (size_t)c->width;
    return (struct span){from, to < (size_t)c->o->items ? to : (size_t)c->o->items};
}

float *chunk_kept(const struct chunk *c, int tile)
{
    return c->kept + (size_t)tile * (size_t)c->width * (size_t)c->rows;
}

float *chunk_passing(const struct chunk *c, int thread)
{
    return c->passing + (size_t)thread * (size_t)c->width * (size_t)c->rows;
}

VECTOR static void fill_rows(size_t rows, size_t n, const float *restrict bias, float *restrict x)
{
    for (size_t i = 0; i < rows; i++)
        for (size_t j = 0; j < n; j++)
            x[i * n + j] = bias[j];
}

/* The product is added to the biases: a BLAS that is to overwrite would fill with zeros first. */
void chunk_product(const struct chunk *c, int tile, float *x)
{
    const struct output *o = c->o;
    struct span s = chunk_tile(c, tile);
    size_t n = s.to - s.from, width = (size_t)o->width;
    fill_rows((size_t)c->rows, n, o->bias + s.from, x);
    cpu_sgemm(false, true, c->rows, (int)n, o->width, o->state + (size_t)c->first * width, o->width,
              o->weight + s.from * width, o->width, 1, x, (int)n);
}

/* The largest of x; 0 or, where some x is not finite, NaN is added to *not_finite. */
VECTOR static float largest(size_t n, const float *x, float *not_finite)
{
    int32_t top = maths_order(-INFINITY);
    float nothing = 0;
#pragma omp simd reduction(max : top) reduction(+ : nothing)
    for (size_t j = 0; j < n; j++) {
        int32_t order = maths_order(x[j]);
        top = order > top ? order : top;
        nothing += x[j] * 0.0f;
    }
    *not_finite += nothing;
    return maths_order_back(top);
}

float chunk_see(const struct chunk *c, int thread, struct span s, int row, const float *x,
                float *raise)
{
    struct part *p = c->part + (size_t)thread * (size_t)c->rows + (size_t)row;
    size_t target = (size_t)c->o->target[c->first + row];
    float top = largest(s.to - s.from, x, &p->not_finite);
    if (target >= s.from && target < s.to)
        c->score[row] = x[target - s.from];
    *raise = top > p->top ? maths_exp(p->top - top) : 1;
    p->sum *= *raise;
    p->top = top > p->top ? top : p->top;
    return top;
}

float chunk_join(const struct chunk *c, int row)
{
    float top = -INFINITY, not_finite = 0;
    for (int t = 0; t < c->threads; t++) {
        const struct part *p = &c->part[t * c->rows + row];
        top = p->top > top ? p->top : top;
        not_finite += p->not_finite;
    }
    double sum = 0;
    for (int t = 0; t < c->threads; t++) {
        const struct part *p = &c->part[t * c->rows + row];
        sum += p->sum * maths_exp(p->top - top);
    }
    c->top[row] = top;
    c->total[row] = sum;
    return (float)(log(sum) + (double)top - c->score[row]) + not_finite;
}
