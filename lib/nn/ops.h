/* The table of operations: all computations of a model, one row an operation.  Each device, the CPU
 * and each other kind, fills it once.
 *
 * Matrices are row-major float32.  Pointers are memory of the device, from its `alloc`, unless a
 * comment says host.  "+=" marks outputs that are added to.  Ragged rows are end to end without
 * padding (struct ragged).  Any size is legal, 0 rows included.  No operation allocates after the
 * first step of its size.  Results depend on the arguments only, so that a run repeats byte for
 * byte on the same device with the same number of threads.
 *
 * nn/maths.h has the maths of the operations (gates, their gradients, update rules, pieces of the
 * softmax) once for every device. */
#ifndef NN_OPS_H
#define NN_OPS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

struct quantized; /* an 8-bit copy of weights, as its device keeps it */
struct device;    /* a device's own state (threads, workspace); first member: the table */
struct shards;    /* tables whose rows are spread over processes (nn/shards.h) */

/* Row numbers of a table, and the plan by which gradients are added back in a fixed order:
 * positions with equal rows are together, in the order in which they were given.  -1 is a row of
 * zeros. */
struct rows {
    int count;
    const int32_t *at;    /* [count] row of each position; -1: zeros, no gradient */
    int unique;           /* different rows, without -1 */
    const int32_t *row;   /* [unique] ascending */
    const int32_t *start; /* [unique + 1] into order */
    const int32_t *order; /* positions of `at`, grouped by row */
    const int32_t *host;  /* [unique] `row` on the host; NULL: not there */
};

/* Sequences end to end: sequence s has rows start[s] .. start[s+1]-1.  The packed order has the
 * first row of every sequence, the longest sequence first, then every second row, and so on: at
 * step t the first running[t] of the packed sequences have a row. */
struct ragged {
    int count, total, longest; /* sequences, rows, rows of the longest */
    const int32_t *start;      /* [count + 1] */
    const int32_t *owner;      /* [total] sequence of each row */
    const int32_t *sequence;   /* [count] packed place -> sequence */
    const int32_t *packed;     /* [total] packed position -> row */
    const int32_t *running;    /* host [longest] sequences that have a row at each step */
    const int32_t *length;     /* host [count] */
};

/* One GRU layer (equations in nn/maths.h and models.md): in = input size, H = state size; gates
 * stacked r, z, n. */
struct gru_weights {
    int in, state;
    bool reset_before; /* n = tanh(W_in x + b_in + W_hn(r∘h) + b_hn) */
    /* [3H, in], [3H, H]; ih NULL with in = 0: the input is W_ih x already, [., 3H] */
    const float *ih, *hh;
    const float *ih_bias, *hh_bias; /* [3H] */
    /* The only sequences whose gradient of h0 is read; a device may skip the others.  NULL: all. */
    const struct rows *begun;
};

struct gru_grads { /* of an LSTM too; all += */
    float *ih, *hh, *ih_bias, *hh_bias;
};

/* One LSTM layer (equations in nn/maths.h); gates stacked i, f, g, o.  Its states are the rows
 * [h; c], 2H wide. */
struct lstm_weights {
    int in, state; /* in, H */
    /* [4H, in], [4H, H]; ih NULL with in = 0: the input is W_ih x already, [., 4H] */
    const float *ih, *hh;
    const float *ih_bias, *hh_bias; /* [4H] */
};

/* The memory that a GRU attends to in each step (models.md, "--intra"); G matrices, one a user or
 * cluster. */
struct memory {
    const struct ragged *rows; /* memory rows of each sequence; count = the number of sequences */
    int width, cols;           /* of keys, of values */
    const float *key, *value;  /* [rows->total, width], [rows->total, cols] */
    const float *query;        /* [G, width, ld]: W_q in the first H columns of each row */
    int ld;
    const float *scale;       /* [G, width] */
    const struct rows *group; /* matrix of each sequence; NULL: all use the first */
    const int32_t *at;        /* [r->total + 1] where each row's weights begin */
    int weights;              /* at[r->total], on the host */
};

struct memory_grads { /* shapes as above; all +=; NULL: not wanted */
    float *key, *value, *query, *scale;
};

