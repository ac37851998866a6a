/* Directions of rows, and the cosine between them: a warp computes a row.  What is read twice is in
 * the cache the second time, so that memory is the bound. */
#include "cuda.h"

static __global__ void unit_rows(int rows, int cols, const float *x, float *y)
{
    for WARP_ROWS (i, rows) {
        size_t row = (size_t)i * cols;
        float squares = 0;
        for WARP_COLUMNS (j, cols)
            squares += x[row + j] * x[row + j];
        float inverse = maths_inverse_length(warp_sum(squares));
        for WARP_COLUMNS (j, cols)
            y[row + j] = x[row + j] * inverse;
    }
}

void cuda_normalize(struct device *d, int rows, int cols, const float *x, float *y)
{
    LAUNCH(d, unit_rows, row_blocks(rows), ROW_WARPS * WARP, 0, rows, cols, x, y);
}

static __global__ void cosines(int rows, int cols, const float *x, const float *aim, float *loss,
                               float *dx, float *daim)
{
    float share = 1 / (float)rows;
    for WARP_ROWS (i, rows) {
        size_t row = (size_t)i * cols;
        float squares = 0, squares_aim = 0, product = 0;
        for WARP_COLUMNS (j, cols) {
            float u = x[row + j], v = aim[row + j];
            squares += u * u, squares_aim += v * v, product += u * v;
        }
        float inverse = maths_inverse_length(warp_sum(squares));
        float inverse_aim = maths_inverse_length(warp_sum(squares_aim));
        float cosine = warp_sum(product) * inverse * inverse_aim;
        for WARP_COLUMNS (j, cols) {
            float u = x[row + j] * inverse, v = aim[row + j] * inverse_aim;
            if (dx)
                dx[row + j] -= maths_cosine_back(u, v, cosine, inverse * share);
            if (daim)
                daim[row + j] -= maths_cosine_back(v, u, cosine, inverse_aim * share);
        }
        if (threadIdx.x % WARP == 0)
            loss[i] = 1 - cosine;
    }
}

void cuda_cosine_loss(struct device *d, int rows, int cols, const float *x, const float *aim,
                      float *loss, float *dx, float *daim)
{
    LAUNCH(d, cosines, row_blocks(rows), ROW_WARPS * WARP, 0, rows, cols, x, aim, loss, dx, daim);
}
