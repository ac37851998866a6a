/* The k items with the best scores of those that are offered; of equal scores the lower id is the
 * better one. */
#ifndef NN_BEST_ITEMS_H
#define NN_BEST_ITEMS_H

#include <stdint.h>

struct best_items {
    int k, filled; /* filled = 0 at first */
    int32_t *item; /* [k] of the caller; a heap with the worst on top once it is full */
    float *score;  /* [k] */
};

void best_items_offer(struct best_items *b, int32_t item, float score);

/* Sorts, best first; what is not filled becomes item -1 with score -infinity.  No more offers. */
void best_items_sort(struct best_items *b);

#endif
