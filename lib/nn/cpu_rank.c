/* The CPU's ranks, ties and best items, from the same scores as the loss. */
#include <math.h>
#include <omp.h>

#include "nn/best_items.h"
#include "nn/cpu_output.h"
#include "nn/cpu_quantized.h"
#include "nn/maths.h"

enum {
    WORD = 32,
    WORDS = (TILE_ITEMS + WORD - 1) / WORD, /* a bit for each item of a tile */
    RUN = 8,                                /* tiles that a thread takes together, at most */
    SHARE_ROWS = 64 /* a thread's rows, at least, for which it walks all items of a part */
};

/* ---- the walk ---- */

struct ranking {
    struct chunk c;
    int k;
    bool best_alone; /* neither losses nor ranks are wanted, and there are no targets */
    size_t next;     /* the first tile that no thread has taken, with best_alone */
    float *bar;      /* [ld] some part has k items whose scores are not below it */
    struct found {
        int32_t *above, *equal; /* [ld] items with a score above, and equal to, the target's */
        int32_t *filled;        /* [ld] how many of the k best are filled */
        float *least;           /* [ld] score that a new item has to exceed */
        int32_t *item;          /* [rows, k] */
        float *score;           /* [rows, k] */
    } * found;                  /* [parts] */
};

static struct best_items best_at(const struct ranking *r, int part, size_t row)
{
    const struct found *f = &r->found[part];
    size_t at = row * (size_t)r->k;
    return (struct best_items){r->k, f->filled[row], f->item + at, f->score + at};
}

/* What the scores of a panel say of LINE of its rows. */
struct tally {
    float sum[LINE]; /* of e^(score - reference) */
    float top[LINE];
    int32_t above[LINE], equal[LINE]; /* candidates whose scores are above and equal to the score */
    uint32_t better[WORDS][LINE];     /* a bit for each item, candidate or not, whose score exceeds
                                         the row's least */
    uint32_t rows;                    /* a bit for each row that has such an item */
};

