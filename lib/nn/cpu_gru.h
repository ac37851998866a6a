/* The CPU's recurrent layers, what the plain one and the one that looks back share.
 *
 * The sequences are shared out in blocks of at most GRU_BLOCK, so that what a block needs stays in
 * a core's cache; each thread takes blocks of its own, so that none waits for another at a step.
 * The rows of a block stand in its packed order: the first of each of its sequences, the longest
 * first, then the second, ...: the rows of a step stand together.  What does not depend on the
 * state is one product over all rows of a block. */
#ifndef NN_CPU_GRU_H
#define NN_CPU_GRU_H

#include "nn/cpu.h"

enum { GRU_BLOCK = 128 };

/* A block: every `parts`th of the packed sequences, from `part`, so that each has its share of the
 * long ones and they still stand longest first. */
struct gru_block {
    const struct ragged *r;
    int part, parts;
};

/* How many threads take part, and the number of blocks, as many for each. */
struct gru_blocks {
    int threads, parts;
};

static inline struct gru_blocks gru_blocks(struct device *d, const struct ragged *r, int state)
{
    int threads = cpu_threads_for(cpu_of(d), (double)r->total * state * state / 8);
    int each = (r->count + GRU_BLOCK * threads - 1) / (GRU_BLOCK * threads);
    return (struct gru_blocks){threads, threads * (each ? each : 1)};
}

/* Sequences that run at step t; below 0: all. */
static inline int block_running(const struct gru_block *block, int t)
{
    int all = t < 0 ? block->r->count : block->r->running[t];
    return all <= block->part ? 0 : (all - block->part + block->parts - 1) / block->parts;
}

/* Steps, and rows, of a block; the first has the most. */
static inline int block_steps(const struct gru_block *block)
{
    int t = 0;
    while (t < block->r->longest && block_running(block, t) > 0)
        t++;
    return t;
}

static inline size_t block_rows(const struct gru_block *block)
{
    size_t rows = 0;
    for (int t = 0; t < block->r->longest; t++)
        rows += (size_t)block_running(block, t);
    return rows;
}

/* Rows of the blocks before it: where its own begin in `kept`, whose rows stand block by block in
 * packed order, so that a step writes and reads them one after another. */
static inline size_t block_first(const struct gru_block *block)
{
    size_t rows = 0;
    for (int part = 0; part < block->part; part++)
        rows += block_rows(&(struct gru_block){block->r, part, block->parts});
    return rows;
}

static inline int block_sequence(const struct gru_block *block, int place)
{
    return block->r->sequence[block->part + place * block->parts];
}

/* Row of the place's step t. */
static inline size_t block_row(const struct gru_block *block, int place, int t)
{
    return (size_t)(block->r->start[block_sequence(block, place)] + t);
}

/* packed [rows of the block, cols] = its rows of x [total, cols]; and the way back, +=, from rows
 * that stand `stride` floats apart. */
void cpu_gru_pack(const struct gru_block *block, size_t cols, const float *x, float *packed);
void cpu_gru_unpack(const struct gru_block *block, size_t cols, size_t stride, const float *packed,
                    float *x);

/* state [sequences, H] = rows of h0 (NULL: zeros). */
void cpu_gru_begin(const struct gru_block *block, size_t n, const float *h0, float *state);

/* One step from its rows' input products, input [running, 3H], to their kept [running, 4H]; zero:
 * the states are all 0.  hidden [sequences, 3H] is scratch. */
void cpu_gru_step(const struct gru_block *block, const struct gru_weights *w, int t, bool zero,
                  const float *input, float *state, float *hidden, float *h, float *kept);

/* packed [rows of the block, H] = the state that each row came from. */
void cpu_gru_before(const struct gru_block *block, size_t n, const float *h0, const float *h,
                    float *packed);

/* One step backward: from its rows' kept, dh and carry [sequences, H], the gradient that the step
 * after it left, the gradients before the activations into g [running, 4H] (r, z, n, W_hn h +
 * b_hn); carry becomes the gradient of before [running, H] (ends: it is not wanted).  spare
 * [sequences, H] is scratch. */
void cpu_gru_step_back(const struct gru_block *block, const struct gru_weights *w, int t, bool ends,
                       const float *before, const float *kept, const float *dh, float *carry,
                       float *g, float *spare);

/* dh0 += carry (NULL: not wanted). */
void cpu_gru_end_back(const struct gru_block *block, size_t n, const float *carry, float *dh0);

/* The products over a block's rows, for columns `first` .. +cols of the input, which are x [total,
 * cols]: ih += and dx [total, cols] += (NULL: not wanted).  packed [rows, cols] is scratch. */
void cpu_gru_inputs_back(const struct gru_block *block, const struct gru_weights *w, size_t rows,
                         int first, int cols, const float *x, const float *g, float *packed,
                         float *dx, float *ih);
/* hh and biases +=; zero: the first step's states are all 0; before is used up. */
void cpu_gru_states_back(const struct gru_block *block, const struct gru_weights *w, size_t rows,
                         bool zero, const float *kept, const float *g, float *before,
                         const struct gru_grads *dw);

/* Each thread sums gradients of its own: floats of one thread's, and where they stand. */
size_t cpu_gru_grads_size(const struct gru_weights *w);
struct gru_grads cpu_gru_grads(const struct gru_weights *w, float *own);
/* dw += those of all threads, in their order. */
void cpu_gru_add_grads(const struct gru_weights *w, int threads, float *all,
                       const struct gru_grads *dw);

#endif
