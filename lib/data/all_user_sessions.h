/* The sessions of all users, for filters of a whole log: a session_store, whose events go to
 * temporary files beyond a limit, and what a store has no room for.  Filters survey all users in
 * the store.  They change one user at a time: the sessions are copied out of the store and added to
 * another one. */
#ifndef DATA_ALL_USER_SESSIONS_H
#define DATA_ALL_USER_SESSIONS_H

#include "data/session_store.h"
#include "data/user_sessions.h"

/* Users go by their place, from 0 in the order in which they are added; session numbers are those
 * of the store. */
struct all_user_sessions {
    size_t memory; /* bytes that the program may hold; the rest goes to temporary files */
    struct session_store store;
    i32_vec user; /* [U] ids in the input */
    struct spill
        edge; /* struct edge [up to U, 2] of validation and test; nothing for users after */
    struct spill rest;     /* of each session: times too far apart for the store; its extras */
    struct spill rest_end; /* uint64 [up to S] where that of each session ends; nothing for those
                              after */
};

/* `memory` 0: no limit. */
void all_user_sessions_open(struct all_user_sessions *all, size_t memory);

/* From now on the program may hold that many bytes (session_store_within). */
int all_user_sessions_within(struct all_user_sessions *all, size_t bytes, struct err *e);

/* Appends a user with at least one session.  65: too many sessions.  73, 74: a temporary file. */
int all_user_sessions_add(struct all_user_sessions *all, const struct user_sessions *h,
                          struct err *e);

/* After the last user.  71, 73, 74. */
int all_user_sessions_end(struct all_user_sessions *all, struct err *e);

static inline size_t all_user_sessions_count(const struct all_user_sessions *all)
{
    return all->user.len;
}

/* Where the user's parts begin. */
struct edges all_user_sessions_edges(const struct all_user_sessions *all, size_t user);

/* Gives back the memory through which sessions in files were read. */
void all_user_sessions_forget(const struct all_user_sessions *all);

/* For whoever goes through all sessions, after sessions from .. end - 1: does that now and then. */
bool all_user_sessions_rest_due(const struct all_user_sessions *all, size_t from, size_t end);
static inline void all_user_sessions_passed(const struct all_user_sessions *all, size_t from,
                                            size_t end)
{
    if (session_store_due(&all->store, from, end) ||
        (all->rest.filed && all_user_sessions_rest_due(all, from, end)))
        all_user_sessions_forget(all);
}

/* The times of an event, and of the last one. */
int64_t all_user_sessions_time(const struct all_user_sessions *all, size_t session, size_t event);
int64_t all_user_sessions_last(const struct all_user_sessions *all, size_t session);

/* A session read in place; {0} is empty. */
struct session_view {
    struct session session; /* valid until the next view */
    i64_vec times;
    VEC(struct extra) extras;
};
void session_view_of(struct session_view *v, const struct all_user_sessions *all, size_t user,
                     size_t session);
void session_view_release(struct session_view *v);

/* Fills *h, which has no sessions, with copies of the user's. */
void all_user_sessions_load(const struct all_user_sessions *all, size_t user,
                            struct user_sessions *h);

void all_user_sessions_clear(struct all_user_sessions *all); /* empties, keeps the memory */
void all_user_sessions_release(struct all_user_sessions *all);

#endif
