/* The CPU's loss over the whole vocabulary and its gradients, with p = softmax of a row's scores,
 * u = its unit vector at the target and T targets:
 *   loss = -log p[target], dscore = (p - u) / T, dstate = dscore W, dW = dscoreᵀ state.
 *
 * Two walks over the tiles of a chunk.  The first computes the scores, leaves e^(score - reference)
 * in their place, the reference being the largest score that the thread has seen up to this tile,
 * and adds their product with the tile's weights while both are in the cache (rescaled when the
 * reference rises, as in Milakov & Gimelshein 2018, "Online normalizer calculation for softmax").
 * Then each row's sum is known, and dstate with it.  The second walk needs only one product a tile:
 * the factors that turn what stands there into p go to the rows of the states instead. */
#include <math.h>
#include <omp.h>

#include "nn/cpu_output.h"
#include "nn/maths.h"

/* Scratch beside the chunk's: a thread's [rows, width] and [rows], and every tile's [rows]. */
struct gradients {
    float *reference; /* [tiles, rows] */
    float *product;   /* [threads, rows, width]: Σ e W, then the scaled states */
    float *factor;    /* [threads, rows] */
    float *dstate, *dweight, *dbias;
};

/* x = e^(x - top); returns the sum. */
VECTOR static float exponentials(size_t n, float top, float *x)
{
    float sum = 0;
#pragma omp simd reduction(+ : sum)
    for (size_t j = 0; j < n; j++) {
        x[j] = maths_exp(x[j] - top);
        sum += x[j];
    }
    return sum;
}

VECTOR static void scale(size_t n, float factor, const float *x, float *y)
{
    for (size_t j = 0; j < n; j++)
        y[j] = factor * x[j];
}

/* y [n] += Σ factor_i x_i over the rows of x [rows, n] */
VECTOR static void add_rows(size_t rows, size_t n, const float *restrict factor,
                            const float *restrict x, float *restrict y)
{
    size_t i = 0;
    for (; i + 4 <= rows; i += 4, x += 4 * n) {
        float a = factor[i], b = factor[i + 1], c = factor[i + 2], d = factor[i + 3];
        for (size_t j = 0; j < n; j++)
            y[j] += (a * x[j] + b * x[n + j]) + (c * x[2 * n + j] + d * x[3 * n + j]);
    }
    for (; i < rows; i++, x += n)
        for (size_t j = 0; j < n; j++)
            y[j] += factor[i] * x[j];
}

/* First walk, one tile. */
static void score_tile(const struct chunk *c, const struct gradients *g, int thread, int tile,
                       float *product)
{
    const struct output *o = c->o;
    struct span s = chunk_tile(c, tile);
    size_t n = s.to - s.from, width = (size_t)o->width, rows = (size_t)c->rows;
    float *reference = g->reference + (size_t)tile * rows;
    float *x = g->dweight ? chunk_kept(c, tile) : chunk_passing(c, thread);
    chunk_product(c, tile, x);
    for (size_t i = 0; i < rows; i++) {
        struct part *part = c->part + (size_t)thread * rows + i;
        float raise;
        chunk_see(c, thread, s, (int)i, x + i * n, &raise);
        reference[i] = part->top;
        part->sum += exponentials(n, part->top, x + i * n);
        if (product && raise != 1)
            scale(width, raise, product + i * width, product + i * width);
    }
    if (product)
        cpu_sgemm(false, false, c->rows, o->width, (int)n, x, (int)n, o->weight + s.from * width,
                  o->width, 1, product, o->width);
}

