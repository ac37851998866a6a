/* Recurrent layers over sequences, one above another: the states of each are the inputs of the
 * next. */
#ifndef MODEL_RECURRENT_H
#define MODEL_RECURRENT_H

#include "model/model.h"

enum { RECURRENT_LAYERS = 8 };

struct recurrent {
    int layers, size; /* size: H, of the states of a layer */
    int width;        /* of the states of all layers, side by side */
    struct gru gru[RECURRENT_LAYERS];
};

/* Declares PREFIX.weight_ih_l0 and so on for `layers` layers of `size` units; in 0: the inputs of
 * the first layer are W_ih x already. */
void recurrent_declare(struct recurrent *n, struct model *m, const char *prefix, int layers, int in,
                       int size);

/* How wide W_ih x is. */
int recurrent_gates(const struct recurrent *n);

/* The states [total, H] of the top layer, from those of all layers before each sequence, start
 * [count, width] (NULL: zeros).  Dropout acts on the states of each layer, on their way up and to
 * the next step of a later call.  *all [total, width] (may be NULL): those of all layers. */
struct tensor *recurrent_run(const struct recurrent *n, struct tape *t, struct tensor *x,
                             struct tensor *start, const struct ragged *r, float dropout,
                             struct tensor **all);

#endif
