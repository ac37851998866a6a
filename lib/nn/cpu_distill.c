/* The CPU's loss over all items with a teacher (struct taught), with T targets:
 *
 *     dscore = (q - (1 - λ) u - λ s) / T, dstate = dscore W, dW = dscoreᵀ state,
 *
 * u the unit vector of the target.  As in cpu_loss.c each chunk takes two walks over the tiles of
 * items.  The first computes the scores of both models, which stay as they are, and sums of their
 * exponentials.  The second makes dscore of both, panel by panel, and multiplies it while it is in
 * the cache. */
#include <math.h>
#include <omp.h>

#include "nn/cpu_loss.h"
#include "nn/maths.h"
#include "nn/taught.h"

/* Scratch in addition to that of the chunk and the gradients. */
struct teaching {
    const struct taught *by;
    float *state;   /* [width, ld] the teacher's, over the temperature */
    float *bias;    /* [items] likewise */
    float *kept;    /* [tiles, width, ld] the teacher's scores; NULL: they are not stored */
    float *passing; /* [threads, width, panel] then */
    struct taught_part {
        float *reference;   /* no score of the teacher is above it by more than FAR */
        double *sum, *both; /* of its e^(score - reference); of these times the student's score */
    } * part;               /* [parts] */
    float *reference;       /* [ld] of all parts, and their sums */
    double *sum, *both;
    float *own, *other; /* [ld] the factors of both models' exponentials in dscore */
};

static size_t teaching_place(struct teaching *t, const struct chunk *c, float *at, bool keep)
{
    size_t parts = (size_t)c->parts, ld = c->ld, width = (size_t)c->width;
    size_t state = (size_t)t->by->width * ld, bias = cpu_padded((size_t)c->o->items);
    size_t scores = keep ? (size_t)c->tiles * width * ld : (size_t)c->threads * width * c->panel;
    size_t list = cpu_padded(parts * sizeof *t->part / sizeof(float));
    size_t all = state + bias + cpu_padded(scores) + list + (5 * parts + 7) * ld;
    if (!at)
        return all;
    t->state = cpu_take(&at, state);
    t->bias = cpu_take(&at, bias);
    t->passing = cpu_take(&at, scores);
    t->kept = keep ? t->passing : NULL;
    t->part = (struct taught_part *)(void *)cpu_take(&at, list);
    for (size_t i = 0; i < parts; i++) {
        t->part[i].sum = (double *)(void *)cpu_take(&at, 2 * ld);
        t->part[i].both = (double *)(void *)cpu_take(&at, 2 * ld);
        t->part[i].reference = cpu_take(&at, ld);
    }
    t->sum = (double *)(void *)cpu_take(&at, 2 * ld);
    t->both = (double *)(void *)cpu_take(&at, 2 * ld);
    t->reference = cpu_take(&at, ld);
    t->own = cpu_take(&at, ld);
    t->other = cpu_take(&at, ld);
    for (size_t i = 0; i < (size_t)c->o->items; i++)
        t->bias[i] = t->by->bias[i] / t->by->temperature;
    return all;
}

/* The teacher's states of the current chunk. */
static void teaching_next(const struct teaching *t, const struct chunk *c)
{
    size_t width = (size_t)t->by->width;
    memset(t->state, 0, width * c->ld * sizeof *t->state);
    for (size_t row = 0; row < (size_t)c->rows; row++) {
        const float *from = t->by->state + ((size_t)c->first + row) * width;
        for (size_t j = 0; j < width; j++)
            t->state[j * c->ld + row] = from[j] / t->by->temperature;
    }
    for (int i = 0; i < c->parts; i++)
        for (size_t row = 0; row < c->ld; row++) {
            t->part[i].reference[row] = -INFINITY;
            t->part[i].sum[row] = t->part[i].both[row] = 0;
        }
}

/* The teacher's scores of a panel, which lie as its scores do. */
static float *scores_of(const struct teaching *t, const struct chunk *c, int thread,
                        const struct panel *p)
{
    if (t->kept)
        return t->kept + (p->x - c->kept);
    return t->passing + (size_t)thread * (size_t)c->width * c->panel;
}

/* ---- the first walk ---- */

/* Of LINE rows of some items: the largest scores x of the student and y of the teacher, and sums.
 */
struct line_sums {
    float top[LINE], other_top[LINE], e[LINE], other_e[LINE], both[LINE], not_finite[LINE];
};

