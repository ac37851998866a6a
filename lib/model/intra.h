/* Intra-session attention: at every step of the session at hand the intra GRU looks back at the
 * earlier sessions' states and reads what it finds beside the item.
 *
 *     cat: e_ij = aᵀ tanh(B [s_{i-1}; h_j] + b)      sum: e_ij = aᵀ tanh(C s_{i-1} + B h_j)
 *     c_i = Σ_j α_ij h_j,  s_i = GRU([x_i; c_i], s_{i-1}) */
#ifndef MODEL_INTRA_H
#define MODEL_INTRA_H

#include "model/attention.h"

struct intra {
    int state;                             /* S: of s_i and of h_j; 0: no such attention */
    const struct parameter *hidden;        /* C; NULL: cat, where it is part of B */
    const struct parameter *weight, *bias; /* B and b, which sum has not */
    const struct parameter *scale;         /* a */
};

/* groups > 0: tables of so many blocks. */
void intra_declare(struct intra *n, struct parameters *p, const char *form, int state, int groups);

/* s_i [T, S] from x [T, E] and the initial state; h: h_j, of the rows of `back`.  *weights: how
 * many α there are at *weight, on the device: of each session, target by target. */
struct tensor *intra_run(const struct intra *n, struct tape *t, const struct gru *gru,
                         struct tensor *x, struct tensor *start, const struct ragged *steps,
                         struct tensor *h, const struct ragged *back, const struct grouped *g,
                         const float **weight, int *weights);

#endif