/* Self-attention of several heads over sequences end to end, in which each row attends to the rows
 * of its sequence up to itself.  The columns of a query, key or value are split into `count` equal
 * parts, one a head; the rows of these matrices are `ld` floats apart. */
struct heads {
    int count, width, ld; /* width: of all heads together, a multiple of count */
    const int32_t *at;    /* [total + 1] where each row's weights begin among those of a head */
    int weights;          /* at[total], on the host: those of a head; one head after another */
};

enum activation { ACTIVATION_TANH, ACTIVATION_SIGMOID, ACTIVATION_RELU };

/* The key of a dropout mask (models.md): the mask of element i of a tensor depends only on the key
 * and i. */
struct dropout_key {
    uint64_t seed, step;
    uint32_t tensor; /* number of the dropout within the step */
    float rate;
};

enum optimizer_kind { OPTIMIZER_SGD, OPTIMIZER_ADAM, OPTIMIZER_ADAGRAD };

struct update {
    enum optimizer_kind kind;
    float rate, momentum, weight_decay;
    float scale;  /* factor of the gradients, applied first (clipping); 1: none */
    int64_t step; /* from 1: Adam's bias correction */
};

/* Losses over a target's score y_i and the scores y_j of n negatives, with s = softmax(y_j):
 *
 *     cross-entropy  -log softmax(y)_i over target and negatives
 *     TOP1           1/n Σ_j σ(y_j - y_i) + σ(y_j²)                    (Hidasi et al. 2016)
 *     BPR            -1/n Σ_j log σ(y_i - y_j)                         (Rendle et al. 2009)
 *     hinge          1/n Σ_j max(0, 1 + y_j - y_i)
 *     TOP1-max       Σ_j s_j (σ(y_j - y_i) + σ(y_j²))                  (Hidasi & Karatzoglou 2018)
 *     BPR-max        -log Σ_j s_j σ(y_i - y_j)                         (the same)
 *
 * A target without negatives has loss 0 and no gradient. */
enum loss_kind { LOSS_CROSS_ENTROPY, LOSS_TOP1, LOSS_BPR, LOSS_TOP1_MAX, LOSS_BPR_MAX, LOSS_HINGE };

/* A perceptron with one hidden layer, which gives each row of x a number; the rows are end to end
 * by groups, which differ by an offset of the hidden units:
 *
 *     y_i = score · relu(weight x_i + offset_g) + direct · x_i          row i is of group g
 *
 * For many rows of a few numbers: the hidden units are nowhere kept, the backward pass computes
 * them again. */
struct perceptron {
    int rows, groups, in, hidden;
    const int32_t *start; /* [groups + 1] where each group's rows begin, the last one the end */
    const float *x;       /* [rows, in] */
    const float *weight;  /* [hidden, in] */
    const float *offset;  /* [groups, hidden] */
    const float *score;   /* [hidden] */
    const float *direct;  /* [in] */
};

struct perceptron_grads { /* shapes as above; all += */
    float *weight, *offset, *score, *direct;
};

/* Numbers that are added to some of the scores of each row: row t has those from start[t] to
 * start[t + 1] - 1, of items that are all different. */
struct additions {
    int count;
    const int32_t *start; /* [T + 1] */
    const int32_t *item;  /* [count] */
    const float *value;   /* [count] */
    float *grad;          /* [count] += from output_loss; NULL: not wanted */
};

/* The scores of S candidates, some of which are the T targets.  The negatives of a target are the
 * candidates of other items and of other owners, without those spared for it. */
struct sampled_scores {
    int targets, candidates;  /* T, S */
    const float *score;       /* [T, S] */
    const int32_t *own;       /* [T] the candidate that is the target itself */
    const int32_t *target;    /* [T] its item */
    const int32_t *item;      /* [S] */
    const int32_t *owner;     /* [S] the slot or session whose target it is; -1: nobody's */
    const int32_t *spared_at; /* [T + 1] where each target's part of `spared` begins; NULL: none */
    const int32_t *spared;    /* candidates, ascending for each target */
    const float *correction;  /* [S] subtracted from negatives' scores first; NULL: none */
};

/* Joins what several devices know, each of a part of the items (nn/shards.h).  The device calls
 * these functions for one chunk of targets after the other, first .. first + rows - 1, in the
 * thread that called the operation, with arrays of the host. */
