/* A model's parameters: named matrices in one flat buffer each for values, gradients and the
 * optimizer's state, so that one pass updates them all.
 *
 * Tables are those of which a step touches few blocks: one of weights for each user or cluster, or
 * one row for each item where a step reads some of the items only, as inputs or for a loss that
 * goes over some.  They stand behind the dense parameters, their gradients only on the tape
 * (tape_sparse); a step updates the blocks that it touched and brings them first to where the
 * steps between would have brought them. */
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
    int rows, cols;       /* as a matrix: all but the last dimension, the last; a vector: 1 row */
    float low, high;      /* initial values: uniform in [low, high) */
    bool per_item;        /* one row an item: matched by name when read from a file */
    bool sparse;          /* a table: one block of rows a user, cluster or item; steps touch few */
    size_t offset, count; /* into the flat buffers; the offset after parameters_allocate */
    float *value, *grad;  /* after parameters_allocate; a table has no gradient here */
    size_t first;         /* a table: its place in `last` */
    int64_t flushed;      /* a table: the step to which all of it has been brought */
    struct parameters *owner;
};

struct parameters {
    struct device *device;
    VEC(struct parameter *) list; /* in the order in which they were declared */
    size_t count, dense;          /* floats in all; without the tables, which come last */
    float *value, *m, *v;         /* flat, of the device; m, v as the optimizer needs them */
    float *grad;                  /* [dense] */
    size_t blocks;                /* of all tables */
    int32_t *last;                /* device [blocks] the step up to which each has been brought */
    struct update update;         /* the last step's; its number 0: none yet */
};

/* Declares; the pointer stays valid.  bound: initial values uniform(-bound, bound). */
struct parameter *parameters_add(struct parameters *p, const char *name, int dims,
                                 const int64_t *shape, float bound);

/* A table: the first dimension counts users, clusters or (parameters_per_item) items. */
struct parameter *parameters_add_table(struct parameters *p, const char *name, int dims,
                                       const int64_t *shape, float bound);

/* Marks a parameter that has one row an item; returns it. */
struct parameter *parameters_per_item(struct parameter *p);

/* Such a table, [items, cols], or with cols 0 a vector. */
struct parameter *parameters_add_items(struct parameters *p, const char *name, int64_t items,
                                       int64_t cols, float bound);

/* Whether it is a table of users or clusters. */
static inline bool parameter_per_user(const struct parameter *p)
{
    return p->sparse && !p->per_item;
}

/* Floats of a table's block. */
static inline int parameter_block(const struct parameter *p)
{
    return p->shape[0] ? (int)(p->count / (size_t)p->shape[0]) : 0;
}

/* A table's part of a flat buffer of the optimizer's state (m or v); NULL where there is none. */
static inline float *parameter_state(float *flat, const struct parameter *p)
{
    return flat ? flat + p->offset : NULL;
}

/* A GRU's four parameters; models.md has their names and equations. */
struct gru {
    const struct parameter *ih, *hh, *ih_bias, *hh_bias; /* [3H, in], [3H, H], [3H], [3H] */
    bool reset_before; /* the reset gate acts on h before the product with hh's third part */
};

/* A GRU's four under `prefix` (state bound 1/√state), a linear layer's weight and (bias: true) bias
 * under `name` (bound 1/√in). */
void parameters_add_gru(struct parameters *p, struct gru *g, const char *prefix, int in, int state,
                        bool reset_before);
/* The same for the reverse direction: the names end in _reverse. */
void parameters_add_gru_reverse(struct parameters *p, struct gru *g, const char *prefix, int in,
                                int state, bool reset_before);
struct parameter *parameters_add_matrix(struct parameters *p, const char *name, int64_t rows,
                                        int64_t cols, float bound);
struct parameter *parameters_add_vector(struct parameters *p, const char *name, int64_t n,
                                        float bound);

/* Places them in flat buffers and draws initial values (seed, and the parameter's place in the
 * list). */
void parameters_allocate(struct parameters *p, struct device *d, enum optimizer_kind kind,
                         float momentum, uint64_t seed);

/* Places values alone, for who sets them all and never learns. */
void parameters_hold(struct parameters *p, struct device *d);
struct parameter *parameters_find(const struct parameters *p, const char *name);

/* Brings blocks r->row[0 .. unique) of a table to the last step. */
void parameters_lazy_update(const struct parameter *p, const struct rows *r);

/* Brings all blocks of a table, or of all tables, to the last step: before their values are read
 * where they stand. */
void parameter_flush(struct parameter *p);
void parameters_flush(struct parameters *p);

/* Values and the optimizer's state, for checkpoints (nn/state.h). */
struct state;
void parameters_state(struct parameters *p, struct state *s);

/* Under that name, each parameter's part of a flat buffer of the device (d = NULL: of the host). */
void parameters_flat_state(const struct parameters *p, struct state *s, const char *name,
                           struct device *d, float *flat);

void parameters_release(struct parameters *p);

#endif
