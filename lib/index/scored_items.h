/* The items that a position has some evidence of, with their scores; array by array, for vector
 * code. */
#ifndef INDEX_SCORED_ITEMS_H
#define INDEX_SCORED_ITEMS_H

#include <stdbool.h>

#include "base/buf.h"

struct scored_items {
    int32_t *slot; /* [all items] place in the arrays below; -1: none */
    size_t count, room;
    int32_t *item;
    float *rule, *near, *knn; /* scores */
    unsigned char *chosen;
};

void scored_items_open(struct scored_items *c, size_t items);
void scored_items_release(struct scored_items *c);
void scored_items_clear(struct scored_items *c);

/* Makes room for so many more. */
void scored_items_reserve(struct scored_items *c, size_t more);

/* The item's place; a new one, for which there is room, has scores of 0. */
static inline size_t scored_items_place(struct scored_items *c, int32_t item)
{
    if (c->slot[item] < 0) {
        size_t at = c->count++;
        c->slot[item] = (int32_t)at;
        c->item[at] = item;
        c->rule[at] = c->near[at] = c->knn[at] = 0;
        c->chosen[at] = false;
    }
    return (size_t)c->slot[item];
}

/* Chooses the items with the `best` largest scores above 0. */
void scored_items_choose(struct scored_items *c, const float *score, size_t best);

#endif
