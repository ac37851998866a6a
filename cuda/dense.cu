/* Products, biases, columns, activations, dropout. */
#include "cuda.h"

/* ---- products ---- */

void cuda_gemm(struct device *d, bool ta, bool tb, int m, int n, int k, const float *a, int lda,
               const float *b, int ldb, float beta, float *c, int ldc)
{
    cuda_gemm(cuda_of(d), ta, tb, m, n, k, a, lda, b, ldb, beta, c, ldc);
}

/* ---- matrices: a block has 32 columns and 8 rows at a time ---- */

enum { TILE_ROWS = 8, ROW_BLOCKS = 1024 };

static dim3 tile_grid(int rows, int cols)
{
    unsigned down = cuda_blocks((size_t)rows, TILE_ROWS);
    return dim3(cuda_blocks((size_t)cols, WARP), down < ROW_BLOCKS ? down : (unsigned)ROW_BLOCKS);
}

/* for TILE (i, j, rows, cols): this thread's elements of a [rows, cols] matrix, all of one column
 */
#define TILE_COLUMN(j) const int j = (int)(blockIdx.x * WARP + threadIdx.x)
#define EACH_ROW(i, rows)                                                                          \
    (int i = (int)(blockIdx.y * TILE_ROWS + threadIdx.y); i < (rows);                              \
     i += (int)gridDim.y * TILE_ROWS)

static __global__ void add_bias(int rows, int cols, const float *bias, float *y)
{
    TILE_COLUMN(j);
    if (j >= cols)
        return;
    float own = bias[j];
    for EACH_ROW (i, rows)
        y[(size_t)i * cols + j] += own;
}

void cuda_bias(struct device *d, int rows, int cols, const float *bias, float *y)
{
    LAUNCH(d, add_bias, tile_grid(rows, cols), dim3(WARP, TILE_ROWS), 0, rows, cols, bias, y);
}

static __global__ void copy_columns(int rows, int cols, const float *from, int ld_from, float *to,
                                    int ld_to, bool accumulate)
{
    TILE_COLUMN(j);
    if (j >= cols)
        return;
    for EACH_ROW (i, rows) {
        float x = from[(size_t)i * ld_from + j], *y = to + (size_t)i * ld_to + j;
        *y = accumulate ? *y + x : x;
    }
}

void cuda_columns(struct device *d, int rows, int cols, const float *from, int ld_from, float *to,
                  int ld_to, bool accumulate)
{
    LAUNCH(d, copy_columns, tile_grid(rows, cols), dim3(WARP, TILE_ROWS), 0, rows, cols, from,
           ld_from, to, ld_to, accumulate);
}

/* ---- sums of rows ----
 *
 * A block sums 32 columns of a part of the rows: each of its 8 warps every eighth row, then the
 * warps' sums in their order.  Many rows are parted among blocks and the parts summed likewise, so
 * that few columns keep the device busy too. */

enum { SUM_WARPS = 8, SUM_PART = 256 };

/* One sum, or two of one shape; blockIdx.z selects it. */
struct sums {
    const float *g, *other;
    float *to, *to_other;
};

static __global__ void sum_rows(int rows, int cols, int stride, int part, struct sums all,
                                bool accumulate)
{
    const float *g = blockIdx.z ? all.other : all.g;
    float *to = blockIdx.z ? all.to_other : all.to;
    __shared__ float sums[SUM_WARPS][WARP];
    const int j = (int)(blockIdx.x * WARP + threadIdx.x);
    const int from = (int)blockIdx.y * part, end = min(rows, from + part);
    float sum = 0;
    if (j < cols)
        for (int i = from + (int)threadIdx.y; i < end; i += SUM_WARPS)
            sum += g[(size_t)i * stride + j];
    sums[threadIdx.y][threadIdx.x] = sum;
    __syncthreads();
    if (threadIdx.y != 0 || j >= cols)
        return;
    for (int w = 1; w < SUM_WARPS; w++)
        sum += sums[w][threadIdx.x];
    float *own = to + (size_t)blockIdx.y * cols + j;
    *own = accumulate ? *own + sum : sum;
}

