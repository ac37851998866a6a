/* Attention over sessions, shared by models: inputs of the energies, and the attention layer:
 *
 *     e_j = aᵀ tanh(B x_j + b),  α = softmax(e) over each sequence,  Σ_j α_j value_j */
#ifndef MODEL_ATTENTION_H
#define MODEL_ATTENTION_H

#include "model/lookback.h"

/* ---- inputs x_j of the energies of earlier sessions, concatenated in this order ---- */

enum energy_part { ATTEND_HIDDEN, ATTEND_DELTA, ATTEND_WEEK, ATTEND_AGE, ATTEND_KINDS };

struct energies {
    bool on[ATTEND_KINDS];
    const struct parameter *delta, *week, *age, *age_bias;
};

/* Reads a list like "hidden,delta,week,age", each at most once.  allowed: those of the model.  64.
 */
int energies_read(struct energies *n, const char *list, const bool allowed[ATTEND_KINDS],
                  struct err *e);
bool energies_any(const struct energies *n);

/* The width of x_j for states of width `state` and embeddings of times of width `size`. */
int energies_width(const struct energies *n, int state, int size);

/* Declares the embeddings of times, of width `size`.  The embedding of an age of a seconds is
 * tanh(W f + b); the features f are ln(1 + a / 3600) / ln 169, which is 1 at a week, and sine and
 * cosine of its position in a day and in a week.  Without a session f is 0. */
void energies_declare(struct energies *n, struct parameters *p, int size, int32_t delta_buckets);

/* x [total, width] for the rows of the history; states: h_j. */
struct tensor *energies_over(const struct energies *n, struct tape *t, struct tensor *states,
                             const struct lookback_sessions *h);

/* ---- one set of weights for all users, or one for each user or cluster ---- */

/* The set of weights of each sequence; {0}: one set for all. */
struct grouped {
    const struct rows *group, *users;
    const int32_t *of; /* host: the number of each sequence's set */
};

/* Reads the list of an option such as --per-user, some of these levels (NULL-terminated), into one
 * flag for each.  64. */
int grouped_read(bool on[], const char *option, const char *list, const char *const level[],
                 struct err *e);

/* For sequences of these users; user: host [count]. */
struct grouped grouped_by(const struct model *m, struct tape *t, const int32_t *user, int count);

/* Declares a layer's parameter NAME + suffix: [rows, cols], or [groups, rows, cols] if groups > 0.
 * rows 0: a vector. */
struct parameter *grouped_parameter(struct parameters *p, const char *name, const char *suffix,
                                    int groups, int rows, int cols, float bound);

/* The parameter as a tensor: the sets of weights of the sequences. */
struct tensor *grouped_tensor(struct tape *t, const struct parameter *p, const struct grouped *g);

/* x W[:, from .. from + cols of x]ᵀ + b (b NULL: none), for the rows of each sequence. */
struct tensor *grouped_linear(struct tape *t, struct tensor *x, const struct parameter *w, int from,
                              const struct parameter *b, const struct ragged *rows,
                              const struct grouped *g);

/* ---- the layer ---- */

struct attention_layer {
    const struct parameter *weight, *bias, *scale;
};

/* Declares NAME.weight [width, in], NAME.bias [width] and NAME_scale.weight [1, width]; groups as
 * above. */
void attention_declare(struct attention_layer *a, struct parameters *p, const char *name, int width,
                       int in, int groups);

/* Returns [sequences, cols of value]; *weight: device [total], the α. */
struct tensor *attention_over(const struct attention_layer *a, struct tape *t, struct tensor *x,
                              struct tensor *value, const struct ragged *rows,
                              const struct grouped *g, const float **weight);

#endif
