/* Layer normalization: a warp computes a row.
 *
 * 2,000 rows of 64 columns: forward reads and writes 1 MB, backward reads and adds 2 MB and sums two
 * matrices of that size over the rows.  Launch latency dominates. */
#include "cuda.h"

static __global__ void norm_rows(int rows, int cols, const float *x, const float *gain,
                            const float *bias, float *y, float *kept)
{
    for WARP_ROWS (i, rows) {
        const float *own = x + (size_t)i * cols;
        float sum = 0, squares = 0;
        for WARP_COLUMNS (j, cols)
            sum += own[j];
        float mean = warp_sum(sum) / (float)cols;
        for WARP_COLUMNS (j, cols)
            squares += (own[j] - mean) * (own[j] - mean);
        float inverse = 1 / sqrtf(warp_sum(squares) / (float)cols + LAYER_NORM_EPSILON);
        for WARP_COLUMNS (j, cols)
            y[(size_t)i * cols + j] = gain[j] * maths_normal(own[j], mean, inverse) + bias[j];
        if (threadIdx.x % WARP == 0)
            kept[2 * i] = mean, kept[2 * i + 1] = inverse;
    }
}

void cuda_layer_norm(struct device *d, int rows, int cols, const float *x, const float *gain,
                     const float *bias, float *y, float *kept)
{
    LAUNCH(d, norm_rows, row_blocks(rows), ROW_WARPS * WARP, 0, rows, cols, x, gain, bias, y, kept);
}

/* part [rows, cols] = each row's part of dgain */
static __global__ void norm_rows_back(int rows, int cols, const float *x, const float *gain,
                                 const float *kept, const float *dy, float *dx, float *part)
{
    for WARP_ROWS (i, rows) {
        size_t row = (size_t)i * cols;
        float mean = kept[2 * i], inverse = kept[2 * i + 1], sum = 0, product = 0;
        for WARP_COLUMNS (j, cols) {
            float normal = maths_normal(x[row + j], mean, inverse);
            sum += gain[j] * dy[row + j];
            product += gain[j] * dy[row + j] * normal;
            part[row + j] = dy[row + j] * normal;
        }
        sum = warp_sum(sum) / (float)cols, product = warp_sum(product) / (float)cols;
        for WARP_COLUMNS (j, cols)
            dx[row + j] += maths_normal_back(gain[j] * dy[row + j],
                                             maths_normal(x[row + j], mean, inverse), sum, product,
                                             inverse);
    }
}

void cuda_layer_norm_back(struct device *d, int rows, int cols, const float *x, const float *gain,
                          const float *kept, const float *dy, float *dx, float *dgain, float *dbias)
{
    struct cuda *c = cuda_of(d);
    float *part = (float *)cuda_scratch(c, (size_t)rows * cols * sizeof *part);
    LAUNCH(c, norm_rows_back, row_blocks(rows), ROW_WARPS * WARP, 0, rows, cols, x, gain, kept, dy, dx,
           part);
    cuda_sum_rows(c, rows, cols, cols, part, dgain, dy, dbias);
}
