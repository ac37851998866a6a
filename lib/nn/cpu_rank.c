/* The CPU's ranks, ties and best items, from the same product as the loss. */
#include <math.h>
#include <omp.h>

#include "nn/cpu_output.h"
#include "nn/maths.h"

VECTOR static float exponential_sum(size_t n, float top, const float *x)
{
    float sum = 0;
#pragma omp simd reduction(+ : sum)
    for (size_t j = 0; j < n; j++)
        sum += maths_exp(x[j] - top);
    return sum;
}

/* How many of x are above the score, how many equal to it. */
VECTOR static void count_scores(size_t n, float score, const float *x, int32_t *above,
                                int32_t *equal)
{
    int32_t more = 0, same = 0;
#pragma omp simd reduction(+ : more, same)
    for (size_t j = 0; j < n; j++) {
        more += x[j] > score;
        same += x[j] == score;
    }
    *above += more;
    *equal += same;
}

/* The same among the rivals. */
VECTOR static void count_rivals(size_t n, float score, const float *x, const unsigned char *rival,
                                int32_t *above, int32_t *equal)
{
    int32_t more = 0, same = 0;
#pragma omp simd reduction(+ : more, same)
    for (size_t j = 0; j < n; j++) {
        more += (x[j] > score) & rival[j];
        same += (x[j] == score) & rival[j];
    }
    *above += more;
    *equal += same;
}

/* ---- the k best: a heap with the worst on top ---- */

struct best {
    int k, filled;
    int32_t *item;
    float *score;
};

/* Whether place a belongs below place b: lower score, or the same and a higher id. */
static bool worse(const struct best *b, int i, int j)
{
    return b->score[i] < b->score[j] || (b->score[i] == b->score[j] && b->item[i] > b->item[j]);
}

static void exchange(struct best *b, int i, int j)
{
    int32_t item = b->item[i];
    float score = b->score[i];
    b->item[i] = b->item[j], b->score[i] = b->score[j];
    b->item[j] = item, b->score[j] = score;
}

static void sink_down(struct best *b, int i, int n)
{
    for (;;) {
        int child = 2 * i + 1;
        if (child >= n)
            return;
        if (child + 1 < n && worse(b, child + 1, child))
            child++;
        if (!worse(b, child, i))
            return;
        exchange(b, i, child);
        i = child;
    }
}

static void best_offer(struct best *b, int32_t item, float score)
{
    if (b->filled < b->k) {
        b->item[b->filled] = item;
        b->score[b->filled] = score;
        if (++b->filled == b->k)
            for (int i = b->k / 2; i-- > 0;)
                sink_down(b, i, b->k);
    } else if (score > b->score[0] || (score == b->score[0] && item < b->item[0])) {
        b->item[0] = item;
        b->score[0] = score;
        sink_down(b, 0, b->k);
    }
}

/* Best first; places beyond what there is become -1. */
static void best_sort(struct best *b)
{
    if (b->filled < b->k)
        for (int i = b->filled / 2; i-- > 0;)
            sink_down(b, i, b->filled);
    for (int n = b->filled; n-- > 1;) {
        exchange(b, 0, n);
        sink_down(b, 0, n);
    }
    for (int i = b->filled; i < b->k; i++)
        b->item[i] = -1, b->score[i] = -INFINITY;
}

/* ---- the walks ----
 *
 * A row's scores can be counted once its target's is known.  So the targets are taken in the order
 * of their items, and of each chunk first the tiles in which its targets stand, which are kept;
 * then the others, counted while they are in the cache and forgotten; then those that were kept. */

struct ranking {
    struct chunk c;
    struct output sorted; /* by target */
    const int32_t *order; /* sorted place -> row of the caller's */
    int k, held;          /* tiles with targets of this chunk */
    int32_t *tile;        /* [tiles] those first */
    struct count {
        int32_t above, equal, filled;
    } * count;       /* [threads, rows] */
    int32_t *item;   /* [threads, rows, k] */
    float *score;    /* [threads, rows, k] */
    float *tile_top; /* [tiles, rows] */
};

