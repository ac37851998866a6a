/* Private declarations of the tape: what its files share. */
#ifndef NN_TAPE_NODES_H
#define NN_TAPE_NODES_H

#include <string.h>

#include "base/buf.h"
#include "nn/tape.h"

/* Memory that is given out piece by piece and reset as a whole.  After a step that needed several
 * blocks the next step begins with one block of their total size, so that steps soon allocate
 * nothing. */
struct arena {
    VEC(char *) blocks;    /* pieces come from the last one */
    size_t size, used;     /* of the last block */
    size_t before;         /* bytes in the blocks before it */
    struct device *device; /* NULL: host memory */
    bool zeroed;           /* pieces are all 0 */
};

/* An operation of the backward pass; each operation's own struct begins with it. */
struct node {
    void (*back)(struct tape *t, struct node *n);
    struct node *before;
};

/* Numbers that the host and the device have both: host[i] = from[at[i]], or at[i] where from is
 * NULL. */
struct shared_ints {
    const int32_t *host, *at;
    const int32_t *from; /* device */
    int count;
    const int32_t *device; /* the copy; NULL: nobody has asked for it yet */
    int copied;            /* numbers of the copy: `count`, or more that were sent */
};

/* A spread table (nn/shards.h) that steps use again. */
struct spread_room {
    float *at;
    int rows, cols;
    bool used; /* by this step */
};

struct tape {
    struct device *device;
    const struct operations *op;
    struct arena host, memory;
    struct arena grads; /* gradients of results */
    struct arena
        sent[2]; /* alternate by step: one is filled while the device still reads the other */
    int turn;
    struct arena kept;              /* valid over all steps */
    const int32_t *numbers;         /* device 0, 1, 2, ..., and -1 before them */
    int numbered;                   /* how many numbers */
    VEC(struct spread_room) spread; /* tables of rows that are spread, valid for the step */
    struct node *last;
    struct table_use *uses;
    VEC(struct shared_ints) shared;
    bool training;
    uint64_t seed, step;
    uint32_t dropouts; /* dropouts so far in this step */
};

/* Copies host numbers of four bytes to the device; valid for the step. */
const void *tape_send(struct tape *t, const void *host, size_t bytes);

static inline float *tape_floats(struct tape *t, size_t n)
{
    return tape_memory(t, n * sizeof(float));
}

static inline size_t tensor_size(const struct tensor *x)
{
    return (size_t)x->rows * (size_t)x->cols;
}

/* n zeros, for a gradient. */
float *tape_gradient(struct tape *t, size_t n);

/* A tensor in given memory. */
struct tensor *tape_tensor(struct tape *t, float *value, float *grad, int rows, int cols);

/* A result; learned: with a gradient of zeros in training. */
struct tensor *tape_result(struct tape *t, int rows, int cols, bool learned);

/* A result with as many rows as x, spread where x is, likewise; and numbers that are kept of it. */
struct tensor *tape_result_of(struct tape *t, const struct tensor *x, int cols, bool learned);
float *tape_floats_of(struct tape *t, const struct tensor *x, int cols);

/* Records a node of `size` bytes, zeroed; the caller fills in what follows its head. */
void *tape_record(struct tape *t, size_t size, void (*back)(struct tape *, struct node *));

/* *different = the distinct numbers of host, none below 0, ascending; *place [count] = which of
 * them each one is.  Both are host arrays of the step.  Returns how many are distinct. */
int tape_places(struct tape *t, const int32_t *host, int count, const int32_t **different,
                const int32_t **place);

/* Each target's spared candidates, ascending and end to end (host), from its list of spared items;
 * fills at [targets + 1]. */
const int32_t *tape_spared(struct tape *t, const struct candidates *c, int targets, int32_t *at);

/* Where each row's weights begin (host [r->total + 1]): it has one for each row of its sequence up
 * to itself. */
const int32_t *tape_weights_up_to(struct tape *t, const struct ragged *r);

/* The device's copy of n shared numbers; NULL: they are not shared. */
const int32_t *tape_shared(struct tape *t, const int32_t *host, int n);

/* Shares n numbers of which the device has a copy already. */
void tape_share_made(struct tape *t, const int32_t *host, int n, const int32_t *device);

/* Whether the device makes the parts of a plan that are as long as all its sequences together.
 * Where no sequence has two rows, those that it is sent are as short. */
static inline bool tape_makes(const struct tape *t, int longest)
{
    return !t->device->host && longest > 1;
}

/* The device's copy of host [r->total + 1], where each row's weights begin: those of row k of a
 * sequence `each` times k behind those of its first row (host [count]; NULL: k (k + 1) / 2). */
const int32_t *tape_weight_places(struct tape *t, const struct ragged *r, const int32_t *host,
                                  const int32_t *each);

/* A plan of rows 0 .. n-1, each once; `at` has -1 before its first. */
const struct rows *tape_all_rows(struct tape *t, int n);

/* A GRU's parameters in the form of the table of operations. */
struct gru_weights tape_gru_weights(const struct gru *g);
struct gru_grads tape_gru_grads(const struct gru *g);

#endif
