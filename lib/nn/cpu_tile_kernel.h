/* One form of the products of cpu_tile.h, for vectors of VECTOR_FLOATS floats and the instructions
 * of TARGET.  cpu_tile.c includes this file once for each form; FORM(name) makes their names
 * differ.
 *
 * `rows` × `cols` vectors of the result stay in registers while k runs.  Each step loads `cols`
 * vectors of b and multiplies them by `rows` elements of a: enough independent work to keep two
 * multipliers busy.  The loop over k has nothing else in it, and no more addresses than a processor
 * has registers for: what spills takes the multipliers' time. */

typedef float FORM(vector) __attribute__((vector_size(4 * VECTOR_FLOATS), aligned(4)));

/* Fetches what the next block of rows reads and adds to.  It may be in no cache, and its stride is
 * too large for the processor's own prefetcher.  `step` counts the fetches of this block: each is
 * for the next rows' elements of a from `a`, and for two of their rows of c. */
TARGET static inline __attribute__((always_inline)) void
FORM(fetch_next)(const int rows, const int cols, const struct tile_product *p, const float *a,
                 const float *c, int step)
{
    const float *next = c + (size_t)(rows + 2 * step) * p->ldc;
    if (!p->turned)
#pragma GCC unroll 12
        for (int i = 0; i < rows; i++)
            __builtin_prefetch(a + (size_t)(rows + i) * p->lda);
    for (int i = 0; i < 2 && 2 * step < rows; i++, next += p->ldc) {
        for (int j = 0; j < cols * VECTOR_FLOATS; j += LINE_FLOATS)
            __builtin_prefetch(next + j, 1);
        __builtin_prefetch(next + cols * VECTOR_FLOATS - 1, 1);
    }
}

/* A block of rows × cols vectors; rows, cols and turned are constants at every call. */
TARGET static inline __attribute__((always_inline)) void FORM(block)(const int rows, const int cols,
                                                                     const bool turned,
                                                                     const struct tile_product *p,
                                                                     size_t row, size_t col)
{
    const size_t lda = p->lda, ldb = p->ldb;
    const float *b = p->b + col;
    const float *a[4]; /* of every third row, or of the first row alone, whose next rows follow */
    const int starts = turned ? 1 : (rows + 2) / 3;
    float *c = p->c + row * p->ldc + col;
    FORM(vector) sum[12], none = {0};
#pragma GCC unroll 4
    for (int i = 0; i < starts; i++)
        a[i] = p->a + (turned ? row : (row + 3 * (size_t)i) * lda);
#pragma GCC unroll 12
    for (int i = 0; i < rows; i++)
#pragma GCC unroll 2
        for (int j = 0; j < cols; j++)
            if (p->bias)
                sum[i * cols + j] = none + p->bias[row + (size_t)i];
            else
                sum[i * cols + j] =
                    *(const FORM(vector) *)(c + (size_t)i * p->ldc + j * VECTOR_FLOATS);
    for (size_t left = p->k, step = 0; left; step++) {
        size_t some = left < LINE_FLOATS ? left : LINE_FLOATS;
        left -= some;
        FORM(fetch_next)(rows, cols, p, a[0], c, (int)step);
        do {
            FORM(vector) b0 = *(const FORM(vector) *)b, b1 = b0;
            if (cols > 1)
                b1 = *(const FORM(vector) *)(b + VECTOR_FLOATS);
#pragma GCC unroll 12
            for (int i = 0; i < rows; i++) {
                float x = turned ? a[0][i] : a[i / 3][(size_t)(i % 3) * lda];
                sum[i * cols] += x * b0;
                if (cols > 1)
                    sum[i * cols + 1] += x * b1;
            }
            b += ldb;
#pragma GCC unroll 4
            for (int i = 0; i < starts; i++) {
                a[i] += turned ? lda : 1;
                KEEP_IN_REGISTER(a[i]); /* or the compiler computes an address for every row */
            }
        } while (--some);
    }
#pragma GCC unroll 12
    for (int i = 0; i < rows; i++)
#pragma GCC unroll 2
        for (int j = 0; j < cols; j++)
            *(FORM(vector) *)(c + (size_t)i * p->ldc + j * VECTOR_FLOATS) = sum[i * cols + j];
}

