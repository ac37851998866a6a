/* The CPU's ranks, ties and best items, from the same scores as the loss. */
#include <math.h>
#include <omp.h>

#include "nn/best_items.h"
#include "nn/cpu_output.h"
#include "nn/cpu_quantized.h"
#include "nn/maths.h"

enum { SOME = 8 }; /* items whose largest score is known */

/* ---- the walk ---- */

struct ranking {
    struct chunk c;
    int k;
    bool best_alone; /* neither losses nor ranks are wanted, and there are no targets */
    struct found {
        int32_t *above, *equal; /* [ld] items with a score above, and equal to, the target's */
        int32_t *filled;        /* [ld] how many of the k best are filled */
        float *least;           /* [ld] score that a new item has to exceed */
        int32_t *item;          /* [rows, k] */
        float *score;           /* [rows, k] */
    } * found;                  /* [threads] */
};

static struct best_items best_at(const struct ranking *r, int thread, size_t row)
{
    const struct found *f = &r->found[thread];
    size_t at = row * (size_t)r->k;
    return (struct best_items){r->k, f->filled[row], f->item + at, f->score + at};
}

/* What the scores of a panel say of LINE of its rows. */
struct tally {
    float sum[LINE]; /* of e^(score - reference) */
    float top[LINE];
    float not_finite[LINE];           /* 0, or NaN where a score is not finite */
    int32_t above[LINE], equal[LINE]; /* candidates whose scores are above and equal to the score */
    float best[TILE_ITEMS / SOME][LINE]; /* the largest of each SOME items, candidates or not */
};

static inline __attribute__((always_inline)) void
tally(const bool counts, size_t n, size_t ld, const float *x, const float *reference,
      const float *score, const unsigned char *candidate, struct tally *to)
{
    int32_t above[LINE] = {0}, equal[LINE] = {0};
    float sum[LINE] = {0}, not_finite[LINE] = {0}, top[LINE];
#pragma omp simd
    for (int j = 0; j < LINE; j++)
        top[j] = -INFINITY;
    for (size_t i = 0, part = 0; i < n; part++) {
        float most[LINE];
#pragma omp simd
        for (int j = 0; j < LINE; j++)
            most[j] = -INFINITY;
        for (size_t end = i + SOME < n ? i + SOME : n; i < end; i++, x += ld) {
#pragma omp simd
            for (int j = 0; j < LINE; j++) {
                most[j] = x[j] > most[j] ? x[j] : most[j];
                not_finite[j] += x[j] * 0.0f;
                if (counts)
                    sum[j] += maths_exp_below(x[j] - reference[j]);
            }
            if (!counts || (candidate && !candidate[i]))
                continue;
#pragma omp simd
            for (int j = 0; j < LINE; j++) {
                above[j] += x[j] > score[j];
                equal[j] += x[j] == score[j];
            }
        }
#pragma omp simd
        for (int j = 0; j < LINE; j++)
            top[j] = most[j] > top[j] ? most[j] : top[j];
        memcpy(to->best[part], most, sizeof most);
    }
    memcpy(to->sum, sum, sizeof sum);
    memcpy(to->top, top, sizeof top);
    memcpy(to->not_finite, not_finite, sizeof not_finite);
    memcpy(to->above, above, sizeof above);
    memcpy(to->equal, equal, sizeof equal);
}

VECTOR static void tally_all(size_t n, size_t ld, const float *x, const float *reference,
                             const float *score, const unsigned char *candidate, struct tally *to)
{
    tally(true, n, ld, x, reference, score, candidate, to);
}

/* The largest alone, and whether all are finite. */
VECTOR static void tally_best(size_t n, size_t ld, const float *x, struct tally *to)
{
    tally(false, n, ld, x, NULL, NULL, NULL, to);
}

/* Whether any of x [LINE] exceeds its row's least. */
VECTOR static bool any_exceeds(const float *x, const float *least)
{
    int32_t any = 0;
#pragma omp simd reduction(| : any)
    for (int j = 0; j < LINE; j++)
        any |= x[j] > least[j];
    return any;
}

