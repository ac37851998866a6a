/* Lanes side by side: sessions gone through step by step, an event of each lane at a time. */
#ifndef DATA_PARALLEL_BATCHES_H
#define DATA_PARALLEL_BATCHES_H

#include "data/batch.h"

/* Sessions of one user, next .. end - 1 of the corpus, that follow each other. */
struct session_range {
    size_t next, end;
};
typedef VEC(struct session_range) session_range_vec;

/* Goes through all turns in batching's `size` lanes and emits the steps in records of about 64 KiB:
 * a lane that is through with a turn takes the next one of the list, the lower lane first, and is
 * idle once there is none.  Sessions of one event have no target and make no step. */
int parallel_batches_run(struct batching *b, const struct session_range *turns, size_t count,
                         struct err *e);

#endif
