/* The CPU's loss over all items and its gradients, with p = softmax of a row's scores, u = the unit
 * vector of its target and T targets:
 *
 *     loss = -log p[target], dscore = (p - u) / T, dstate = dscore W, dW = dscoreᵀ state.
 *
 * Each chunk takes two walks over the tiles of items.  The first walk computes the scores and
 * replaces them by e^(score - reference); the reference is a score that none up to this tile
 * exceeds by much (FAR).  It adds their product with the tile's weights while both are in the cache
 * and rescales the sum when the reference rises (Milakov & Gimelshein 2018, "Online normalizer
 * calculation for softmax").  After it each row's sum and dstate are known.  The second walk needs
 * one product a tile: the factors that turn the exponentials into p multiply the rows of the states
 * instead. */
#include "nn/cpu_loss.h"

#include <math.h>
#include <omp.h>

#include "nn/bf16.h"
#include "nn/maths.h"

/* y [n, cols] *= factor [cols]; rows are `ld` floats apart. */
VECTOR static void scale_columns(size_t n, size_t cols, const float *factor, float *y, size_t ld)
{
    for (size_t i = 0; i < n; i++, y += ld)
        for (size_t j = 0; j < cols; j++)
            y[j] *= factor[j];
}

VECTOR static void scale(size_t n, float factor, const float *x, float *y)
{
    for (size_t j = 0; j < n; j++)
        y[j] = factor * x[j];
}

/* ---- the first walk ---- */

void gradients_begin(const struct chunk *c, const struct gradients *g, int part)
{
    if (g->dstate)
        memset(gradients_product(c, g, part), 0, (size_t)c->o->width * c->ld * sizeof(float));
}

void gradients_add_states(const struct chunk *c, float *product, const struct panel *p)
{
    size_t width = (size_t)c->o->width;
    cpu_tile_product(&(struct tile_product){
        .m = width,
        .n = p->row.to - p->row.from,
        .k = p->item.to - p->item.from,
        .a = c->o->weight + p->item.from * width,
        .lda = width,
        .turned = true,
        .b = p->x,
        .ldb = p->ld,
        .c = product + p->row.from,
        .ldc = c->ld,
    });
}

VECTOR static void largest(size_t n, size_t ld, const float *x, float *restrict top)
{
    float most[LINE];
#pragma omp simd
    for (int j = 0; j < LINE; j++)
        most[j] = -INFINITY;
    for (size_t i = 0; i < n; i++, x += ld)
#pragma omp simd
        for (int j = 0; j < LINE; j++)
            most[j] = x[j] > most[j] ? x[j] : most[j];
    memcpy(top, most, sizeof most);
}

/* x [n, LINE] becomes e^(x - reference); `all` are its sums, and `top` the largest x.  not_finite
 * becomes NaN where an x is not finite. */
VECTOR static void become_exponentials(size_t n, size_t ld, float *restrict x,
                                       const float *restrict reference, float *restrict top,
                                       float *restrict all, float *restrict not_finite)
{
    float most[LINE], sum[LINE] = {0}, nothing[LINE] = {0};
#pragma omp simd
    for (int j = 0; j < LINE; j++)
        most[j] = -INFINITY;
    for (size_t i = 0; i < n; i++, x += ld)
#pragma omp simd
        for (int j = 0; j < LINE; j++) {
            float e = maths_exp_below(x[j] - reference[j]);
            most[j] = x[j] > most[j] ? x[j] : most[j];
            nothing[j] += x[j] * 0.0f;
            sum[j] += e;
            x[j] = e;
        }
    memcpy(top, most, sizeof most);
    memcpy(all, sum, sizeof sum);
    for (int j = 0; j < LINE; j++)
        not_finite[j] += nothing[j];
}

/* The exponentials of a panel's rows from `row`, in place of the scores.  Where the reference rises
 * for them the scores are computed again, and Σ e W so far is rescaled. */
static void exponentials_of_line(const struct chunk *c, const struct gradients *g,
                                 const struct piece *w, const struct panel *p, size_t row)
{
    const struct parts *part = &c->part[w->part];
    struct panel line = *p;
    float top[LINE], all[LINE], raise[LINE];
    size_t items = p->item.to - p->item.from;
    line.row = (struct span){row, row + LINE};
    line.x += row - p->row.from;
    if (part->reference[row] == -INFINITY) { /* the part's first scores */
        largest(items, p->ld, line.x, top);
        chunk_raise(c, w->part, row, top, raise);
    }
    for (;;) {
        become_exponentials(items, p->ld, line.x, part->reference + row, top, all,
                            part->not_finite + row);
        if (!chunk_raise(c, w->part, row, top, raise))
            break;
        if (g->dstate)
            scale_columns((size_t)c->o->width, LINE, raise, gradients_product(c, g, w->part) + row,
                          c->ld);
        chunk_scores(c, w->thread, &line);
    }
    for (int j = 0; j < LINE; j++)
        part->sum[row + (size_t)j] += all[j];
}

