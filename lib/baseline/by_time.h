/* Sessions in the order of a time. */
#ifndef BASELINE_BY_TIME_H
#define BASELINE_BY_TIME_H

#include "data/session_store.h"

/* Sorts numbers of sessions by a time that they have; those of one time by number. */
void sort_by_time(i32_vec *sessions, const struct session_store *c,
                  int64_t (*time)(const struct session_store *c, size_t session));

#endif
