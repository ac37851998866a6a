/* What the recurrent kernels share.  A block runs a tile of packed sequences through all their
 * steps and waits for no other block.
 *
 * At each step the tile's vectors (states forward, gradients of gates backward) are multiplied by
 * one matrix.  As much of it as fits is in shared memory; the rest comes from the second-level
 * cache.  Gates are `padded` numbers apart, H rounded up to whole float4s, with zeros between, so
 * that no loop has a remainder.
 *
 * One forward step of a tile of S sequences at H = 100: 30,000 weights of 4 bytes from shared
 * memory, at 128 bytes a cycle 940 cycles for any S; 30,000 S multiplications, at 128 a cycle 235
 * S.  So four sequences cost little more than one.  A tile has one sequence as long as processors
 * are idle, then two, four, eight. */
#ifndef CUDA_RECURRENT_H
#define CUDA_RECURRENT_H

#include "cuda.h"

enum { RECURRENT_THREADS = 512, TILE_MOST = 8 };

/* Argument of a kernel, without padding: the emulation checks every word for pointers of the
 * host. */
struct recurrence {
    int state, padded;
    int tile, tiles;  /* sequences of a tile; number of tiles */
    int running;      /* sequences that have rows */
    int reset_before; /* 0 or 1 */
    int cols;         /* of the matrix */
    int resident;     /* rows of the matrix in shared memory, a multiple of 4 */
    int each;         /* floats for each sequence, a multiple of 4 */
    int own;          /* floats for a tile's sequences and for the sums of a product */
    const int32_t *start, *sequence;
    const float *matrix; /* [rows, cols] */
    float *spill;        /* [blocks, own] where shared memory is too small for them, else NULL */
};

/* A kernel's argument and its launch. */
struct recurrent_plan {
    struct recurrence k;
    int gates; /* of a unit, each with rows of the state's matrix: 3, of an LSTM 4 */
    int rows;  /* of the matrix */
    unsigned blocks, threads;
    size_t shared;
    bool transposed, spills; /* the matrix is transposed; the blocks' floats are in scratch */
};

/* Plans a kernel of `state` units that multiplies by the state's matrix [gates · padded, padded] or
 * its transpose and needs `floats` floats for each sequence. */
struct recurrent_plan plan_recurrence(const struct cuda *c, const struct ragged *r, int gates,
                                      int state, bool transposed, size_t floats);

/* The same for a GRU. */
static inline struct recurrent_plan plan_gru(const struct cuda *c, const struct ragged *r,
                                             const struct gru_weights *w, bool transposed,
                                             size_t floats)
{
    struct recurrent_plan p = plan_recurrence(c, r, 3, w->state, transposed, floats);
    p.k.reset_before = w->reset_before;
    return p;
}

static inline int recurrent_padded(int state)
{
    return (state + 3) / 4 * 4;
}

/* Floats of scratch that the plan needs, a multiple of 64. */
size_t recurrent_scratch(const struct recurrent_plan *p);

/* Copies the state's matrix hh [gates · H, H] into that scratch, padded with zeros, and transposed if the
 * plan says so. */
void recurrent_pack(struct cuda *c, struct recurrent_plan *p, const float *hh, float *scratch);

/* ---- computations over all rows, of gru.cu; gru_attend.cu uses them too ---- */

/* before [total, H] = the state before each row. */
void gru_before(struct cuda *c, const struct ragged *r, int state, const float *h0, const float *h,
                float *before);

/* From g [total, 3H], the gradients of r, z, n before the activations, row stride ld: for input
 * columns first .. first+cols-1, x [total, cols]: dx += (NULL: not wanted), dw->ih +=. */
void gru_inputs_back(struct cuda *c, int total, const struct gru_weights *w, int first, int cols,
                     const float *x, const float *g, int ld, float *dx, const struct gru_grads *dw);

/* From g [total, 4H], the same and the gradient of W_hn h + b_hn: dw->hh and the biases +=.
 * Overwrites `before` with reset before. */
void gru_state_back(struct cuda *c, int total, const struct gru_weights *w, const float *kept,
                    const float *g, float *before, const struct gru_grads *dw);

/* ---- layers whose sequences have at most one step: gru_once.cu; arguments as in cuda_gru and
 * cuda_gru_back ---- */

void gru_once(struct cuda *c, const struct ragged *r, const struct gru_weights *w, const float *x,
              const float *h0, float *h, float *kept);
void gru_once_back(struct cuda *c, const struct ragged *r, const struct gru_weights *w,
                   const float *x, const float *h0, const float *kept, const float *dh, float *dx,
                   float *dh0, const struct gru_grads *dw);

/* ---- inside a kernel ---- */

/* The block's floats, and the matrix's rows in shared memory. */
struct block_memory {
    float *own;
    const float *chip;
};

/* All threads: the matrix's resident rows are complete after the next barrier. */
template <bool SPILLS>
static __device__ inline struct block_memory block_open(const struct recurrence &k, float *shared)
{
    struct block_memory m;
    float *chip = SPILLS ? shared : shared + k.own;
    m.own = SPILLS ? k.spill + (size_t)blockIdx.x * k.own : shared;
    m.chip = chip;
    for (int i = (int)threadIdx.x; i < k.resident * k.cols / 4; i += (int)blockDim.x)
        ((float4 *)chip)[i] = ((const float4 *)k.matrix)[i];
    return m;
}

/* The sequences of a tile, longest first, in shared memory; unused ones are -1 and have no
 * steps. */
struct tile {
    int sequence[TILE_MOST], first[TILE_MOST], steps[TILE_MOST];
};

/* Blocks take tiles in rounds, in alternating directions, so that each has its share of the long
 * ones. */
