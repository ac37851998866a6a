/* The table of operations: all that a model computes, one row an operation, filled once for the
 * CPU and once for each other kind of device.
 *
 * Matrices are row-major float32.  Pointers are memory of the device, from its `alloc`, unless a
 * comment says host.  "+=" marks outputs that are added to.  Shapes are never zero-padded: ragged
 * rows lie end to end (struct ragged).  Any size is legal, 0 rows included.  No operation allocates
 * after the first step of its size; none depends on anything but its arguments, so that a run
 * repeats byte for byte on the same device with the same number of threads.
 *
 * The maths of an operation (gates, their gradients, update rules, pieces of the softmax) stands
 * once in nn/maths.h, for every device. */
#ifndef NN_OPS_H
#define NN_OPS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

struct device; /* a device's own state: threads, workspace; its first member is the table */

/* Row numbers into a table, with the plan that adds gradients back in a fixed order: equal rows
 * stand together, in the order in which they were given.  -1 stands for a row of zeros. */
struct rows {
    int count;
    const int32_t *at;    /* [count] row of each; -1 = zeros, no gradient */
    int unique;           /* different rows, without -1 */
    const int32_t *row;   /* [unique] ascending */
    const int32_t *start; /* [unique + 1] into order */
    const int32_t *order; /* positions of `at`, grouped by row */
};

/* Sequences laid end to end: sequence s has rows start[s] .. start[s+1]-1.  The packed order takes
 * first every sequence's first row, longest sequence first, then every second row, ...: at step t
 * the sequences that are still running are the first running[t] of the packed sequences. */
struct ragged {
    int count, total, longest; /* sequences, rows, rows of the longest */
    const int32_t *start;      /* [count + 1] */
    const int32_t *owner;      /* [total] sequence of each row */
    const int32_t *sequence;   /* [count] packed place -> sequence */
    const int32_t *packed;     /* [total] packed position -> row */
    const int32_t *running;    /* host [longest] sequences running at each step */
    const int32_t *length;     /* host [count] */
};

/* One layer of gated recurrent units (models.md, "GRU"): in = input size, H = state size; gates
 * stacked r, z, n. */
struct gru_weights {
    int in, state;
    bool reset_before; /* n = tanh(W_in x + b_in + W_hn(r∘h) + b_hn) */
    /* [3H, in], [3H, H]; ih NULL with in 0: what goes in is W_ih x itself, [., 3H] */
    const float *ih, *hh;
    const float *ih_bias, *hh_bias; /* [3H] */
    /* Sequences whose gradient of h0 is read: a device may leave out the others'.  NULL: all. */
    const struct rows *begun;
};

struct gru_grads { /* all += */
    float *ih, *hh, *ih_bias, *hh_bias;
};

/* What a recurrent layer looks back at from each of its steps (models.md, "--intra"); G matrices,
 * one a user or cluster. */
struct memory {
    const struct ragged *rows; /* of each sequence; count = that of the sequences */
    int width, cols;           /* of keys and of values */
    const float *key, *value;  /* [rows->total, width], [rows->total, cols] */
    const float *query;        /* [G, width, ld]: W_q in the first H columns of each row */
    int ld;
    const float *scale;       /* [G, width] */
    const struct rows *group; /* matrix of each sequence; NULL: all take the first */
    const int32_t *at;        /* [r->total + 1] where the weights of each row of r begin */
    int weights;              /* at[r->total], on the host */
};

struct memory_grads { /* laid out as above; all +=; each may be NULL: not wanted */
    float *key, *value, *query, *scale;
};

enum activation { ACTIVATION_TANH, ACTIVATION_SIGMOID };

/* What dropout masks are drawn from (models.md): the mask of element i of a tensor depends on
 * these and i alone. */
struct dropout_key {
    uint64_t seed, step;
    uint32_t tensor; /* number of the dropout within the step */
    float rate;
};

enum optimizer_kind { OPTIMIZER_SGD, OPTIMIZER_ADAM, OPTIMIZER_ADAGRAD };

struct update {
    enum optimizer_kind kind;
    float rate, momentum, weight_decay;
    float scale;  /* gradients are multiplied by it first (clipping); 1 = as they are */
    int64_t step; /* from 1: Adam's bias correction */
};

/* What is minimized over a target's score y_i and those y_j of n negatives, with s = softmax of
 * y_j:
 *
 *     cross-entropy  -log softmax(y)_i over target and negatives
 *     TOP1           1/n Σ_j σ(y_j - y_i) + σ(y_j²)                    (Hidasi et al. 2016)
 *     BPR            -1/n Σ_j log σ(y_i - y_j)                         (Rendle et al. 2009)
 *     TOP1-max       Σ_j s_j (σ(y_j - y_i) + σ(y_j²))                  (Hidasi & Karatzoglou 2018)
 *     BPR-max        -log Σ_j s_j σ(y_i - y_j)                         (the same)
 *
 * Without negatives each is 0. */
