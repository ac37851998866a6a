/* What models that attend share: what energies stand on, and the layer that makes weights of them:
 *
 *     e_j = aᵀ tanh(B x_j + b),  α = softmax(e) over each sequence,  Σ_j α_j value_j */
#ifndef MODEL_ATTENTION_H
#define MODEL_ATTENTION_H

#include "model/history.h"

/* ---- what the energies of earlier sessions stand on: x_j, side by side in this order ---- */

enum attended { ATTEND_HIDDEN, ATTEND_DELTA, ATTEND_WEEK, ATTEND_KINDS };

struct energies {
    bool on[ATTEND_KINDS];
    const struct parameter *delta, *week;
};

/* Reads "hidden,delta,week": some of them, once each.  allowed: which the model has.  64. */
int energies_read(struct energies *n, const char *list, const bool allowed[ATTEND_KINDS],
                  struct err *e);
bool energies_any(const struct energies *n);

/* Width of x_j, where a state is `state` wide and an embedding of a time `size`. */
int energies_width(const struct energies *n, int state, int size);

/* The embeddings of times, `size` wide. */
void energies_declare(struct energies *n, struct parameters *p, int size, int32_t delta_buckets);

/* x [total, width] of the history's rows; states: their h_j. */
struct tensor *energies_over(const struct energies *n, struct tape *t, struct tensor *states,
                             const struct history *h);

/* ---- the layer ---- */

struct attention_layer {
    const struct parameter *weight, *bias, *scale;
};

/* NAME.weight [width, in] and .bias [width], NAME_scale.weight [1, width]. */
void attention_declare(struct attention_layer *a, struct parameters *p, const char *name, int width,
                       int in);

/* [sequences, cols of value]; *weight: device [total], the α. */
struct tensor *attention_over(const struct attention_layer *a, struct tape *t, struct tensor *x,
                              struct tensor *value, const struct ragged *rows,
                              const float **weight);

#endif
