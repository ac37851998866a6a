/* The tape: a model calls these functions forward; the tape remembers them and runs them backward.
 *
 * Everything made on a tape lives in its arena until the next tape_begin: no allocation in the hot
 * loop.  A tensor without `grad` takes no gradient.  Outside training nothing is remembered,
 * dropout is the identity and no gradients are kept. */
#ifndef NN_TAPE_H
#define NN_TAPE_H

#include "nn/ops.h"
#include "nn/parameters.h"

struct tensor {
    int rows, cols;
    float *value; /* [rows, cols] */
    float *grad;  /* the same, or NULL */
    /* Where it is rows of another tensor, as they are: that, and which; else NULL. */
    struct tensor *table;
    const struct rows *from;
    /* The rows whose gradient is read, where the others' is of no use; NULL: all. */
    const struct rows *learned;
};

struct tape; /* opaque */

struct tape *tape_new(struct device *d);
void tape_free(struct tape *t);

/* Empties the arena.  `seed` and `step` key the dropout masks of a training step. */
void tape_begin(struct tape *t, bool training, uint64_t seed, uint64_t step);
bool tape_training(const struct tape *t);
struct device *tape_device(const struct tape *t);

/* Memory of the step, host (n integers are asked for most) or device. */
void *tape_host(struct tape *t, size_t bytes);
int32_t *tape_host_ints(struct tape *t, size_t n);
void *tape_memory(struct tape *t, size_t bytes);

/* Host integers to the device. */
const int32_t *tape_ints(struct tape *t, const int32_t *host, size_t n);

/* Plans made from host integers, uploaded. */
const struct rows *tape_rows(struct tape *t, const int32_t *host, int count);
const struct ragged *tape_ragged(struct tape *t, const int32_t *lengths, int count);

/* A parameter as a tensor: its gradient goes to the parameters' gradient buffer.  A table is all of
 * it, brought to the last step, and takes no gradient. */
struct tensor *tape_parameter(struct tape *t, const struct parameter *p);

/* The blocks users->row[0 .. unique) of a table, brought to the last step, end to end: [unique ·
 * the block's rows, cols].  Their gradient is of this step alone; optimizer_step takes it from the
 * tape.  Asked for again in the same step, it is the same tensor: `users` must be the same. */
struct tensor *tape_sparse(struct tape *t, const struct parameter *p, const struct rows *users);

/* Rows of a parameter, the first dimension's, -1 for a row of zeros: [count, .].  Of a table that
 * is learned from they are asked for once a step, all of them together, and none is below 0. */
struct tensor *tape_rows_of(struct tape *t, const struct parameter *p, const int32_t *host,
                            int count);

/* The same in two parts: what is planned, of all that a step takes, before the step's first
 * operation goes to the device in one copy. */
struct planned_rows {
    const struct rows *rows, *place; /* of the parameter; of those, NULL: as they stand */
};
struct planned_rows tape_plan_rows(struct tape *t, const struct parameter *p, const int32_t *host,
                                   int count);
struct tensor *tape_planned_rows(struct tape *t, const struct parameter *p,
                                 const struct planned_rows *r);

/* All of a parameter; of a table that is learned from, all rows are sparse. */
struct tensor *tape_whole(struct tape *t, const struct parameter *p);

/* The different rows among them, [., .], and in *place (host [count]) where each of them stands
 * there: for who takes them in several parts.  None is below 0. */
struct tensor *tape_different_rows(struct tape *t, const struct parameter *p, const int32_t *host,
                                   int count, const int32_t **place);

/* Which block each of `count` sequences takes: *users are the different ones of `user` (host, none
 * below 0), for tape_sparse; the result is each sequence's place among them, for the operations
 * on what that gives. */
const struct rows *tape_groups(struct tape *t, const int32_t *user, int count,
                               const struct rows **users);

/* What optimizer_step updates; the newest first. */
struct sparse_update {
    const struct parameter *parameter;
    const struct rows *rows;
    struct tensor *tensor;
    const struct sparse_update *before;
};
const struct sparse_update *tape_all_sparse(const struct tape *t);

/* Rows from .. from + count of x where they stand. */
struct tensor *tape_part(struct tape *t, struct tensor *x, int from, int count);

/* Values that nothing is learned through, [rows, cols] of device memory, not copied. */
struct tensor *tape_constant(struct tape *t, float *value, int rows, int cols);

/* Zeros that nothing is learned through: for a layer without its bias. */
struct tensor *tape_zeros(struct tape *t, int rows, int cols);

/* Rows of a tensor, -1 for a row of zeros. */
struct tensor *tape_gather(struct tape *t, struct tensor *table, const struct rows *r);
/* x with some of its rows, which differ, replaced by those of `by`. */
struct tensor *tape_replace(struct tape *t, struct tensor *x, const struct rows *r,
                            struct tensor *by);