enum loss_kind { LOSS_CROSS_ENTROPY, LOSS_TOP1, LOSS_BPR, LOSS_TOP1_MAX, LOSS_BPR_MAX };

/* The output layer over all N items for T states of width H. */
struct output_layer {
    int targets, width, items;  /* T, H, N */
    const float *state;         /* [T, H] */
    const float *weight, *bias; /* [N, H], [N] */
    const int32_t *target;      /* [T] */
    /* [N] 1: ranked beside every target, 0: beside none (output_rank); NULL: all are */
    const unsigned char *candidate;
};

#define DEVICE_OPERATIONS(OP)                                                                      \
    /* ---- memory ---- */                                                                         \
    OP(void *, alloc, (struct device * d, size_t bytes))                                           \
    OP(void, release, (struct device * d, void *p))                                                \
    OP(void, upload, (struct device * d, void *to, const void *from_host, size_t bytes))           \
    /* the same to memory that nothing has used since the step before this one began: a GPU copies \
     * while it still computes that step, and in one copy what is sent between two operations to   \
     * places that adjoin */                                                                       \
    OP(void, send, (struct device * d, void *to, const void *from_host, size_t bytes))             \
    OP(void, download, (struct device * d, void *to_host, const void *from, size_t bytes))         \
    OP(void, fill, (struct device * d, float *to, float value, size_t n))                          \
    OP(void, copy, (struct device * d, float *to, const float *from, size_t n))                    \
    OP(void, add, (struct device * d, float *to, const float *from, size_t n)) /* to += from */    \
    /* ---- numbers for the host without making it wait ---- */                                    \
    /* Begins to copy to host memory of the device's own; a ticket for `fetched`, which waits for  \
     * the copy and gives it, valid until two more fetches were begun */                           \
    OP(int, fetch, (struct device * d, const void *from, size_t bytes))                            \
    OP(const void *, fetched, (struct device * d, int ticket))                                     \
    /* A step (batch) begins: what `send` counts by */                                             \
    OP(void, step, (struct device * d))                                                            \
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
    /* ---- rows ---- */                                                                           \
    /* out [count, cols] = table rows */                                                           \
    OP(void, gather,                                                                               \
       (struct device * d, const struct rows *r, int cols, const float *table, float *out))        \
    /* table [., cols] += g [count, cols] at their rows, in the plan's order */                    \
    OP(void, gather_back,                                                                          \
       (struct device * d, const struct rows *r, int cols, const float *g, float *table))          \
    /* table rows = from [count, cols]; rows differ */                                             \
    OP(void, store,                                                                                \
       (struct device * d, const struct rows *r, int cols, const float *from, float *table))       \
    /* out [count, cols] = mean of each sequence's rows of x; an empty one: zeros */               \
    OP(void, mean,                                                                                 \
       (struct device * d, const struct ragged *r, int cols, const float *x, float *out))          \
    OP(void, mean_back,                                                                            \
       (struct device * d, const struct ragged *r, int cols, const float *g, float *dx)) /* += */  \
    /* ---- recurrent ---- */                                                                      \
    /* h [total, H] from x [total, in] and h0 [count, H] (NULL: zeros).                            \
     * kept [total, 4H]: what the backward needs (r, z, n, W_hn h + b_hn), rows in an order of the \
     * device's own */                                                                             \
    OP(void, gru,                                                                                  \
       (struct device * d, const struct ragged *r, const struct gru_weights *w, const float *x,    \
        const float *h0, float *h, float *kept))                                                   \
    /* from dh [total, H]: dx += (NULL: not wanted), dh0 += (NULL likewise), dw += */              \
    OP(void, gru_back,                                                                             \
       (struct device * d, const struct ragged *r, const struct gru_weights *w, const float *x,    \
        const float *h0, const float *h, const float *kept, const float *dh, float *dx,            \
        float *dh0, const struct gru_grads *dw))                                                   \
    /* Looks back at every step: q = W_q h_{i-1}, e_j = scale · tanh(q + key_j), α = softmax(e)  \
     * over the memory rows of the sequence, c_i = Σ α_j value_j (zeros where there are none),   \
     * h_i = GRU([x_i; c_i], h_{i-1}); x [total, x_cols], w->in = x_cols + m->cols; h and kept as  \
     * gru's, context [total, m->cols] = c, weight [m->weights] = α */                            \
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
    /* from dout [count, cols] and the tanh'ed key: dkey (before tanh), dscale, dvalue, all +=,    \
     * each may be NULL */                                                                         \
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
    /* ---- the output layer, in chunks of rows within the workspace ---- */                       \
    /* loss [T] = -log softmax(state weightᵀ + bias)[target]; and for the mean loss, in the same \
     * walk: dstate [T, H] +=, dweight [N, H] +=, dbias [N] +=; NULL: not wanted (dbias goes with  \
     * dweight) */                                                                                 \
    OP(void, output_loss,                                                                          \
       (struct device * d, const struct output_layer *o, float *loss, float *dstate,               \
        float *dweight, float *dbias))                                                             \
    /* loss, over all items; rank = 1 + candidates scored strictly higher + ties; ties = other     \
     * candidates with exactly the target's score; the k best candidates and scores, best first,   \
     * equal scores by id [T, k].  The target need be no candidate: then it is on no list.  A      \
     * score that is not finite makes its row's loss NaN (output_loss too).  Beyond the            \
     * candidates that there are, item -1 with a score of -infinity. */                            \
    OP(void, output_rank,                                                                          \
       (struct device * d, const struct output_layer *o, float *loss, int32_t *rank,               \
        int32_t *ties, int k, int32_t *top_item, float *top_score))                                \
    /* ---- losses over some of the items ---- */                                                  \
    /* loss [T] of each row of score [T, S]: column own[i] is row i's target, the others its       \
     * negatives, but for those that are the same item (item [S], target [T]); correction [S]      \
     * is taken from the negatives' scores first (NULL: none), so that a sum over e^y_j comes,     \
     * in the mean, to that over all items, where it is the log of how often an item is            \
     * expected among them.  dscore [T, S] += its gradient of the mean (NULL: not wanted) */       \
    OP(void, sampled_loss,                                                                         \
       (struct device * d, enum loss_kind kind, int rows, int cols, const float *score,            \
        const int32_t *own, const int32_t *item, const int32_t *target, const float *correction,   \
        float *loss, float *dscore))                                                               \
    /* ---- optimizers ---- */                                                                     \
    /* sum of squares of g, in an order of its own: to the host */                                 \
    OP(double, square_sum, (struct device * d, const float *g, size_t n))                          \
    /* One step over n parameters; g becomes 0.  Adam: m, v; Adagrad: m = velocity (NULL without   \
     * momentum), v = sum of squares; SGD: m = velocity (likewise), v unused */                    \
    OP(void, update,                                                                               \
       (struct device * d, const struct update *u, size_t n, float *w, float *g, float *m,         \
        float *v))                                                                                 \
    /* ---- tables of which a step touches few rows: as dense updates, to 1e-6 ----                \
     * w, m, v [., cols] (m, v NULL as above); last [.] = the step up to which a row has been      \
     * brought, 0 at first */                                                                      \
    /* Brings the rows r->row[0 .. unique) to where updates with gradients of zero would have      \
     * brought them by step u->step - 1; last too */                                               \
    OP(void, rows_lazy_update,                                                                     \
       (struct device * d, const struct update *u, const struct rows *r, int cols, float *w,       \
        float *m, float *v, int32_t *last))                                                        \
    /* Step u->step for those rows, caught up, from their gradients g [unique, cols];              \
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
    bool host; /* its memory is the host's: what the host has need not be uploaded */
};

