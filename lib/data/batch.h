/* Batches of sessions with their histories: each session's events, and the user's sessions before
 * it. */
#ifndef DATA_BATCH_H
#define DATA_BATCH_H

#include <stdbool.h>

#include "data/session_store.h"

/* The age bucket of the stream: the first k with age < edges[k], and `count` beyond all of them. */
int32_t batch_age_bucket(const int64_t *edges, size_t count, int64_t age);

/* How batches are made and where they go.  The caller sets the first block and frees with
 * batching_release; the caller keeps store and edges. */
struct batching {
    const struct session_store *store;
    int64_t size;       /* sessions a batch, at most */
    int64_t history;    /* earlier sessions of the user given, at most */
    bool history_items; /* give their events too */
    int64_t min_batch;  /* training batches of fewer sessions are marked learn: 0 */
    uint64_t seed;
    const int64_t *edges; /* upper edges of the age buckets, ascending */
    size_t edge_count;
    int64_t week_shift;
    /* Receive batches and steps, which are valid during the call. */
    int (*emit)(void *to, const struct batch *b, struct err *e);
    int (*emit_steps)(void *to, const struct steps *s, struct err *e);
    void *to;

    uint64_t left_out; /* sessions in batches marked learn: 0 so far */

    /* the current batch */
    i32_vec user, session, length, item;
    i64_vec start;
    i32_vec history_count, history_delta, history_week, history_session;
    i64_vec history_start;
    i32_vec history_length, history_item;
};

/* Emits one batch of the store's sessions picked[0 .. count - 1], all of them of `part`. */
int batching_emit(struct batching *b, enum part part, const size_t *picked, size_t count,
                  struct err *e);

void batching_release(struct batching *b);

#endif