VECTOR static void add_up(size_t n, size_t ld, const float *x, const float *y,
                          const float *reference, const float *other_reference,
                          struct line_sums *restrict to)
{
    float top[LINE], other_top[LINE], e[LINE] = {0}, f[LINE] = {0}, both[LINE] = {0},
                                      nothing[LINE] = {0};
#pragma omp simd
    for (int j = 0; j < LINE; j++)
        top[j] = other_top[j] = -INFINITY;
    for (size_t i = 0; i < n; i++, x += ld, y += ld)
#pragma omp simd
        for (int j = 0; j < LINE; j++) {
            float of_y = maths_exp_below(y[j] - other_reference[j]);
            top[j] = x[j] > top[j] ? x[j] : top[j];
            other_top[j] = y[j] > other_top[j] ? y[j] : other_top[j];
            nothing[j] += (x[j] + y[j]) * 0.0f;
            e[j] += maths_exp_below(x[j] - reference[j]);
            f[j] += of_y;
            both[j] += of_y * x[j];
        }
    memcpy(to->top, top, sizeof top);
    memcpy(to->other_top, other_top, sizeof other_top);
    memcpy(to->e, e, sizeof e);
    memcpy(to->other_e, f, sizeof f);
    memcpy(to->both, both, sizeof both);
    memcpy(to->not_finite, nothing, sizeof nothing);
}

/* As chunk_raise, of the teacher's. */
static bool raise_other(const struct taught_part *part, size_t row, const float *top)
{
    bool any = false;
    for (size_t i = row; i < row + LINE; i++)
        if (top[i - row] > part->reference[i] + FAR) {
            float raise = maths_exp(part->reference[i] - top[i - row]);
            part->reference[i] = top[i - row];
            part->sum[i] *= raise;
            part->both[i] *= raise;
            any = true;
        }
    return any;
}

static void sums_of_line(const struct chunk *c, const struct teaching *t, int part,
                         const struct panel *p, const float *y, size_t row)
{
    const struct parts *own = &c->part[part];
    const struct taught_part *other = &t->part[part];
    struct line_sums s;
    float raise[LINE];
    size_t at = row - p->row.from;
    bool again = true;
    while (again) {
        add_up(p->item.to - p->item.from, p->ld, p->x + at, y + at, own->reference + row,
               other->reference + row, &s);
        again = chunk_raise(c, part, row, s.top, raise);
        again |= raise_other(other, row, s.other_top);
    }
    for (size_t i = row; i < row + LINE; i++) {
        own->sum[i] += s.e[i - row];
        own->not_finite[i] += s.not_finite[i - row];
        other->sum[i] += s.other_e[i - row];
        other->both[i] += s.both[i - row];
    }
}

static void sums_of_panel(const struct chunk *c, const struct teaching *t, const struct piece *w,
                          size_t tile, const struct panel *p)
{
    size_t width = (size_t)t->by->width;
    float *y = scores_of(t, c, w->thread, p);
    chunk_scores(c, w->thread, p);
    chunk_note_targets(c, (int)tile, p);
    cpu_tile_product(&(struct tile_product){
        .m = p->item.to - p->item.from,
        .n = p->row.to - p->row.from,
        .k = width,
        .a = t->by->weight + p->item.from * width,
        .lda = width,
        .b = t->state + p->row.from,
        .ldb = c->ld,
        .bias = t->bias + p->item.from,
        .c = y,
        .ldc = p->ld,
    });
    for (size_t row = p->row.from; row < p->row.to; row += LINE)
        sums_of_line(c, t, w->part, p, y, row);
}

/* ---- between the walks ---- */

/* Joins what the parts know of a row. */
static void join_row(const struct chunk *c, const struct teaching *t, size_t row)
{
    float reference = -INFINITY;
    double sum = 0, both = 0;
    chunk_join(c, row);
    for (int i = 0; i < c->parts; i++)
        reference = t->part[i].reference[row] > reference ? t->part[i].reference[row] : reference;
    for (int i = 0; i < c->parts; i++) {
        double raise = maths_exp(t->part[i].reference[row] - reference);
        sum += t->part[i].sum[row] * raise;
        both += t->part[i].both[row] * raise;
    }
    t->reference[row] = reference;
    t->sum[row] = sum;
    t->both[row] = both;
}

/* Joins it with what other devices know.  The factors are not known yet. */
static void join_devices(const struct chunk *c, const struct teaching *t)
{
    chunk_join_parts(c, true);
    taught_join(c->o->join, c->first, c->rows, t->reference, t->sum, t->both, t->own);
}

/* The loss of a row, and the factors of its slopes. */
static float finish_row(const struct chunk *c, const struct teaching *t, size_t row)
{
    float mix = t->by->share[(size_t)c->first + row];
    double share = output_share(c->o);
    t->own[row] = (float)(share / c->total[row]);
    t->other[row] = (float)(share / t->sum[row]);
    return maths_taught_loss((float)log(c->total[row]), c->score[row] - c->reference[row],
                             (float)(t->both[row] / t->sum[row] - (double)c->reference[row]), mix);
}

/* Rows beyond the targets have slopes of 0. */
static void leave_out_rest(const struct chunk *c, const struct teaching *t)
{
    for (size_t row = (size_t)c->rows; row < c->ld; row++) {
        c->reference[row] = t->reference[row] = INFINITY;
        t->own[row] = t->other[row] = 0;
    }
}

/* ---- the second walk ---- */

