/* A model's parameters: named matrices in one flat buffer each for values, gradients and the
 * optimizer's state, so that one pass updates them all. */
#ifndef NN_PARAMETERS_H
#define NN_PARAMETERS_H

#include "base/buf.h"
#include "base/random.h"
#include "nn/device.h"

enum { PARAMETER_DIMS = 3 };

struct parameter {
    char *name; /* models.md: "inter_gru.weight_ih_l0" */
    int dims;
    int64_t shape[PARAMETER_DIMS];
    int rows, cols;       /* as a matrix: all but the last dimension, the last; a vector: 1 row */
    float low, high;      /* initial values: uniform in [low, high) */
    bool per_item;        /* one row an item: matched by name when read from a file */
    size_t offset, count; /* into the flat buffers */
    float *value, *grad;  /* after parameters_allocate */
};

struct parameters {
    struct device *device;
    VEC(struct parameter *) list; /* in the order in which they were declared */
    size_t count;                 /* floats in all */
    float *value, *grad, *m, *v;  /* flat, of the device; m, v as the optimizer needs them */
};

/* Declares; the pointer stays valid.  bound: initial values uniform(-bound, bound). */
struct parameter *parameters_add(struct parameters *p, const char *name, int dims,
                                 const int64_t *shape, float bound);

/* A GRU's four under `prefix` (state bound 1/√state), a linear layer's weight and (bias: true) bias
 * under `name` (bound 1/√in). */
struct gru;
void parameters_add_gru(struct parameters *p, struct gru *g, const char *prefix, int in, int state,
                        bool reset_before);
/* The same for the reverse direction: the names end in _reverse. */
void parameters_add_gru_reverse(struct parameters *p, struct gru *g, const char *prefix, int in,
                                int state, bool reset_before);
struct parameter *parameters_add_matrix(struct parameters *p, const char *name, int64_t rows,
                                        int64_t cols, float bound);
struct parameter *parameters_add_vector(struct parameters *p, const char *name, int64_t n,
                                        float bound);

/* Places them in flat buffers and draws initial values (seed, and the parameter's place in the
 * list). */
void parameters_allocate(struct parameters *p, struct device *d, enum optimizer_kind kind,
                         float momentum, uint64_t seed);
struct parameter *parameters_find(const struct parameters *p, const char *name);

/* The settings of an optimizer, and its step over everything: clips to `clip` (0: not) by the
 * global norm, updates, zeroes the gradients.  update.step is the caller's, from 1. */
struct optimizer {
    struct update update;
    float clip;
};
void optimizer_step(struct optimizer *o, struct parameters *p);

/* Values and the optimizer's state, for checkpoints (nn/state.h). */
struct state;
void parameters_state(struct parameters *p, struct state *s);

/* Under that name, each parameter's part of a flat buffer of the device (d = NULL: of the host). */
void parameters_flat_state(const struct parameters *p, struct state *s, const char *name,
                           struct device *d, float *flat);

void parameters_release(struct parameters *p);

#endif