/* Computes a panel's exponentials and adds Σ e W over its items. */
static void walk_panel(const struct chunk *c, const struct gradients *g, const struct piece *w,
                       size_t tile, const struct panel *p)
{
    size_t width = (size_t)c->o->width, rows = p->row.to - p->row.from;
    size_t items = p->item.to - p->item.from;
    chunk_scores(c, w->thread, p);
    chunk_note_targets(c, (int)tile, p);
    for (size_t row = p->row.from; row < p->row.to; row += LINE)
        exponentials_of_line(c, g, w, p, row);
    if (p->rounded)
        bf16_round(items, rows, p->x, p->ld, p->rounded, c->ld);
    if (g->dweight)
        memcpy(g->reference + tile * c->ld + p->row.from, c->part[w->part].reference + p->row.from,
               rows * sizeof *g->reference);
    if (!g->dstate)
        return;
    if (c->bf16)
        bf16_multiply(&(struct bf16_product){
            .by_float32 = c->by_float32,
            .turned = true,
            .m = width,
            .n = rows,
            .k = items,
            .a = c->weight16 + (size_t)w->thread * (size_t)c->width * c->deep,
            .lda = c->deep,
            .b = p->rounded,
            .ldb = c->ld,
            .c = gradients_product(c, g, w->part) + p->row.from,
            .ldc = c->ld,
        });
    else
        gradients_add_states(c, gradients_product(c, g, w->part), p);
}

/* ---- between the walks ---- */

VECTOR static void add_rows(size_t parts, size_t width, size_t ld, const float *product,
                            const float *factor, size_t rows, float *restrict to)
{
    for (size_t j = 0; j < width; j++) {
        float sum[LINE] = {0};
        for (size_t i = 0; i < rows; i++)
            sum[i] = to[i * width + j];
        for (size_t part = 0; part < parts; part++)
#pragma omp simd
            for (size_t i = 0; i < LINE; i++)
                sum[i] += factor[part * ld + i] * product[(part * width + j) * ld + i];
        for (size_t i = 0; i < rows; i++)
            to[i * width + j] = sum[i];
    }
}

void gradients_add_rows(const struct chunk *c, const struct gradients *g, size_t row)
{
    size_t width = (size_t)c->o->width, rows = (size_t)c->rows - row;
    add_rows((size_t)c->parts, width, c->ld, g->product + row, g->factor + row,
             rows < LINE ? rows : LINE, g->dstate + ((size_t)c->first + row) * width);
}

/* Computes one row's loss, and the factors of the parts' Σ e W. */
static void finish_row(const struct chunk *c, const struct gradients *g, size_t row, float *loss)
{
    float share = output_share(c->o);
    *loss = chunk_loss(c, row);
    if (c->o->add.grad)
        chunk_addition_gradients(c, row, share);
    for (int part = 0; part < c->parts; part++) {
        float raise = maths_exp(c->part[part].reference[row] - c->reference[row]);
        g->factor[(size_t)part * c->ld + row] = (float)(raise / c->total[row] * share);
    }
}

/* The same of some rows, in whole vectors, and their dstate. */
static void finish_rows(const struct chunk *c, const struct gradients *g, struct span rows,
                        float *loss)
{
    const struct output_layer *o = c->o;
    size_t width = (size_t)o->width;
    for (size_t row = rows.from; row < rows.to; row++)
        finish_row(c, g, row, loss + row);
    for (size_t row = rows.from; g->dstate && row < rows.to; row += LINE)
        gradients_add_rows(c, g, row);
    for (size_t row = rows.from; g->dstate && row < rows.to; row++) {
        size_t at = (size_t)c->first + row;
        if (o->target[at] >= 0)
            cpu_add_scaled(width, -output_share(o), o->weight + (size_t)o->target[at] * width,
                           g->dstate + at * width);
    }
}

/* ---- the second walk ---- */

