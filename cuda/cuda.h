/* Shared declarations of the CUDA backend: the device's state, kernel launches, products by cuBLAS,
 * sums over the threads of a warp and of a block.
 *
 * One stream computes, in the order of the calls; a second one copies what the next step needs.
 * Only `download`, `fetched`, `square_sum` and the growth of memory wait for the device.
 *
 * The files compile with nvcc for GPUs, and with g++ for an emulation (tests/emulation), which has
 * its own <cuda_runtime.h> and <cublas_v2.h>. */
#ifndef CUDA_CUDA_H
#define CUDA_CUDA_H

#include <cublas_v2.h>
#include <cuda_runtime.h>

extern "C" {
#include "nn/ops.h"
#include "nn/maths.h"
}

/* ---- the device ---- */

/* Device memory that grows to the largest size ever needed. */
struct temp_file {
    void *at;
    size_t size;
};

/* Pinned host memory for copies to the device, used part after part. */
enum { RING_PARTS = 8 };
struct ring {
    cudaStream_t stream; /* the stream that copies */
    char *at;
    size_t used; /* bytes used of the current part */
    int part;
    char *to; /* destination of the last `waiting` bytes used, which one copy will move */
    size_t waiting;
    cudaEvent_t done[RING_PARTS]; /* end of the copies out of each part */
};

/* Results on their way to the host. */
enum { TICKETS = 4 };
struct ticket {
    void *at; /* pinned */
    size_t size;
    cudaEvent_t done;
};

struct cuda {
    struct device device; /* first member: the table's functions get a pointer to it */
    int index;
    int processors;     /* multiprocessors */
    size_t shared_most; /* bytes of shared memory available to a block */
    size_t cache;       /* bytes of the second-level cache */
    size_t workspace;   /* bytes for the output layer's chunks */
    enum precision precision;
    cudaStream_t compute, copies;
    cublasHandle_t blas;
    void *blas_workspace;
    struct temp_file scratch, sums; /* of the current operation; of the current sum of rows */
    struct ring uploads, sends;     /* on the compute stream; on the other stream */
    bool sent;                      /* the compute stream has yet to wait for a copy */
    cudaEvent_t sends_done;
    cudaEvent_t marks[2]; /* beginnings of the last two steps on the compute stream */
    int mark;
    struct ticket tickets[TICKETS];
    int fetches; /* so far */
    char name[300];
};

static inline struct cuda *cuda_of(struct device *d)
{
    return (struct cuda *)d;
}

static inline struct cuda *cuda_of(struct cuda *c)
{
    return c;
}

/* Returns device memory that is valid until the operation ends, aligned to 256 bytes.  At most one
 * call in an operation. */
void *cuda_scratch(struct cuda *c, size_t bytes);

/* The same, valid until a sum of rows ends; may be used in an operation that has scratch. */
void *cuda_sums(struct cuda *c, size_t bytes);

/* ---- failing ---- */

/* Reports what failed in which function (without the prefix cuda_); does not return. */
[[noreturn]] void cuda_fail(int status, const char *where, const char *what);
void cuda_check(cudaError_t got, const char *where, const char *what);

/* Checks the result of a CUDA call: CHECK(cudaMemsetAsync(...)) */
#define CHECK(call) cuda_check((call), __func__, #call)

/* ---- launching ----
 *
 * LAUNCH(d, kernel, grid, block, bytes of dynamic shared memory, arguments...) puts a kernel on the
 * compute stream; a grid of no blocks launches nothing.  A kernel that is a template of several
 * parameters is named in parentheses. */
