/* What the CPU's recurrent layers share: GRUs without and with attention, and LSTMs.
 *
 * The sequences are divided into blocks of at most GRU_BLOCK, so that the data of a block fits a
 * core's cache.  Each thread has blocks of its own and waits for no other thread at a step.  The
 * rows of a block are in packed order: the first row of each of its sequences, the longest sequence
 * first, then every second row, and so on; so the rows of a step are contiguous.  Products that do
 * not depend on the state are computed once over all rows of a block. */
#ifndef NN_CPU_GRU_H
#define NN_CPU_GRU_H

#include "nn/cpu_gates.h"

enum { GRU_BLOCK = 128 };

/* A block: every `parts`th of the packed sequences, starting with `part`.  So each block has its
 * share of the long sequences, and its longest is first. */
struct gru_block {
    const struct ragged *r;
    int part, parts;
};

/* The number of threads, and of blocks: the same number of blocks for each thread. */
struct gru_blocks {
    int threads, parts;
};

static inline struct gru_blocks gru_blocks(struct device *d, const struct ragged *r, int state)
{
    int threads = cpu_threads_for(cpu_of(d), (double)r->total * state * state / 8);
    int each = (r->count + GRU_BLOCK * threads - 1) / (GRU_BLOCK * threads);
    return (struct gru_blocks){threads, threads * (each ? each : 1)};
}

/* Sequences of the block that have a row at step t; t < 0: all sequences. */
static inline int block_running(const struct gru_block *block, int t)
{
    int all = t < 0 ? block->r->count : block->r->running[t];
    return all <= block->part ? 0 : (all - block->part + block->parts - 1) / block->parts;
}

/* Steps of a block, then its rows; block 0 has the most. */
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

/* Rows of the blocks before this one, which is where its rows begin in `kept`: kept holds block
 * after block in packed order, so that a step reads and writes contiguous rows. */
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

/* The row of step t of the block's sequence number `place`. */
static inline size_t block_row(const struct gru_block *block, int place, int t)
{
    return (size_t)block->r->start[block_sequence(block, place)] + (size_t)t;
}

/* packed [rows of the block, cols], rows `stride` floats apart, = the block's rows of x [total,
 * cols].  The reverse, +=. */
void cpu_gru_pack(const struct gru_block *block, size_t cols, size_t stride, const float *x,
                  float *packed);
/* The packed rows of x: x itself where all of its rows have that order, else `packed`, filled. */
const float *cpu_gru_packed(const struct gru_block *block, size_t cols, const float *x,
                            float *packed);
void cpu_gru_unpack(const struct gru_block *block, size_t cols, size_t stride, const float *packed,
                    float *x);

/* state [sequences, H] = the rows of h0 of the block's sequences (NULL: zeros). */
void cpu_gru_begin(const struct gru_block *block, size_t n, const float *h0, float *state);

/* Step t forward: from its rows' input products, in the first 3H columns of kept [running, 4H], to
 * state, h and kept.  zero: all states before are 0.  hidden [sequences, 3H] is scratch. */
void cpu_gru_step(const struct gru_block *block, const struct gru_weights *w, struct gate_factor hh,
                  int t, bool zero, float *state, float *hidden, float *h, float *kept);

/* packed [rows of the block, H] = the state before each row. */
void cpu_gru_before(const struct gru_block *block, size_t n, const float *h0, const float *h,
                    float *packed);

/* Step t backward.  From its rows' kept, dh and carry [sequences, H], the gradient from step t + 1:
 * g [running, 4H] = the gradients before the activations (r, z, n, W_hn h + b_hn); carry = the
 * gradient of before [running, H], unless `ends` says that nobody reads it.  spare [sequences, H]
 * is scratch. */
void cpu_gru_step_back(const struct gru_block *block, const struct gru_weights *w, int t, bool ends,
                       const float *before, const float *kept, const float *dh, float *carry,
                       float *g, float *spare);

/* dh0 += carry (NULL: not wanted). */
void cpu_gru_end_back(const struct gru_block *block, size_t n, const float *carry, float *dh0);

/* Gradients of the inputs, over all rows of a block: for columns first .. first + cols-1 of the
 * input, x [total, cols], ih += and dx [total, cols] += (NULL: not wanted).  packed [rows, cols] is
 * scratch. */
void cpu_gru_inputs_back(const struct gru_block *block, const struct gate_weights *w, size_t rows,
                         int first, int cols, const float *x, const float *g, float *packed,
                         float *dx, const struct gate_sums *dw);
/* Gradients of hh and the biases, +=.  zero: the states before the first step are all 0.
 * Overwrites before. */
void cpu_gru_states_back(const struct gru_block *block, const struct gru_weights *w, size_t rows,
                         bool zero, const float *kept, const float *g, float *before,
                         const struct gate_sums *dw);

#endif