/* The slopes of LINE rows, in place of the student's scores. */
VECTOR static void slopes(size_t n, size_t ld, float *restrict x, const float *restrict y,
                          const float *reference, const float *other_reference, const float *own,
                          const float *other, const float *mix)
{
    for (size_t i = 0; i < n; i++, x += ld, y += ld)
#pragma omp simd
        for (int j = 0; j < LINE; j++)
            x[j] =
                maths_taught_slope(maths_exp_below(x[j] - reference[j]) * own[j],
                                   maths_exp_below(y[j] - other_reference[j]) * other[j], mix[j]);
}

static void subtract_targets(const struct chunk *c, const struct teaching *t, int tile,
                             const struct panel *p)
{
    float share = output_share(c->o);
    for (int32_t k = c->of_tile[tile]; k < c->of_tile[tile + 1]; k++) {
        size_t row = (size_t)c->target_row[k], at = (size_t)c->first + row;
        size_t item = (size_t)c->o->target[at] - p->item.from;
        if (row >= p->row.from && row < p->row.to)
            p->x[item * p->ld + (row - p->row.from)] -= (1 - t->by->share[at]) * share;
    }
}

static void slopes_of_panel(const struct chunk *c, const struct teaching *t, int thread, int tile,
                            const struct panel *p)
{
    const float *y = scores_of(t, c, thread, p);
    for (size_t row = p->row.from; row < p->row.to; row += LINE) {
        float mix[LINE] = {0};
        for (size_t i = row; i < row + LINE && i < (size_t)c->rows; i++)
            mix[i - row] = t->by->share[(size_t)c->first + i];
        slopes(p->item.to - p->item.from, p->ld, p->x + (row - p->row.from),
               y + (row - p->row.from), c->reference + row, t->reference + row, t->own + row,
               t->other + row, mix);
    }
    subtract_targets(c, t, tile, p);
    if (c->o->add.grad)
        chunk_addition_slopes(c, p);
}

static void add_gradients(const struct chunk *c, const struct teaching *t,
                          const struct gradients *g, const struct piece *w)
{
    const struct own_gradients *own = &g->own[w->thread];
    float *product = gradients_product(c, g, w->part);
    struct panel p;
    gradients_begin(c, g, w->part);
    for (size_t i = 0; g->dweight && i < (size_t)c->rows; i++)
        gradients_scale(c, g, own, i, 1);
    /* From the last tile: it may still be in the cache. */
    for (size_t tile = w->tile.to; tile-- > w->tile.from;) {
        for (size_t i = 0; chunk_panel(c, w, tile, i, &p); i++) {
            slopes_of_panel(c, t, w->thread, (int)tile, &p);
            if (g->dstate)
                gradients_add_states(c, product, &p);
        }
        if (g->dweight)
            gradients_add_weights(c, g, own, (int)tile);
    }
}

/* ---- both ---- */

static void distill_chunk(const struct chunk *c, const struct teaching *t,
                          const struct gradients *g, float *loss)
{
    int thread = omp_get_thread_num();
    struct span rows = cpu_own_share((size_t)c->rows, LINE);
    struct piece w = chunk_piece(c, thread);
    struct panel p;
    gradients_clear(c, g, &g->own[thread]);
    for (size_t tile = w.tile.from; tile < w.tile.to; tile++)
        for (size_t i = 0; chunk_panel(c, &w, tile, i, &p); i++)
            sums_of_panel(c, t, &w, tile, &p);
#pragma omp barrier
    for (size_t i = rows.from; i < rows.to; i++)
        join_row(c, t, i);
    if (c->o->join) {
#pragma omp barrier
#pragma omp master
        join_devices(c, t);
#pragma omp barrier
    }
    for (size_t i = rows.from; i < rows.to; i++)
        loss[i] = finish_row(c, t, i);
#pragma omp master
    leave_out_rest(c, t);
#pragma omp barrier
    if (!t->kept)
        return;
    add_gradients(c, t, g, &w);
#pragma omp barrier
    for (size_t i = rows.from; g->dstate && i < rows.to; i += LINE)
        gradients_add_rows(c, g, i);
}

void cpu_output_distill(struct device *d, const struct output_layer *o, const struct taught *by,
                        float *loss, float *dstate, float *dweight, float *dbias)
{
    bool learns = dstate || dweight || o->add.grad;
    struct cpu half = *cpu_of(d); /* the scores of both models fit the workspace */
    struct chunk c;
    struct gradients g = {.dstate = dstate, .dweight = dweight, .dbias = dbias};
    struct teaching t = {.by = by};
    half.workspace /= 2;
    chunk_plan(&c, &half, o, (struct sharing){1, false}, learns, false);
    size_t own = gradients_place(&g, &c);
    chunk_open(&c, cpu_of(d), learns, own + teaching_place(&t, &c, NULL, learns));
    gradients_place(&g, &c);
    teaching_place(&t, &c, c.rest + own, learns);
    for (size_t i = 0; i < (size_t)c.parts * c.ld; i++)
        g.factor[i] = 1;
    while (chunk_next(&c)) {
        chunk_place_targets(&c);
        teaching_next(&t, &c);
        CPU_IN_THREADS(c.threads, distill_chunk(&c, &t, &g, loss + c.first));
    }
}
