/* The sessions to predict, kept until the training part is learned, and the ranks of their targets.
 */
#ifndef BASELINE_ANSWERS_H
#define BASELINE_ANSWERS_H

#include <stdbool.h>

#include "baseline/baseline.h"

/* A session that waits to be predicted. */
struct question {
    int32_t user, number; /* the session's among the user's, from 0 */
    enum part part;
    int64_t time;        /* of the first event */
    size_t start, count; /* in items */
};

/* One target of a session. */
struct asked {
    size_t question, event;
};

struct answers {
    VEC(struct question) questions;
    i32_vec items;
    size_t next, event; /* where answers_next continues: question, event of its session */
    int threads;        /* threads that can be started; 0: not tried yet */
    VEC(struct baseline_work *) works; /* of each thread */
    VEC(struct asked) asked;           /* the positions of the block */
    int64_t predicted, mixed;          /* positions so far; those for which the mix had a list */

    /* the block of answers being made */
    i32_vec user, session, position, target, rank, ties, history, length, top_item;
    f32_vec loss, top_score;
};

/* Keeps a session; `number` counts all sessions of its user. */
void answers_keep(struct answers *a, const struct session *s, int32_t number);

/* Puts the questions in the order of their times. */
void answers_sort(struct answers *a);

/* Answers the next questions of the part, as many as make a block, in `threads` threads (0: all
 * there are), with the `top` best items of each (0: none; N at most).  False when there are no
 * more; the next call starts again. Ranks and lists are valid until the next call. Adds to the loss
 * (the sum so far) and the events of `pass`. */
bool answers_next(struct answers *a, struct baseline *b, enum part part, int32_t top, int threads,
                  struct ranks *ranks, struct tops *tops, struct pass *pass);

void answers_release(struct answers *a);

#endif
