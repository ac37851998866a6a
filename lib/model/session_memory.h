/* Session representations that are kept from batch to batch as plain values: the newest few of each
 * user, in a table on the device. */
#ifndef MODEL_SESSION_MEMORY_H
#define MODEL_SESSION_MEMORY_H

#include "model/model.h"
#include "model/memory_slots.h"

struct stored {
    struct device *device;
    struct past past;
    int width;
    float *table; /* device [rows, width] */
    int32_t rows;
};

void stored_open(struct stored *s, const struct model *m, int width);
void stored_clear(struct stored *s);
void stored_release(struct stored *s);

/* Keeps those of the batch's sessions; from: device [B, width]. */
void stored_put(struct stored *s, struct tape *t, const struct batch *b, const float *from);

/* All of it, for checkpoints (nn/state.h). */
void stored_state(struct stored *s, struct state *to);

#endif
