/* Rows of length 1: a warp computes a row.  Both directions read and write each number once, so that
 * memory is the bound. */
#include "cuda.h"

static __global__ void unit_rows(int rows, int cols, const float *x, float *y, float *kept)
{
    for WARP_ROWS (i, rows) {
        size_t row = (size_t)i * cols;
        float squares = 0;
        for WARP_COLUMNS (j, cols)
            squares += x[row + j] * x[row + j];
        float inverse = maths_inverse_length(warp_sum(squares));
        for WARP_COLUMNS (j, cols)
            y[row + j] = x[row + j] * inverse;
        if (threadIdx.x % WARP == 0)
            kept[i] = inverse;
    }
}

void cuda_normalize(struct device *d, int rows, int cols, const float *x, float *y, float *kept)
{
    LAUNCH(d, unit_rows, row_blocks(rows), ROW_WARPS * WARP, 0, rows, cols, x, y, kept);
}

static __global__ void unit_rows_back(int rows, int cols, const float *y, const float *kept,
                                      const float *dy, float *dx)
{
    for WARP_ROWS (i, rows) {
        size_t row = (size_t)i * cols;
        float product = 0;
        for WARP_COLUMNS (j, cols)
            product += y[row + j] * dy[row + j];
        product = warp_sum(product);
        for WARP_COLUMNS (j, cols)
            dx[row + j] += maths_unit_back(y[row + j], dy[row + j], product, kept[i]);
    }
}

void cuda_normalize_back(struct device *d, int rows, int cols, const float *y, const float *kept,
                         const float *dy, float *dx)
{
    LAUNCH(d, unit_rows_back, row_blocks(rows), ROW_WARPS * WARP, 0, rows, cols, y, kept, dy, dx);
}
