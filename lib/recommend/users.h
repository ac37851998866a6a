/* The users of the stream so far and their sessions, without items that the model does not know. */
#ifndef RECOMMEND_USERS_H
#define RECOMMEND_USERS_H

#include "base/names.h"
#include "data/session_store.h"

struct user_session {
    int64_t start, last; /* times of its first and last event */
    size_t at;           /* where its events are among those of all users */
    int32_t count;       /* events, at least 1 */
};

/* The events of a session, valid until those of the next one are read. */
struct user_events {
    const int64_t *time; /* [count] */
    const int32_t *item; /* [count] by the model's ids */
    const int32_t *code; /* [columns, count] their codes in the columns that the model reads */
};

struct known_user {
    int32_t known;                     /* the model's id; -1: the model does not know them */
    VEC(struct user_session) sessions; /* in time order */
    int64_t dropped;                   /* sessions that `keep` has left out */
    i32_vec excluded;                  /* distinct items of the sessions with these numbers, */
    int64_t excluded_from;             /* where those that were dropped count too, */
    int64_t excluded_to;               /* this one not, as the engine needed them last */
    size_t place;                      /* among the remembered users (recommend/remembered.h) */
};

struct users {
    VEC(struct known_user) at;          /* by the stream's id */
    i32_vec row;                        /* [stream's items] the model's id; -1: unknown */
    int64_t keep;                       /* newest sessions kept of each user; 0: all */
    const struct stored_column *column; /* [columns] that the model reads */
    size_t columns;
    int64_t events, unknown; /* events read; those of unknown items */
    int64_t items_unknown;
    /* The times, items and codes of each session, end to end; `limit` can be set before the first.
     */
    struct spill kept;
    size_t dropped; /* bytes of them that belong to no session any more */
    i64_vec word;   /* the session that is added or read */
};

/* Add the next item of the stream, by the model's id (-1: unknown), and the next user; `known`:
 * names that the model has. */
void users_item(struct users *p, int32_t id);
void users_user(struct users *p, struct bytes name, const struct names *known);

/* Adds a copy of the session's known items; nothing is added where there are none.  65: the session
 * does not have a column.  73, 74: the temporary file. */
int users_session(struct users *p, const struct session *s, struct err *e);

/* Reads the events of a session.  74. */
int users_events(struct users *p, const struct user_session *s, struct user_events *to,
                 struct err *e);

void users_release(struct users *p);

#endif
