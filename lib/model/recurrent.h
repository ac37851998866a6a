/* Recurrent layers over sequences, one above another: the states of each are the inputs of the
 * next.  The state of a GRU's layer is h, that of an LSTM's [h; c]. */
#ifndef MODEL_RECURRENT_H
#define MODEL_RECURRENT_H

#include "model/model.h"

enum { RECURRENT_LAYERS = 8 };

struct recurrent {
    bool is_lstm;
    int layers, size; /* size: H */
    int width;        /* of the states of all layers, side by side: H or 2H each */
    struct gru gru[RECURRENT_LAYERS];
    struct lstm lstm[RECURRENT_LAYERS];
};

/* Option row of a model with a choice of cell: "gru", "lstm". */
extern const struct option model_cell_rows[];

/* 64: an option that is not as in `plain`, the model's defaults, is of the other cell. */
int recurrent_check(const struct model_options *o, const struct model_options *plain,
                    struct err *e);

/* Declares `layers` layers of `size` units of the model's cell, session_gru.weight_ih_l0 and so on
 * after the prefix "session", or session_lstm; in 0: the inputs of the first layer are W_ih x
 * already. */
void recurrent_declare(struct recurrent *n, struct model *m, const char *prefix, int layers, int in,
                       int size);

/* How wide W_ih x is. */
int recurrent_gates(const struct recurrent *n);

/* h [total, H] of the top layer, from the states of all layers before each sequence, start [count,
 * width] (NULL: zeros).  Dropout acts on h of each layer, on its way up and to the next step of a
 * later call.  *all [total, width] (may be NULL): the states of all layers. */
struct tensor *recurrent_run(const struct recurrent *n, struct tape *t, struct tensor *x,
                             struct tensor *start, const struct ragged *r, float dropout,
                             struct tensor **all);

#endif
