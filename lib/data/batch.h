/* Batches of whole sessions with their histories, made of a session store. */
#ifndef DATA_BATCH_H
#define DATA_BATCH_H

#include <stdbool.h>

#include "data/session_store.h"

/* The age bucket of the stream: the first k with age < edges[k], and `count` beyond all of them. */
int32_t batch_age_bucket(const int64_t *edges, size_t count, int64_t age);

/* Where the codes of a context come from.  All but columns are made of times. */
struct context_source {
    enum {
        CONTEXT_COLUMN,
        CONTEXT_DWELL, /* the bin of the time since the event before, from 1; 0: there is none */
        CONTEXT_OWN_DWELL, /* that of the time to the next event, from 0; -1: there is none */
        CONTEXT_HOUR
    } kind;
    size_t column;        /* of the store, for CONTEXT_COLUMN */
    const int64_t *edges; /* of the bins */
    size_t edge_count;
};
enum { DAY_HOURS = 24 };

/* Which sessions have an intent: those with an event whose code in the store's column is wanted. */
struct intent_source {
    size_t column;
    const unsigned char *wanted; /* [codes of the column] 1: it is */
};

/* How batches are made.  The caller sets the first block and frees with batching_release; the
 * caller keeps store, row and edges. */
struct batching {
    const struct session_store *store;
    const int32_t *row;   /* [items] by item of the store the id that batches have; -1: the event is
                             left out; NULL: ids are the store's */
    int64_t history;      /* earlier sessions of the user given, at most */
    bool history_items;   /* give their events too */
    const int64_t *edges; /* upper edges of the age buckets, ascending */
    size_t edge_count;
    int64_t week_shift;
    const struct context_source *context; /* [contexts] NULL: none; dwell and hour need a store
                                             that keeps times */
    size_t contexts;
    const struct intent_source *intent; /* NULL: not asked for */
    const struct stored_events *stored; /* the store's copy on a device, of at most INT32_MAX
                                           events; NULL: none */
    const int32_t *before; /* [users of the store] sessions that came before those of the store, and
                              count in the numbers of sessions; NULL: none */
    bool open_ended;       /* each session ends with an event in place of one to come */

    /* the current batch */
    i32_vec user, session, length, item;
    i64_vec start;
    i32_vec history_count, history_delta, history_week, history_session;
    i64_vec history_start;
    i32_vec history_length, history_item;
    i32_vec place, history_place;
    VEC(struct context_codes { i32_vec code; }) codes;
    VEC(struct column) context_columns;
    VEC(unsigned char) intents;
    i64_vec times;   /* of one session's events */
    i32_vec earlier; /* of one session, the newest first */
};

/* The batch of the store's sessions picked[0 .. count - 1], valid until the next one.  Earlier
 * sessions are the newest ones of the same user that come before the session and ended before it
 * began.  Sessions, earlier ones too, of which no event is left, are left out. */
struct batch batching_make(struct batching *b, const int32_t *picked, size_t count, bool learn);

/* The largest distance, in sessions of the user, between a session and the oldest of its earlier
 * sessions; at least `history`.  It is larger where sessions overlap, because those that have not
 * ended are between the two. */
int64_t batching_reach(struct batching *b);

void batching_release(struct batching *b);

#endif
