/* Session representations stored from batch to batch, as plain values without gradient: the newest
 * of each user, in a table on the device. */
#ifndef MODEL_SESSION_MEMORY_H
#define MODEL_SESSION_MEMORY_H

#include "model/model.h"
#include "model/memory_slots.h"

struct session_memory {
    struct device *device;
    const int32_t *history; /* the model's */
    struct memory_slots kept;
    int width;
    float *table; /* device [rows, width] */
    int32_t rows;
};

void session_memory_open(struct session_memory *s, const struct model *m, int width);
void session_memory_clear(struct session_memory *s);
void session_memory_release(struct session_memory *s);

/* Stores those of the batch's sessions; from: device [B, width]. */
void session_memory_put(struct session_memory *s, struct tape *t, const struct batch *b,
                        const float *from);

/* For checkpoints (nn/state.h). */
void session_memory_state(struct session_memory *s, struct state *to);

#endif
