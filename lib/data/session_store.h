/* All sessions of a split `sessions` stream in compact arrays, to be read many times:
 * about 25 bytes a session and 4 an event. */
#ifndef DATA_SESSION_STORE_H
#define DATA_SESSION_STORE_H

#include "stream/record.h"

/* Users, items: the ids of the stream.  Sessions: numbered by user, then by time, so that the
 * sessions of user u are first[u] .. first[u + 1] - 1.  {0} is empty. */
struct session_store {
    VEC(size_t) first;       /* [U + 1], set by session_store_group */
    i32_vec user;            /* [S] */
    i64_vec start;           /* [S] time of the first event */
    VEC(unsigned char) part; /* [S] enum part; never falls from one session of a user to the next */
    VEC(size_t) event;       /* [S + 1] where the session's items begin */
    i32_vec item;            /* [events] */
};

/* Reads `in` to its end.  Writes user and item records to `names` (NULL: nowhere) as they come.
 * 65: no session at all; one of no part; a user's training session after one of validation or
 * test, or validation after test. */
int session_store_read(struct session_store *c, struct sessions_in *in, struct frame_out *names,
                       struct err *e);

/* The two steps of session_store_read, for sessions from elsewhere: session_store_add copies a
 * session; session_store_group, after the last one, groups them by user, in the order in which they
 * were added. */
void session_store_add(struct session_store *c, const struct session *s);
void session_store_group(struct session_store *c);

/* How many sessions are of a part. */
size_t session_store_part(const struct session_store *c, enum part part);

void session_store_release(struct session_store *c);

static inline size_t session_store_users(const struct session_store *c)
{
    return c->first.len ? c->first.len - 1 : 0;
}

static inline size_t session_store_sessions(const struct session_store *c)
{
    return c->start.len;
}

static inline size_t session_store_length(const struct session_store *c, size_t session)
{
    return c->event.at[session + 1] - c->event.at[session];
}

static inline const int32_t *session_store_items(const struct session_store *c, size_t session)
{
    return c->item.at + c->event.at[session];
}

#endif
