/* A GRU over ragged rows, in their order or both ways. */
#ifndef MODEL_GRU_ENCODER_H
#define MODEL_GRU_ENCODER_H

#include "nn/tape.h"

struct gru_encoder {
    struct gru forward, backward;
    bool both;
    int state; /* of what it gives: that of one GRU, or twice as much */
};

/* What it gives: with both ways the columns are [forward; backward]. */
struct encoded {
    struct tensor *states; /* [total, state] */
    struct tensor *forward, *backward;
};

/* Declares its GRUs under `prefix`, each with `state` units; the backward one's names end in
 * _reverse. */
void gru_encoder_declare(struct gru_encoder *n, struct parameters *p, const char *prefix, int in,
                         int state, bool both, bool reset_before);

/* Runs from a state of zeros. */
struct encoded gru_encoder_run(const struct gru_encoder *n, struct tape *t, struct tensor *x,
                               const struct ragged *r);

/* [r->count, state] the state at the end of each sequence, which backwards is at its first row; of
 * a sequence without rows it is zeros. */
struct tensor *gru_encoder_last(const struct gru_encoder *n, struct tape *t,
                                const struct encoded *run, const struct ragged *r);

#endif
