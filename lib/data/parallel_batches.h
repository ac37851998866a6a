/* Parallel mini-batches: sessions side by side in slots, one event of each slot at each step. */
#ifndef DATA_PARALLEL_BATCHES_H
#define DATA_PARALLEL_BATCHES_H

#include "data/batch.h"

/* Sessions next .. end - 1 of the store, of one user, that follow each other. */
struct session_range {
    size_t next, end;
};
typedef VEC(struct session_range) session_range_vec;

/* Goes through all ranges in the batching's `size` slots and emits the steps in records of about
 * 64 KiB.  A slot that has finished a range takes the next one of the list, the lower slot first,
 * and is idle once there is none.  Sessions of one event have no target and make no step. */
int parallel_batches_run(struct batching *b, const struct session_range *ranges, size_t count,
                         struct err *e);

#endif