/* Offers one item's scores x [LINE] to the k best of the rows from `row`.  Items come in the order
 * of their ids, so an item whose score equals the worst ranks after it. */
static void offer(const struct ranking *r, int thread, size_t row, const float *x, int32_t item)
{
    const struct found *f = &r->found[thread];
    for (size_t i = row; i < row + LINE && i < (size_t)r->c.rows; i++) {
        if (!(x[i - row] > f->least[i]))
            continue;
        struct best_items best = best_at(r, thread, i);
        best_items_offer(&best, item, x[i - row]);
        f->filled[i] = best.filled;
        if (best.filled == r->k)
            f->least[i] = best.score[0];
    }
}

/* Updates the k best of the rows from `row` with the items of a panel. */
static void list_best(const struct ranking *r, int thread, const struct panel *p, size_t row,
                      const struct tally *t)
{
    const unsigned char *candidate = r->c.o->candidate;
    const float *x = p->x + (row - p->row.from), *least = r->found[thread].least + row;
    size_t n = p->item.to - p->item.from;
    for (size_t i = 0; i < n; i++) {
        if (i % SOME == 0 && !any_exceeds(t->best[i / SOME], least))
            i += SOME - 1;
        else if (any_exceeds(x + i * p->ld, least) && (!candidate || candidate[p->item.from + i]))
            offer(r, thread, row, x + i * p->ld, (int32_t)(p->item.from + i));
    }
}

static void walk_line(const struct ranking *r, int thread, const struct panel *p, size_t row)
{
    const struct chunk *c = &r->c;
    const struct found *f = &r->found[thread];
    const struct parts *part = &c->part[thread];
    const unsigned char *candidate = c->o->candidate ? c->o->candidate + p->item.from : NULL;
    const float *x = p->x + (row - p->row.from);
    size_t n = p->item.to - p->item.from;
    float raise[LINE];
    struct tally t;
    if (r->best_alone)
        tally_best(n, p->ld, x, &t);
    else
        do
            tally_all(n, p->ld, x, part->reference + row, c->score + row, candidate, &t);
        while (chunk_raise(c, thread, row, t.top, raise));
    for (size_t j = 0; j < LINE; j++) {
        part->sum[row + j] += t.sum[j];
        part->not_finite[row + j] += t.not_finite[j];
        f->above[row + j] += t.above[j];
        f->equal[row + j] += t.equal[j];
    }
    if (r->k)
        list_best(r, thread, p, row, &t);
}

static void walk_panel(const struct ranking *r, int thread, const struct panel *p)
{
    chunk_scores(&r->c, thread, p);
    for (size_t row = p->row.from; row < p->row.to; row += LINE)
        walk_line(r, thread, p, row);
}

struct ranks_out {
    float *loss;
    int32_t *rank, *ties, *item;
    float *score;
};

/* Joins the threads' best items of a row. */
static void join_best(const struct ranking *r, size_t row, const struct ranks_out *out)
{
    size_t at = ((size_t)r->c.first + row) * (size_t)r->k;
    struct best_items best = {.k = r->k, .item = out->item + at, .score = out->score + at};
    for (int t = 0; t < r->c.threads; t++) {
        struct best_items part = best_at(r, t, row);
        for (int i = 0; i < part.filled; i++)
            best_items_offer(&best, part.item[i], part.score[i]);
    }
    best_items_sort(&best);
    if (r->best_alone && r->k && !chunk_finite(&r->c, row))
        best.item[0] = -1, best.score[0] = NAN;
}

/* Joins the threads' counts of a row. */
static void join_counts(const struct ranking *r, size_t row, const struct ranks_out *out)
{
    const struct chunk *c = &r->c;
    const unsigned char *candidate = c->o->candidate;
    size_t at = (size_t)c->first + row;
    int32_t above = 0, equal = 0;
    for (int t = 0; t < c->threads; t++) {
        above += r->found[t].above[row];
        equal += r->found[t].equal[row];
    }
    /* the target counts as equal to itself, unless it is no candidate or its score is NaN */
    int32_t target = c->o->target[at];
    bool own = equal && target >= 0 && (!candidate || candidate[target]);
    out->loss[at] = chunk_loss(c, row);
    out->ties[at] = equal - own;
    out->rank[at] = 1 + above + out->ties[at];
}

