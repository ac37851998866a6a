/* Makes a stream of batches from split sessions: epoch by epoch, part by part. */
#ifndef DATA_EPOCHS_H
#define DATA_EPOCHS_H

#include "data/scheme.h"

struct epochs_options {
    const struct scheme *scheme;
    int64_t size, history, min_batch; /* as in struct batching */
    bool history_items;
    int64_t epochs, test_from; /* the first epoch that ends with a test pass */
    int64_t seed;
};

/* The caller frees with epochs_release, after epochs_open or of {0}. */
struct epochs {
    const struct epochs_options *options;
    struct frame_out *out;
    struct session_store store;
    struct batching batching;
    i64_vec edges;
};

/* Sets in the header what a reader of the batches has to know. */
void epochs_meta(struct meta *m, const struct epochs_options *o);

/* Reads the sessions to their end and writes users and items to `out`. The caller keeps options,
 * `in` and `out`.  65: as session_store_read; no delta_edges. */
int epochs_open(struct epochs *p, const struct epochs_options *o, struct sessions_in *in,
                struct frame_out *out, struct err *e);

/* Writes an epoch: a training pass, then a validation and a test pass where these are due. */
int epochs_write(struct epochs *p, int64_t number, struct err *e);

void epochs_release(struct epochs *p);

#endif