static void sum_all(struct cuda *c, int rows, int cols, int stride, const struct sums &all,
                    unsigned count)
{
    const dim3 block(WARP, SUM_WARPS);
    unsigned across = cuda_blocks((size_t)cols, WARP), down = cuda_blocks((size_t)rows, SUM_PART);
    if (down <= 1) {
        LAUNCH(c, sum_rows, dim3(across, down, count), block, 0, rows, cols, stride, SUM_PART, all,
               true);
        return;
    }
    int part = SUM_PART;
    if (down > 256) { /* longer parts instead */
        part = (rows + 255) / 256;
        down = cuda_blocks((size_t)rows, (size_t)part);
    }
    size_t size = (size_t)down * (size_t)cols;
    float *parts = (float *)cuda_sums(c, count * size * sizeof *parts);
    float *second = count > 1 ? parts + size : NULL;
    LAUNCH(c, sum_rows, dim3(across, down, count), block, 0, rows, cols, stride, part,
           (sums{all.g, all.other, parts, second}), false);
    LAUNCH(c, sum_rows, dim3(across, 1, count), block, 0, (int)down, cols, cols, (int)down,
           (sums{parts, second, all.to, all.to_other}), true);
}

void cuda_sum_rows(struct cuda *c, int rows, int cols, int stride, const float *g, float *to)
{
    sum_all(c, rows, cols, stride, sums{g, NULL, to, NULL}, 1);
}

void cuda_sum_rows(struct cuda *c, int rows, int cols, int stride, const float *g, float *to,
                   const float *other, float *to_other)
{
    sum_all(c, rows, cols, stride, sums{g, other, to, to_other}, 2);
}

void cuda_bias_back(struct device *d, int rows, int cols, const float *g, float *to)
{
    cuda_sum_rows(cuda_of(d), rows, cols, cols, g, to);
}

/* ---- activations ---- */

static __global__ void activate(enum activation a, size_t n, const float *x, float *y)
{
    for EACH (i, n)
        y[i] = a == ACTIVATION_TANH   ? maths_tanh(x[i])
               : a == ACTIVATION_RELU ? fmaxf(x[i], 0)
                                      : maths_sigmoid(x[i]);
}

void cuda_activate(struct device *d, enum activation a, size_t n, const float *x, float *y)
{
    LAUNCH(d, activate, cuda_grid(cuda_of(d), n, 256), 256, 0, a, n, x, y);
}

static __global__ void activate_back(enum activation a, size_t n, const float *y, const float *dy,
                                     float *dx)
{
    for EACH (i, n)
        dx[i] +=
            a == ACTIVATION_TANH   ? maths_tanh_back(y[i], dy[i])
            : a == ACTIVATION_RELU ? (y[i] > 0 ? dy[i] : 0)
                                   : maths_sigmoid_back(y[i], dy[i]);
}

void cuda_activate_back(struct device *d, enum activation a, size_t n, const float *y,
                        const float *dy, float *dx)
{
    LAUNCH(d, activate_back, cuda_grid(cuda_of(d), n, 256), 256, 0, a, n, y, dy, dx);
}

/* ---- elementwise products ---- */

static __global__ void multiply(size_t n, const float *a, const float *b, float *y)
{
    for EACH (i, n)
        y[i] = a[i] * b[i];
}

void cuda_multiply(struct device *d, size_t n, const float *a, const float *b, float *y)
{
    LAUNCH(d, multiply, cuda_grid(cuda_of(d), n, 256), 256, 0, n, a, b, y);
}

static __global__ void multiply_back(size_t n, const float *a, const float *b, const float *dy,
                                     float *da, float *db)
{
    for EACH (i, n) {
        if (da)
            da[i] += b[i] * dy[i];
        if (db)
            db[i] += a[i] * dy[i];
    }
}

void cuda_multiply_back(struct device *d, size_t n, const float *a, const float *b, const float *dy,
                        float *da, float *db)
{
    LAUNCH(d, multiply_back, cuda_grid(cuda_of(d), n, 256), 256, 0, n, a, b, dy, da, db);
}

/* ---- dropout: a thread computes the four elements that share a draw ---- */

static __global__ void drop_out(struct dropout_key key, size_t n, const float *x, float *y,
                                bool accumulate)
{
    const float kept = 1.0f / (1.0f - key.rate);
    for EACH (block, (n + 3) / 4) {
        uint32_t word[4];
        maths_dropout_words(key.seed, key.step, key.tensor, (uint32_t)block, word);
        const size_t from = 4 * block;
#pragma unroll
        for (int j = 0; j < 4; j++)
            if (from + j < n) {
                float own = x[from + j] * maths_dropout_factor(word[j], key.rate, kept);
                y[from + j] = accumulate ? own + y[from + j] : own;
            }
    }
}

void cuda_dropout(struct device *d, struct dropout_key key, size_t n, const float *x, float *y,
                  bool accumulate)
{
    LAUNCH(d, drop_out, cuda_grid(cuda_of(d), (n + 3) / 4, 256), 256, 0, key, n, x, y, accumulate);
}