/* not_finite [LINE]: becomes NaN where a score is not finite. */
static inline __attribute__((always_inline)) void tally(const bool counts, size_t n, size_t ld,
                                                        const float *x, const float *least,
                                                        const float *reference, const float *score,
                                                        const unsigned char *candidate,
                                                        float *not_finite, struct tally *to)
{
    int32_t above[LINE] = {0}, equal[LINE] = {0};
    uint32_t any[LINE] = {0}, rows = 0;
    float sum[LINE] = {0}, nothing[LINE] = {0}, top[LINE];
#pragma omp simd
    for (int j = 0; j < LINE; j++)
        top[j] = -INFINITY;
    for (size_t word = 0, i = 0; word < WORDS; word++) {
        uint32_t better[LINE] = {0}, bit = 1;
        for (size_t end = i + WORD < n ? i + WORD : n; i < end; i++, x += ld, bit *= 2) {
#pragma omp simd
            for (int j = 0; j < LINE; j++) {
                better[j] |= -(uint32_t)(x[j] > least[j]) & bit;
                nothing[j] += x[j] * 0.0f;
                if (!counts)
                    continue;
                top[j] = x[j] > top[j] ? x[j] : top[j];
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
        memcpy(to->better[word], better, sizeof better);
#pragma omp simd
        for (int j = 0; j < LINE; j++)
            any[j] |= better[j];
    }
#pragma omp simd reduction(| : rows)
    for (int j = 0; j < LINE; j++)
        rows |= any[j] ? (uint32_t)1 << j : 0;
    to->rows = rows;
    for (int j = 0; j < LINE; j++)
        not_finite[j] += nothing[j];
    memcpy(to->sum, sum, sizeof sum);
    memcpy(to->top, top, sizeof top);
    memcpy(to->above, above, sizeof above);
    memcpy(to->equal, equal, sizeof equal);
}

VECTOR static void tally_all(size_t n, size_t ld, const float *x, const float *least,
                             const float *reference, const float *score,
                             const unsigned char *candidate, float *not_finite, struct tally *to)
{
    tally(true, n, ld, x, least, reference, score, candidate, not_finite, to);
}

/* The better ones alone, and whether all scores are finite. */
VECTOR static void tally_best(size_t n, size_t ld, const float *x, const float *least,
                              float *not_finite, struct tally *to)
{
    tally(false, n, ld, x, least, NULL, NULL, NULL, not_finite, to);
}

VECTOR static void add_counts(const struct tally *t, double *sum, int32_t *above, int32_t *equal)
{
#pragma omp simd
    for (int j = 0; j < LINE; j++) {
        sum[j] += (double)t->sum[j];
        above[j] += t->above[j];
        equal[j] += t->equal[j];
    }
}

/* Offers the items of a panel that exceed the least score of a row to its k best, in the order of
 * their ids, so that an item whose score equals the worst ranks after it. */
static void list_best(const struct ranking *r, int part, const struct panel *p, size_t row,
                      const struct tally *t)
{
    const struct found *f = &r->found[part];
    const unsigned char *candidate = r->c.o->candidate;
    const float *x = p->x + (row - p->row.from);
    struct best_items best = best_at(r, part, row);
    for (size_t word = 0; word < WORDS; word++)
        for (uint32_t b = t->better[word][row % LINE]; b; b &= b - 1) {
            size_t i = WORD * word + (size_t)__builtin_ctz(b), item = p->item.from + i;
            if (!(x[i * p->ld] > f->least[row]) || (candidate && !candidate[item]))
                continue;
            best_items_offer(&best, (int32_t)item, x[i * p->ld]);
            if (best.filled == r->k && best.score[0] > f->least[row])
                f->least[row] = best.score[0];
        }
    f->filled[row] = best.filled;
}

static void walk_line(const struct ranking *r, int part, const struct panel *p, size_t row)
{
    const struct chunk *c = &r->c;
    const struct found *f = &r->found[part];
    const struct parts *sums = &c->part[part];
    const unsigned char *candidate = c->o->candidate ? c->o->candidate + p->item.from : NULL;
    const float *x = p->x + (row - p->row.from);
    float *not_finite = sums->not_finite + row, raise[LINE];
    size_t n = p->item.to - p->item.from;
    struct tally t;
    if (r->best_alone) {
        tally_best(n, p->ld, x, f->least + row, not_finite, &t);
    } else {
        do
            tally_all(n, p->ld, x, f->least + row, sums->reference + row, c->score + row, candidate,
                      not_finite, &t);
        while (chunk_raise(c, part, row, t.top, raise));
        add_counts(&t, sums->sum + row, f->above + row, f->equal + row);
    }
    for (; t.rows; t.rows &= t.rows - 1)
        list_best(r, part, p, row + (size_t)__builtin_ctz(t.rows), &t);
}

/* Raises what a new item has to exceed to what is found in other parts: they have other items, so
 * that one of an equal score may still be better. */
static void share_least(const struct ranking *r, const struct piece *w)
{
    float *least = r->found[w->part].least, bar;
    struct span own = chunk_rows(&r->c, w);
    for (size_t row = own.from; row < own.to; row++) {
#pragma omp atomic read
        bar = r->bar[row];
        if (least[row] > bar) {
#pragma omp atomic write
            r->bar[row] = least[row];
        } else if (bar > least[row]) {
            bar = nextafterf(bar, -INFINITY);
            least[row] = bar > least[row] ? bar : least[row];
        }
    }
}

/* Whether to do so after so many tiles of a piece: often at first, while it rises fast. */
static bool shares(const struct ranking *r, int walked)
{
    bool power_of_two = !(walked & (walked - 1));
    return r->k && r->c.parts > 1 && (walked % 16 == 0 || power_of_two);
}

static void walk_panel(const struct ranking *r, const struct piece *w, const struct panel *p)
{
    chunk_scores(&r->c, w->thread, p);
    for (size_t row = p->row.from; row < p->row.to; row += LINE)
        walk_line(r, w->part, p, row);
}

struct ranks_out {
    float *loss;
    int32_t *rank, *ties, *item;
    float *score;
};

/* Joins the parts' best items of a row. */
static void join_best(const struct ranking *r, size_t row, const struct ranks_out *out)
{
    size_t at = ((size_t)r->c.first + row) * (size_t)r->k;
    struct best_items best = {.k = r->k, .item = out->item + at, .score = out->score + at};
    for (int part = 0; part < r->c.parts; part++) {
        struct best_items some = best_at(r, part, row);
        for (int i = 0; i < some.filled; i++)
            best_items_offer(&best, some.item[i], some.score[i]);
    }
    best_items_sort(&best);
    if (r->best_alone && r->k && !chunk_finite(&r->c, row))
        best.item[0] = -1, best.score[0] = NAN;
}

/* Joins the parts' counts of a row. */
static void join_counts(const struct ranking *r, size_t row, const struct ranks_out *out)
{
    const struct chunk *c = &r->c;
    const unsigned char *candidate = c->o->candidate;
    size_t at = (size_t)c->first + row;
    int32_t above = 0, equal = 0;
    for (int part = 0; part < c->parts; part++) {
        above += r->found[part].above[row];
        equal += r->found[part].equal[row];
    }
    /* the target counts as equal to itself, unless it is no candidate or its score is NaN */
    int32_t target = c->o->target[at];
    bool own = equal && target >= 0 && (!candidate || candidate[target]);
    out->loss[at] = chunk_loss(c, row);
    out->ties[at] = equal - own;
    out->rank[at] = 1 + above + out->ties[at];
}

static void clear_found(const struct ranking *r, const struct piece *w)
{
    const struct found *f = &r->found[w->part];
    struct span own = chunk_rows(&r->c, w);
    for (size_t row = own.from; row < own.to; row++) {
        f->above[row] = f->equal[row] = f->filled[row] = 0;
        f->least[row] = r->k && row < (size_t)r->c.rows ? -INFINITY : INFINITY;
    }
}

/* The tiles that a thread takes next where the best alone are wanted, if any are left: the best are
 * the same whoever finds them, so that its piece may have tiles from everywhere. */
static bool next_run(struct ranking *r, struct span *run)
{
    size_t tiles = (size_t)r->c.tiles, most = tiles / (size_t)r->c.threads / RUN;
    most = most < 1 ? 1 : most > RUN ? RUN : most;
#pragma omp atomic capture
    {
        run->from = r->next;
        r->next += most;
    }
    run->to = run->from + most < tiles ? run->from + most : tiles;
    return run->from < tiles;
}

static void walk_tiles(const struct ranking *r, const struct piece *w, int *walked)
{
    struct panel p;
    for (size_t tile = w->tile.from; tile < w->tile.to; tile++) {
        if (shares(r, (*walked)++))
            share_least(r, w);
        for (size_t i = 0; chunk_panel(&r->c, w, tile, i, &p); i++)
            walk_panel(r, w, &p);
    }
}

/* A thread's part of the walk. */
static void walk_pieces(struct ranking *r, int thread)
{
    struct piece w;
    int walked = 0;
    if (r->best_alone) {
        w = chunk_piece(&r->c, thread);
        for (clear_found(r, &w); next_run(r, &w.tile);)
            walk_tiles(r, &w, &walked);
        return;
    }
    for (; chunk_take(&r->c, thread, &w); walked = 0) {
        clear_found(r, &w);
        walk_tiles(r, &w, &walked);
    }
}

static void rank_chunk(struct ranking *r, const struct ranks_out *out)
{
    const struct chunk *c = &r->c;
    int thread = omp_get_thread_num();
    struct span rows = cpu_own_share((size_t)c->rows, 1);
    if (!r->best_alone)
        chunk_target_scores(c, thread);
#pragma omp barrier
    if (c->o->join) {
#pragma omp master
        c->o->join->scores(c->o->join, c->first, c->rows, c->score);
#pragma omp barrier
    }
    walk_pieces(r, thread);
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
    size_t parts = (size_t)c->parts, ld = c->ld;
    size_t all = cpu_padded(parts * sizeof *r->found / sizeof(float));
    size_t lists = cpu_padded((size_t)c->capacity * (size_t)r->k), each = 4 * ld + 2 * lists;
    float *at = c->rest;
    if (at) {
        r->found = (struct found *)(void *)at;
        at += all;
        r->bar = at;
        at += ld;
        for (size_t t = 0; t < parts; t++, at += each) {
            int32_t *counts = (int32_t *)(void *)at;
            r->found[t] = (struct found){counts,      counts + ld,     counts + 2 * ld,
                                         at + 3 * ld, counts + 4 * ld, at + 4 * ld + lists};
        }
    }
    return all + ld + parts * each;
}

/* How many threads share the rows.  Then each walks all items, and no two fill a list of one row.
 * Where there are no sums, who is first takes the next tiles instead. */
static int sharers(const struct ranking *r, int threads, const struct output_layer *o)
{
    int rows = o->join ? o->join->rows : o->targets, most = r->best_alone ? 1 : threads;
    while (most > 1 && (threads % most || rows / most < SHARE_ROWS))
        most--;
    return most;
}

static void walk(struct device *d, const struct output_layer *o, struct ranking *r,
                 const struct ranks_out *out)
{
    struct sharing by = {sharers(r, cpu_of(d)->threads, o), !r->best_alone};
    chunk_plan(&r->c, cpu_of(d), o, by, false, false);
    chunk_open(&r->c, cpu_of(d), false, ranking_place(r));
    ranking_place(r);
    while (chunk_next(&r->c)) {
        r->next = 0;
        for (size_t row = 0; row < r->c.ld; row++)
            r->bar[row] = -INFINITY;
        CPU_IN_THREADS(r->c.threads, rank_chunk(r, out));
    }
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
