/* The tape: a model calls these functions forward; the tape records them and runs them backward.
 *
 * Everything made on a tape is valid until the next tape_begin and comes from the tape's arenas:
 * training does not allocate in its hot loop.  A tensor whose `grad` is NULL gets no gradient.
 * Outside training nothing is recorded, dropout is the identity, and no tensor has a gradient. */
#ifndef NN_TAPE_H
#define NN_TAPE_H

#include "nn/ops.h"
#include "nn/parameters.h"

struct tensor {
    int rows, cols;
    float *value; /* [rows, cols] */
    float *grad;  /* [rows, cols], or NULL */
    /* If the tensor is rows of another one, unchanged: that tensor and the rows; else NULL. */
    struct tensor *table;
    const struct rows *from;
    /* The only rows whose gradient anybody reads; NULL: all rows. */
    const struct rows *learned;
};

struct tape; /* opaque */

struct tape *tape_new(struct device *d);
void tape_free(struct tape *t);

/* Begins a step and ends the life of everything on the tape.  `seed` and `step` are the key of the
 * step's dropout masks. */
void tape_begin(struct tape *t, bool training, uint64_t seed, uint64_t step);
bool tape_training(const struct tape *t);

/* Of a step in training: whether what is made from here on learns, or is as outside training. */
void tape_learn(struct tape *t, bool learns);
struct device *tape_device(const struct tape *t);

/* Memory that is valid for the step: of the host, as integers, or of the device. */
void *tape_host(struct tape *t, size_t bytes);
int32_t *tape_host_ints(struct tape *t, size_t n);
void *tape_memory(struct tape *t, size_t bytes);

/* Copies n host integers, or numbers as a tensor without a gradient, to the device. */
const int32_t *tape_ints(struct tape *t, const int32_t *host, size_t n);
struct tensor *tape_numbers(struct tape *t, const float *host, int rows, int cols);
/* The same of numbers that stay until the next step: not copied where the device is the host. */
struct tensor *tape_numbers_that_stay(struct tape *t, const float *host, int rows, int cols);

/* Says that host[i] = from[at[i]] for i < n, with `from` in the device's memory (NULL: host[i] =
 * at[i]) and none of `at` below 0.  Where that is not the host's, the functions above and below do
 * not send these numbers, or part of them, but have the device copy them: it is sent where runs of
 * adjacent or of equal places begin.  host and at are of this step and do not change any more. */
void tape_share(struct tape *t, const int32_t *host, int n, const int32_t *from, const int32_t *at);

/* Says that the first n numbers of host are those of `as`; what follows them is sent.  False: those
 * are not shared, and so these are not. */
bool tape_share_as(struct tape *t, const int32_t *host, int n, const int32_t *as);

/* Makes plans from host integers and copies them to the device (struct rows and struct ragged in
 * nn/ops.h). */
const struct rows *tape_rows(struct tape *t, const int32_t *host, int count);
const struct ragged *tape_ragged(struct tape *t, const int32_t *lengths, int count);

/* The row that is `back` rows before each row of its sequence; -1 where there is none. */
const struct rows *tape_rows_before(struct tape *t, const struct ragged *r, int back);

/* A parameter as a tensor whose gradient is that of the parameter.  Of a table this is all of it,
 * flushed; in training its update is dense. */
struct tensor *tape_parameter(struct tape *t, const struct parameter *p);

/* Blocks users->row[0 .. unique) of a table, brought up to date and copied end to end: [unique ·
 * the block's rows, cols].  Their gradient belongs to this step only; optimizer_step reads it from
 * the tape.  A second call with the same `users` in a step returns the same tensor. */
struct tensor *tape_blocks(struct tape *t, const struct parameter *p, const struct rows *users);

/* Rows of a parameter by the index of its first dimension: [count, .]; -1 gives a row of zeros.
 * Rows of a table in training: none below 0, and best one call a step for all of them, since the
 * gradients of several are added up. */
struct tensor *tape_rows_of(struct tape *t, const struct parameter *p, const int32_t *host,
                            int count);

/* tape_rows_of in two parts.  What a step plans before its first operation goes to the device in
 * one copy. */
struct planned_rows {
    const struct rows *rows,
        *place; /* rows of the parameter; which of those each is, NULL: in order */
};
struct planned_rows tape_plan_rows(struct tape *t, const struct parameter *p, const int32_t *host,
                                   int count);
