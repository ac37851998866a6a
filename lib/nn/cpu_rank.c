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

VECTOR static float largest(size_t n, const float *x)
{
    int32_t top = maths_order(-INFINITY);
#pragma omp simd reduction(max : top)
    for (size_t j = 0; j < n; j++) {
        int32_t order = maths_order(x[j]);
        top = order > top ? order : top;
    }
    return maths_order_back(top);
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

/* Items come in ascending order, so one with the score of the worst that is kept stays out. */
static void best_offer(struct best *b, int32_t item, float score)
{
    if (b->filled < b->k) {
        b->item[b->filled] = item;
        b->score[b->filled] = score;
        if (++b->filled == b->k)
            for (int i = b->k / 2; i-- > 0;)
                sink_down(b, i, b->k);
    } else if (score > b->score[0]) {
        b->item[0] = item;
        b->score[0] = score;
        sink_down(b, 0, b->k);
    }
}

static void best_of(struct best *b, size_t first, size_t n, const float *x)
{
    enum { BLOCK = 64 };
    for (size_t from = 0; from < n; from += BLOCK) {
        size_t to = from + BLOCK < n ? from + BLOCK : n;
        if (b->filled == b->k && !(largest(to - from, x + from) > b->score[0]))
            continue;
        for (size_t j = from; j < to; j++)
            best_offer(b, (int32_t)(first + j), x[j]);
    }
}

/* Best first; places beyond the number of items become -1. */
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

/* ---- the walks ---- */

static void score_tile(const struct chunk *c, int thread, int tile, float *row_top)
{
    struct span s = chunk_tile(c, tile);
    size_t n = s.to - s.from, rows = (size_t)c->rows;
    const float *x = chunk_scores(c, thread, tile);
    chunk_product(c, thread, tile, row_top);
    for (size_t i = 0; i < rows; i++) {
        struct part *part = c->part + (size_t)thread * rows + i;
        part_raise(part, row_top[i]);
        part->sum += exponential_sum(n, part->top, x + i * n);
    }
}

static void rank_row(const struct chunk *c, int row, int32_t *rank, int32_t *ties,
                     struct best *best)
{
    int32_t above = 0, equal = 0;
    for (int tile = 0; tile < c->tiles; tile++) {
        struct span s = chunk_tile(c, tile);
        size_t n = s.to - s.from;
        const float *x = chunk_scores(c, 0, tile) + (size_t)row * n;
        count_scores(n, c->score[row], x, &above, &equal);
        if (best->k)
            best_of(best, s.from, n, x);
    }
    if (best->k)
        best_sort(best);
    *ties = equal > 0 ? equal - 1 : 0; /* a target of NaN does not equal itself */
    *rank = 1 + above + *ties;
}

void cpu_output_rank(struct device *d, const struct output *o, float *loss, int32_t *rank,
                     int32_t *ties, int k, int32_t *top_item, float *top_score)
{
    struct cpu *cpu = cpu_of(d);
    struct chunk c;
    chunk_plan(&c, cpu, o, true, cpu->workspace, (size_t)cpu->threads, 0);
    while (chunk_next(&c)) {
#pragma omp parallel num_threads(c.threads)
        {
            int thread = omp_get_thread_num();
            struct span tiles = chunk_tiles(&c, thread);
            struct span rows = cpu_share((size_t)c.rows, 1, thread, c.threads);
            for (size_t tile = tiles.from; tile < tiles.to; tile++)
                score_tile(&c, thread, (int)tile, c.rest + (size_t)thread * (size_t)c.rows);
#pragma omp barrier
            for (size_t i = rows.from; i < rows.to; i++) {
                size_t at = (size_t)c.first + i;
                struct best best = {.k = k};
                if (k)
                    best.item = top_item + at * (size_t)k, best.score = top_score + at * (size_t)k;
                loss[at] = chunk_join(&c, (int)i);
                rank_row(&c, (int)i, rank + at, ties + at, &best);
            }
        }
    }
}