static void clear_found(const struct ranking *r, int thread)
{
    const struct found *f = &r->found[thread];
    for (size_t row = 0; row < r->c.ld; row++) {
        f->above[row] = f->equal[row] = f->filled[row] = 0;
        f->least[row] = row < (size_t)r->c.rows ? -INFINITY : INFINITY;
    }
}

static void rank_chunk(const struct ranking *r, const struct ranks_out *out)
{
    const struct chunk *c = &r->c;
    int thread = omp_get_thread_num();
    struct span tiles = cpu_own_share((size_t)c->tiles, 1);
    struct span rows = cpu_own_share((size_t)c->rows, 1);
    struct panel p;
    clear_found(r, thread);
    if (!r->best_alone)
        chunk_target_scores(c, thread);
#pragma omp barrier
    if (c->o->join) {
#pragma omp master
        c->o->join->scores(c->o->join, c->first, c->rows, c->score);
#pragma omp barrier
    }
    for (size_t tile = tiles.from; tile < tiles.to; tile++)
        for (size_t i = 0; chunk_panel(c, thread, (int)tile, i, &p); i++)
            walk_panel(r, thread, &p);
#pragma omp barrier
    for (size_t i = rows.from; i < rows.to && !r->best_alone; i++)
        chunk_join(c, i);
    if (c->o->join) {
#pragma omp barrier
#pragma omp master
        chunk_join_parts(c, false);
#pragma omp barrier
    }
    for (size_t i = rows.from; i < rows.to; i++) {
        join_best(r, i, out);
        if (!r->best_alone)
            join_counts(r, i, out);
    }
}

/* Places the ranking's scratch in the memory after the chunk's; without that memory only returns
 * its size in floats. */
static size_t ranking_place(struct ranking *r)
{
    const struct chunk *c = &r->c;
    size_t threads = (size_t)c->threads, ld = c->ld;
    size_t all = cpu_padded(threads * sizeof *r->found / sizeof(float));
    size_t lists = cpu_padded((size_t)c->capacity * (size_t)r->k), each = 4 * ld + 2 * lists;
    float *at = c->rest;
    if (at) {
        r->found = (struct found *)(void *)at;
        at += all;
        for (size_t t = 0; t < threads; t++, at += each) {
            int32_t *counts = (int32_t *)(void *)at;
            r->found[t] = (struct found){counts,      counts + ld,     counts + 2 * ld,
                                         at + 3 * ld, counts + 4 * ld, at + 4 * ld + lists};
        }
    }
    return all + threads * each;
}

static void walk(struct device *d, const struct output_layer *o, struct ranking *r,
                 const struct ranks_out *out)
{
    chunk_plan(&r->c, cpu_of(d), o, false, false);
    chunk_open(&r->c, cpu_of(d), false, ranking_place(r));
    ranking_place(r);
    while (chunk_next(&r->c))
        CPU_IN_THREADS(r->c.threads, rank_chunk(r, out));
}

void cpu_output_rank(struct device *d, const struct output_layer *o, float *loss, int32_t *rank,
                     int32_t *ties, int k, int32_t *top_item, float *top_score)
{
    struct ranking r = {.k = k};
    struct ranks_out out = {loss, rank, ties, top_item, top_score};
    walk(d, o, &r, &out);
}

void cpu_output_best(struct device *d, const struct output_layer *o, const struct quantized *q,
                     int k, int32_t *item, float *score)
{
    struct ranking r = {.k = k, .best_alone = true};
    struct ranks_out out = {.item = item, .score = score};
    if (!q || !quantized_best(cpu_of(d), o, q, k, item, score))
        walk(d, o, &r, &out);
}
