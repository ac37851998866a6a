/* The CPU's ranks, ties and best items, from the same scores as the loss. */
#include <math.h>
#include <omp.h>

#include "base/heap.h"
#include "nn/cpu_output.h"

/* ---- the k best: a heap with the worst on top ---- */

struct best_items {
    int k, filled;
    int32_t *item;
    float *score;
};

/* Whether entry i ranks below entry j: a lower score, or the same score and a higher id. */
static bool is_worse(const void *best, size_t i, size_t j)
{
    const struct best_items *b = best;
    return b->score[i] < b->score[j] || (b->score[i] == b->score[j] && b->item[i] > b->item[j]);
}

static void exchange(void *best, size_t i, size_t j)
{
    struct best_items *b = best;
    int32_t item = b->item[i];
    float score = b->score[i];
    b->item[i] = b->item[j], b->score[i] = b->score[j];
    b->item[j] = item, b->score[j] = score;
}

static void sink(struct best_items *b, int n)
{
    heap_sink(b, (size_t)n, 0, is_worse, exchange);
}

static void best_offer(struct best_items *b, int32_t item, float score)
{
    if (b->filled < b->k) {
        b->item[b->filled] = item;
        b->score[b->filled] = score;
        if (++b->filled == b->k)
            heap_make(b, (size_t)b->k, is_worse, exchange);
    } else if (score > b->score[0] || (score == b->score[0] && item < b->item[0])) {
        b->item[0] = item;
        b->score[0] = score;
        sink(b, b->k);
    }
}

/* Sorts best first; unused entries become item -1. */
static void best_sort(struct best_items *b)
{
    if (b->filled < b->k)
        heap_make(b, (size_t)b->filled, is_worse, exchange);
    for (int n = b->filled; n-- > 1;) {
        exchange(b, 0, (size_t)n);
        sink(b, n);
    }
    for (int i = b->filled; i < b->k; i++)
        b->item[i] = -1, b->score[i] = -INFINITY;
}

/* ---- the walk ---- */

struct ranking {
    struct chunk c;
    int k;
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

/* above, equal [LINE] += how many of x [n, LINE] are above and equal to the score.  Counts
 * candidates only, where `candidate` is given. */
VECTOR static void count_scores(size_t n, size_t ld, const float *x, const float *score,
                                const unsigned char *candidate, int32_t *above, int32_t *equal)
{
    int32_t more[LINE] = {0}, same[LINE] = {0};
    for (size_t i = 0; i < n; i++, x += ld) {
        if (candidate && !candidate[i])
            continue;
#pragma omp simd
        for (int j = 0; j < LINE; j++) {
            more[j] += x[j] > score[j];
            same[j] += x[j] == score[j];
        }
    }
    for (int j = 0; j < LINE; j++) {
        above[j] += more[j];
        equal[j] += same[j];
    }
}

/* exceeds [n] = whether any of an item's scores x [LINE] exceeds its row's least. */
VECTOR static void find_exceeding(size_t n, size_t ld, const float *x, const float *least,
                                  int32_t *exceeds)
{
    for (size_t i = 0; i < n; i++, x += ld) {
        int32_t any = 0;
#pragma omp simd reduction(| : any)
        for (int j = 0; j < LINE; j++)
            any |= x[j] > least[j];
        exceeds[i] = any;
    }
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
        best_offer(&best, item, x[i - row]);
        f->filled[i] = best.filled;
        if (best.filled == r->k)
            f->least[i] = best.score[0];
    }
}

/* Updates the k best of the rows from `row` with the items of a panel. */
static void list_best(const struct ranking *r, int thread, const struct panel *p, size_t row)
{
    const unsigned char *candidate = r->c.o->candidate;
    const float *x = p->x + (row - p->row.from);
    int32_t exceeds[TILE_ITEMS];
    size_t n = p->item.to - p->item.from;
    find_exceeding(n, p->ld, x, r->found[thread].least + row, exceeds);
    for (size_t i = 0; i < n; i++)
        if (exceeds[i] && (!candidate || candidate[p->item.from + i]))
            offer(r, thread, row, x + i * p->ld, (int32_t)(p->item.from + i));
}

static void walk_panel(const struct ranking *r, int thread, const struct panel *p)
{
    const struct chunk *c = &r->c;
    const struct found *f = &r->found[thread];
    const unsigned char *candidate = c->o->candidate ? c->o->candidate + p->item.from : NULL;
    float raise[PANEL];
    chunk_scores(c, thread, p, raise);
    chunk_sum(c, thread, p, false);
    for (size_t row = p->row.from; row < p->row.to; row += LINE) {
        count_scores(p->item.to - p->item.from, p->ld, p->x + (row - p->row.from), c->score + row,
                     candidate, f->above + row, f->equal + row);
        if (r->k)
            list_best(r, thread, p, row);
    }
}

struct ranks_out {
    float *loss;
    int32_t *rank, *ties, *item;
    float *score;
};

/* Joins the threads' results of a row. */
static void finish_row(const struct ranking *r, size_t row, const struct ranks_out *out)
{
    const struct chunk *c = &r->c;
    const unsigned char *candidate = c->o->candidate;
    size_t at = (size_t)c->first + row, k = (size_t)r->k;
    int32_t above = 0, equal = 0;
    struct best_items best = {.k = r->k, .item = out->item + at * k, .score = out->score + at * k};
    for (int t = 0; t < c->threads; t++) {
        struct best_items part = best_at(r, t, row);
        above += r->found[t].above[row];
        equal += r->found[t].equal[row];
        for (int i = 0; i < part.filled; i++)
            best_offer(&best, part.item[i], part.score[i]);
    }
    best_sort(&best);
    /* the target counts as equal to itself, unless it is no candidate or its score is NaN */
    bool own = equal && (!candidate || candidate[c->o->target[at]]);
    out->loss[at] = chunk_join(c, (int)row);
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
#pragma omp parallel num_threads(c->threads)
    {
        int thread = omp_get_thread_num();
        struct span tiles = cpu_share((size_t)c->tiles, 1, thread, c->threads);
        struct span rows = cpu_share((size_t)c->rows, 1, thread, c->threads);
        struct panel p;
        clear_found(r, thread);
        chunk_target_scores(c, thread);
#pragma omp barrier
        for (size_t tile = tiles.from; tile < tiles.to; tile++)
            for (size_t i = 0; chunk_panel(c, thread, (int)tile, i, &p); i++)
                walk_panel(r, thread, &p);
#pragma omp barrier
        for (size_t i = rows.from; i < rows.to; i++)
            finish_row(r, i, out);
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

void cpu_output_rank(struct device *d, const struct output_layer *o, float *loss, int32_t *rank,
                     int32_t *ties, int k, int32_t *top_item, float *top_score)
{
    struct ranking r = {.k = k};
    struct ranks_out out = {loss, rank, ties, top_item, top_score};
    chunk_plan(&r.c, cpu_of(d), o, false);
    chunk_open(&r.c, cpu_of(d), false, ranking_place(&r));
    ranking_place(&r);
    while (chunk_next(&r.c))
        rank_chunk(&r, &out);
}
