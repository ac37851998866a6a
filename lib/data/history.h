/* One user's sessions in memory, as filters see and change them. */
#ifndef DATA_HISTORY_H
#define DATA_HISTORY_H

#include "base/rows.h"

struct history {
    int32_t user;                   /* id in the input */
    VEC(struct session *) sessions; /* in time order; each is one block of memory, owned */
};

/* Appends a deep copy, extras included. */
void history_add(struct history *h, const struct session *s);

/* Leaves the session its first `count` events, and as many of each per-event extra.  A session cut
 * to no event counts as dropped. */
void session_cut(struct session *s, size_t count);

/* Removes the dropped sessions. */
void history_sweep(struct history *h);

void history_clear(struct history *h);   /* frees the sessions, keeps the room for them */
void history_release(struct history *h); /* frees everything */

#endif
