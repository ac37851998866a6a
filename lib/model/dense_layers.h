/* Dense layers, one after another: y = relu(W x + b). */
#ifndef MODEL_DENSE_LAYERS_H
#define MODEL_DENSE_LAYERS_H

#include "model/model.h"

enum { DENSE_LAYERS = 8 };

struct dense_layers {
    int count;
    int size[DENSE_LAYERS];
    const struct parameter *weight[DENSE_LAYERS], *bias[DENSE_LAYERS];
};

extern const struct option dense_layer_rows[]; /* layers: their sizes, "256,128" */

/* 64: the option is no list of sizes. */
int dense_layers_check(const struct model_options *o, struct err *e);

/* Declares "layer0.weight" and so on over inputs of width `in`; returns the width of the last. */
int dense_layers_declare(struct dense_layers *d, struct model *m, int in);

struct tensor *dense_layers_run(const struct dense_layers *d, struct tape *t, struct tensor *x);

#endif
