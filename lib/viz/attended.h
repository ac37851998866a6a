/* What the weights of one attention record stand on, weight by weight. */
#ifndef VIZ_ATTENDED_H
#define VIZ_ATTENDED_H

#include <stdbool.h>

#include "base/attention_levels.h"
#include "base/records.h"

/* An attended session or event. */
struct attended {
    size_t recency; /* 1 = the newest */
    size_t of;      /* how many there are to choose from */
    bool heaviest;  /* of these; of equals the newest */
    double weight;
    double relative;      /* to the mean of these weights' absolute values: 1 is even */
    int32_t delta, week;  /* of the session, the event's too: age bucket, hour of the week; -1: */
    int64_t start;        /* not given; seconds since 1970 */
    int32_t length;       /* events: 1 of an event; -1: which ones is not given */
    const int32_t *items; /* [length] */
};

typedef VEC(struct attended) attended_vec;

/* Rows of weights, and how many each has. */
size_t attention_rows(const struct level_info *l, const struct attention *a);
size_t attention_width(const struct level_info *l, const struct attention *a);

/* Puts all of the record's weights into `to`, row by row, the newest first in each, in place of
 * what was there; they point into `a`. */
void attended_of(const struct level_info *l, const struct attention *a, attended_vec *to);

/* A copy with memory of its own; of the texts nothing is kept. */
void attention_copy(struct attention *to, const struct attention *from);
void attention_release(struct attention *a); /* of a copy */

#endif
