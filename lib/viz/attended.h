/* The attended sessions or events of one attention record, with their weights. */
#ifndef VIZ_ATTENDED_H
#define VIZ_ATTENDED_H

#include <stdbool.h>

#include "base/attention_levels.h"
#include "base/records.h"

/* An attended session or event. */
struct attended {
    size_t recency; /* 1 = the newest */
    size_t of;      /* how many are attended to together: the row */
    bool heaviest;  /* of the row; of equals the newest */
    double weight;
    double relative;      /* weight over the mean absolute weight of the row: 1 is even */
    int32_t delta, week;  /* age bucket and hour of the week of the session; -1: not given */
    int64_t age;          /* of the session, from its start to that of the one that attends, in
                             seconds; -1: not given */
    int32_t length;       /* number of items: 1 for an event; -1: the items are not given */
    const int32_t *items; /* [length] */
};

typedef VEC(struct attended) attended_vec;

/* The number of rows of weights, and of weights in each row. */
size_t attention_rows(const struct level_info *l, const struct attention *a);
size_t attention_width(const struct level_info *l, const struct attention *a);

/* Fills `to` with all of the record's weights, row by row, the newest first in each row.  They
 * point into `a`. */
void attended_of(const struct level_info *l, const struct attention *a, attended_vec *to);

/* Copies a record into memory of its own, without its texts. */
void attention_copy(struct attention *to, const struct attention *from);
void attention_release(struct attention *a); /* of a copy */

#endif
