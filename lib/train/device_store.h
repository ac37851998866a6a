/* The events of a session store in the memory of a device, where steps find those of their batches:
 * 4 bytes an event, and 4 for each context that the model reads. */
#ifndef TRAIN_DEVICE_STORE_H
#define TRAIN_DEVICE_STORE_H

#include "data/batch.h"
#include "nn/ops.h"

/* {0} is closed. */
struct device_store {
    struct device *device;
    struct stored_events events;
    int32_t *item;
    VEC(int32_t *) code;
};

/* Copies the store of *b, as its batches have the events, for batching.stored.  NULL: a device
 * whose memory is the host's needs no copy, and of more than INT32_MAX events none is made. */
const struct stored_events *device_store_open(struct device_store *s, struct device *d,
                                              const struct batching *b);

void device_store_close(struct device_store *s);

#endif
