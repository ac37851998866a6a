/* The CPU's matrix products, biases, columns, activations, dropout and grouped products. */
#include <math.h>

#include "base/mem.h"
#include "nn/cpu.h"
#include "nn/maths.h"

/* ---- products ---- */

static void gemm_share(bool ta, bool tb, int m, int n, int k, const float *a, int lda,
                       const float *b, int ldb, float beta, float *c, int ldc)
{
    bool by_rows = m >= n;
    struct span s = cpu_own_share((size_t)(by_rows ? m : n), 16);
    int part = (int)(s.to - s.from);
    if (by_rows)
        cpu_sgemm(ta, tb, part, n, k, a + (ta ? s.from : s.from * (size_t)lda), lda, b, ldb, beta,
                  c + s.from * (size_t)ldc, ldc);
    else
        cpu_sgemm(ta, tb, m, part, k, a, lda, b + (tb ? s.from * (size_t)ldb : s.from), ldb, beta,
                  c + s.from, ldc);
}

/* Threads share the rows or the columns of c, never k: one thread sums each element. */
void cpu_gemm(struct device *d, bool ta, bool tb, int m, int n, int k, const float *a, int lda,
              const float *b, int ldb, float beta, float *c, int ldc)
{
    int threads = cpu_threads_for(cpu_of(d), (double)m * n * k / 32);
    CPU_IN_THREADS(threads, gemm_share(ta, tb, m, n, k, a, lda, b, ldb, beta, c, ldc));
}

/* ---- biases ---- */

VECTOR static void bias_share(size_t rows, size_t cols, const float *bias, float *y)
{
    struct span s = cpu_own_share(rows, 1);
    for (size_t i = s.from; i < s.to; i++)
        for (size_t j = 0; j < cols; j++)
            y[i * cols + j] += bias[j];
}

void cpu_bias(struct device *d, int rows, int cols, const float *bias, float *y)
{
    int threads = cpu_threads_for(cpu_of(d), (double)rows * cols / 8);
    CPU_IN_THREADS(threads, bias_share((size_t)rows, (size_t)cols, bias, y));
}

static void bias_back_share(size_t rows, size_t cols, const float *g, float *to)
{
    struct span s = cpu_own_share(cols, 16);
    cpu_sum_rows(rows, s.to - s.from, cols, g + s.from, to + s.from);
}

void cpu_bias_back(struct device *d, int rows, int cols, const float *g, float *to)
{
    int threads = cpu_threads_for(cpu_of(d), (double)rows * cols / 8);
    CPU_IN_THREADS(threads, bias_back_share((size_t)rows, (size_t)cols, g, to));
}

void cpu_columns(struct device *d, int rows, int cols, const float *from, int ld_from, float *to,
                 int ld_to, bool accumulate)
{
    (void)d;
    for (size_t i = 0; i < (size_t)rows; i++) {
        const float *x = from + i * (size_t)ld_from;
        float *y = to + i * (size_t)ld_to;
        if (!accumulate)
            memcpy(y, x, (size_t)cols * sizeof *y);
        else
            cpu_add_scaled((size_t)cols, 1, x, y);
    }
}

/* ---- activations ---- */

VECTOR static void activate_share(enum activation a, size_t n, const float *x, float *y)
{
    struct span s = cpu_own_share(n, 16);
    if (a == ACTIVATION_TANH)
        for (size_t i = s.from; i < s.to; i++)
            y[i] = maths_tanh(x[i]);
    else if (a == ACTIVATION_RELU)
        for (size_t i = s.from; i < s.to; i++)
            y[i] = x[i] > 0 ? x[i] : 0;
    else
        for (size_t i = s.from; i < s.to; i++)
            y[i] = maths_sigmoid(x[i]);
}

void cpu_activate(struct device *d, enum activation a, size_t n, const float *x, float *y)
{
    int threads = cpu_threads_for(cpu_of(d), (double)n);
    CPU_IN_THREADS(threads, activate_share(a, n, x, y));
}

VECTOR static void activate_back_share(enum activation a, size_t n, const float *y, const float *dy,
                                       float *restrict dx)
{
    struct span s = cpu_own_share(n, 16);
    if (a == ACTIVATION_TANH)
        for (size_t i = s.from; i < s.to; i++)
            dx[i] += maths_tanh_back(y[i], dy[i]);
    else if (a == ACTIVATION_RELU)
        for (size_t i = s.from; i < s.to; i++)
            dx[i] += y[i] > 0 ? dy[i] : 0;
    else
        for (size_t i = s.from; i < s.to; i++)
            dx[i] += maths_sigmoid_back(y[i], dy[i]);
}