/* All rows of `cols` vectors. */
TARGET static inline __attribute__((always_inline)) void
FORM(column)(const int rows, const int cols, const bool turned, const struct tile_product *p,
             size_t col)
{
    size_t i = 0;
    for (; i + (size_t)rows <= p->m; i += (size_t)rows)
        FORM(block)(rows, cols, turned, p, i, col);
    for (; i + 4 <= p->m; i += 4)
        FORM(block)(4, cols, turned, p, i, col);
    for (; i + 2 <= p->m; i += 2)
        FORM(block)(2, cols, turned, p, i, col);
    for (; i < p->m; i++)
        FORM(block)(1, cols, turned, p, i, col);
}

TARGET static inline __attribute__((always_inline)) void FORM(columns)(const bool turned,
                                                                       const struct tile_product *p)
{
    size_t col = 0;
    for (; col + 2 * VECTOR_FLOATS <= p->n; col += 2 * VECTOR_FLOATS)
        FORM(column)(6, 2, turned, p, col);
    if (col < p->n)
        FORM(column)(12, 1, turned, p, col);
}

TARGET static void FORM(product)(const struct tile_product *p)
{
    if (p->turned)
        FORM(columns)(true, p);
    else
        FORM(columns)(false, p);
}

/* ---- products of rows with rows ---- */

TARGET static inline __attribute__((always_inline)) float FORM(lanes)(FORM(vector) x)
{
    four part[VECTOR_FLOATS / 4], sum;
    memcpy(part, &x, sizeof x);
    sum = part[0];
#pragma GCC unroll 4
    for (int i = 1; i < VECTOR_FLOATS / 4; i++)
        sum += part[i];
    return (sum[0] + sum[2]) + (sum[1] + sum[3]);
}

/* rows × cols sums; both are constants at every call. */
TARGET static inline __attribute__((always_inline)) void
FORM(sums)(const int rows, const int cols, const struct tile_rows *p, size_t row, size_t col)
{
    const float *a = p->a + row * p->lda, *b = p->b + col * p->ldb;
    float *c = p->c + row * p->ldc + col;
    FORM(vector) sum[20] = {{0}};
    for (size_t k = 0; k < p->k; k += VECTOR_FLOATS) {
        FORM(vector) y[5];
#pragma GCC unroll 5
        for (int j = 0; j < cols; j++)
            y[j] = *(const FORM(vector) *)(b + (size_t)j * p->ldb + k);
#pragma GCC unroll 4
        for (int i = 0; i < rows; i++) {
            FORM(vector) x = *(const FORM(vector) *)(a + (size_t)i * p->lda + k);
#pragma GCC unroll 5
            for (int j = 0; j < cols; j++)
                sum[i * cols + j] += x * y[j];
        }
    }
#pragma GCC unroll 4
    for (int i = 0; i < rows; i++)
#pragma GCC unroll 5
        for (int j = 0; j < cols; j++)
            c[(size_t)i * p->ldc + (size_t)j] += FORM(lanes)(sum[i * cols + j]);
}

TARGET static inline __attribute__((always_inline)) void
FORM(sums_of_rows)(const int cols, const struct tile_rows *p, size_t col)
{
    size_t i = 0;
    for (; i + 4 <= p->m; i += 4)
        FORM(sums)(4, cols, p, i, col);
    for (; i < p->m; i++)
        FORM(sums)(1, cols, p, i, col);
}

/* As many columns at once as there are registers for 4 sums of each: every time the rows of a come
 * from a second-level cache. */
TARGET static void FORM(rows_product)(const struct tile_rows *p)
{
    const size_t most = VECTOR_FLOATS == 16 ? 5 : 3;
    for (size_t col = 0, cols; col < p->n; col += cols) {
        size_t left = p->n - col, times = (left + most - 1) / most;
        cols = (left + times - 1) / times;
        if (cols == 5)
            FORM(sums_of_rows)(5, p, col);
        else if (cols == 4)
            FORM(sums_of_rows)(4, p, col);
        else if (cols == 3)
            FORM(sums_of_rows)(3, p, col);
        else if (cols == 2)
            FORM(sums_of_rows)(2, p, col);
        else
            FORM(sums_of_rows)(1, p, col);
    }
}