struct output_join {
    void *of;
    int rows; /* of every chunk but the last: all devices take the same ones */
    /* score [rows] of the targets that the part has, any of the others: becomes that of all.
     * output_rank alone calls it, before the next one */
    void (*scores)(const struct output_join *j, int first, int rows, float *score);
    /* reference, total [rows] = a number near the maximum of the part's scores and
     * Σ e^(score - reference), NaN where a score is not finite, become those of all items; so does
     * score (NULL: is known already) */
    void (*sums)(const struct output_join *j, int first, int rows, float *reference, double *total,
                 float *score);
};

/* The output layer over all N items, for T states of width H. */
struct output_layer {
    int targets, width, items;  /* T, H, N */
    float factor;               /* of output_loss's gradients; 0: 1 */
    const float *state;         /* [T, H] */
    const float *weight, *bias; /* [N, H], [N] */
    const int32_t *target;      /* [T] */
    /* [N] 1: a candidate for every target, 0: for none (output_rank); NULL: all are candidates */
    const unsigned char *candidate;
    struct additions add; /* count 0: none */
    /* The items are a part of all, and other devices have the rest: a target of -1 is among those.
     * NULL: these are all.  output_loss, output_distill and output_rank alone know it. */
    const struct output_join *join;
};

/* The share that each target's gradients have in those of the mean loss. */
static inline float output_share(const struct output_layer *o)
{
    return (o->factor > 0 ? o->factor : 1.0f) / (float)o->targets;
}

/* What a trained model, the teacher, says of the targets of another over the same items (Hinton et
 * al. 2015): with q and s the softmax of the scores of both, and λ the target's share,
 *
 *     loss = -(1 - λ) log q[target] - λ Σ_i s_i log q_i,  s = softmax(teacher / temperature)
 */
struct taught {
    int width; /* of the teacher's states */
    float temperature;
    const float *state, *weight, *bias; /* [T, width], [N, width], [N] */
    const float *share;                 /* [T] from 0 to 1 */
};