void cuda_before_launch(struct cuda *c);
#define LAUNCH(d, kernel, grid, block, shared, ...)                                                \
    do {                                                                                           \
        const dim3 launch_grid_(grid), launch_block_(block);                                       \
        const size_t launch_shared_ = (shared);                                                    \
        if (!launch_grid_.x || !launch_grid_.y || !launch_grid_.z)                                 \
            break;                                                                                 \
        cuda_before_launch(cuda_of(d));                                                            \
        if (launch_shared_ > 48 << 10)                                                             \
            cuda_check(cudaFuncSetAttribute(kernel, cudaFuncAttributeMaxDynamicSharedMemorySize,   \
                                            (int)launch_shared_),                                  \
                       __func__, #kernel ", shared memory");                                       \
        START(kernel, launch_grid_, launch_block_, launch_shared_, cuda_of(d)->compute,            \
              __VA_ARGS__);                                                                        \
        cuda_check(cudaGetLastError(), __func__, #kernel);                                         \
    } while (0)
/* SHARED(float, x); in a kernel: the dynamic shared memory as an array of that type. */
#ifdef __CUDACC__
#define START(kernel, grid, block, shared, stream, ...)                                            \
    kernel<<<grid, block, shared, stream>>>(__VA_ARGS__)
#define SHARED(type, name)                                                                         \
    extern __shared__ float4 cuda_shared_[];                                                       \
    type *name = (type *)cuda_shared_
#else
#define START              EMULATE
#define SHARED(type, name) type *name = (type *)emulated_shared()
#endif

/* Number of blocks for n elements, `each` a block. */
static inline unsigned cuda_blocks(size_t n, size_t each)
{
    return (unsigned)((n + each - 1) / each);
}

/* Number of blocks, enough to fill the device, for a kernel whose threads walk over n elements in
 * strides of the grid (EACH). */
static inline unsigned cuda_grid(const struct cuda *c, size_t n, unsigned block)
{
    size_t most = (size_t)c->processors * (2048 / block) * 2, want = (n + block - 1) / block;
    return (unsigned)(want < most ? want : most);
}

/* for EACH (i, n): the thread's elements of 0..n-1 */
#define EACH(i, n)                                                                                 \
    (size_t i = (size_t)blockIdx.x * blockDim.x + threadIdx.x; i < (n);                            \
     i += (size_t)gridDim.x * blockDim.x)

/* struct rows as an argument of a kernel, without padding. */
struct row_plan {
    const int32_t *at, *row, *start, *order;
    int count, unique;
};

static inline struct row_plan cuda_rows(const struct rows *r)
{
    struct row_plan plan = {r->at, r->row, r->start, r->order, r->count, r->unique};
    return plan;
}

/* A warp computes a row: LAUNCH(d, kernel, row_blocks(rows), ROW_WARPS * WARP, ...), and in the
 * kernel for WARP_ROWS (i, rows) ... for WARP_COLUMNS (j, cols) */
enum { WARP = 32, ROW_WARPS = 8, MOST_ROW_BLOCKS = 4096 };

static inline unsigned row_blocks(int rows)
{
    unsigned blocks = cuda_blocks((size_t)rows, ROW_WARPS);
    return blocks < MOST_ROW_BLOCKS ? blocks : (unsigned)MOST_ROW_BLOCKS;
}

#define WARP_ROWS(i, rows)                                                                         \
    (int i = (int)(blockIdx.x * ROW_WARPS + threadIdx.x / WARP); i < (rows);                       \
     i += (int)gridDim.x * ROW_WARPS)
#define WARP_COLUMNS(j, cols) (int j = (int)threadIdx.x % WARP; j < (cols); j += WARP)

/* The last of start[0 .. n) that is not above `position`. */
static __device__ inline int segment_of(const int32_t *start, int n, int position)
{
    int from = 0, to = n;
    while (to - from > 1) {
        int middle = (from + to) / 2;
        if (start[middle] <= position)
            from = middle;
        else
            to = middle;
    }
    return from;
}

/* ---- products ---- */

/* c [m, n] = op(a) op(b) + beta c of row-major matrices in float32, as the table's gemm. */
void cuda_gemm(struct cuda *c, bool ta, bool tb, int m, int n, int k, const float *a, int lda,
               const float *b, int ldb, float beta, float *y, int ldy);

/* The same for the output layer and GRUs: with --precision tf32 or bf16 the product rounds its
 * factors to tf32, since copies in bf16 cost small products more than they gain. */
void cuda_gemm_wide(struct cuda *c, bool ta, bool tb, int m, int n, int k, const float *a, int lda,
                    const float *b, int ldb, float beta, float *y, int ldy);

/* A number of 16 bits, the upper half of a float32. */
typedef uint16_t bf16;

static __device__ inline float number_of(float x)
{
    return x;
}

static __device__ inline float number_of(bf16 x)
{
    return maths_from_bf16(x);
}

static __device__ inline void number_to(float x, float *to)
{
    *to = x;
}

static __device__ inline void number_to(float x, bf16 *to)
{
    *to = maths_to_bf16(x);
}

/* The same with bf16 factors; the second one also rounds the result to bf16. */
void cuda_gemm_bf16(struct cuda *c, bool ta, bool tb, int m, int n, int k, const bf16 *a, int lda,
                    const bf16 *b, int ldb, float beta, float *y, int ldy);
void cuda_gemm_bf16(struct cuda *c, bool ta, bool tb, int m, int n, int k, const bf16 *a, int lda,
                    const bf16 *b, int ldb, float beta, bf16 *y, int ldy);

/* ---- sums of rows ---- */

/* to [cols] += the sum of the rows of g, `stride` apart, in a fixed order.  Neither uses the
 * operation's scratch. */
void cuda_sum_rows(struct cuda *c, int rows, int cols, int stride, const float *g, float *to);
/* The same for two matrices of one shape. */
void cuda_sum_rows(struct cuda *c, int rows, int cols, int stride, const float *g, float *to,
                   const float *other, float *to_other);

/* Adds g [count, cols], one row a sequence: group NULL: to [cols] += the sum of the rows; else
 * to[group->at[s]] += row s, in the plan's order. */
void cuda_add_by_group(struct cuda *c, const struct rows *group, int count, int cols,
                       const float *g, float *to);

/* ---- sums and maxima over threads, always in the same order ---- */

/* Every thread of the warp gets the result; all 32 must take part. */
template <class T> __device__ inline T warp_sum(T x)
{
    for (int step = WARP / 2; step > 0; step /= 2)
        x += __shfl_xor_sync(0xffffffffu, x, step);
    return x;
}

template <class T> __device__ inline T warp_max(T x)
{
    for (int step = WARP / 2; step > 0; step /= 2) {
        T other = __shfl_xor_sync(0xffffffffu, x, step);
        x = other > x ? other : x;
    }
    return x;
}

/* Every thread of the block gets the result; the block has whole warps, and all threads must take
 * part.  `room` is shared memory for 32 values, free again for the next call. */
template <class T> __device__ inline T block_sum(T x, T *room)
{
    int lane = (int)threadIdx.x % WARP, warp = (int)threadIdx.x / WARP;
    int warps = (int)blockDim.x / WARP;
    x = warp_sum(x);
    __syncthreads();
    if (lane == 0)
        room[warp] = x;
    __syncthreads();
    return warp_sum(lane < warps ? room[lane] : (T)0);
}

template <class T> __device__ inline T block_max(T x, T *room)
{
    int lane = (int)threadIdx.x % WARP, warp = (int)threadIdx.x / WARP;
    int warps = (int)blockDim.x / WARP;
    x = warp_max(x);
    __syncthreads();
    if (lane == 0)
        room[warp] = x;
    __syncthreads();
    return warp_max(room[lane < warps ? lane : 0]);
}

/* ---- the operations ---- */

#define OPERATION_DECLARATION(type, name, arguments) type cuda_##name arguments;
DEVICE_OPERATIONS(OPERATION_DECLARATION)
#undef OPERATION_DECLARATION

#endif