static struct best best_at(const struct ranking *r, int thread, int row)
{
    size_t at = ((size_t)thread * (size_t)r->c.rows + (size_t)row);
    return (struct best){r->k, r->count[at].filled, r->item + at * (size_t)r->k,
                         r->score + at * (size_t)r->k};
}

/* First part of a tile's work: scores, their largest and the sum of their exponentials. */
static void score_tile(const struct ranking *r, int thread, int tile, float *x)
{
    const struct chunk *c = &r->c;
    struct span s = chunk_tile(c, tile);
    size_t n = s.to - s.from, rows = (size_t)c->rows;
    chunk_product(c, tile, x);
    for (size_t i = 0; i < rows; i++, x += n) {
        struct part *part = c->part + (size_t)thread * rows + i;
        float raise;
        r->tile_top[(size_t)tile * rows + i] = chunk_see(c, thread, s, (int)i, x, &raise);
        part->sum += exponential_sum(n, part->top, x);
    }
}

/* Second part, when the targets' scores are known.  Rows of a tile that have nothing as good as the
 * target, nor as the worst of the k best, are passed by. */
static void count_tile(const struct ranking *r, int thread, int tile, const float *x)
{
    const struct chunk *c = &r->c;
    struct span s = chunk_tile(c, tile);
    size_t n = s.to - s.from, rows = (size_t)c->rows;
    const unsigned char *rival = c->o->rival ? c->o->rival + s.from : NULL;
    for (size_t i = 0; i < rows; i++, x += n) {
        struct count *count = r->count + (size_t)thread * rows + i;
        float top = r->tile_top[(size_t)tile * rows + i];
        if (top >= c->score[i] && rival)
            count_rivals(n, c->score[i], x, rival, &count->above, &count->equal);
        else if (top >= c->score[i])
            count_scores(n, c->score[i], x, &count->above, &count->equal);
        struct best best = best_at(r, thread, (int)i);
        if (!r->k || (best.filled == r->k && top < best.score[0]))
            continue;
        for (size_t j = 0; j < n; j++)
            if ((best.filled < r->k || x[j] >= best.score[0]) && (!rival || rival[j]))
                best_offer(&best, (int32_t)(s.from + j), x[j]);
        count->filled = best.filled;
    }
}

static void walk_tiles(struct ranking *r, int thread)
{
    struct chunk *c = &r->c;
    struct span held = cpu_share((size_t)r->held, 1, thread, c->threads);
    struct span others = cpu_share((size_t)(c->tiles - r->held), 1, thread, c->threads);
    for (size_t i = held.from; i < held.to; i++)
        score_tile(r, thread, r->tile[i], chunk_kept(c, r->tile[i]));
#pragma omp barrier
    for (size_t i = held.from; i < held.to; i++)
        count_tile(r, thread, r->tile[i], chunk_kept(c, r->tile[i]));
    for (size_t i = others.from; i < others.to; i++) {
        int tile = r->tile[(size_t)r->held + i];
        float *x = chunk_passing(c, thread);
        score_tile(r, thread, tile, x);
        count_tile(r, thread, tile, x);
    }
}

/* Tiles with targets of this chunk to the front, the others behind; both in ascending order. */
static void order_tiles(struct ranking *r)
{
    struct chunk *c = &r->c;
    int32_t *mark = r->tile + c->tiles; /* [tiles] */
    memset(mark, 0, (size_t)c->tiles * sizeof *mark);
    for (int i = 0; i < c->rows; i++)
        mark[chunk_tile_of(c, r->sorted.target[c->first + i])] = 1;
    r->held = 0;
    for (int want = 1, at = 0; want >= 0; want--) {
        for (int tile = 0; tile < c->tiles; tile++)
            if (mark[tile] == want)
                r->tile[at++] = tile;
        r->held = want ? at : r->held;
    }
    memset(r->count, 0, (size_t)c->threads * (size_t)c->rows * sizeof *r->count);
}

struct ranks_out {
    float *loss;
    int32_t *rank, *ties, *item;
    float *score;
};