void cpu_activate_back(struct device *d, enum activation a, size_t n, const float *y,
                       const float *dy, float *dx)
{
    int threads = cpu_threads_for(cpu_of(d), (double)n / 4);
    CPU_IN_THREADS(threads, activate_back_share(a, n, y, dy, dx));
}

/* ---- elementwise products ---- */

VECTOR static void multiply_share(size_t n, const float *a, const float *b, float *restrict y)
{
    struct span s = cpu_own_share(n, 16);
    for (size_t i = s.from; i < s.to; i++)
        y[i] = a[i] * b[i];
}

void cpu_multiply(struct device *d, size_t n, const float *a, const float *b, float *y)
{
    int threads = cpu_threads_for(cpu_of(d), (double)n / 8);
    CPU_IN_THREADS(threads, multiply_share(n, a, b, y));
}

VECTOR static void add_product_share(size_t n, const float *a, const float *b, float *restrict to)
{
    struct span s = cpu_own_share(n, 16);
    for (size_t i = s.from; i < s.to; i++)
        to[i] += a[i] * b[i];
}

static void multiply_back_share(size_t n, const float *a, const float *b, const float *dy,
                                float *da, float *db)
{
    if (da)
        add_product_share(n, b, dy, da);
    if (db)
        add_product_share(n, a, dy, db);
}

void cpu_multiply_back(struct device *d, size_t n, const float *a, const float *b, const float *dy,
                       float *da, float *db)
{
    int threads = cpu_threads_for(cpu_of(d), (double)n / 4);
    CPU_IN_THREADS(threads, multiply_back_share(n, a, b, dy, da, db));
}

/* ---- dropout ---- */

enum { BLOCKS = 16, MASK = 4 * BLOCKS, IS_BIG_ENDIAN = __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__ };

/* The least random word of an element that is kept: maths_dropout_factor in whole numbers. */
static uint64_t least_kept(float rate)
{
    return (uint64_t)ceilf(rate * 0x1p24f) << 8;
}

/* Which of the elements 4·block .. 4·block + MASK-1 are kept.  The first loop stores words of the
 * same index side by side: compilers do not vectorize a loop that stores the four words of each
 * block at once.  The second makes one word of a block's four bytes: single bytes of four words
 * would have to be shuffled together. */
VECTOR static void dropout_mask(const uint32_t multiplier[2], struct dropout_key key,
                                uint64_t least, uint32_t block, unsigned char *restrict kept)
{
    uint64_t word[4][BLOCKS];
    uint32_t four[BLOCKS];
    const uint32_t multiplier_0 = multiplier[0], multiplier_1 = multiplier[1];
    for (uint32_t i = 0; i < BLOCKS; i++) {
        const uint32_t by[2] = {multiplier_0, multiplier_1};
        uint64_t own[4];
        maths_dropout_words_wide(by, key.seed, key.step, key.tensor, block + i, own);
        word[0][i] = own[0], word[1][i] = own[1], word[2][i] = own[2], word[3][i] = own[3];
    }
    for (int i = 0; i < BLOCKS; i++) {
        four[i] = 0;
        for (int j = 0; j < 4; j++)
            four[i] |= (uint32_t)(word[j][i] >= least) << 8 * (IS_BIG_ENDIAN ? 3 - j : j);
    }
    memcpy(kept, four, sizeof four);
}

/* y may be x. */
VECTOR static void drop(size_t n, const unsigned char *restrict kept, float factor, const float *x,
                        float *y, bool accumulate)
{
    if (accumulate)
        for (size_t i = 0; i < n; i++)
            y[i] += x[i] * (kept[i] ? factor : 0);
    else
        for (size_t i = 0; i < n; i++)
            y[i] = x[i] * (kept[i] ? factor : 0);
}

/* Room for what a dropout of n elements keeps. */
static struct dropped *new_dropped(struct cpu *c, struct dropout_key key, size_t n)
{
    size_t room = (n + MASK - 1) / MASK * MASK;
    if (c->dropouts == c->dropped.len)
        vec_push(&c->dropped, ((struct dropped){.room = 0}));
    struct dropped *p = &c->dropped.at[c->dropouts++];
    if (p->room < room) {
        mem_free(p->kept);
        p->kept = mem_alloc(room);
        p->room = room;
    }
    p->key = key;
    p->n = n;
    return p;
}