struct tensor *tape_planned_rows(struct tape *t, const struct parameter *p,
                                 const struct planned_rows *r);

/* The distinct rows of a parameter among host [count], none below 0: [distinct, .].  *place (host
 * [count]) says which of them each one is. */
struct tensor *tape_different_rows(struct tape *t, const struct parameter *p, const int32_t *host,
                                   int count, const int32_t **place);

/* Plans which block each of `count` sequences uses.  *users are the distinct ones of `user` (host,
 * none below 0), for tape_blocks.  The result says which of those each sequence has, for operations
 * on the tensor that tape_blocks returns. */
const struct rows *tape_groups(struct tape *t, const int32_t *user, int count,
                               const struct rows **users);

/* A use of a table by the step: blocks and their gradient, or all of it, whose gradient is that of
 * the parameter. */
struct table_use {
    struct parameter *parameter;
    const struct rows *rows; /* NULL: all of it */
    struct tensor *tensor;
    struct table_use *before;
};

/* The uses; after tape_backward one for each table that was used. */
const struct table_use *tape_table_uses(const struct tape *t);

/* Rows from .. from + count-1 of x, without a copy. */
struct tensor *tape_part(struct tape *t, struct tensor *x, int from, int count);

/* Values [rows, cols] in device memory, without a copy and without a gradient. */
struct tensor *tape_constant(struct tape *t, float *value, int rows, int cols);

/* Zeros without a gradient, in place of a layer's bias. */
struct tensor *tape_zeros(struct tape *t, int rows, int cols);

/* Rows of a tensor; -1 gives a row of zeros. */
struct tensor *tape_gather(struct tape *t, struct tensor *table, const struct rows *r);
/* x with some of its rows, all different, replaced by the rows of `by`. */
struct tensor *tape_replace(struct tape *t, struct tensor *x, const struct rows *r,
                            struct tensor *by);
struct tensor *tape_dropout(struct tape *t, struct tensor *x, float rate);
/* The same of an x that nothing else reads: their gradients are one. */
struct tensor *tape_dropout_of(struct tape *t, struct tensor *x, float rate);
/* Which of n things a dropout of the step leaves out (host [n], 1: out); the same at every call in
 * a step.  NULL: it leaves out none. */
const unsigned char *tape_left_out(struct tape *t, size_t n, float rate);
struct tensor *tape_concat(struct tape *t, struct tensor *const *x, int count); /* columns */
struct tensor *tape_stack(struct tape *t, struct tensor *const *x, int count);  /* rows */
/* Columns from .. from + cols-1 of x; all of them: x itself. */
struct tensor *tape_columns(struct tape *t, struct tensor *x, int from, int cols);
struct tensor *tape_add(struct tape *t, struct tensor *a, struct tensor *b);
/* Each row of x times its factor, [rows, 1]. */
struct tensor *tape_scale_rows(struct tape *t, struct tensor *x, struct tensor *factor);
/* a ∘ b, of one shape. */
struct tensor *tape_multiply(struct tape *t, struct tensor *a, struct tensor *b);
/* The product of each row of a with that of b, [rows, 1]. */
struct tensor *tape_row_products(struct tape *t, struct tensor *a, struct tensor *b);
struct tensor *tape_activate(struct tape *t, enum activation a, struct tensor *x);
struct tensor *tape_mean(struct tape *t, struct tensor *x, const struct ragged *r);
/* The mean of each row and those before it in its sequence: [total, cols]. */
struct tensor *tape_mean_up_to(struct tape *t, struct tensor *x, const struct ragged *r);

/* The rows of each sequence in reverse order. */
struct tensor *tape_reverse(struct tape *t, struct tensor *x, const struct ragged *r);

/* y [rows, out] = x [rows, in] Wᵀ + b, w [out, in]; b [1, out] may be NULL. */
struct tensor *tape_linear(struct tape *t, struct tensor *x, struct tensor *w, struct tensor *b);

/* The same with columns from .. from + x->cols-1 of w, as in W [a; b] = W_a a + W_b b. */
struct tensor *tape_linear_part(struct tape *t, struct tensor *x, struct tensor *w, int from,
                                struct tensor *b);

/* y += x Wᵀ, and returns y, a linear layer's result that takes a gradient in training and that
 * nothing has read yet: W_a a + W_b b without a copy. */
struct tensor *tape_linear_onto(struct tape *t, struct tensor *x, struct tensor *w,
                                struct tensor *y);

