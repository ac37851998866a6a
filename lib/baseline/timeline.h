/* Sessions that are learned at their time, and not as they are read. */
#ifndef BASELINE_TIMELINE_H
#define BASELINE_TIMELINE_H

#include "base/records.h"

struct timed {
    int64_t start, end; /* times of the first and the last event */
    int32_t user;
    enum part part;
    size_t from, count; /* of the items */
};

/* {0} is empty. */
struct timeline {
    VEC(struct timed) sessions; /* in the order of the input */
    i32_vec items;
    i32_vec by_end;  /* their numbers, the first to end first; of two the first in the input */
    i32_vec by_user; /* their numbers by user, in the order of the input */
};

void timeline_add(struct timeline *t, const struct session *s);

/* Makes the two orders, after the last timeline_add. */
void timeline_ready(struct timeline *t);
void timeline_release(struct timeline *t);

/* The first of the user's in by_user, or of the next user's where there is none. */
size_t timeline_user(const struct timeline *t, int32_t user);

#endif
