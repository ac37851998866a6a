/* The optimizer: its settings, and its step over all parameters. */
#ifndef NN_OPTIMIZER_H
#define NN_OPTIMIZER_H

#include "nn/parameters.h"

struct tape;

struct optimizer {
    struct update update; /* its scale is set by each step */
    float clip;           /* bound of the gradients' global norm; 0: no bound */
};

/* Scales the gradients to a global norm of at most `clip`, updates the dense parameters and what
 * tape t used of tables (t may be NULL: no tables), and sets the dense gradients to 0.  Frozen
 * parameters stay as they are, without weight decay.
 * The caller sets update.step: 1 for the first step, then one more each time. */
void optimizer_step(struct optimizer *o, struct parameters *p, struct tape *t);

#endif
