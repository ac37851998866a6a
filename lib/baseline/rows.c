#include <omp.h>
#include <stdlib.h>

#include "base/ascending.h"
#include "base/threads.h"
#include "baseline/private.h"

/* The row of the moment; a window is the only row that pop has. */
int32_t baseline_context(const struct baseline *b, const struct moment *m)
{
    if (b->kind->context)
        return b->kind->context(m);
    return b->options.window ? 0 : -1;
}

/* The row in which the next item is counted. */
int32_t baseline_counted_in(const struct baseline *b, const struct moment *m)
{
    return b->kind->fill || b->kind->score ? -1 : baseline_context(b, m);
}

/* Replaces items by places and sorts the pairs: each row's events are together, by place. */
static void sort_pairs(struct baseline *b)
{
    for (size_t i = 0; i < b->pairs.len; i++) {
        uint64_t pair = b->pairs.at[i];
        b->pairs.at[i] = (pair >> 32 << 32) | (uint32_t)b->place[(uint32_t)pair];
    }
    if (b->pairs.len)
        qsort(b->pairs.at, b->pairs.len, sizeof *b->pairs.at, ascending_u64);
    b->contexts = b->pairs.len ? (size_t)(b->pairs.at[b->pairs.len - 1] >> 32) + 1 : 0;
}

/* Equal pairs become one entry with their count. */
void baseline_count_pairs(struct baseline *b)
{
    sort_pairs(b);
    b->start = mem_zero(b->contexts + 1, sizeof *b->start);
    b->total = mem_zero(b->contexts, sizeof *b->total);
    for (size_t i = 0; i < b->pairs.len; i++) {
        uint64_t pair = b->pairs.at[i];
        if (i == 0 || pair != b->pairs.at[i - 1]) {
            vec_push(&b->row, (struct entry){.place = (int32_t)(uint32_t)pair});
            b->start[(pair >> 32) + 1] = b->row.len;
        }
        b->row.at[b->row.len - 1].score++;
        b->total[pair >> 32]++;
    }
    for (size_t c = 0; c < b->contexts; c++) /* contexts without a row end where they begin */
        if (!b->start[c + 1])
            b->start[c + 1] = b->start[c];
    vec_release(&b->pairs);
}

static void find_row(struct baseline *b, int32_t c, int32_t *shared, struct similar **row)
{
    b->start[c + 1] = knn_items(&b->sets, b->place[c], b->options.neighbours,
                                b->options.regularization, NULL, shared, row);
}

static void find_rows(struct baseline *b, struct similar **rows)
{
    int threads = threads_to_be_had(omp_get_max_threads());
    if (threads == 1) { /* without libgomp, which needs memory even for one thread */
        int32_t *shared = mem_zero(b->contexts, sizeof *shared);
        for (int32_t c = 0; c < b->items; c++)
            find_row(b, c, shared, &rows[c]);
        mem_free(shared);
        return;
    }
#pragma omp parallel num_threads(threads)
    {
        int32_t *shared = mem_zero(b->contexts, sizeof *shared);
#pragma omp for schedule(dynamic, 64)
        for (int32_t c = 0; c < b->items; c++)
            find_row(b, c, shared, &rows[c]);
        mem_free(shared);
    }
}

/* A row for each item: the items next to it. */
void baseline_find_neighbours(struct baseline *b)
{
    b->contexts = (size_t)b->items;
    b->start = mem_zero(b->contexts + 1, sizeof *b->start);
    b->total = mem_zero(b->contexts, sizeof *b->total);
    struct similar **rows = mem_zero(b->contexts, sizeof *rows);
    find_rows(b, rows);
    for (size_t c = 0; c < b->contexts; c++) {
        for (size_t i = 0; i < b->start[c + 1]; i++) {
            vec_push(&b->row,
                     ((struct entry){.score = rows[c][i].score, .place = rows[c][i].place}));
            b->total[c] += rows[c][i].score;
        }
        mem_free(rows[c]);
        b->start[c + 1] = b->row.len;
    }
    mem_free(rows);
}

void baseline_rank_rows(struct baseline *b)
{
    VEC(struct ordered) order = {0};
    for (size_t c = 0; c < b->contexts; c++) {
        struct entry *row = b->row.at + b->start[c];
        int32_t n = (int32_t)(b->start[c + 1] - b->start[c]);
        vec_clear(&order);
        for (int32_t i = 0; i < n; i++)
            vec_push(&order, ((struct ordered){row[i].score, i}));
        if (n)
            qsort(order.at, (size_t)n, sizeof *order.at, greater_first);
        for (int32_t r = 0; r < n; r++) {
            row[r].by_rank = order.at[r].what;
            row[order.at[r].what].rank = r;
        }
    }
    vec_release(&order);
}

struct neighbour_row baseline_row(const struct baseline *b, const struct moment *m)
{
    int32_t c = baseline_context(b, m);
    if (c < 0 || (size_t)c >= b->contexts)
        return (struct neighbour_row){NULL, 0, 0};
    return (struct neighbour_row){b->row.at + b->start[c], (int32_t)(b->start[c + 1] - b->start[c]),
                                  b->total[c]};
}

/* The number of entries before the place. */
int32_t baseline_entries_before(struct neighbour_row row, int32_t place)
{
    int32_t low = 0, high = row.len;
    while (low < high) {
        int32_t middle = low + (high - low) / 2;
        if (row.at[middle].place < place)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}