struct tensor *tape_dropout(struct tape *t, struct tensor *x, float rate);
struct tensor *tape_concat(struct tape *t, struct tensor *const *x, int count); /* columns */
struct tensor *tape_stack(struct tape *t, struct tensor *const *x, int count);  /* rows */
struct tensor *tape_add(struct tape *t, struct tensor *a, struct tensor *b);
struct tensor *tape_activate(struct tape *t, enum activation a, struct tensor *x);
struct tensor *tape_mean(struct tape *t, struct tensor *x, const struct ragged *r);

/* The rows of each sequence backwards. */
struct tensor *tape_reverse(struct tape *t, struct tensor *x, const struct ragged *r);

/* y = x Wᵀ + b; b may be NULL. */
struct tensor *tape_linear(struct tape *t, struct tensor *x, struct tensor *w, struct tensor *b);

/* The same with the columns from .. from + x->cols of w: W [a; b] = W_a a + W_b b. */
struct tensor *tape_linear_part(struct tape *t, struct tensor *x, struct tensor *w, int from,
                                struct tensor *b);

/* The same with a matrix for each sequence: w [G · out, .], b [G, out] or NULL; the rows of
 * sequence s take matrix group->at[s]. */
struct tensor *tape_group_linear(struct tape *t, struct tensor *x, struct tensor *w, int from,
                                 struct tensor *b, const struct ragged *r,
                                 const struct rows *group);

/* Where the inputs are rows of a table, and enough of them are equal, the input products are those
 * of the table, made once. */
struct tensor *tape_gru(struct tape *t, const struct gru *g, struct tensor *x, struct tensor *h0,
                        const struct ragged *r);

/* Σ softmax(scale · tanh(key)) value over each sequence; *weight (may be NULL) [total] are the
 * attention weights.  scale [G, width], as group (NULL: one for all). */
struct tensor *tape_attend(struct tape *t, struct tensor *key, struct tensor *scale,
                           struct tensor *value, const struct ragged *r, const struct rows *group,
                           float **weight);

/* A GRU that looks back at every step (device.h, gru_attend): its input is [x; c]. */
struct tape_memory {
    const struct ragged *rows;
    struct tensor *key, *value;   /* [rows->total, .] */
    struct tensor *query, *scale; /* [G · width, H or more], [G, width] */
    const struct rows *group;     /* NULL: one for all */
};
/* Of each row, its weights over the memory rows of its sequence, end to end. */
struct attention_weights {
    const float *weight; /* device [total] */
    const int32_t *at;   /* host [rows + 1] where those of each row begin */
    int total;
};
struct tensor *tape_gru_attend(struct tape *t, const struct gru *g, struct tensor *x,
                               struct tensor *h0, const struct ragged *r,
                               const struct tape_memory *m, struct attention_weights *weights);

/* Each row's Σ_j scale · σ(query + key_j) value_j over the rows j of its sequence up to itself (Li
 * et al. 2017, eq. 6 to 8).  All but *weights take a gradient. */
struct tensor *tape_attend_up_to(struct tape *t, struct tensor *query, struct tensor *key,
                                 struct tensor *scale, struct tensor *value, const struct ragged *r,
                                 struct attention_weights *weights);

/* Mean cross-entropy over the whole vocabulary; the gradient starts here, of a bias that takes one
 * too.  Losses [targets] stay on the device. */
float *tape_output_loss(struct tape *t, struct tensor *state, struct tensor *weight,
                        struct tensor *bias, const int32_t *target);

/* The items over which a loss goes: the targets of the batch, each the column own[i] of its row,
 * and negatives (host arrays). */
struct candidates {
    int count;
    const int32_t *item;     /* [count] */
    const int32_t *own;      /* [targets] */
    const float *correction; /* [count] taken from negatives' scores; NULL: none */
};

/* The same on the device, with the rows that they have in weight and bias (which may be NULL), one
 * an item in each.  target: host [targets] */
struct planned_candidates {
    int count;
    const int32_t *item, *own, *target;
    const float *correction;
    struct planned_rows weight, bias;
};
const struct planned_candidates *
tape_plan_candidates(struct tape *t, const struct parameter *weight, const struct parameter *bias,
                     const struct candidates *c, const int32_t *target, int targets);

/* The mean of such a loss (device.h, sampled_loss); the gradient starts here.  Losses [targets]
 * stay on the device. */
float *tape_sampled_loss(struct tape *t, enum loss_kind kind, struct tensor *state,
                         const struct parameter *weight, const struct parameter *bias,
                         const struct planned_candidates *c);

/* Runs everything backward; gradients of parameters are added to their buffer. */
void tape_backward(struct tape *t);

#endif
