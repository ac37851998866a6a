/* The earlier sessions that a batch's sessions look back at, as host arrays of a tape's step. */
#ifndef MODEL_LOOKBACK_H
#define MODEL_LOOKBACK_H

#include "model/model.h"
#include "model/memory_slots.h"

struct lookback_sessions {
    int count, total;            /* sessions of the batch; rows of all, the oldest first */
    int32_t *length;             /* host [count] rows of each */
    int32_t *row;                /* host [total] place in the batch's history arrays; -1 */
    int32_t *slot;               /* host [total] where `past` has it; -1 */
    int32_t *user;               /* host [total] whose it is */
    int32_t *delta, *week;       /* host [total] */
    int64_t *age;                /* host [total] seconds from start to start; -1: none */
    const struct ragged *ragged; /* the rows of each session */
};

/* All that the batch gives. */
struct lookback_sessions lookback_all(struct tape *t, const struct batch *b);

/* Those that `past` has.  A session that has none of them gets a single row -1, of the last of
 * `delta_buckets` and of hour "none". */
struct lookback_sessions lookback_known(struct tape *t, const struct batch *b,
                                        const struct memory_slots *past, int32_t delta_buckets);

struct lookback lookback_rows(const struct lookback_sessions *h);

#endif
