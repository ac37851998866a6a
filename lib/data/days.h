/* Days of a part: how many whole days after the earliest end of the part's sessions a session ends.
 * Ends, not starts: a session that straddles a split by time has begun long before. */
#ifndef DATA_DAYS_H
#define DATA_DAYS_H

#include "data/session_store.h"

struct days {
    int64_t first[PART_TEST + 1]; /* the earliest end of each part's sessions */
};

/* The store is complete. */
void days_find(struct days *d, const struct session_store *c);

/* From 0.  Ends too far away to be counted are those of the last day that int32 holds. */
int32_t days_at(const struct days *d, const struct session_store *c, size_t session);

#endif
