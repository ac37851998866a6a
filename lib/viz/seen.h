/* The attended sessions of one attention record, one by one. */
#ifndef VIZ_SEEN_H
#define VIZ_SEEN_H

#include "base/rows.h"

struct seen {
    size_t recency;              /* 1 = the newest */
    double weight;               /* sums to 1 over the session's */
    double relative;             /* weight · n: 1 is even attention */
    int32_t delta, week, length; /* age bucket, hour of the week, events; -1: not given */
    int64_t start;               /* seconds since 1970; -1: not given */
    const int32_t *items;        /* [length] */
};

typedef VEC(struct seen) seen_vec;

/* Puts a session's n attended ones (level inter) into `to`, newest first, in place of what was
 * there; they point into `a`. */
void seen_of(const struct attention *a, seen_vec *to);

/* A copy with memory of its own; of the texts nothing is kept. */
void attention_copy(struct attention *to, const struct attention *from);
void attention_release(struct attention *a); /* of a copy */

#endif
