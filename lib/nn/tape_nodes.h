/* Inside the tape: what its families of operations share. */
#ifndef NN_TAPE_NODES_H
#define NN_TAPE_NODES_H

#include <string.h>

#include "base/buf.h"
#include "nn/tape.h"

/* Memory that is given out piece by piece and taken back at once.  After a step that needed more
 * than one block, the next begins with a single one of that size: soon nothing is allocated. */
struct arena {
    VEC(char *) blocks;    /* the last one is being given out */
    size_t size, used;     /* of the last block */
    size_t before;         /* bytes in the blocks before it */
    struct device *device; /* NULL: host memory */
    bool zeroed;           /* what is given out is all 0 */
};

/* What is to be run backward; each operation's own struct begins with it. */
struct node {
    void (*back)(struct tape *t, struct node *n);
    struct node *before;
};

struct tape {
    struct device *device;
    const struct operations *op;
    struct arena host, memory;
    struct arena grads;   /* of results */
    struct arena sent[2]; /* in turn: this step's is sent while the last is computed */
    int turn;
    struct arena kept;      /* of all steps */
    const int32_t *numbers; /* device 0, 1, ..., for tape_all_rows */
    int numbered;           /* how many */
    struct node *last;
    struct sparse_update *sparse;
    bool training;
    uint64_t seed, step;
    uint32_t dropouts; /* so far in this step */
};

/* Host numbers of four bytes to the device: of the step, like all that tape_ints sends. */
const void *tape_send(struct tape *t, const void *host, size_t bytes);

static inline float *tape_floats(struct tape *t, size_t n)
{
    return tape_memory(t, n * sizeof(float));
}

static inline size_t tensor_size(const struct tensor *x)
{
    return (size_t)x->rows * (size_t)x->cols;
}

/* A tensor of given memory. */
struct tensor *tape_tensor(struct tape *t, float *value, float *grad, int rows, int cols);

/* A result; with a gradient of zeros where something is learned through it. */
struct tensor *tape_result(struct tape *t, int rows, int cols, bool learned);

/* Puts a node of `size` bytes on the tape, zeroed; the caller fills in what follows its head. */
void *tape_record(struct tape *t, size_t size, void (*back)(struct tape *, struct node *));

/* The different ones of host, none below 0, ascending, and each one's place among them [count];
 * host arrays of the step.  Returns how many they are. */
int tape_places(struct tape *t, const int32_t *host, int count, const int32_t **different,
                const int32_t **place);

/* Rows 0 .. n-1, each once. */
const struct rows *tape_all_rows(struct tape *t, int n);

/* A GRU's parameters as the table of operations takes them. */
struct gru_weights tape_gru_weights(const struct gru *g);
struct gru_grads tape_gru_grads(const struct gru *g);

#endif