/* Linear layers with a matrix for each user or cluster: w [G · out, .], b [G, out] or NULL; the
 * rows of sequence s use matrix group->at[s]. */
struct tensor *tape_group_linear(struct tape *t, struct tensor *x, struct tensor *w, int from,
                                 struct tensor *b, const struct ragged *r,
                                 const struct rows *group);

/* y [rows, 1] = score · relu(weight x_i + offset_g) + direct · x_i of each row i of x, g its group
 * (nn/ops.h, struct perceptron); start: device [offset->rows + 1].  x gets no gradient; in training
 * all other tensors must take one. */
struct tensor *tape_perceptron(struct tape *t, struct tensor *x, const int32_t *start,
                               struct tensor *weight, struct tensor *offset, struct tensor *score,
                               struct tensor *direct);

/* h [total, H] = GRU of x [total, in], or [total, 3H] where g has no ih, from h0 [count, H] (NULL:
 * zeros); the equations are in nn/maths.h.  Where x is rows of a table and at most half of them
 * differ, the input products are computed once for each row of the table. */
struct tensor *tape_gru(struct tape *t, const struct gru *g, struct tensor *x, struct tensor *h0,
                        const struct ragged *r);

/* y [total, 2H] = [h; c] of an LSTM of x [total, in], or [total, 4H] where l has no ih, from y0
 * [count, 2H] (NULL: zeros); repeated rows of x as in tape_gru. */
struct tensor *tape_lstm(struct tape *t, const struct lstm *l, struct tensor *x, struct tensor *y0,
                         const struct ragged *r);

/* y [count, cols] = Σ_j α_j value_j with α = softmax_j(scale · tanh(key_j)) over the rows j of each
 * sequence.  key [total, width], value [total, cols]; scale [G, width], one row for each group
 * (group NULL: one row for all).  *weight (may be NULL) = α [total]. */
struct tensor *tape_attend(struct tape *t, struct tensor *key, struct tensor *scale,
                           struct tensor *value, const struct ragged *r, const struct rows *group,
                           float **weight);

/* A GRU with attention to a memory in every step (nn/ops.h, gru_attend): its input is [x; c]. */
struct tape_memory {
    const struct ragged *rows;
    struct tensor *key, *value;   /* [rows->total, .] */
    struct tensor *query, *scale; /* [G · width, H or more], [G, width] */
    const struct rows *group;     /* NULL: one for all */
};
/* The attention weights of each row, end to end: over the memory rows of its sequence. */
struct attention_weights {
    const float *weight; /* device [total] */
    const int32_t *at;   /* host [rows + 1] where each row's weights begin */
    int total;
};
struct tensor *tape_gru_attend(struct tape *t, const struct gru *g, struct tensor *x,
                               struct tensor *h0, const struct ragged *r,
                               const struct tape_memory *m, struct attention_weights *weights);

/* y_t = Σ_j scale · σ(query_t + key_j) value_j over the rows j <= t of its sequence (Li et al.
 * 2017, eq.  6 to 8), without softmax.  query, key [total, width], scale [1, width], value and y
 * [total, cols].  All tensors must take a gradient in training. */
struct tensor *tape_attend_up_to(struct tape *t, struct tensor *query, struct tensor *key,
                                 struct tensor *scale, struct tensor *value, const struct ragged *r,
                                 struct attention_weights *weights);

/* The same with weights that depend on the rows attended to alone, with the energies e [total, 1]:
 * weight_tj = softmax_{j <= t}(e_j), or σ(e_j). */
struct tensor *tape_soften_up_to(struct tape *t, struct tensor *e, struct tensor *value,
                                 const struct ragged *r, struct attention_weights *weights);
struct tensor *tape_sigmoid_up_to(struct tape *t, struct tensor *e, struct tensor *value,
                                  const struct ragged *r, struct attention_weights *weights);

/* Self-attention of several heads (nn/ops.h, struct heads) over sequences.  x [total, 3 · width]
 * has query, key and value of each row side by side. */
struct tape_heads {
    struct heads op;
    const struct ragged *rows;
    const int32_t *at; /* host: op.at */
};
const struct tape_heads *tape_heads(struct tape *t, const struct ragged *r, int heads, int width);

/* [heads · weights, 1]: the weights with which each row attends to the rows up to itself. */
struct tensor *tape_head_weights(struct tape *t, const struct tape_heads *h, struct tensor *x);

