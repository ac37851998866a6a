/* One user's sessions in memory, as filters see and change them. */
#ifndef DATA_USER_SESSIONS_H
#define DATA_USER_SESSIONS_H

#include "stream/record.h"

/* Where a part of the split begins. */
struct edge {
    bool set, everyones; /* one time for all users, rather than each user's own */
    int64_t time;        /* of the part's first event that is not in the part before as well */
};

struct user_sessions {
    int32_t user;                   /* id in the input */
    struct attributes about;        /* the user's; valid while a filter runs */
    struct edge edge[4];            /* by part */
    VEC(struct session *) sessions; /* in time order; each is one block of memory, owned */
};

/* All users, in the order of the input. */
struct all_user_sessions {
    struct user_sessions *at;
    size_t len, cap;
};

/* Appends a deep copy, extras included. */
void user_sessions_add(struct user_sessions *h, const struct session *s);

/* Leaves the session its first `count` events, and as many of each per-event extra.  A session cut
 * to no event counts as dropped. */
void session_cut(struct session *s, size_t count);

/* Puts event `from` in the place of event `to` <= from, extras included. */
void session_move(struct session *s, size_t to, size_t from);

/* Leaves what occurs at least `least` times by `counts` (by item), and no session of fewer than two
 * events. */
void session_keep_items(struct session *s, const int64_t *counts, int64_t least);

/* A copy of the last `count` events. */
struct session *session_tail(const struct session *s, size_t count);

/* The session with a per-event extra more, which takes the place of one of that key; frees `s`. */
struct session *session_with(struct session *s, const struct extra *x);

/* Removes the dropped sessions, and brings those into time order that lost their first events. */
void user_sessions_sweep(struct user_sessions *h);

/* Adds `times` for each of the session's events to its item's count. */
void session_count_items(i64_vec *counts, const struct session *s, int64_t times);

void user_sessions_clear(struct user_sessions *h); /* frees the sessions, keeps the room for them */
void user_sessions_release(struct user_sessions *h); /* frees everything */
void all_user_sessions_release(struct all_user_sessions *all);

#endif
