/* The events of one user: of the newest sessions that had ended, then of the session so far.  Items
 * are numbers (index/numbers.h). */
#ifndef INDEX_OWN_EVENTS_H
#define INDEX_OWN_EVENTS_H

#include <stdbool.h>

#include "base/buf.h"

/* The user's use of an item. */
struct own_use {
    int32_t count;
    int32_t last;         /* index of the last use among the user's events */
    int32_t in_session;   /* uses in the session so far */
    int32_t next;         /* times it followed the last item of all */
    int32_t newer, older; /* the items last used right after and before it; -1: none */
    float decayed;        /* Σ OWN_DECAY^(events from each use to the last one) */
};

struct own_event {
    int32_t item, before; /* index of the event before of the same item; -1: none */
    bool begins;          /* first event of its session */
    int64_t time;
};

struct own_events {
    VEC(struct own_use) use;     /* [numbers] */
    VEC(struct own_event) event; /* oldest first */
    bool in_session;             /* what is added is of the session */
    float total;                 /* Σ OWN_DECAY^age of all events */
    int32_t distinct, newest;    /* items that were used; the one used last, -1: none */
    i32_vec nexts;               /* items that followed the last one */
    float *power;                /* of OWN_DECAY, in a table */
};

void own_events_open(struct own_events *o);
void own_events_release(struct own_events *o);

/* Makes a use of nothing for each further one of so many items. */
void own_events_widen(struct own_events *o, size_t items);

/* Sees to it that there is a use, if of nothing, for each of so many items. */
static inline void own_events_cover(struct own_events *o, size_t items)
{
    if (items > o->use.len)
        own_events_widen(o, items);
}

void own_events_add(struct own_events *o, int32_t item, bool begins, int64_t time);

/* What is added from now on is of the session; only from now on the items are in order of their
 * last uses. */
void own_events_begin_session(struct own_events *o);

/* Finds what followed the last item in the user's sessions, in place of what was found before: how
 * many times anything did. */
int32_t own_events_follow(struct own_events *o);

/* Another user. */
void own_events_clear(struct own_events *o);

/* Σ OWN_DECAY^age of the item's uses, which it has. */
float own_events_decayed(const struct own_events *o, const struct own_use *use);

#endif