/* Between the walks, one row: its loss, and from the threads' Σ e W its dstate. */
static void finish_row(const struct chunk *c, const struct gradients *g, size_t row, float *loss)
{
    const struct output *o = c->o;
    size_t width = (size_t)o->width, rows = (size_t)c->rows, at = (size_t)c->first + row;
    *loss = chunk_join(c, (int)row);
    if (!g->dstate)
        return;
    float share = 1.0f / (float)o->targets;
    float *to = g->dstate + at * width;
    for (size_t t = 0; t < (size_t)c->threads; t++) {
        float raise = maths_exp(c->part[t * rows + row].top - c->top[row]);
        cpu_add_scaled(width, (float)(raise / c->total[row] * share),
                       g->product + (t * rows + row) * width, to);
    }
    cpu_add_scaled(width, -share, o->weight + (size_t)o->target[at] * width, to);
}

/* Second walk, one tile: what it adds to dW and dbias; scaled [rows, width], factor [rows]. */
static void tile_gradients(const struct chunk *c, const struct gradients *g, int tile,
                           float *scaled, float *factor)
{
    const struct output *o = c->o;
    struct span s = chunk_tile(c, tile);
    size_t n = s.to - s.from, width = (size_t)o->width, rows = (size_t)c->rows;
    const float *state = o->state + (size_t)c->first * width, *x = chunk_kept(c, tile);
    const float *reference = g->reference + (size_t)tile * rows;
    float share = 1.0f / (float)o->targets;
    for (size_t i = 0; i < rows; i++) {
        factor[i] = (float)(maths_exp(reference[i] - c->top[i]) / c->total[i] * share);
        scale(width, factor[i], state + i * width, scaled + i * width);
    }
    if (g->dbias)
        add_rows(rows, n, factor, x, g->dbias + s.from);
    cpu_sgemm(true, false, (int)n, o->width, c->rows, x, (int)n, scaled, o->width, 1,
              g->dweight + s.from * width, o->width);
    for (size_t i = 0; i < rows; i++) {
        size_t target = (size_t)o->target[(size_t)c->first + i];
        if (target < s.from || target >= s.to)
            continue;
        cpu_add_scaled(width, -share, state + i * width, g->dweight + target * width);
        if (g->dbias)
            g->dbias[target] -= share;
    }
}

static void loss_of_chunk(const struct chunk *c, const struct gradients *g, float *loss)
{
    size_t rows = (size_t)c->rows, width = (size_t)c->o->width;
#pragma omp parallel num_threads(c->threads)
    {
        int thread = omp_get_thread_num();
        struct span tiles = cpu_share((size_t)c->tiles, 1, thread, c->threads);
        struct span own = cpu_share(rows, 1, thread, c->threads);
        float *product = g->dstate ? g->product + (size_t)thread * rows * width : NULL;
        if (product)
            memset(product, 0, rows * width * sizeof *product);
        for (size_t tile = tiles.from; tile < tiles.to; tile++)
            score_tile(c, g, thread, (int)tile, product);
#pragma omp barrier
        for (size_t i = own.from; i < own.to; i++)
            finish_row(c, g, i, loss + i);
#pragma omp barrier
        /* Backwards: the last tiles may still be in the cache. */
        for (size_t tile = tiles.to; g->dweight && tile-- > tiles.from;)
            tile_gradients(c, g, (int)tile, g->product + (size_t)thread * rows * width,
                           g->factor + (size_t)thread * rows);
    }
}

void cpu_output_loss(struct device *d, const struct output *o, float *loss, float *dstate,
                     float *dweight, float *dbias)
{
    struct cpu *cpu = cpu_of(d);
    struct chunk c;
    size_t threads = (size_t)cpu->threads, width = (size_t)o->width;
    chunk_plan(&c, cpu, o, dweight,
               (struct chunk_more){.row = threads * (width + 1), .tile_row = 1});
    size_t capacity = (size_t)c.capacity;
    struct gradients g = {.dstate = dstate, .dweight = dweight, .dbias = dbias};
    g.product = c.rest;
    g.factor = g.product + threads * capacity * width;
    g.reference = g.factor + threads * capacity;
    while (chunk_next(&c))
        loss_of_chunk(&c, &g, loss + c.first);
}