#define DEVICE_OPERATIONS(OP)                                                                      \
    /* ---- memory ---- */                                                                         \
    OP(void *, alloc, (struct device * d, size_t bytes))                                           \
    OP(void, release, (struct device * d, void *p))                                                \
    OP(void, upload, (struct device * d, void *to, const void *from_host, size_t bytes))           \
    /* upload to memory that nothing has used since the step before this one began: a GPU copies   \
     * while it still computes that step, and copies adjacent pieces that are sent between two     \
     * operations together */                                                                      \
    OP(void, send, (struct device * d, void *to, const void *from_host, size_t bytes))             \
    OP(void, download, (struct device * d, void *to_host, const void *from, size_t bytes))         \
    OP(void, fill, (struct device * d, float *to, float value, size_t n))                          \
    OP(void, copy, (struct device * d, float *to, const float *from, size_t n))                    \
    OP(void, add, (struct device * d, float *to, const float *from, size_t n)) /* to += from */    \
    /* ---- numbers for the host without making it wait ---- */                                    \
    /* Begins a copy to host memory of the device; returns a ticket.  `fetched` waits for the      \
     * copy and returns its memory, which is valid until two more fetches have begun */            \
    OP(int, fetch, (struct device * d, const void *from, size_t bytes))                            \
    OP(const void *, fetched, (struct device * d, int ticket))                                     \
    /* Marks the begin of a step (batch), for `send` */                                            \
    OP(void, step, (struct device * d))                                                            \
    /* ---- plans of a step, made of a few numbers for each sequence ---- */                       \
    /* to[start[i] .. start[i + 1]) = from[at[i] ..], or where at[i] is below 0 from[~at[i]] all   \
     * along; i < count; start[0] = 0 */                                                           \
    OP(void, runs,                                                                                 \
       (struct device * d, int count, const int32_t *start, const int32_t *at,                     \
        const int32_t *from, int32_t *to))                                                         \
    /* the plan (struct rows) of at [count], -1 or below `rows`; `order` has room for              \
     * as there are positions.  place [count] = which of the different rows each position has, -1: \
     * none; NULL: not wanted */                                                                   \
    OP(void, plan,                                                                                 \
       (struct device * d, int count, int32_t rows, const int32_t *at, int32_t *place,             \
        int32_t *row, int32_t *start, int32_t *order))                                             \
    /* owner, packed (struct ragged) from start and sequence; after [count + 1] = rows of the      \
     * sequences from each place of `sequence` on */                                               \
    OP(void, pack,                                                                                 \
       (struct device * d, int count, const int32_t *start, const int32_t *sequence,               \
        const int32_t *after, int32_t *owner, int32_t *packed))                                    \
    /* at [total + 1]: the weights of row k of sequence s begin at first[s] + k each[s]; each      \
     * NULL: at first[s] + k (k + 1) / 2, where each row has one for each row up to itself; first  \
     * [count + 1] */                                                                              \
    OP(void, weight_places,                                                                        \
       (struct device * d, const struct ragged *r, const int32_t *first, const int32_t *each,      \
        int32_t *at))                                                                              \
    /* ---- dense ---- */                                                                          \
    /* c [m, n] = op(a) op(b) + beta c; op transposes where ta, tb; ld = row stride */             \
    OP(void, gemm,                                                                                 \
       (struct device * d, bool ta, bool tb, int m, int n, int k, const float *a, int lda,         \
        const float *b, int ldb, float beta, float *c, int ldc))                                   \
    /* y [rows, cols] += bias [cols] in each row */                                                \
    OP(void, bias, (struct device * d, int rows, int cols, const float *bias, float *y))           \
    /* to [cols] += sum of the rows of g */                                                        \
    OP(void, bias_back, (struct device * d, int rows, int cols, const float *g, float *to))        \
    /* to[i, at_to .. +cols] = or += from[i, at_from .. +cols], i < rows */                        \
    OP(void, columns,                                                                              \
       (struct device * d, int rows, int cols, const float *from, int ld_from, float *to,          \
        int ld_to, bool accumulate))                                                               \
    /* y = a(x) */                                                                                 \
    OP(void, activate, (struct device * d, enum activation a, size_t n, const float *x, float *y)) \
    /* dx += a'(x) ∘ dy, from y */                                                               \
    OP(void, activate_back,                                                                        \
       (struct device * d, enum activation a, size_t n, const float *y, const float *dy,           \
        float *dx))                                                                                \
    /* y = x ∘ mask / (1 - rate), or += ; its own backward */                                    \
    OP(void, dropout,                                                                              \
       (struct device * d, struct dropout_key key, size_t n, const float *x, float *y,             \
        bool accumulate))                                                                          \
    /* y [rows, cols] = factor [rows] times each row of x */                                       \
    OP(void, scale_rows,                                                                           \
       (struct device * d, int rows, int cols, const float *x, const float *factor, float *y))     \
    /* dx += factor dy, dfactor += x · dy, row by row; NULL: not wanted */                        \
    OP(void, scale_rows_back,                                                                      \
       (struct device * d, int rows, int cols, const float *x, const float *factor,                \
        const float *dy, float *dx, float *dfactor))                                               \
    /* y = a ∘ b */                                                                              \
    OP(void, multiply, (struct device * d, size_t n, const float *a, const float *b, float *y))    \
    /* da += b ∘ dy, db += a ∘ dy; NULL: not wanted */                                         \
    OP(void, multiply_back,                                                                        \
       (struct device * d, size_t n, const float *a, const float *b, const float *dy, float *da,   \
        float *db))                                                                                \
    /* ---- rows ---- */                                                                           \
    /* out [count, cols] = table rows */                                                           \
    OP(void, gather,                                                                               \
       (struct device * d, const struct rows *r, int cols, const float *table, float *out))        \
    /* table rows [., cols] += g [count, cols], in the plan's order */                             \
    OP(void, gather_back,                                                                          \
       (struct device * d, const struct rows *r, int cols, const float *g, float *table))          \
    /* table rows = from [count, cols]; the rows are all different */                              \
    OP(void, store,                                                                                \
       (struct device * d, const struct rows *r, int cols, const float *from, float *table))       \
    /* out [count, cols] = mean of each sequence's rows of x; an empty one: zeros */               \
    OP(void, mean,                                                                                 \
       (struct device * d, const struct ragged *r, int cols, const float *x, float *out))          \
    OP(void, mean_back,                                                                            \
       (struct device * d, const struct ragged *r, int cols, const float *g, float *dx)) /* += */  \
    /* out [total, cols]_t = mean of the rows j <= t of its sequence */                            \
    OP(void, mean_up_to,                                                                           \
       (struct device * d, const struct ragged *r, int cols, const float *x, float *out))          \
    OP(void, mean_up_to_back,                                                                      \
       (struct device * d, const struct ragged *r, int cols, const float *g, float *dx)) /* += */  \
    /* ---- a number for each row (struct perceptron) ---- */                                      \
    /* y [rows] */                                                                                 \
    OP(void, perceptron, (struct device * d, const struct perceptron *p, float *y))                \
    /* from dy [rows] */                                                                           \
    OP(void, perceptron_back,                                                                      \
       (struct device * d, const struct perceptron *p, const float *dy,                            \
        const struct perceptron_grads *to))                                                        \
    /* ---- recurrent ---- */                                                                      \
    /* h [total, H] = GRU of x [total, in] from h0 [count, H] (NULL: zeros). kept [total, 4H] =    \
     * r, z, n and W_hn h + b_hn for the backward pass, rows in an order of the device */          \
    OP(void, gru,                                                                                  \
       (struct device * d, const struct ragged *r, const struct gru_weights *w, const float *x,    \
        const float *h0, float *h, float *kept))                                                   \
    /* from dh [total, H]: dx += (NULL: not wanted), dh0 += (NULL likewise), dw += */              \
    OP(void, gru_back,                                                                             \
       (struct device * d, const struct ragged *r, const struct gru_weights *w, const float *x,    \
        const float *h0, const float *h, const float *kept, const float *dh, float *dx,            \
        float *dh0, const struct gru_grads *dw))                                                   \
    /* y [total, 2H] = [h; c] of an LSTM of x [total, in] from y0 [count, 2H] (NULL: zeros).  kept \
     * [total, 4H] = i, f, g, o for the backward pass, rows in an order of the device */           \
    OP(void, lstm,                                                                                 \
       (struct device * d, const struct ragged *r, const struct lstm_weights *w, const float *x,   \
        const float *y0, float *y, float *kept))                                                   \
    /* from dy [total, 2H]: dx += (NULL: not wanted), dy0 += (NULL likewise), dw += */             \
    OP(void, lstm_back,                                                                            \
       (struct device * d, const struct ragged *r, const struct lstm_weights *w, const float *x,   \
        const float *y0, const float *y, const float *kept, const float *dy, float *dx,            \
        float *dy0, const struct gru_grads *dw))                                                   \
    /* GRU with attention to a memory in every step: q = W_q h_{i-1}, e_j = scale · tanh(q +      \
     * key_j), α = softmax(e) over the memory rows of the sequence, c_i = Σ α_j value_j (zeros  \
     * where there are none), h_i = GRU([x_i; c_i], h_{i-1}).  x [total, x_cols], w->in = x_cols   \
     * + m->cols; h and kept as in gru, context [total, m->cols] = c, weight [m->weights] = α */  \
    OP(void, gru_attend,                                                                           \
       (struct device * d, const struct ragged *r, const struct gru_weights *w,                    \
        const struct memory *m, int x_cols, const float *x, const float *h0, float *h,             \
        float *kept, float *context, float *weight))                                               \
    OP(void, gru_attend_back,                                                                      \
       (struct device * d, const struct ragged *r, const struct gru_weights *w,                    \
        const struct memory *m, int x_cols, const float *x, const float *h0, const float *h,       \
        const float *kept, const float *context, const float *weight, const float *dh, float *dx,  \
        float *dh0, const struct gru_grads *dw, const struct memory_grads *dm))                    \
    /* ---- grouped matrices: one a user or cluster ----                                           \
     * group->at[s] (never -1) is the matrix of sequence s; its plan is over the sequences and     \
     * gives the order in which gradients are added.  w [G, out, ldw], ldw >= in */                \
    /* y [total, out] = or += x [total, in] w[group]ᵀ, sequence by sequence */                   \
    OP(void, group_linear,                                                                         \
       (struct device * d, const struct ragged *r, const struct rows *group, int in, int out,      \
        const float *x, const float *w, int ldw, bool accumulate, float *y))                       \
    /* dx += dy w[group] (NULL: not wanted); dw[group] += dyᵀ x (NULL likewise; as w) */         \
    OP(void, group_linear_back,                                                                    \
       (struct device * d, const struct ragged *r, const struct rows *group, int in, int out,      \
        const float *x, const float *w, int ldw, const float *dy, float *dx, float *dw))           \
    /* ---- attention over ragged rows ---- */                                                     \
    /* scale [G, width]: group->at[s] the row of sequence s; group NULL: all take the first.       \
     * e_j = scale · tanh(key_j), weight = softmax of e over each sequence,                       \
     * out [count, cols] = Σ_j weight_j value_j; key [total, width] becomes tanh(key) */          \
    OP(void, attend,                                                                               \
       (struct device * d, const struct ragged *r, const struct rows *group, int width, int cols,  \
        float *key, const float *scale, const float *value, float *weight, float *out))            \
    /* from dout [count, cols] and the key that attend left, tanh(key): dkey (before tanh),        \
     * dscale, dvalue, all +=; NULL: not wanted */                                                 \
    OP(void, attend_back,                                                                          \
       (struct device * d, const struct ragged *r, const struct rows *group, int width, int cols,  \
        const float *key, const float *scale, const float *value, const float *weight,             \
        const float *dout, float *dkey, float *dscale, float *dvalue))                             \
    /* ---- each row attends to the rows up to itself (Li et al. 2017, eq. 6-8) ---- */            \
    /* weight_tj = scale · σ(query_t + key_j) for the rows j <= t of the sequence, no            \
     * softmax; out [total, cols]_t = Σ_j weight_tj value_j.  query, key [total, width];          \
     * at [total + 1]: where the weights of each row begin */                                      \
    OP(void, attend_up_to,                                                                         \
       (struct device * d, const struct ragged *r, const int32_t *at, int width, int cols,         \
        const float *query, const float *key, const float *scale, const float *value,              \
        float *weight, float *out))                                                                \
    /* from dout: dquery, dkey, dscale, dvalue, all += */                                          \
    OP(void, attend_up_to_back,                                                                    \
       (struct device * d, const struct ragged *r, const int32_t *at, int width, int cols,         \
        const float *query, const float *key, const float *scale, const float *value,              \
        const float *weight, const float *dout, float *dquery, float *dkey, float *dscale,         \
        float *dvalue))                                                                            \
    /* ---- self-attention of several heads (struct heads; Vaswani et al. 2017, eq. 1) ---- */     \
    /* weight [heads, weights]_htj = softmax_{j <= t}(query_th · key_jh / √(width / heads)) */  \
    OP(void, head_weights,                                                                         \
       (struct device * d, const struct ragged *r, const struct heads *h, const float *query,      \
        const float *key, float *weight))                                                          \
    /* from dweight: dquery, dkey, both += and `ld` apart */                                       \
    OP(void, head_weights_back,                                                                    \
       (struct device * d, const struct ragged *r, const struct heads *h, const float *query,      \
        const float *key, const float *weight, const float *dweight, float *dquery, float *dkey))  \
    /* out [total, width]_th = Σ_{j <= t} weight_htj value_jh */                                  \
    OP(void, head_sums,                                                                            \
       (struct device * d, const struct ragged *r, const struct heads *h, const float *weight,     \
        const float *value, float *out))                                                           \
    /* from dout: dweight, dvalue, both += */                                                      \
    OP(void, head_sums_back,                                                                       \
       (struct device * d, const struct ragged *r, const struct heads *h, const float *weight,     \
        const float *value, const float *dout, float *dweight, float *dvalue))                     \
    /* ---- layer normalization (Ba et al. 2016) ---- */                                           \
    /* y [rows, cols] = gain ∘ (x - mean) / √(variance + ε) + bias, of each row's mean and    \
     * variance; kept [rows, 2] = mean and 1 / √(variance + ε) */                               \
    OP(void, layer_norm,                                                                           \
       (struct device * d, int rows, int cols, const float *x, const float *gain,                  \
        const float *bias, float *y, float *kept))                                                 \
    /* from dy: dx, dgain, dbias, all += */                                                        \
    OP(void, layer_norm_back,                                                                      \
       (struct device * d, int rows, int cols, const float *x, const float *gain,                  \
        const float *kept, const float *dy, float *dx, float *dgain, float *dbias))                \
    /* ---- directions of rows ---- */                                                             \
    /* y [rows, cols] = x / |x|; a row of zeros stays */                                           \
    OP(void, normalize, (struct device * d, int rows, int cols, const float *x, float *y))         \
    /* loss [rows] = 1 - the cosine of the angle between the rows of x and aim [rows, cols], 1     \
     * where one of them is zeros; dx and daim += the gradients of the mean loss (NULL: not        \
     * wanted) */                                                                                  \
    OP(void, cosine_loss,                                                                          \
       (struct device * d, int rows, int cols, const float *x, const float *aim, float *loss,      \
        float *dx, float *daim))                                                                   \
    /* ---- the output layer, in chunks of rows within the workspace ---- */                       \
    /* loss [T] = -log softmax(state weightᵀ + bias + add)[target], and gradients of the mean    \
     * loss in the same walk: dstate [T, H] +=, dweight [N, H] +=, dbias [N] +=, those of add      \
     * +=; NULL: not wanted (dweight and dbias both or neither) */                                 \
    OP(void, output_loss,                                                                          \
       (struct device * d, const struct output_layer *o, float *loss, float *dstate,               \
        float *dweight, float *dbias))                                                             \
    /* loss [T] and gradients as in output_loss, of a mixture of each target's item with what      \
     * another model's output layer says of it (struct taught) */                                  \
    OP(void, output_distill,                                                                       \
       (struct device * d, const struct output_layer *o, const struct taught *by, float *loss,     \
        float *dstate, float *dweight, float *dbias))                                              \
    /* loss [T] over all items, as in output_loss.  ties [T] = other candidates with exactly the   \
     * target's score; rank [T] = 1 + candidates with a higher score + ties.  top_item,            \
     * top_score [T, k] = the k best candidates, best first, equal scores by id; beyond the last   \
     * candidate item -1 with score -infinity.  A target that is no candidate is on no list.  A    \
     * score that is not finite makes its row's loss NaN (in output_loss too) */                   \
    OP(void, output_rank,                                                                          \
       (struct device * d, const struct output_layer *o, float *loss, int32_t *rank,               \
        int32_t *ties, int k, int32_t *top_item, float *top_score))                                \
    /* An 8-bit copy of weight [N, H], in which output_best looks first, of the device's `alloc`.  \
     * NULL: the device has no use for it, or a weight is not finite */                            \
    OP(struct quantized *, quantize,                                                               \
       (struct device * d, int items, int width, const float *weight))                             \
    /* item, score [T, k]: the lists of output_rank alone, the same to the last bit with a copy of \
     * the weights (NULL: without).  o->target is not read.  A row with a score that is not        \
     * finite begins with item -1 and score NaN */                                                 \
    OP(void, output_best,                                                                          \
       (struct device * d, const struct output_layer *o, const struct quantized *q, int k,         \
        int32_t *item, float *score))                                                              \
    /* ---- losses over some of the items ---- */                                                  \
    /* loss [T] (enum loss_kind) of each target.  If the correction is the log of the expected     \
     * count of an item among the negatives, sums of e^y_j estimate the sum over all items.        \
     * dscore [T, S] += the gradient of the mean loss (NULL: not wanted) */                        \
    OP(void, sampled_loss,                                                                         \
       (struct device * d, enum loss_kind kind, const struct sampled_scores *s, float *loss,       \
        float *dscore))                                                                            \
    /* ---- optimizers ---- */                                                                     \
    /* sum of squares of g in a fixed order, returned to the host */                               \
    OP(double, square_sum, (struct device * d, const float *g, size_t n))                          \
    /* One step over n parameters; g becomes 0.  Adam: m, v; Adagrad: m = velocity (NULL without   \
     * momentum), v = sum of squares; SGD: m = velocity (likewise), v unused */                    \
    OP(void, update,                                                                               \
       (struct device * d, const struct update *u, size_t n, float *w, float *g, float *m,         \
        float *v))                                                                                 \
    /* ---- sparse parameters: tables of which a step uses few rows ---- The result equals dense   \
     * updates to 1e-6.  w, m, v [., cols] (m, v NULL as above); last [.] = the step up to which   \
     * a row is up to date, 0 at first */                                                          \
    /* Lazy update: applies to the rows r->row[0 .. unique) what updates with gradients of zero    \
     * would have done up to step u->step - 1; sets last */                                        \
    OP(void, rows_lazy_update,                                                                     \
       (struct device * d, const struct update *u, const struct rows *r, int cols, float *w,       \
        float *m, float *v, int32_t *last))                                                        \
    /* Step u->step for those rows, which are up to date, from their gradients g [unique, cols];   \
     * last = u->step */                                                                           \
    OP(void, rows_update,                                                                          \
       (struct device * d, const struct update *u, const struct rows *r, int cols, const float *g, \
        float *w, float *m, float *v, int32_t *last))