void gradients_scale(const struct chunk *c, const struct gradients *g,
                     const struct own_gradients *own, size_t i, float factor)
{
    size_t width = (size_t)c->o->width;
    const float *state = c->o->state + ((size_t)c->first + i) * width;
    float *to = own->scaled + i * g->columns;
    scale(g->apart ? g->direct : width, factor, state, to);
    if (g->apart)
        for (size_t j = 0; j < g->rest; j++)
            own->turned[j * c->ld + i] =
                factor * (g->direct + j < width ? state[g->direct + j] : 1);
    else
        to[width] = factor;
}

/* Multiplies the rows of the states by the factors that turn the tile's exponentials into p / T.
 * Only rows whose reference differs from the tile before change. */
static void scale_states(const struct chunk *c, const struct gradients *g,
                         const struct own_gradients *own, int tile)
{
    size_t width = (size_t)c->o->width;
    const float *reference = g->reference + (size_t)tile * c->ld;
    float share = output_share(c->o);
    if (!memcmp(reference, own->as_of, (size_t)c->rows * sizeof *reference))
        return;
    for (size_t i = 0; i < (size_t)c->rows; i++) {
        if (reference[i] == own->as_of[i])
            continue;
        gradients_scale(c, g, own, i,
                        (float)(maths_exp(reference[i] - c->reference[i]) / c->total[i] * share));
        own->as_of[i] = reference[i];
        if (c->bf16)
            bf16_round(1, width + 1, own->scaled + i * g->columns, 0,
                       own->scaled16 + i * g->columns, 0);
    }
}

/* Subtracts what the targets within the tile contribute to dW and dbias. */
static void subtract_targets(const struct chunk *c, const struct gradients *g, int tile)
{
    const struct output_layer *o = c->o;
    size_t width = (size_t)o->width;
    float share = output_share(o);
    for (int32_t k = c->of_tile[tile]; k < c->of_tile[tile + 1]; k++) {
        size_t i = (size_t)c->first + (size_t)c->target_row[k], target = (size_t)o->target[i];
        cpu_add_scaled(width, -share, o->state + i * width, g->dweight + target * width);
        if (g->dbias)
            g->dbias[target] -= share;
    }
}

/* to [items, cols] += the tile's exponentials times columns col, col+1, ... of the scaled
 * states. */
static void add_products(const struct chunk *c, const struct gradients *g,
                         const struct own_gradients *own, int tile, size_t col, size_t cols,
                         float *to, size_t ld)
{
    struct span s = chunk_tile(c, tile);
    size_t at = (size_t)tile * (size_t)c->width * c->ld, rows = (size_t)c->rows;
    size_t parts = (rows + STATES - 1) / STATES, part = (rows + parts - 1) / parts;
    for (size_t from = 0; !c->bf16 && from < rows; from += part)
        cpu_tile_product(&(struct tile_product){
            .m = s.to - s.from,
            .n = cols,
            .k = rows - from < part ? rows - from : part,
            .a = c->kept + at + from,
            .lda = c->ld,
            .b = own->scaled + from * g->columns + col,
            .ldb = g->columns,
            .c = to,
            .ldc = ld,
        });
    if (c->bf16)
        bf16_multiply(&(struct bf16_product){
            .by_float32 = c->by_float32,
            .m = s.to - s.from,
            .n = cols,
            .k = c->ld,
            .a = c->kept16 + at,
            .lda = c->ld,
            .b = own->scaled16 + col,
            .ldb = g->columns,
            .c = to,
            .ldc = ld,
        });
}

void gradients_add_weights(const struct chunk *c, const struct gradients *g,
                           const struct own_gradients *own, int tile)
{
    struct span s = chunk_tile(c, tile);
    size_t n = s.to - s.from, width = (size_t)c->o->width, rest = g->rest;
    memset(own->tail, 0, n * rest * sizeof *own->tail);
    add_products(c, g, own, tile, 0, g->direct, g->dweight + s.from * width, width);
    if (g->apart)
        cpu_tile_rows_product(&(struct tile_rows){
            .m = n,
            .n = rest,
            .k = cpu_padded((size_t)c->rows),
            .a = c->kept + (size_t)tile * (size_t)c->width * c->ld,
            .lda = c->ld,
            .b = own->turned,
            .ldb = c->ld,
            .c = own->tail,
            .ldc = rest,
        });
    else
        add_products(c, g, own, tile, g->direct, rest, own->tail, rest);
    for (size_t i = 0; i < n; i++) {
        const float *tail = own->tail + i * rest;
        for (size_t j = g->direct; j < width; j++)
            g->dweight[(s.from + i) * width + j] += tail[j - g->direct];
        if (g->dbias)
            g->dbias[s.from + i] += tail[width - g->direct];
    }
}

