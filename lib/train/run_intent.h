/* Which sessions of a stream have the intent that a model's second output is about: those with one
 * of the actions of --intent, by the column "action" of the stream's codes. */
#ifndef TRAIN_RUN_INTENT_H
#define TRAIN_RUN_INTENT_H

#include "data/batch.h"
#include "model/model.h"
#include "stream/meta.h"

struct run_intent {
    int32_t codes;         /* how many actions the stream has */
    unsigned char *wanted; /* [codes]; NULL: it has no such column, or no intent is asked for */
    struct buf lacks;      /* the first action that is asked for and that it lacks; empty: none */
    struct intent_source source;
};

/* Finds the actions of a model's option `intent` in the header of a stream.  One that is not there
 * is no error: no session holds it.  65. */
int run_intent_open(struct run_intent *r, const struct model_options *o, const struct meta *m,
                    struct err *e);

/* 64: the stream lacks the column, or one of the actions. */
int run_intent_check(const struct run_intent *r, const struct model_options *o, struct err *e);

/* Makes the store keep the column, before the first session, and batches say which sessions have
 * the intent; where the stream lacks the column, they do not. */
void run_intent_read(struct run_intent *r, struct session_store *store, struct batching *batching);

void run_intent_release(struct run_intent *r);

#endif
