/* What the newest sessions that hold an item say of the items around it. */
#ifndef INDEX_AROUND_H
#define INDEX_AROUND_H

#include "index/index.h"
#include "index/largest.h"

/* What they say of one other item. */
struct neighbour {
    int32_t item;
    float next, second, before; /* times right after it, two after it, right before it */
    float rule, near;           /* Σ 1/distance ahead; times within some positions */
    bool kept;
};

struct around {
    int32_t item;
    int32_t uses;                /* postings that count, read or not */
    int32_t walked, occurrences; /* sessions read; times the item is in them */
    i32_vec session;             /* their ranks */
    VEC(struct neighbour) neighbour;
};

/* Those of one session's items. */
struct arounds {
    const struct session_index *index;
    int postings; /* sessions read of each item, at most */
    int32_t rank; /* sessions of lower ranks count */
    VEC(struct around) list;
    size_t count;  /* of the list; behind them is memory to be used again */
    int32_t *slot; /* [items] index among an item's neighbours; -1: none */
    valued_vec order;
};

void arounds_open(struct arounds *a, const struct session_index *x, int postings);
/* Another session begins, for which sessions of ranks below this one count. */
void arounds_forget(struct arounds *a, int32_t rank);
void arounds_release(struct arounds *a);

/* Reads what counts of an item, once a session.  Valid until the next item that was not read yet.
 */
struct around *arounds_of(struct arounds *a, int32_t item);

/* n times -1; freed by mem_free. */
int32_t *arounds_no_slots(size_t n);

#endif
