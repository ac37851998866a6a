#include "nn/best_items.h"

#include <math.h>

#include "base/heap.h"

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

void best_items_offer(struct best_items *b, int32_t item, float score)
{
    if (b->filled < b->k) {
        b->item[b->filled] = item;
        b->score[b->filled] = score;
        if (++b->filled == b->k)
            heap_make(b, (size_t)b->k, is_worse, exchange);
    } else if (b->k && (score > b->score[0] || (score == b->score[0] && item < b->item[0]))) {
        b->item[0] = item;
        b->score[0] = score;
        sink(b, b->k);
    }
}

void best_items_sort(struct best_items *b)
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
