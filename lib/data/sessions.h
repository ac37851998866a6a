/* From one user's events to sessions: the rules, apart from where events come from and go to. */
#ifndef DATA_SESSIONS_H
#define DATA_SESSIONS_H

#include <stdbool.h>

#include "base/buf.h"
#include "base/err.h"

struct session_rules {
    int64_t gap;                    /* s; this long after the event before, a session begins */
    int64_t min_events, max_events; /* after repeats collapsed; 0 = no limit */
    int64_t cut;                    /* longer ones are cut into pieces of this many; 0 = never */
    bool keep_repeats;              /* an item that follows itself stays */
    const char *order;              /* how rows of equal time stand in the log: "newest-first",
                                     * "oldest-first", or "auto": newest first, unless the user's
                                     * rows never fall in time and rise at least once */
};

/* 64 with a text that says what is possible, where the rules cannot be meant. */
int session_rules_check(const struct session_rules *rules, struct err *e);

struct event {
    int64_t time;
    int32_t item;
    uint32_t row; /* number among the user's; sessions_cut sets it */
};
typedef VEC(struct event) event_vec;

/* What has been made of the events so far. */
struct session_counts {
    uint64_t events, repeats;       /* read; collapsed */
    uint64_t too_short, too_long;   /* sessions that min_events and max_events dropped */
    uint64_t single;                /* last pieces of one event that were dropped */
    uint64_t sessions, kept_events; /* that are left */
};

/* Sessions of one user, oldest first, their events end to end. */
struct session_set {
    i64_vec times;
    i32_vec items;
    VEC(size_t) lengths;
    struct session_counts counts; /* over all calls */
};

/* Makes sessions of the events, which stand in the order of the log and are rearranged; *set is
 * overwritten but for the counts, which go on.  In this order: (1) by time, equal times in the
 * order of the log, reversed when the log is newest first; (2) a gap begins a session; (3) repeats
 * collapse to the first; (4) too short and too long ones are dropped; (5) what is longer than
 * `cut` is cut, a last piece of one event dropped. */
void sessions_cut(const struct session_rules *rules, event_vec *events, struct session_set *set);

void sessions_release(struct session_set *set);

#endif
