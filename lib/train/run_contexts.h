/* The contexts that a model reads (trainer --context) in a stream: where their codes come from, how
 * many there are, and what they are called. */
#ifndef TRAIN_RUN_CONTEXTS_H
#define TRAIN_RUN_CONTEXTS_H

#include "data/batch.h"
#include "model/contexts.h"
#include "stream/meta.h"
#include "train/model_file.h"

struct run_contexts {
    int count;
    struct contexts keys;
    struct context_names names[CONTEXTS];
    int32_t codes[CONTEXTS]; /* how many there are of each */
    struct context_source source[CONTEXTS];
    i64_vec edges; /* of dwell bins */
};

/* Finds the contexts of a model's option `context` in the header of a stream.  Dwell bins are those
 * of `edges`; NULL: of the header.  64: it does not have one. */
int run_contexts_open(struct run_contexts *c, const struct model_options *o, const struct meta *m,
                      const i64_vec *edges, struct err *e);

/* Makes the store keep what they need, before the first session, and batches give their codes. */
void run_contexts_read(const struct run_contexts *c, struct session_store *store,
                       struct batching *batching);

/* Finds the values of a column of codes in the header, by code.  *there: whether it has the column.
 * 65. */
int run_contexts_codes(struct names *to, const char *key, const struct meta *m, bool *there,
                       struct err *e);

void run_contexts_release(struct run_contexts *c);

#endif
