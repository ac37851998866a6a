/* One form of the product of cpu_tile.h, for vectors of VECTOR_FLOATS floats and the instructions
 * of TARGET.  cpu_tile.c includes this file once for each form; FORM(name) makes their names
 * differ.
 *
 * `rows` × `cols` vectors of the result stay in registers while k runs.  Each step loads `cols`
 * vectors of b and multiplies them by `rows` elements of a: enough independent work to keep two
 * multipliers busy. */

typedef float FORM(vector) __attribute__((vector_size(4 * VECTOR_FLOATS), aligned(4)));

/* A block of rows × cols vectors; both are constants at every call. */
TARGET static inline __attribute__((always_inline)) void
FORM(block)(const int rows, const int cols, const struct tile_product *p, size_t row, size_t col)
{
    const float *a = p->a + row * p->a_row, *b = p->b + col;
    float *c = p->c + row * p->ldc + col;
    FORM(vector) sum[12], none = {0};
    /* The next rows may be in no cache, and their stride is too large for the processor's own
     * prefetcher. */
    for (int i = 0; i < rows; i++) {
        __builtin_prefetch(c + (size_t)(rows + i) * p->ldc, 1);
        __builtin_prefetch(c + (size_t)(rows + i) * p->ldc + cols * VECTOR_FLOATS - 1, 1);
    }
#pragma GCC unroll 12
    for (int i = 0; i < rows; i++)
#pragma GCC unroll 2
        for (int j = 0; j < cols; j++)
            if (p->bias)
                sum[i * cols + j] = none + p->bias[row + (size_t)i];
            else
                sum[i * cols + j] =
                    *(const FORM(vector) *)(c + (size_t)i * p->ldc + j * VECTOR_FLOATS);
    for (size_t k = 0; k < p->k; k++) {
        FORM(vector) b0 = *(const FORM(vector) *)(b + k * p->ldb);
        FORM(vector) b1 = b0;
        if (cols > 1)
            b1 = *(const FORM(vector) *)(b + k * p->ldb + VECTOR_FLOATS);
        else if (p->a_col == 1 && k % 16 == 0)
            /* Little is computed of each element of a, which comes from memory: the next rows are
             * fetched while these are used. */
            for (int i = 0; i < rows; i++)
                __builtin_prefetch(a + (size_t)(rows + i) * p->a_row + k);
#pragma GCC unroll 12
        for (int i = 0; i < rows; i++) {
            float x = a[(size_t)i * p->a_row + k * p->a_col];
            sum[i * cols] += x * b0;
            if (cols > 1)
                sum[i * cols + 1] += x * b1;
        }
    }
#pragma GCC unroll 12
    for (int i = 0; i < rows; i++)
#pragma GCC unroll 2
        for (int j = 0; j < cols; j++)
            *(FORM(vector) *)(c + (size_t)i * p->ldc + j * VECTOR_FLOATS) = sum[i * cols + j];
}

/* All rows of `cols` vectors. */
TARGET static inline __attribute__((always_inline)) void
FORM(column)(const int rows, const int cols, const struct tile_product *p, size_t col)
{
    size_t i = 0;
    for (; i + (size_t)rows <= p->m; i += (size_t)rows)
        FORM(block)(rows, cols, p, i, col);
    for (; i + 4 <= p->m; i += 4)
        FORM(block)(4, cols, p, i, col);
    for (; i + 2 <= p->m; i += 2)
        FORM(block)(2, cols, p, i, col);
    for (; i < p->m; i++)
        FORM(block)(1, cols, p, i, col);
}

TARGET static void FORM(product)(const struct tile_product *p)
{
    size_t col = 0;
    for (; col + 2 * VECTOR_FLOATS <= p->n; col += 2 * VECTOR_FLOATS)
        FORM(column)(6, 2, p, col);
    if (col < p->n)
        FORM(column)(12, 1, p, col);
}
