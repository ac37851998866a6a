/* A model's parameters: named matrices in flat buffers, one each for values, gradients and the
 * optimizer's state, so that one pass updates them all.
 *
 * A table is a parameter of blocks: the weights of one user or cluster, or the row of one item. How
 * a step updates it follows from how the step used it (the uses are on the tape).  If the step used
 * some blocks, it updates only these; a lazy update first applies to them what the steps since
 * their last update would have done with gradients of zero.  If the step used all of the table, the
 * update is that of a dense parameter.  Tables come after the dense parameters. */
#ifndef NN_PARAMETERS_H
#define NN_PARAMETERS_H

#include "base/buf.h"
#include "base/random.h"
#include "nn/ops.h"

enum { PARAMETER_DIMS = 3 };

struct parameter {
    char *name; /* models.md: "inter_gru.weight_ih_l0" */
    int dims;
    int64_t shape[PARAMETER_DIMS];
    int rows, cols;  /* as a matrix: all dimensions but the last, the last; a vector: 1 row */
    float low, high; /* initial values: uniform in [low, high) */
    bool table;      /* its first dimension counts users, clusters or items */
    bool per_item;   /* a table of items: matched by name when read from a file */
    bool frozen;     /* does not learn: the optimizer leaves it and its state as they are */
    /* A table of items that only the output layer and operations on its rows read: on a device with
     * shards (nn/shards.h) its rows are spread, and it lies in no flat buffer of the device. */
    bool spreads;
    size_t offset, count; /* floats in the flat buffers; offset: after parameters_allocate */
    /* After parameters_allocate.  A table has a gradient from the first step on that uses all of
     * it, in memory of its own. */
    float *value, *grad;
    float *m, *v;    /* a table: the optimizer's state; NULL where it needs none */
    int32_t *last;   /* a table [blocks]: the step up to which each block is up to date */
    size_t first;    /* a table: its first block of all tables' */
    int64_t flushed; /* a table: the step up to which all blocks are up to date */
    bool unmarked;   /* a table: `last` does not say yet that all blocks are at step `flushed` */
    struct parameters *owner;
};

struct parameters {
    struct device *device;
    VEC(struct parameter *) list; /* in the order in which they were declared */
    /* Floats in all; of dense parameters, which come first; of these and of tables that are not
     * spread, which come next. */
    size_t count, dense, here;
    float *value, *m,
        *v;        /* flat [here], of the device; m, v: NULL where the optimizer needs none */
    float *grad;   /* [dense] */
    size_t blocks; /* of all tables */
    int32_t *last; /* device [blocks] `last` of the tables that are not spread */
    struct update update; /* the last step's; its step is 0 before the first */
};

/* Declares a parameter; the pointer stays valid until parameters_release.  Initial values are
 * uniform in [-bound, bound). */
struct parameter *parameters_add(struct parameters *p, const char *name, int dims,
                                 const int64_t *shape, float bound);

/* Declares a table of users or clusters, which its first dimension counts. */
struct parameter *parameters_add_table(struct parameters *p, const char *name, int dims,
                                       const int64_t *shape, float bound);

/* Gives all of a parameter the same initial value; returns it. */
struct parameter *parameters_from(struct parameter *p, float value);

/* Declares a table of items, [items, cols], or with cols 0 a vector [items]. */
struct parameter *parameters_add_items(struct parameters *p, const char *name, int64_t items,
                                       int64_t cols, float bound);

/* Whether it is a table of users or clusters. */
static inline bool parameter_per_user(const struct parameter *p)
{
    return p->table && !p->per_item;
}

/* Size of a table's block in floats. */
static inline int parameter_block(const struct parameter *p)
{
    return p->shape[0] ? (int)(p->count / (size_t)p->shape[0]) : 0;
}

/* Lets the rows of a table of items be spread; returns it. */
struct parameter *parameter_spread(struct parameter *p);

/* Copies all values to the host, flat [count]. */
void parameters_download(const struct parameters *p, float *host);

/* The sum of the squares of all values. */
double parameters_square_sum(const struct parameters *p);

/* A GRU's four parameters; models.md has their names and equations. */
struct gru {
    /* [3H, in], [3H, H], [3H], [3H]; ih NULL: the inputs are W_ih x already, [., 3H] */
    const struct parameter *ih, *hh, *ih_bias, *hh_bias;
    bool reset_before; /* the reset gate acts on h before the product with hh's third part */
};

/* Declares a GRU's four parameters under `prefix`, bound 1/√state. */
void parameters_add_gru(struct parameters *p, struct gru *g, const char *prefix, int in, int state,
                        bool reset_before);
/* The same for one of several layers, of numbers from 0, with names that end in _l0, _l1 and so on;
 * in 0: the inputs are multiplied already. */
void parameters_add_gru_layer(struct parameters *p, struct gru *g, const char *prefix, int layer,
                              int in, int state, bool reset_before);
/* The same, reverse: that of the reverse direction, whose names end in _reverse; blocks > 0: tables
 * of the parameters of so many GRUs. */
void parameters_add_grus(struct parameters *p, struct gru *g, int blocks, const char *prefix,
                         bool reverse, int in, int state, bool reset_before);

/* An LSTM's four parameters, in PyTorch's form. */
struct lstm {
    /* [4H, in], [4H, H], [4H], [4H]; ih NULL: the inputs are W_ih x already, [., 4H] */
    const struct parameter *ih, *hh, *ih_bias, *hh_bias;
};

/* Declares those of one of several layers, as parameters_add_gru_layer. */
void parameters_add_lstm_layer(struct parameters *p, struct lstm *l, const char *prefix, int layer,
                               int in, int state);

/* Declares a dense matrix [rows, cols] or vector [n]; a linear layer's weight and bias have the
 * bound 1/√in. */
struct parameter *parameters_add_matrix(struct parameters *p, const char *name, int64_t rows,
                                        int64_t cols, float bound);
struct parameter *parameters_add_vector(struct parameters *p, const char *name, int64_t n,
                                        float bound);

/* Places the parameters in flat buffers and draws their initial values from the seed and each
 * parameter's place in the list. */
void parameters_allocate(struct parameters *p, struct device *d, enum optimizer_kind kind,
                         float momentum, uint64_t seed);

/* Places values without gradients or optimizer state, for a caller that sets them all and never
 * trains. */
void parameters_hold(struct parameters *p, struct device *d);

/* The parameter of that name; NULL: there is none. */
struct parameter *parameters_find(const struct parameters *p, const char *name);

/* The gradient of all of a table, which is made of zeros at the first call. */
float *parameter_gradient(struct parameter *p);

/* Brings blocks r->row[0 .. unique) of a table up to date with the last step. */
void parameters_lazy_update(struct parameter *p, const struct rows *r);

/* Writes the step `flushed` to `last` for all blocks of a table, if it is not there: needed before
 * an update of some of them. */
void parameter_mark(struct parameter *p);

/* Flush: brings all blocks of a table, or of all tables, up to date with the last step.  Needed
 * before anyone reads values from the buffer itself. */
void parameter_flush(struct parameter *p);
void parameters_flush(struct parameters *p);

/* Lists values and the optimizer's state for checkpoints (nn/state.h). */
struct state;
void parameters_state(struct parameters *p, struct state *s);

/* Lists each parameter's part of a flat buffer of the host under `name`. */
void parameters_flat_state(const struct parameters *p, struct state *s, const char *name,
                           float *flat);

/* Frees everything; the parameters' pointers become invalid. */
void parameters_release(struct parameters *p);

#endif
