/* The gradients of the output layer, as the CPU's losses over all items add them up. */
#ifndef NN_CPU_LOSS_H
#define NN_CPU_LOSS_H

#include "nn/cpu_output.h"

/* Scratch in addition to the chunk's.  A row of `scaled` holds a state and then a 1, so that its
 * product with a tile gives dW and dbias at once.  Columns from `direct` on are computed in `tail`,
 * because a row of dW does not end at a whole vector: `rest` of them.  Where those fill less than
 * half a vector they are the rows of `turned` instead, and vectors run along the targets. */
struct gradients {
    size_t direct, rest, columns; /* the width in whole vectors; row stride of `scaled` */
    bool apart;                   /* the rest is in `turned` */
    float *reference;             /* [tiles, ld] */
    float *product;               /* [parts, H, ld] Σ e W */
    float *factor;                /* [parts, ld] times which they make dstate */
    struct own_gradients {
        float *scaled;      /* [rows, columns], each row times its factor */
        float *as_of;       /* [ld] the reference for which the factor was computed */
        float *tail;        /* [width, rest] */
        float *turned;      /* [rest, ld], with `apart`; zeros beyond the rows */
        uint16_t *scaled16; /* [ld, columns] rounded, with bf16; zeros beyond the rows */
    } * own;                /* [threads] */
    float *dstate, *dweight, *dbias;
};

/* Places the scratch in the memory after the chunk's; without that memory only returns its size in
 * floats. */
size_t gradients_place(struct gradients *g, const struct chunk *c);

/* Sets a thread's scaled states to 0, and a part's product. */
void gradients_clear(const struct chunk *c, const struct gradients *g,
                     const struct own_gradients *own);
void gradients_begin(const struct chunk *c, const struct gradients *g, int part);

static inline float *gradients_product(const struct chunk *c, const struct gradients *g, int part)
{
    return g->product + (size_t)part * (size_t)c->o->width * c->ld;
}

/* dstate of LINE rows from `row` on += the sum of the parts' products times their factors.  Leaves
 * out rows beyond the chunk's. */
void gradients_add_rows(const struct chunk *c, const struct gradients *g, size_t row);

/* Row i of the scaled states = factor times the state. */
void gradients_scale(const struct chunk *c, const struct gradients *g,
                     const struct own_gradients *own, size_t i, float factor);

/* product += Σ x W over a panel's items, whose numbers are x. */
void gradients_add_states(const struct chunk *c, float *product, const struct panel *p);

/* dW and dbias += a tile's kept numbers times the scaled states. */
void gradients_add_weights(const struct chunk *c, const struct gradients *g,
                           const struct own_gradients *own, int tile);

#endif