/* The dropout of this key and size, whose backward pass this is; NULL: none of this step. */
static struct dropped *find_dropped(struct cpu *c, struct dropout_key key, size_t n)
{
    for (size_t i = c->dropouts; i-- > 0;) {
        struct dropped *p = &c->dropped.at[i];
        if (p->n == n && p->key.tensor == key.tensor && p->key.step == key.step &&
            p->key.seed == key.seed && p->key.rate == key.rate)
            return p;
    }
    return NULL;
}

static void dropout_share(const struct dropped *p, bool known, const float *x, float *y,
                          bool accumulate)
{
    static const uint32_t multiplier[2] = {RANDOM_PHILOX_0, RANDOM_PHILOX_1};
    struct span s = cpu_own_share(p->n, MASK);
    uint64_t least = least_kept(p->key.rate);
    for (size_t i = s.from; i < s.to && !known; i += MASK)
        dropout_mask(multiplier, p->key, least, (uint32_t)(i / 4), p->kept + i);
    drop(s.to - s.from, p->kept + s.from, 1.0f / (1.0f - p->key.rate), x + s.from, y + s.from,
         accumulate);
}

void cpu_dropout(struct device *d, struct dropout_key key, size_t n, const float *x, float *y,
                 bool accumulate)
{
    int threads = cpu_threads_for(cpu_of(d), (double)n / 4);
    const struct dropped *known = find_dropped(cpu_of(d), key, n);
    const struct dropped *p = known ? known : new_dropped(cpu_of(d), key, n);
    CPU_IN_THREADS(threads, dropout_share(p, known, x, y, accumulate));
}

/* ---- grouped products: one small matrix a user or cluster ---- */

static int group_threads(struct device *d, const struct ragged *r, int in, int out)
{
    return cpu_threads_for(cpu_of(d), (double)r->total * in * out / 16);
}

static void group_linear_share(const struct ragged *r, const struct rows *group, int in, int out,
                               const float *x, const float *w, int ldw, bool accumulate, float *y)
{
    struct span own = cpu_own_share((size_t)r->count, 1);
    for (size_t s = own.from; s < own.to; s++) {
        size_t from = (size_t)r->start[s], size = (size_t)out * (size_t)ldw;
        cpu_sgemm(false, true, r->start[s + 1] - r->start[s], out, in, x + from * (size_t)in, in,
                  w + (size_t)group->at[s] * size, ldw, accumulate ? 1 : 0, y + from * (size_t)out,
                  out);
    }
}

void cpu_group_linear(struct device *d, const struct ragged *r, const struct rows *group, int in,
                      int out, const float *x, const float *w, int ldw, bool accumulate, float *y)
{
    int threads = group_threads(d, r, in, out);
    CPU_IN_THREADS(threads, group_linear_share(r, group, in, out, x, w, ldw, accumulate, y));
}

/* One thread computes the whole gradient of a matrix and adds its parts in the plan's order. */
static void group_linear_back_share(const struct ragged *r, const struct rows *group, int in,
                                    int out, const float *x, const float *w, int ldw,
                                    const float *dy, float *dx, float *dw)
{
    struct span own = cpu_own_share((size_t)group->unique, 1);
    size_t size = (size_t)out * (size_t)ldw;
    for (size_t u = own.from; u < own.to; u++) {
        size_t matrix = (size_t)group->row[u] * size;
        for (int32_t i = group->start[u]; i < group->start[u + 1]; i++) {
            int32_t s = group->order[i];
            size_t from = (size_t)r->start[s];
            int rows = r->start[s + 1] - r->start[s];
            const float *part = dy + from * (size_t)out;
            if (dx)
                cpu_sgemm(false, false, rows, in, out, part, out, w + matrix, ldw, 1,
                          dx + from * (size_t)in, in);
            if (dw)
                cpu_sgemm(true, false, out, in, rows, part, out, x + from * (size_t)in, in, 1,
                          dw + matrix, ldw);
        }
    }
}

void cpu_group_linear_back(struct device *d, const struct ragged *r, const struct rows *group,
                           int in, int out, const float *x, const float *w, int ldw,
                           const float *dy, float *dx, float *dw)
{
    int threads = group_threads(d, r, in, out);
    CPU_IN_THREADS(threads, group_linear_back_share(r, group, in, out, x, w, ldw, dy, dx, dw));
}