struct operations {
#define OPERATION_MEMBER(type, name, arguments) type(*name) arguments;
    DEVICE_OPERATIONS(OPERATION_MEMBER)
#undef OPERATION_MEMBER
};

struct device {
    const struct operations *op;
    const char *name; /* "cpu: oneDNN 2.6.3 (AVX2), 2 threads" */
    void (*close)(struct device *d);
    bool host;             /* its memory is the host's, so host data needs no upload */
    struct shards *shards; /* NULL: all of a table's rows are here */
    int threads;           /* of the host, as asked for; 0: one for each of its processors */
};

/* Returns n floats, all 0; free them by op->release. */
static inline float *device_zeros(struct device *d, size_t n)
{
    float *x = (float *)d->op->alloc(d, n * sizeof *x);
    d->op->fill(d, x, 0, n);
    return x;
}

/* The names of the table's rows, and their number; a test compares each device and the tests with
 * them. */
extern const char *const operation_name[];
extern const int operation_count;

/* Precision of the factors of wide products (the output layer, the input products of GRUs): not
 * rounded, or rounded to 10 or 7 bits of fraction, for tensor cores.  Everything else, sums and
 * weights included, is float32.  The CPU rounds only in output_loss. */
enum precision { PRECISION_F32, PRECISION_TF32, PRECISION_BF16 };

