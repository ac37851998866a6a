/* A cursor over the sessions of a batch: where each session begins in the batch's arrays and in the
 * results of the forward pass. */
#ifndef TRAIN_BATCH_CURSOR_H
#define TRAIN_BATCH_CURSOR_H

#include "model/model.h"

/* Session i of the batch; {0} is the first. */
struct batch_cursor {
    size_t i;
    size_t event;          /* its first event */
    size_t target;         /* its first target */
    size_t back;           /* its first row of the lookback */
    size_t weight[LEVELS]; /* its first weight */
};

int32_t batch_cursor_rows(struct batch_cursor p, const struct forward *f); /* of its lookback */

/* The number of weights that the session has at a level; 0 for LEVEL_ITEM, whose weights
 * forward.item_at finds. */
size_t batch_cursor_weights(struct batch_cursor p, const struct batch *b, const struct forward *f,
                            int level);

/* The session after it. */
struct batch_cursor batch_cursor_after(struct batch_cursor p, const struct batch *b,
                                       const struct forward *f);

#endif
