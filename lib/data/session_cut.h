/* From one user's events to sessions: the rules, apart from where events come from and go to. */
#ifndef DATA_SESSION_CUT_H
#define DATA_SESSION_CUT_H

#include <stdbool.h>

#include "base/buf.h"
#include "base/err.h"

struct session_rules {
    int64_t gap;                    /* s; this long after the event before, a session begins */
    int64_t min_events, max_events; /* after repeats collapsed; 0 = no limit */
    int64_t cut;                    /* longer ones are cut into pieces of this many; 0 = never */
    bool keep_repeats;              /* an item that follows itself stays */
    bool given;                     /* sessions are those of the events, whatever the gap */
    const char *order;              /* how rows of equal time stand in the log: "newest-first",
                                     * "oldest-first", or "auto": newest first, unless the user's
                                     * rows never fall in time and rise at least once */
};

/* 64 with a text that says what is possible, where the rules cannot be meant. */
int session_rules_check(const struct session_rules *rules, struct err *e);

struct event {
    int64_t time;     /* s */
    int64_t order;    /* among the events of one second */
    uint64_t session; /* which one the log says it is of: any number that is its own */
    int32_t item;
    uint32_t row; /* number among the user's rows in the log; sessions_cut sets it */
};
typedef VEC(struct event) event_vec;

/* What has been made of the events so far. */
struct session_counts {
    uint64_t events, repeats;       /* read; collapsed */
    uint64_t unordered;             /* events behind a later one in the log */
    uint64_t ties, duplicates;      /* of the time of the one before; and of its item too */
    uint64_t too_short, too_long;   /* sessions that min_events and max_events dropped */
    uint64_t single;                /* last pieces of one event that were dropped */
    uint64_t sessions, kept_events; /* that are left */
};

/* For gathering sessions that are given: where an event stands, and the first one of its session.
 */
struct session_place {
    uint64_t session;
    size_t place, first;
};

struct session_span {
    int64_t start;      /* time of its first event */
    size_t from, count; /* its events */
};

/* Sessions of one user, in order of their start. */
struct session_set {
    i64_vec times;      /* of their events */
    i32_vec items;      /* likewise */
    VEC(uint32_t) rows; /* likewise: numbers among the user's rows in the log */
    VEC(struct session_span) spans;
    struct session_counts counts; /* over all calls */
    VEC(struct session_place) places;
    event_vec gathered;
};

/* Makes sessions of the events, which stand in the order of the log and are rearranged; *set is
 * overwritten but for the counts, which go on.  In this order: (1) by time, equal times in the
 * order of the log, reversed when the log is newest first; (2) a gap begins a session, or, where
 * they are given, a session is all events that are said to be of it; (3) repeats collapse to the
 * first; (4) too short and too long ones are dropped; (5) what is longer than `cut` is cut, a last
 * piece of one event dropped. */
void sessions_cut(const struct session_rules *rules, event_vec *events, struct session_set *set);

void sessions_release(struct session_set *set);

#endif
