/* A GRU over ragged sequences, forwards or in both directions. */
#ifndef MODEL_GRU_ENCODER_H
#define MODEL_GRU_ENCODER_H

#include "model/cluster_gru.h"

struct gru_encoder {
    struct gru forward, backward;
    bool both;
    int state; /* width of its output: that of one GRU, or of both */
};

/* Its output; of both directions the columns are [forward; backward]. */
struct encoded {
    struct tensor *states; /* [total, state] */
    struct tensor *forward, *backward;
};

/* Declares its GRUs under `prefix`, each with `state` units; names of the backward GRU end in
 * _reverse.  clusters > 0: so many of each. */
void gru_encoder_declare(struct gru_encoder *n, struct parameters *p, const char *prefix, int in,
                         int state, bool both, bool reset_before, int clusters);

/* Runs it from zeros; by: the clusters of the sequences, where each has GRUs of its own. */
struct encoded gru_encoder_run(const struct gru_encoder *n, struct tape *t, struct tensor *x,
                               const struct ragged *r, const struct grouped *by);

/* [r->count, state] the last state of each sequence, for the backward GRU that of the first row;
 * zeros for an empty sequence. */
struct tensor *gru_encoder_last(const struct gru_encoder *n, struct tape *t,
                                const struct encoded *run, const struct ragged *r);

#endif
