/* How often items come in contexts, to be counted up and down. */
#ifndef BASELINE_COUNTS_H
#define BASELINE_COUNTS_H

#include "base/buf.h"

struct item_count {
    int32_t item;
    int64_t count;
};

typedef VEC(struct item_count) count_row; /* by item */

/* By context; {0} is empty. */
struct counts {
    VEC(count_row) rows;
};

/* Adds n, which may be below 0, to the count of the item in the context. */
void counts_add(struct counts *c, int32_t context, int32_t item, int64_t n);

/* The row of the context: empty where it has none. */
count_row counts_row(const struct counts *c, int32_t context);
void counts_release(struct counts *c);

#endif