/* [total, width]: the sums of the values by these weights; x must take a gradient in training. */
struct tensor *tape_head_sums(struct tape *t, const struct tape_heads *h, struct tensor *weight,
                              struct tensor *x);

/* Each row of x to mean 0 and variance 1, then times gain plus bias [1, cols].  All tensors must
 * take a gradient in training. */
struct tensor *tape_layer_norm(struct tape *t, struct tensor *x, struct tensor *gain,
                               struct tensor *bias);

/* Each row of x to length 1; a row of zeros stays.  No gradient goes through it. */
struct tensor *tape_normalize(struct tape *t, struct tensor *x);

/* Numbers that are added to some of the scores (nn/ops.h, struct additions). */
struct tape_additions {
    const int32_t *start, *item; /* device [T + 1], [value->rows] */
    struct tensor *value;        /* [count, 1]; NULL: there are none */
};

/* A bias of the output layer, [1, N], for a device with shards (nn/shards.h): own + factor · number
 * for each item.  own NULL: zeros; factor [1, 1].  number [N] and room [N] are spread tables, and
 * so is grad [N], which is NULL where the bias does not learn. */
struct tape_spread_bias {
    struct tensor *own, *factor;
    const float *number;
    float *room, *grad;
};
struct tensor *tape_spread_bias(struct tape *t, const struct tape_spread_bias *b, int items);

/* Zeros in place of the bias of all items, without a gradient. */
struct tensor *tape_no_bias(struct tape *t, int items);

/* Mean over the targets of the cross-entropy -log softmax(state weightᵀ + bias + add)[target] over
 * all items; state [T, H], weight [N, H], bias [N], target: device [T].  Returns the losses
 * [T], on the device.  add NULL: nothing.  The backward pass starts here: adds to the gradients
 * of state, weight, bias and additions at once. */
float *tape_output_loss(struct tape *t, struct tensor *state, struct tensor *weight,
                        struct tensor *bias, const struct tape_additions *add,
                        const int32_t *target);

/* The same with gradients times the factor, above 0, and without additions. */
float *tape_scaled_output_loss(struct tape *t, struct tensor *state, struct tensor *weight,
                               struct tensor *bias, const int32_t *target, float factor);

/* The same with a teacher: by is of the device (nn/ops.h, struct taught). */
float *tape_output_distill(struct tape *t, struct tensor *state, struct tensor *weight,
                           struct tensor *bias, const struct tape_additions *add,
                           const int32_t *target, const struct taught *by);

/* Mean of 1 - the cosine of the angle between the rows of y and aim [T, cols].  Returns the losses
 * [T], on the device.  The backward pass starts here. */
float *tape_cosine_loss(struct tape *t, struct tensor *y, struct tensor *aim);

/* The additions in the form of the operations. */
struct additions tape_additions_of(const struct tape_additions *a);

/* The items that a loss compares: the targets of the batch and negatives (host arrays).  Target i
 * is item[own[i]], and its owner is owner[own[i]]. */
struct candidates {
    int count;
    const int32_t *item;     /* [count] */
    const int32_t *own;      /* [targets] */
    const int32_t *owner;    /* [count] candidates of one owner are not compared; -1: nobody's */
    const float *correction; /* [count] subtracted from negatives' scores; NULL: none */
    /* Items that are no negatives for target i: spared[spared_at[i] .. spared_at[i + 1]),
     * ascending; spared_at NULL: there are none. */
    const int32_t *spared_at, *spared;
};

/* Candidates on the device, with the rows of weight and bias (may be NULL) that belong to them.
 * target: host [targets]. */
struct planned_candidates {
    struct sampled_scores scores; /* without the scores */
    struct planned_rows weight, bias;
};
const struct planned_candidates *
tape_plan_candidates(struct tape *t, const struct parameter *weight, const struct parameter *bias,
                     const struct candidates *c, const int32_t *target, int targets);

/* Mean loss over candidates (nn/ops.h, enum loss_kind and sampled_loss); state [T, H], and of the
 * candidates weight [S, H] and bias [S, 1] (NULL: none).  Returns the losses [T], on the device.
 * The backward pass starts here. */
float *tape_sampled_loss(struct tape *t, enum loss_kind kind, struct tensor *state,
                         struct tensor *weight, struct tensor *bias,
                         const struct planned_candidates *c);

/* Runs the backward pass, which leaves the gradients of parameters with them or in the uses of
 * tables. */
void tape_backward(struct tape *t);

#endif