/* Joins what the threads found of a row, and writes it where the caller's row is. */
static void finish_row(const struct ranking *r, int row, const struct ranks_out *out)
{
    const struct chunk *c = &r->c;
    const unsigned char *rival = c->o->rival;
    size_t at = (size_t)r->order[c->first + row], k = (size_t)r->k;
    int32_t above = 0, equal = 0;
    struct best best = {.k = r->k, .item = out->item + at * k, .score = out->score + at * k};
    for (int t = 0; t < c->threads; t++) {
        const struct count *count = r->count + (size_t)t * (size_t)c->rows + (size_t)row;
        struct best part = best_at(r, t, row);
        above += count->above;
        equal += count->equal;
        for (int i = 0; i < part.filled; i++)
            best_offer(&best, part.item[i], part.score[i]);
    }
    best_sort(&best);
    /* the target is one of the equal, unless it is no rival, or NaN, which equals nothing */
    bool own = equal && (!rival || rival[c->o->target[c->first + row]]);
    out->loss[at] = chunk_join(c, row);
    out->ties[at] = equal - own;
    out->rank[at] = 1 + above + out->ties[at];
}

/* The rows in the order of their targets, equal ones as they came, by merging. */
static void sort_rows(const int32_t *target, int n, int32_t *order, int32_t *spare)
{
    for (int i = 0; i < n; i++)
        order[i] = i;
    for (int run = 1; run < n; run *= 2) {
        for (int from = 0; from < n; from += 2 * run) {
            int a = from, b = from + run, to = b + run < n ? b + run : n, end = b < n ? b : n;
            for (int i = from; i < to; i++)
                spare[i] = b >= to || (a < end && target[order[a]] <= target[order[b]])
                               ? order[a++]
                               : order[b++];
        }
        memcpy(order, spare, (size_t)n * sizeof *order);
    }
}

/* Scratch, and copies of states and targets in the order of the targets. */
static void ranking_open(struct ranking *r, struct cpu *cpu, const struct output *o, int k)
{
    size_t T = (size_t)o->targets, width = (size_t)o->width, threads = (size_t)cpu->threads;
    size_t counts = sizeof(struct count) / sizeof(float);
    *r = (struct ranking){.sorted = *o, .k = k};
    struct chunk_more more = {.fixed = T * (width + 3) + 2 * (size_t)o->items + 16,
                              .row = threads * (counts + 2 * (size_t)k),
                              .tile_row = 1};
    chunk_plan(&r->c, cpu, &r->sorted, true, more);
    size_t rows = (size_t)r->c.capacity;
    float *state = r->c.rest;
    int32_t *order = (int32_t *)(void *)(state + T * width), *target = order + T;
    sort_rows(o->target, o->targets, order, target + T);
    for (size_t i = 0; i < T; i++) {
        target[i] = o->target[order[i]];
        memcpy(state + i * width, o->state + (size_t)order[i] * width, width * sizeof *state);
    }
    r->sorted.state = state, r->sorted.target = target, r->order = order;
    r->tile = target + 2 * T;
    r->count = (struct count *)(void *)(r->tile + 2 * r->c.tiles);
    r->item = (int32_t *)(void *)(r->count + threads * rows);
    r->score = (float *)(void *)(r->item + threads * rows * (size_t)k);
    r->tile_top = r->score + threads * rows * (size_t)k;
}

void cpu_output_rank(struct device *d, const struct output *o, float *loss, int32_t *rank,
                     int32_t *ties, int k, int32_t *top_item, float *top_score)
{
    struct ranking r;
    struct ranks_out out = {loss, rank, ties, top_item, top_score};
    ranking_open(&r, cpu_of(d), o, k);
    while (chunk_next(&r.c)) {
        order_tiles(&r);
#pragma omp parallel num_threads(r.c.threads)
        {
            struct span rows = cpu_share((size_t)r.c.rows, 1, omp_get_thread_num(), r.c.threads);
            walk_tiles(&r, omp_get_thread_num());
#pragma omp barrier
            for (size_t i = rows.from; i < rows.to; i++)
                finish_row(&r, (int)i, &out);
        }
    }
}
