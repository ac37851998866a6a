/* The earlier sessions that the sessions of a batch look back at, as host arrays of a tape's step.
 */
#ifndef MODEL_LOOKBACK_H
#define MODEL_LOOKBACK_H

#include "model/model.h"
#include "model/memory_slots.h"

struct lookback_sessions {
    int count, total;            /* sessions of the batch; rows of all of them, the oldest first */
    int32_t *length;             /* host [count] rows of each */
    int32_t *row;                /* host [total] index in the batch's history arrays; -1: none */
    int32_t *slot;               /* host [total] slot in the memory; -1: none */
    int32_t *user;               /* host [total] */
    int32_t *delta, *week;       /* host [total] */
    int64_t *age;                /* host [total] seconds from start to start; -1: none */
    const struct ragged *ragged; /* the rows of each session */
};

/* All earlier sessions of the batch. */
struct lookback_sessions lookback_all(struct tape *t, const struct batch *b);

/* The earlier sessions that the memory has.  A session without any gets a single row of -1, in the
 * last of `delta_buckets` and at hour "none". */
struct lookback_sessions lookback_known(struct tape *t, const struct batch *b,
                                        const struct memory_slots *memory, int32_t delta_buckets);

struct lookback lookback_rows(const struct lookback_sessions *h);

#endif
