/* A GRU over ragged rows, in their order or both ways. */
#ifndef MODEL_GRU_ENCODER_H
#define MODEL_GRU_ENCODER_H

#include "nn/tape.h"

struct encoder {
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
void encoder_declare(struct encoder *n, struct parameters *p, const char *prefix, int in, int state,
                     bool both, bool reset_before);

/* Runs from a state of zeros. */
struct encoded encoder_run(const struct encoder *n, struct tape *t, struct tensor *x,
                           const struct ragged *r);

/* [r->count, state] the state at the end of each sequence, which backwards is at its first row; of
 * a sequence without rows it is zeros. */
struct tensor *encoder_last(const struct encoder *n, struct tape *t, const struct encoded *run,
                            const struct ragged *r);

#endif
