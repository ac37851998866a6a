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

void chunk_plan(struct chunk *c, struct cpu *cpu, const struct output *o, bool kept, size_t budget,
                size_t more, size_t tile_more)
{
    size_t items = (size_t)(o->items > 0 ? o->items : 1), threads = (size_t)cpu->threads;
    size_t fit = budget / items, wanted = (size_t)o->targets;
    fit = fit < 1 ? 1 : fit;
    size_t chunks = wanted ? (wanted + fit - 1) / fit : 1;
    size_t rows = (wanted + chunks - 1) / chunks;
    *c = (struct chunk){.o = o, .threads = cpu->threads, .capacity = (int)rows, .kept = kept};
    c->width = tile_width(c->capacity, o->items, c->threads);
    c->tiles = (o->items + c->width - 1) / c->width;

    size_t scores = cpu_padded(rows * (kept ? items : (size_t)c->width * threads));
    size_t parts = threads * rows * sizeof(struct part) / sizeof(float);
    size_t totals = rows * sizeof(double) / sizeof(float);
    c->scores = cpu_scratch(cpu, scores + parts + totals + 2 * rows + 64 + more * rows +
                                     tile_more * rows * (size_t)c->tiles);
    c->part = (struct part *)(void *)(c->scores + scores);
    c->total = (double *)(void *)(c->part + threads * rows);
    c->score = (float *)(c->total + rows);
    c->top = c->score + rows;
    c->rest = c->score + cpu_padded(2 * rows);
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

struct span chunk_tiles(const struct chunk *c, int thread)
{
    return cpu_share((size_t)c->tiles, 1, thread, c->threads);
}

float *chunk_scores(const struct chunk *c, int thread, int tile)
{
    if (c->kept)
        return c->scores + (size_t)tile * (size_t)c->width * (size_t)c->rows;
    return c->scores + (size_t)thread * (size_t)c->width * (size_t)c->rows;
}

/* x += bias; the largest of x, and 0 or, where some x is not finite, NaN added to *not_finite. */
VECTOR static float add_bias(size_t n, const float *restrict bias, float *restrict x,
                             float *not_finite)
{
    int32_t top = maths_order(-INFINITY);
    float nothing = 0;
#pragma omp simd reduction(max : top) reduction(+ : nothing)
    for (size_t j = 0; j < n; j++) {
        float y = x[j] + bias[j];
        int32_t order = maths_order(y);
        x[j] = y;
        top = order > top ? order : top;
        nothing += y * 0.0f;
    }
    *not_finite += nothing;
    return maths_order_back(top);
}

void chunk_product(const struct chunk *c, int thread, int tile, float *row_top)
{
    const struct output *o = c->o;
    struct span s = chunk_tile(c, tile);
    size_t n = s.to - s.from, width = (size_t)o->width;
    float *x = chunk_scores(c, thread, tile);
    cpu_sgemm(false, true, c->rows, (int)n, o->width, o->state + (size_t)c->first * width, o->width,
              o->weight + s.from * width, o->width, 0, x, (int)n);
    struct part *part = c->part + (size_t)thread * (size_t)c->rows;
    for (int i = 0; i < c->rows; i++, x += n) {
        row_top[i] = add_bias(n, o->bias + s.from, x, &part[i].not_finite);
        size_t target = (size_t)o->target[c->first + i];
        if (target >= s.from && target < s.to)
            c->score[i] = x[target - s.from];
    }
}

float part_raise(struct part *p, float top)
{
    if (!(top > p->top))
        return 1;
    float factor = maths_exp(p->top - top);
    p->sum *= factor;
    p->top = top;
    return factor;
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