/* Adds one tile's gradients to dW and dbias. */
static void tile_gradients(const struct chunk *c, const struct gradients *g, int thread, int tile)
{
    scale_states(c, g, &g->own[thread], tile);
    gradients_add_weights(c, g, &g->own[thread], tile);
    subtract_targets(c, g, tile);
}

/* ---- both ---- */

void gradients_clear(const struct chunk *c, const struct gradients *g,
                     const struct own_gradients *own)
{
    if (!g->dweight)
        return;
    memset(own->scaled, 0, (size_t)c->rows * g->columns * sizeof *own->scaled);
    if (g->apart)
        memset(own->turned, 0, g->rest * c->ld * sizeof *own->turned);
    if (c->bf16)
        memset(own->scaled16, 0, c->ld * g->columns * sizeof *own->scaled16);
    for (size_t i = 0; i < (size_t)c->rows; i++)
        own->as_of[i] = NAN;
}

static void loss_of_chunk(const struct chunk *c, const struct gradients *g, float *loss)
{
    int thread = omp_get_thread_num();
    struct span rows = cpu_own_share((size_t)c->rows, LINE);
    struct piece w;
    struct panel p;
    gradients_clear(c, g, &g->own[thread]);
    while (chunk_take(c, thread, &w)) {
        gradients_begin(c, g, w.part);
        for (size_t tile = w.tile.from; tile < w.tile.to; tile++)
            for (size_t i = 0; chunk_panel(c, &w, tile, i, &p); i++)
                walk_panel(c, g, &w, tile, &p);
    }
#pragma omp barrier
    for (size_t i = rows.from; i < rows.to; i++)
        chunk_join(c, i);
    if (c->o->join) {
#pragma omp barrier
#pragma omp master
        chunk_join_parts(c, true);
    }
#pragma omp barrier
    finish_rows(c, g, rows, loss);
    for (int tile; g->dweight && chunk_take_tile(c, thread, &tile);)
        tile_gradients(c, g, thread, tile);
}

size_t gradients_place(struct gradients *g, const struct chunk *c)
{
    size_t width = (size_t)c->o->width, threads = (size_t)c->threads, vector = cpu_tile_vector();
    size_t owns = cpu_padded(threads * sizeof *g->own / sizeof(float));
    size_t parts = (size_t)c->parts, product = parts * width * c->ld, rows = (size_t)c->capacity;
    g->direct = width / vector * vector;
    g->rest = width - g->direct + 1;
    g->apart = !c->bf16 && 2 * g->rest <= vector;
    if (!g->apart)
        g->rest = vector;
    g->columns = g->apart ? g->direct : g->direct + vector;
    size_t scaled = cpu_padded(rows * g->columns), tail = cpu_padded((size_t)c->width * g->rest);
    size_t scaled16 = c->bf16 ? cpu_padded(c->ld * g->columns / 2) : 0;
    size_t turned = g->apart ? g->rest * c->ld : 0;
    size_t each = scaled + c->ld + tail + turned + scaled16, tiles = (size_t)c->tiles;
    float *at = c->rest;
    if (at) {
        g->own = (struct own_gradients *)(void *)at;
        at += owns;
        g->reference = at;
        at += tiles * c->ld;
        g->factor = at;
        at += parts * c->ld;
        g->product = at;
        at += product;
        for (size_t t = 0; t < threads; t++, at += each) {
            float *as_of = at + scaled, *last = as_of + c->ld + tail;
            g->own[t] = (struct own_gradients){.scaled = at,
                                               .as_of = as_of,
                                               .tail = as_of + c->ld,
                                               .turned = last,
                                               .scaled16 = (uint16_t *)(void *)(last + turned)};
        }
    }
    return owns + (tiles + parts) * c->ld + product + threads * each;
}

void cpu_output_loss(struct device *d, const struct output_layer *o, float *loss, float *dstate,
                     float *dweight, float *dbias)
{
    struct chunk c;
    struct gradients g = {.dstate = dstate, .dweight = dweight, .dbias = dbias};
    chunk_plan(&c, cpu_of(d), o, (struct sharing){1, true}, dweight, cpu_of(d)->bf16);
    chunk_open(&c, cpu_of(d), dweight, gradients_place(&g, &c));
    gradients_place(&g, &c);
    while (chunk_next(&c)) {
        chunk_place_targets(&c);
        CPU_IN_THREADS(c.threads, loss_of_chunk(&c, &g, loss + c.first));
    }
}
