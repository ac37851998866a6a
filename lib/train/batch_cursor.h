/* Where a batch's sessions stand in what a forward pass leaves: host counts beside its arrays. */
#ifndef TRAIN_BATCH_CURSOR_H
#define TRAIN_BATCH_CURSOR_H

#include "model/model.h"

/* Session i; {0} is the first. */
struct batch_cursor {
    size_t i;
    size_t event;          /* its first event */
    size_t target;         /* its first target */
    size_t back;           /* its first row of the lookback */
    size_t weight[LEVELS]; /* its first weight */
};

int32_t batch_cursor_rows(struct batch_cursor p, const struct forward *f); /* of its lookback */

/* How many weights of a level the session has; of LEVEL_ITEM, where each target's say for
 * themselves where they are, 0. */
size_t batch_cursor_weights(struct batch_cursor p, const struct batch *b, const struct forward *f,
                            int level);

/* The session after it. */
struct batch_cursor batch_cursor_after(struct batch_cursor p, const struct batch *b,
                                       const struct forward *f);

#endif