struct device_options {
    int threads;      /* 0: one a core */
    size_t workspace; /* bytes for the output layer's chunks; 0: 128 MB */
    enum precision
        precision; /* the CPU has no TF32, and bf16 only where bf16_missing returns NULL */
    /* Called when a device fails in an operation (69, or 71 where its memory runs out); must not
     * return.  NULL: the message goes to standard error and the process ends. */
    void (*on_failure)(void *to, const struct err *why);
    void *on_failure_to;
};

/* A number that differs if a backend built separately has another table or other structs. */
static inline uint64_t device_table_version(void)
{
    static const char text[] =
#define OPERATION_TEXT(type, name, arguments) #type #name #arguments
        DEVICE_OPERATIONS(OPERATION_TEXT)
#undef OPERATION_TEXT
        ;
    const size_t size[] = {
        sizeof(struct rows),           sizeof(struct ragged),       sizeof(struct gru_weights),
        sizeof(struct update),         sizeof(struct output_layer), sizeof(struct dropout_key),
        sizeof(struct sampled_scores), sizeof(struct additions),    sizeof(struct memory),
        sizeof(struct memory_grads),   sizeof(struct device),       sizeof(struct device_options),
        sizeof(struct heads),          sizeof(struct lstm_weights), sizeof(struct perceptron),
        sizeof(struct taught),         sizeof(struct output_join)};
    uint64_t hash = 14695981039346656037u; /* FNV-1a */
    for (size_t i = 0; i < sizeof text; i++)
        hash = (hash ^ (unsigned char)text[i]) * 1099511628211u;
    for (size_t i = 0; i < sizeof size / sizeof *size; i++)
        hash = (hash ^ size[i]) * 1099511628211u;
    return hash;
}

/* Opens the CPU as a device: the library of nn/blas.h, OpenMP threads. */
struct device *cpu_open(const struct device_options *o);
void cpu_close(struct device *d);

#endif
