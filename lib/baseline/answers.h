/* The sessions to predict, and the ranks of their targets. */
#ifndef BASELINE_ANSWERS_H
#define BASELINE_ANSWERS_H

#include <stdbool.h>

#include "baseline/baseline.h"
#include "data/days.h"
#include "data/repeats.h"

/* One target: an event of a session. */
struct asked {
    size_t session, event;
};

struct answers {
    const struct session_store *store; /* the caller's */
    struct repeats repeats;
    struct days days;
    i32_vec questions;  /* the sessions, in the order of their answers */
    size_t next, event; /* where answers_next continues: question, event of its session */
    int threads;        /* threads that can be started; 0: not tried yet */
    VEC(struct baseline_work *) works; /* of each thread */
    VEC(struct asked) asked;           /* the positions of the block */
    i32_vec read, row; /* sessions that are read together; where each position is among theirs */
    int64_t predicted, mixed; /* positions so far; those for which the mix had a list */

    /* the block of answers being made */
    i32_vec user, session, position, target, rank, ties, history, length, day, top_item;
    f32_vec loss, top_score;
    VEC(unsigned char) seen;
};

/* Asks for the sessions of the store, which has `items` items, that are not of the training part:
 * in its order, or in that of their first events. */
void answers_open(struct answers *a, const struct session_store *store, int32_t items,
                  bool by_time);

/* Answers the next questions of the part, as many as make a block, in `threads` threads (0: all
 * there are), with the `top` best items of each (0: none; N at most).  False when there are no
 * more; the next call starts again. Ranks and lists are valid until the next call. Adds to the loss
 * (the sum so far) and the events of `pass`. */
bool answers_next(struct answers *a, struct baseline *b, enum part part, int32_t top, int threads,
                  struct ranks *ranks, struct tops *tops, struct pass *pass);

void answers_release(struct answers *a);

#endif
