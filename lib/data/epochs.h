/* From split sessions to a whole stream of batches: epoch by epoch, part by part. */
#ifndef DATA_EPOCHS_H
#define DATA_EPOCHS_H

#include "data/scheme.h"

struct passes_options {
    const struct scheme *scheme;
    int64_t size, history, min_batch; /* as in struct batching */
    bool history_items;
    int64_t epochs, test_from; /* the first epoch that ends with a test pass */
    int64_t seed;
};

/* The caller frees with passes_release, after passes_open or of {0}. */
struct passes {
    const struct passes_options *options;
    struct frame_out *out;
    struct corpus corpus;
    struct batching batching;
    i64_vec edges;
};

/* What a reader of the batches has to know, set in the sessions' header. */
void passes_meta(struct meta *m, const struct passes_options *o);

/* Reads the sessions to their end; users and items go on to `out`.  Options, `in` (until here) and
 * `out` are the caller's.  65: as corpus_read; no delta_edges. */
int passes_open(struct passes *p, const struct passes_options *o, struct sessions_in *in,
                struct frame_out *out, struct err *e);

/* Writes an epoch: a training pass, then a validation and a test pass where these are due. */
int passes_epoch(struct passes *p, int64_t number, struct err *e);

void passes_release(struct passes *p);

#endif
