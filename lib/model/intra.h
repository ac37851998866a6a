/* Intra-session attention: at every step of the current session the intra-session GRU attends to
 * the states of earlier sessions, and their weighted sum is an input besides the item.
 *
 *     cat: e_ij = aᵀ tanh(B [s_{i-1}; h_j] + b)      sum: e_ij = aᵀ tanh(C s_{i-1} + B h_j)
 *     c_i = Σ_j α_ij h_j,  s_i = GRU([x_i; c_i], s_{i-1}) */
#ifndef MODEL_INTRA_H
#define MODEL_INTRA_H

#include "model/attention.h"

struct intra {
    int state;                             /* S: width of s_i and of h_j; 0: no such attention */
    const struct parameter *hidden;        /* C; NULL: cat, where B holds it */
    const struct parameter *weight, *bias; /* B and b; sum has no b */
    const struct parameter *scale;         /* a */
};

/* groups > 0: tables with so many sets of weights. */
void intra_declare(struct intra *n, struct parameters *p, const char *form, int state, int groups);

/* Returns s_i [T, S] from x [T, E] and the initial state; h: h_j of the rows of `back`.  The GRU
 * may be one for each cluster (cluster_gru.h).  *weight: the α on the device, session by session
 * and target by target; *weights: their number.  In training with clusters they are not told. */
struct tensor *intra_run(const struct intra *n, struct tape *t, const struct gru *gru,
                         struct tensor *x, struct tensor *start, const struct ragged *steps,
                         struct tensor *h, const struct ragged *back, const struct grouped *g,
                         const float **weight, int *weights);

#endif
