/* One user's sessions in memory, as filters see and change them. */
#ifndef DATA_USER_SESSIONS_H
#define DATA_USER_SESSIONS_H

#include "stream/record.h"

/* Where a part of the split begins. */
struct edge {
    bool set, everyones; /* one time for all users, rather than each user's own */
    int64_t time;        /* of the part's first event, events that are in both parts aside */
};

struct edges {
    struct edge of[4]; /* by part */
};

struct user_sessions {
    int32_t user;            /* id in the input */
    int32_t place;           /* among all users, while a filter that surveys them runs */
    struct attributes about; /* the user's; valid while a filter runs */
    struct edges edges;
    VEC(struct session *) sessions; /* in time order; each is one block of memory, owned */
};

/* The events of all sessions. */
int64_t user_sessions_events(const struct user_sessions *h);

/* Appends a deep copy, extras included. */
void user_sessions_add(struct user_sessions *h, const struct session *s);

/* Cuts the session and its per-event extras to the first `count` events. A session of no events is
 * dropped by user_sessions_sweep. */
void session_cut(struct session *s, size_t count);

/* Moves event `from` to the place of event `to` <= from, extras included. */
void session_move(struct session *s, size_t to, size_t from);

/* Keeps the events of items with at least `least` in `counts` (by item); drops the session if fewer
 * than two are left. */
void session_keep_items(struct session *s, const int64_t *counts, int64_t least);

/* A copy of the last `count` events. */
struct session *session_tail(const struct session *s, size_t count);

/* The session with one more per-event extra, which replaces one of that key; frees `s`. */
struct session *session_with(struct session *s, const struct extra *x);

/* Removes the dropped sessions and sorts the others by time, since some may have lost their first
 * events. One that now follows a session of a later part gets that part. */
void user_sessions_sweep(struct user_sessions *h);

/* Adds `times` for each of the items to its count. */
void count_items(i64_vec *counts, const int32_t *items, size_t n, int64_t times);

/* Sets bits of the mark of each of the items. */
typedef VEC(unsigned char) item_mark_vec;
void mark_items(item_mark_vec *marks, const int32_t *items, size_t n, unsigned char bits);

void user_sessions_clear(struct user_sessions *h);   /* frees the sessions, keeps the array */
void user_sessions_release(struct user_sessions *h); /* frees everything */

#endif
