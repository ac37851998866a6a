/* What models that attend share: what energies stand on, and the layer that makes weights of them:
 *
 *     e_j = aᵀ tanh(B x_j + b),  α = softmax(e) over each sequence,  Σ_j α_j value_j */
#ifndef MODEL_ATTENTION_H
#define MODEL_ATTENTION_H

#include "model/lookback.h"

/* ---- what the energies of earlier sessions stand on: x_j, side by side in this order ---- */

enum energy_part { ATTEND_HIDDEN, ATTEND_DELTA, ATTEND_WEEK, ATTEND_AGE, ATTEND_KINDS };

struct energies {
    bool on[ATTEND_KINDS];
    const struct parameter *delta, *week, *age, *age_bias;
};

/* Reads "hidden,delta,week,age": some of them, once each.  allowed: which the model has.  64. */
int energies_read(struct energies *n, const char *list, const bool allowed[ATTEND_KINDS],
                  struct err *e);
bool energies_any(const struct energies *n);

/* Width of x_j, where a state is `state` wide and an embedding of a time `size`. */
int energies_width(const struct energies *n, int state, int size);

/* The embeddings of times, `size` wide.  That of an age is a smooth function of it, tanh(W f + b):
 * f of a seconds is its hours as ln(1 + a / 3600) / ln 169, which is 1 at a week, and sine and
 * cosine of its part of a day and of a week; of no session 0. */
void energies_declare(struct energies *n, struct parameters *p, int size, int32_t delta_buckets);

/* x [total, width] of the history's rows; states: their h_j. */
struct tensor *energies_over(const struct energies *n, struct tape *t, struct tensor *states,
                             const struct lookback_sessions *h);

/* ---- one set of weights for all, or one for each user or cluster ---- */

/* Which block of the tables each sequence takes; {NULL, NULL}: the weights are one for all. */
struct grouped {
    const struct rows *group, *users;
};

/* Reads a list of levels with weights for each user: `first`, `second` or both.  64. */
int grouped_read(bool on[2], const char *list, const char *first, const char *second,
                 struct err *e);

/* Of sequences of those users; host [count]. */
struct grouped grouped_by(const struct model *m, struct tape *t, const int32_t *user, int count);

/* A layer's parameter under NAME and suffix: [rows, cols], and with `groups` > 0 a table with a
 * first dimension more.  rows 0: a vector. */
struct parameter *grouped_parameter(struct parameters *p, const char *name, const char *suffix,
                                    int groups, int rows, int cols, float bound);

/* It as a tensor: those blocks of a table that the sequences take. */
struct tensor *grouped_tensor(struct tape *t, const struct parameter *p, const struct grouped *g);

/* x W[., from .. from + cols of x]ᵀ + b (NULL: none), for the rows of each sequence. */
struct tensor *grouped_linear(struct tape *t, struct tensor *x, const struct parameter *w, int from,
                              const struct parameter *b, const struct ragged *rows,
                              const struct grouped *g);

/* ---- the layer ---- */

struct attention_layer {
    const struct parameter *weight, *bias, *scale;
};

/* NAME.weight [width, in] and .bias [width], NAME_scale.weight [1, width]; groups as above. */
void attention_declare(struct attention_layer *a, struct parameters *p, const char *name, int width,
                       int in, int groups);

/* [sequences, cols of value]; *weight: device [total], the α. */
struct tensor *attention_over(const struct attention_layer *a, struct tape *t, struct tensor *x,
                              struct tensor *value, const struct ragged *rows,
                              const struct grouped *g, const float **weight);

#endif
