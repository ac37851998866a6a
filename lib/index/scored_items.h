/* The items that a position has some evidence of, with their scores; array by array, for vector
 * code.  Behind the last item all scores are 0 and nothing is chosen. */
#ifndef INDEX_SCORED_ITEMS_H
#define INDEX_SCORED_ITEMS_H

#include <stdbool.h>

#include "index/numbers.h"

struct scored_items {
    const struct numbers *items;
    i32_vec slot; /* [numbers] place in the arrays below; -1: none */
    size_t count, room;
    int32_t *item;            /* numbers */
    float *rule, *near, *knn; /* scores */
    unsigned char *chosen;
};

void scored_items_open(struct scored_items *c, const struct numbers *items);
void scored_items_release(struct scored_items *c);
void scored_items_clear(struct scored_items *c);

/* Makes room for so many in all. */
void scored_items_grow(struct scored_items *c, size_t need);

/* Makes room for so many more, of all items that have numbers. */
static inline void scored_items_reserve(struct scored_items *c, size_t more)
{
    if (c->slot.len < c->items->of.len)
        numbers_cover(&c->slot, c->items->of.len);
    if (c->room < c->count + more)
        scored_items_grow(c, c->count + more);
}

/* The item's place; a new one, for which there is room, has scores of 0.  Without a branch: whether
 * an item is new cannot be foretold. */
static inline size_t scored_items_place(struct scored_items *c, int32_t item)
{
    int32_t slot = c->slot.at[item], fresh = slot < 0;
    size_t at = fresh ? c->count : (size_t)slot;
    c->slot.at[item] = (int32_t)at;
    c->item[at] = item;
    c->count += (size_t)fresh;
    return at;
}

#endif
