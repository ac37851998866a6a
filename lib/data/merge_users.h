/* The sessions of users who are in several streams that follow each other: all are read, in bounded
 * memory, and given user by user.
 *
 * Add the sessions as they are read, call merge_users_end, then take them: users in byte order of
 * their names, as the sessionizers write those of a log in any order, each user's sessions in order
 * of time, of equal ones that of the earlier stream first. */
#ifndef DATA_MERGE_USERS_H
#define DATA_MERGE_USERS_H

#include "base/names.h"
#include "data/all_user_sessions.h"

/* What one stream has of a user: a user's sessions that follow each other. */
struct merge_run {
    uint64_t first_bytes; /* of the user's name */
    int32_t place;        /* in the store */
    uint32_t stream;
};

struct merge_session {
    int64_t start;
    size_t number; /* in the store */
    uint64_t stream;
};

struct merge_users {
    struct all_user_sessions all; /* a user has a place for each run */
    struct user_sessions reading; /* the run that is read, and its stream */
    uint64_t stream;
    VEC(struct merge_run) runs;         /* as they came; after merge_users_end by user */
    const struct names *names;          /* of users */
    size_t next_run;                    /* the first of the next user */
    VEC(struct merge_session) sessions; /* of the current user */
    size_t next_session;
    struct session_view view;
    int64_t gap; /* seconds, set by the caller before merge_users_next */
    uint64_t
        adjoined; /* sessions that begin less than that after one of another stream has ended */
};

/* What does not fit into the `memory` that the program may hold is in temporary files; 0: no limit.
 */
void merge_users_open(struct merge_users *m, size_t memory);

/* Copies a session of a stream, which are numbered as they come.  65: it is of a part of a split;
 * too many sessions.  73, 74: a temporary file.
 */
int merge_users_add(struct merge_users *m, uint64_t stream, const struct session *s, struct err *e);

/* After the last session; `names` has the users by their ids and lasts as long as *m.  71, 73, 74.
 */
int merge_users_end(struct merge_users *m, const struct names *names, struct err *e);

/* The next session, valid until the next call; NULL: that was the last one. */
const struct session *merge_users_next(struct merge_users *m);

void merge_users_release(struct merge_users *m);

#endif