static __device__ inline int tile_of(int round)
{
    int blocks = (int)gridDim.x, b = (int)blockIdx.x;
    return round * blocks + (round & 1 ? blocks - 1 - b : b);
}

/* All threads; begins and ends with a barrier. */
static __device__ inline void tile_open(const struct recurrence &k, int number, struct tile *t)
{
    __syncthreads();
    int i = (int)threadIdx.x;
    if (i < k.tile) {
        int place = number * k.tile + i;
        int s = place < k.running ? k.sequence[place] : -1;
        t->sequence[i] = s;
        t->first[i] = s < 0 ? 0 : k.start[s];
        t->steps[i] = s < 0 ? 0 : k.start[s + 1] - k.start[s];
    }
    __syncthreads();
}

/* for EACH_UNIT (e, s, j, S, k): the thread's units j of the sequences s; e = s · padded + j */
#define EACH_UNIT(e, s, j, S, k)                                                                   \
    (int e = (int)threadIdx.x, s = e / (k).padded, j = e - s * (k).padded; e < (S) * (k).padded;   \
     e += (int)blockDim.x, s = e / (k).padded, j = e - s * (k).padded)

/* The row of sequence s at step t; -1 beyond its end, and for the zeros between the gates. */
static __device__ inline int64_t row_at(const struct recurrence &k, const struct tile &tile, int s,
                                        int j, int t)
{
    return j < k.state && t < tile.steps[s] ? (int64_t)tile.first[s] + t : -1;
}

/* Number of parts into which the rows of a product are divided, so that all threads have work. */
static __host__ __device__ inline int product_parts(int cols, int threads)
{
    int parts = threads / (cols / 4);
    return parts < 1 ? 1 : parts;
}

/* sum [S][4] += rows from .. to-1 of four columns of m, each times its element of v. */
template <int S>
static __device__ inline void product_rows(const float *m, int cols, int from, int to,
                                           const float *v, int ldv, float4 *sum)
{
    for (int i = from; i < to; i += 4) {
        float4 a = *(const float4 *)(m + (size_t)i * cols);
        float4 b = *(const float4 *)(m + (size_t)(i + 1) * cols);
        float4 c = *(const float4 *)(m + (size_t)(i + 2) * cols);
        float4 d = *(const float4 *)(m + (size_t)(i + 3) * cols);
#pragma unroll
        for (int s = 0; s < S; s++) {
            float4 x = *(const float4 *)(v + (size_t)s * ldv + i);
            sum[s].x += x.x * a.x + x.y * b.x + x.z * c.x + x.w * d.x;
            sum[s].y += x.x * a.y + x.y * b.y + x.z * c.y + x.w * d.y;
            sum[s].z += x.x * a.z + x.y * b.z + x.z * c.z + x.w * d.z;
            sum[s].w += x.x * a.w + x.y * b.w + x.z * c.w + x.w * d.w;
        }
    }
}

/* part [parts, S, cols] = v [S, rows] times rows row .. row+rows-1 and columns col .. col+cols-1 of
 * the matrix, all multiples of 4; row stride of v: ldv. */
template <int S>
static __device__ inline void product(const struct recurrence &k, const float *chip, int row,
                                      int rows, int col, int cols, const float *v, int ldv,
                                      float *part)
{
    int groups = cols / 4, parts = product_parts(cols, (int)blockDim.x);
    int share = (rows / 4 + parts - 1) / parts * 4;
    for (int i = (int)threadIdx.x; i < groups * parts; i += (int)blockDim.x) {
        int p = i / groups, at = (i - p * groups) * 4;
        int from = row + p * share, to = min(from + share, row + rows);
        float4 sum[S];
#pragma unroll
        for (int s = 0; s < S; s++)
            sum[s].x = sum[s].y = sum[s].z = sum[s].w = 0;
        product_rows<S>(chip + col + at, k.cols, from, min(to, k.resident), v - row, ldv, sum);
        product_rows<S>(k.matrix + col + at, k.cols, max(from, k.resident), to, v - row, ldv, sum);
#pragma unroll
        for (int s = 0; s < S; s++)
            *(float4 *)(part + (size_t)(p * S + s) * cols + at) = sum[s];
    }
}

/* The sum of a product's parts for one sequence and column. */
template <int S>
static __device__ inline float product_at(const float *part, int cols, int s, int col)
{
    int parts = product_parts(cols, (int)blockDim.x);
    float sum = 0;
    for (int p = 0; p < parts; p++)
        sum += part[(size_t)(p * S + s) * cols + col];
    return sum;
}

/* Launches kernel<S, SPILLS> for the plan's tile size; with spills it is 1. */
#define LAUNCH_TILES(c, p, kernel, ...)                                                            \
    do {                                                                                           \
        if ((p).spills)                                                                            \
            LAUNCH_PLAN(c, p, (kernel<1, true>), __VA_ARGS__);                                     \
        else if ((p).k.tile == 1)                                                                  \
            LAUNCH_PLAN(c, p, (kernel<1, false>), __VA_ARGS__);                                    \
        else if ((p).k.tile == 2)                                                                  \
            LAUNCH_PLAN(c, p, (kernel<2, false>), __VA_ARGS__);                                    \
        else if ((p).k.tile == 4)                                                                  \
            LAUNCH_PLAN(c, p, (kernel<4, false>), __VA_ARGS__);                                    \
        else                                                                                       \
            LAUNCH_PLAN(c, p, (kernel<8, false>), __VA_ARGS__);                                    \
    } while (0)
#define LAUNCH_PLAN(c, p, kernel, ...)                                                             \
    LAUNCH(c, kernel, (p).blocks, (p).threads, (p).shared, __VA_ARGS__)

#endif
