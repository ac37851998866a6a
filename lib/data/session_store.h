/* All sessions of a log in compact arrays, to be read many times: 16 bytes a session, 4 an event
 * and 4 a user.  Beyond a limit events and sessions go to temporary files that are mapped. */
#ifndef DATA_SESSION_STORE_H
#define DATA_SESSION_STORE_H

#include "base/spill.h"
#include "data/reverse.h"
#include "stream/record.h"

enum { STORED_LONG = (1 << 28) - 1 }; /* a duration of eight years and a half, or longer */

#define STORED_EVENTS (((uint64_t)1 << 40) - 1) /* most events in all */

/* A session: its first event's time, seconds from there to its last event, where its items begin,
 * its part. */
struct stored_session {
    uint64_t start : 36, duration : 28;
    uint64_t item : 40, part : 2;
};

/* A column of codes that sessions have under a key beside times and items. */
struct stored_column {
    const char *key;
    int32_t codes;     /* all are below */
    struct spill code; /* int32 [events] */
};

/* Users, items: the ids of the stream.  Sessions: numbered by user, then in the order in which they
 * were added, which is that of time, so that those of user u are first[u] .. first[u + 1] - 1.  {0}
 * is empty; limits of the spills can be set before the first session. */
struct session_store {
    i32_vec first;     /* [U + 1], complete after session_store_end */
    struct spill head; /* struct stored_session [S + 1], the last one for the end of the items */
    size_t sessions;   /* S */
    uint64_t events;   /* of all sessions */
    size_t parts[4];   /* sessions by part */
    struct spill item; /* int32 [events] */
    bool drops_items;  /* set before the first session: of items only their number is kept */
    bool reverses;     /* session_store_read takes sessions from their end; may be set before it */
    bool keeps_times;  /* set before the first session: */
    struct spill time; /* int32 [events] seconds since the session's start */
    VEC(struct stored_column) columns; /* key and codes are set before the first session */

    /* until session_store_end */
    struct reversed turned;  /* the session that is taken */
    i32_vec user;            /* [S] where a user's sessions do not follow each other; else empty */
    i32_vec since;           /* times of the session being added */
    VEC(unsigned char) last; /* [U] the part of the user's last session so far */
};

/* Reads `in` to its end, by session_store_take.  Writes what it reads to `out` (NULL: drops it) as
 * it comes, and refuses then what a stream of batches may not have: a user's sessions that do not
 * follow each other.  65: no session at all. */
int session_store_read(struct session_store *c, struct sessions_in *in, struct frame_out *out,
                       struct err *e);

/* Copies a session of a split stream.  65: it is of no part; a user's training session after one of
 * validation or test, or validation after test; as session_store_add. */
int session_store_take(struct session_store *c, const struct session *s, struct err *e);

/* The two steps of session_store_read, for sessions from elsewhere: session_store_add copies a
 * session; session_store_end, after the last one, groups them by user.  65: too many; a column is
 * missing, is not of int32, or has a code that it should not have.  73, 74: the temporary file.
 * 71. */
int session_store_add(struct session_store *c, const struct session *s, struct err *e);
int session_store_end(struct session_store *c, struct err *e);

/* Adds a session that began at `start` and ended at `last`, of which events before or after those
 * given were left out. */
int session_store_add_lasting(struct session_store *c, const struct session *s, int64_t start,
                              int64_t last, struct err *e);

/* The codes of a session's events in such a column; NULL: 65, as session_store_add. */
const int32_t *stored_column_codes(const struct stored_column *c, const struct session *s,
                                   struct err *e);

/* From now on the program may hold that many bytes (spill.h), which holds for sessions that the
 * store has already, too.  71, 73, 74: a temporary file. */
int session_store_within(struct session_store *c, size_t bytes, struct err *e);

/* Before the first session: sessions, events and what columns are set may take that many bytes of
 * memory each. */
void session_store_limit(struct session_store *c, size_t bytes);

/* How many sessions begin before an earlier one of their user has ended. */
size_t session_store_overlaps(const struct session_store *c);

int32_t session_store_user(const struct session_store *c, size_t session);

void session_store_clear(struct session_store *c); /* empties, keeps the memory */
void session_store_release(struct session_store *c);

/* Of the events and sessions that are in files, gives back the memory through which they were read.
 */
void session_store_forget(const struct session_store *c);

static inline size_t session_store_users(const struct session_store *c)
{
    return c->first.len ? c->first.len - 1 : 0;
}

static inline size_t session_store_sessions(const struct session_store *c)
{
    return c->sessions;
}

static inline size_t session_store_part_count(const struct session_store *c, enum part part)
{
    return c->parts[part];
}

static inline const struct stored_session *stored_session(const struct session_store *c,
                                                          size_t session)
{
    return (const struct stored_session *)(const void *)c->head.at + session;
}

/* Where the session's events begin among those of all; of session S where they end. */
static inline size_t session_store_place(const struct session_store *c, size_t session)
{
    return stored_session(c, session)->item;
}

/* For whoever goes through all sessions, after sessions from .. end - 1: whether it is time to
 * forget what was read, which session_store_passed does then. */
static inline bool session_store_due(const struct session_store *c, size_t from, size_t end)
{
    enum { SESSIONS = 16, EVENTS = 18 }; /* bits: a megabyte each of sessions and of items */
    return from >> SESSIONS != end >> SESSIONS ||
           session_store_place(c, from) >> EVENTS != session_store_place(c, end) >> EVENTS;
}

static inline void session_store_passed(const struct session_store *c, size_t from, size_t end)
{
    if (session_store_due(c, from, end))
        session_store_forget(c);
}

static inline enum part session_store_part(const struct session_store *c, size_t session)
{
    return (enum part)stored_session(c, session)->part;
}

static inline int64_t session_store_start(const struct session_store *c, size_t session)
{
    return (int64_t)stored_session(c, session)->start;
}

/* The time of its last event; of a duration too long to be kept, a time that never comes. */
static inline int64_t session_store_last(const struct session_store *c, size_t session)
{
    int64_t duration = (int64_t)stored_session(c, session)->duration;
    return duration < STORED_LONG ? session_store_start(c, session) + duration : INT64_MAX;
}

static inline size_t session_store_length(const struct session_store *c, size_t session)
{
    return session_store_place(c, session + 1) - session_store_place(c, session);
}

/* Where times are kept: the time of an event. */
static inline int64_t session_store_time(const struct session_store *c, size_t session,
                                         size_t event)
{
    const int32_t *time = (const int32_t *)(const void *)c->time.at;
    return session_store_start(c, session) + time[session_store_place(c, session) + event];
}

/* The codes of a column: one for each of the session's events. */
static inline const int32_t *session_store_codes(const struct session_store *c, size_t column,
                                                 size_t session)
{
    return (const int32_t *)(const void *)c->columns.at[column].code.at +
           session_store_place(c, session);
}

static inline const int32_t *session_store_items(const struct session_store *c, size_t session)
{
    return (const int32_t *)(const void *)c->item.at + session_store_place(c, session);
}

#endif
