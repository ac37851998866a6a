/* The times of a log: the first and the last, gaps, and those that are hardly meant. */
#ifndef STREAM_TIME_RANGE_H
#define STREAM_TIME_RANGE_H

#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"

struct time_span {
    int64_t first, last;
};

struct time_range {
    int64_t now;            /* times after it are in the future */
    uint64_t early, late;   /* events before 1995; in the future */
    struct time_span *seen; /* the events of each stretch of about 12 days; NULL: none at all */
};

/* Takes n valid times, in any order. */
void time_range_add(struct time_range *r, const int64_t *times, size_t n);

/* Appends lines of name, tab, value: the first and last event, each gap of more than a year, and
 * how many events are before 1995 and in the future, where there are any. */
void time_range_show(const struct time_range *r, struct buf *to);

void time_range_release(struct time_range *r);

#endif