/* Memory of n floats, all 0; for op->release. */
static inline float *device_zeros(struct device *d, size_t n)
{
    float *x = (float *)d->op->alloc(d, n * sizeof *x);
    d->op->fill(d, x, 0, n);
    return x;
}

/* How many rows the table has, and their names: a test holds each device and the tests to them. */
extern const char *const operation_name[];
extern const int operation_count;

/* Of the factors of wide products (the output layer, the input products of GRUs): as they are, or
 * rounded to 10 or 7 bits of fraction, for tensor cores.  All else, sums and weights, is float32.
 * The CPU rounds the output layer's in output_loss alone. */
enum precision { PRECISION_F32, PRECISION_TF32, PRECISION_BF16 };

struct device_options {
    int threads;              /* 0: as many as there are cores */
    size_t workspace;         /* bytes for the output layer's chunks; 0: 128 MB */
    enum precision precision; /* the CPU has no TF32, and bf16 where bf16_missing is NULL */
    /* A device that breaks down in an operation calls this (69, or 71 where its memory runs out),
     * which must not return; NULL: the text goes to standard error and the process ends. */
    void (*on_failure)(const struct err *why);
};

/* A number that differs where a backend built apart would not fit: another table, other structs. */
static inline uint64_t device_table_version(void)
{
    static const char text[] =
#define OPERATION_TEXT(type, name, arguments) #type #name #arguments
        DEVICE_OPERATIONS(OPERATION_TEXT)
#undef OPERATION_TEXT
        ;
    const size_t size[] = {sizeof(struct rows),         sizeof(struct ragged),
                           sizeof(struct gru_weights),  sizeof(struct update),
                           sizeof(struct output_layer), sizeof(struct dropout_key),
                           sizeof(struct memory),       sizeof(struct memory_grads),
                           sizeof(struct device),       sizeof(struct device_options)};
    uint64_t hash = 14695981039346656037u; /* FNV-1a */
    for (size_t i = 0; i < sizeof text; i++)
        hash = (hash ^ (unsigned char)text[i]) * 1099511628211u;
    for (size_t i = 0; i < sizeof size / sizeof *size; i++)
        hash = (hash ^ size[i]) * 1099511628211u;
    return hash;
}

/* The CPU: the library of nn/blas.h, OpenMP. */
struct device *cpu_open(const struct device_options *o);
void cpu_close(struct device *d);

#endif
