/* What people call items: the attribute "title" of a stream's items, by the model's ids. */
#ifndef RECOMMEND_TITLES_H
#define RECOMMEND_TITLES_H

#include "base/buf.h"

struct title {
    size_t from, len; /* len 0: the item has none */
};

/* {0} has none. */
struct titles {
    struct buf text;
    VEC(struct title) at; /* by item */
};

/* Keeps a copy. */
void titles_set(struct titles *t, int32_t item, struct bytes title);

/* Empty: it has none.  Valid until the next titles_set. */
struct bytes titles_of(const struct titles *t, int32_t item);

void titles_release(struct titles *t);

#endif
