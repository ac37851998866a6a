/* The rules that make sessions of one user's events. */
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
    const char *order;              /* the order of rows of equal time in the log: "newest-first",
                                     * "oldest-first", or "auto": newest first, unless the user's
                                     * rows never fall in time and rise at least once */
};

/* 64, with a text that says what is possible, where the rules contradict each other. */
int session_rules_check(const struct session_rules *rules, struct err *e);

struct event {
    int64_t time;  /* s */
    int64_t order; /* among the events of one second */
    int32_t item;
    uint32_t row;     /* number among the user's rows in the log; sessions_cut sets it */
    uint64_t session; /* a number for the session that the log names */
};
typedef VEC(struct event) event_vec;

/* Counts of the events so far and of what became of them. */
struct session_counts {
    uint64_t events, repeats;           /* read; collapsed */
    uint64_t unordered;                 /* events after a later one in the log */
    uint64_t ties, duplicates;          /* with the time of the event before; with its item too */
    uint64_t too_short, too_long;       /* sessions that min_events and max_events dropped */
    uint64_t short_events, long_events; /* of those */
    uint64_t cut, pieces;               /* sessions that were cut, and what became of them */
    uint64_t single;                    /* last pieces of one event that were dropped */
    uint64_t sessions, kept_events;     /* that are left */
};

/* An event of a given session, for gathering: its place, and that of the first event of its
 * session.
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
    i32_vec items;      /* of their events */
    VEC(uint32_t) rows; /* their numbers among the user's rows in the log */
    VEC(struct session_span) spans;
    struct session_counts counts; /* over all calls */
    VEC(struct session_place) places;
    event_vec gathered;
};

/* Makes sessions of the events, which are in the order of the log and are rearranged. *set is
 * overwritten, except for the counts, which are added to.  In this order: (1) by time, equal times
 * in the order of the log, reversed when the log is newest first; (2) a gap begins a session, or,
 * where they are given, a session is all events that name it; (3) repeats collapse to the first;
 * (4) too short and too long ones are dropped; (5) longer ones than `cut` are cut, and a last piece
 * of one event is dropped. */
void sessions_cut(const struct session_rules *rules, event_vec *events, struct session_set *set);

void sessions_release(struct session_set *set);

#endif
