/* The product that the output layer is made of (nn/cpu_tile.h), in every form that this processor
 * can run: against double precision, and to the last bit against itself: what an element is does
 * not depend on where it stands or what is computed beside it. */
#include "nn/cpu_tile.h"

#include <math.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/random.h"
#include "nn/bf16.h"
#include "nn/blas.h"
#include "nn/maths.h"
#include "../tap.h"

enum { K = 150, MOST = 60, LD = 112 };

static float a[MOST * K], b[K * LD], bias[MOST], c[MOST * LD];

static void fill(float *x, size_t n, uint64_t seed)
{
    struct random r = random_of(seed, n);
    for (size_t i = 0; i < n; i++)
        x[i] = random_between(&r, -1, 1);
}

/* m × n over k, a by rows or by columns, with a bias or added to what is there. */
static double worst_error(const struct tile_kernel *form, size_t m, size_t n, size_t k, bool turned,
                          bool biased)
{
    struct tile_product p = {.m = m, .n = n, .k = k, .a = a, .b = b, .ldb = LD, .c = c, .ldc = LD};
    p.lda = turned ? MOST : K, p.turned = turned;
    p.bias = biased ? bias : NULL;
    for (size_t i = 0; i < MOST * LD; i++)
        c[i] = (float)(i % 7);
    form->product(&p);
    double worst = 0;
    for (size_t i = 0; i < MOST * LD; i++) {
        size_t row = i / LD, col = i % LD;
        double sum = biased && row < m && col < n ? (double)bias[row] : (double)(i % 7);
        for (size_t j = 0; row < m && col < n && j < k; j++)
            sum += (double)a[turned ? j * MOST + row : row * K + j] * (double)b[j * LD + col];
        worst = fmax(worst, fabs(sum - (double)c[i]));
    }
    return worst;
}

static void check_sums(const struct tile_kernel *form)
{
    double worst = 0;
    for (size_t m = 0; m <= MOST; m += m < 15 ? 1 : 9)
        for (size_t n = form->vector; n <= 96; n += form->vector)
            for (int way = 0; way < 4; way++)
                worst =
                    fmax(worst, worst_error(form, m, n, way & 1 ? 50 : 1 + m, way & 2, way & 1));
    tap_ok(worst < 1e-5, "%s: sums in double precision, and nothing beside them written: %g",
           form->name, worst);
}

/* Every row of a and every column of b is the same, so that one number must stand everywhere. */
static void check_ties(const struct tile_kernel *form)
{
    int wrong = 0;
    for (size_t i = 1; i < MOST; i++)
        memcpy(a + i * K, a, K * sizeof *a);
    for (size_t i = 0; i < K; i++)
        for (size_t j = 1; j < LD; j++)
            b[i * LD + j] = b[i * LD];
    for (size_t i = 1; i < MOST; i++)
        bias[i] = bias[0];
    struct tile_product p = {
        .k = K, .a = a, .lda = K, .b = b, .ldb = LD, .bias = bias, .c = c, .ldc = LD};
    p.m = 1, p.n = form->vector;
    form->product(&p);
    float one = c[0];
    for (p.m = 1; p.m <= MOST; p.m += 4)
        for (p.n = form->vector; p.n <= 96; p.n += form->vector) {
            memset(c, 0, sizeof c);
            form->product(&p);
            for (size_t i = 0; i < p.m; i++)
                for (size_t j = 0; j < p.n; j++)
                    wrong += memcmp(&one, &c[i * LD + j], sizeof one) != 0;
        }
    tap_ok(!wrong, "%s: equal factors give equal sums to the last bit: %d wrong", form->name,
           wrong);
}

/* ---- rows with rows ---- */

/* Sums of every size that a caller has, added to what is there. */
static void check_rows(const struct tile_kernel *form)
{
    enum { ROWS = 15, COLS = 16, DEPTH = 96 };
    double worst = 0;
    for (size_t m = 0; m <= ROWS; m++)
        for (size_t n = 0; n <= COLS; n++)
            for (size_t k = 0; k <= DEPTH; k += form->vector) {
                for (size_t i = 0; i < MOST * LD; i++)
                    c[i] = (float)(i % 7);
                form->rows_product(&(struct tile_rows){.m = m,
                                                       .n = n,
                                                       .k = k,
                                                       .a = a,
                                                       .lda = K,
                                                       .b = b,
                                                       .ldb = LD,
                                                       .c = c,
                                                       .ldc = LD});
                for (size_t i = 0; i < MOST * LD; i++) {
                    size_t row = i / LD, col = i % LD;
                    double sum = (double)(i % 7);
                    for (size_t j = 0; row < m && col < n && j < k; j++)
                        sum += (double)a[row * K + j] * (double)b[col * LD + j];
                    worst = fmax(worst, fabs(sum - (double)c[i]));
                }
            }
    tap_ok(worst < 2e-5, "%s: rows with rows, in double precision, and nothing beside them: %g",
           form->name, worst);
}

/* With equal rows of a and of b. */
static void check_rows_ties(const struct tile_kernel *form)
{
    enum { ROWS = 15, COLS = 16, DEPTH = 96 };
    int wrong = 0;
    for (size_t i = 1; i < COLS; i++)
        memcpy(b + i * LD, b, LD * sizeof *b);
    memset(c, 0, sizeof c);
    form->rows_product(&(struct tile_rows){
        .m = ROWS, .n = COLS, .k = DEPTH, .a = a, .lda = K, .b = b, .ldb = LD, .c = c, .ldc = LD});
    for (size_t i = 0; i < ROWS; i++)
        for (size_t j = 0; j < COLS; j++)
            wrong += memcmp(c, &c[i * LD + j], sizeof *c) != 0;
    tap_ok(!wrong && c[0] != 0, "%s: equal rows give equal sums to the last bit: %d wrong",
           form->name, wrong);
}

/* ---- factors of bfloat16 (nn/bf16.h) ---- */

/* oneDNN's product of shapes that a step has, made anew and met again; of float32, which it has on
 * every processor: bfloat16 differs in the type of the factors alone. */
static void check_multiply(void)
{
    enum { M = 50, N = 96 };
    double worst = 0;
    char name[BLAS_NAME];
    blas_name(name);
    if (strncmp(name, "oneDNN", 6)) {
        tap_ok(1, "oneDNN's product # SKIP built with %s", name);
        return;
    }
    for (int round = 0; round < 3; round++)
        for (int shape = 0; shape < 80; shape++) {
            size_t m = 1 + (size_t)(shape * 7 % M), n = 1 + (size_t)(shape * 5 % N);
            size_t k = 1 + (size_t)(shape * 11 % K);
            bool turned = shape & 1;
            for (size_t i = 0; i < MOST * LD; i++)
                c[i] = (float)(i % 7);
            const struct bf16_product p = {.turned = turned,
                                           .m = m,
                                           .n = n,
                                           .k = k,
                                           .lda = turned ? m : k,
                                           .ldb = n,
                                           .c = c,
                                           .ldc = LD};
            bf16_multiply_floats(&p, a, b);
            for (size_t i = 0; i < MOST * LD; i++) {
                size_t row = i / LD, col = i % LD;
                double sum = (double)(i % 7);
                for (size_t j = 0; row < m && col < n && j < k; j++)
                    sum += (double)a[turned ? j * m + row : row * k + j] * (double)b[j * n + col];
                worst = fmax(worst, fabs(sum - (double)c[i]));
            }
        }
    tap_ok(worst < 1e-5, "oneDNN's product, added to what is there: %g", worst);
}

/* bf16_multiply against the rounded factors' product; where the processor has instructions for
 * them, theirs. */
static void check_rounded(void)
{
    static uint16_t x[MOST * K], y[K * LD];
    double worst = 0;
    if (bf16_missing())
        setenv("SESSPIPE_BF16", "rounded", 1);
    bf16_round(K, 48, b, LD, y, LD);
    for (int turned = 0; turned < 2; turned++) {
        size_t rows = turned ? 77 : 37, cols = turned ? 37 : 77, lda = turned ? 40 : 80;
        const struct bf16_product p = {.turned = turned,
                                       .m = 37,
                                       .n = 48,
                                       .k = 77,
                                       .lda = lda,
                                       .ldb = LD,
                                       .ldc = LD,
                                       .a = x,
                                       .b = y,
                                       .c = c,
                                       .by_float32 = bf16_by_float32()};
        bf16_round(rows, cols, a, cols, x, lda);
        for (size_t i = 0; i < MOST * LD; i++)
            c[i] = (float)(i % 7);
        bf16_multiply(&p);
        for (size_t i = 0; i < MOST * LD; i++) {
            size_t row = i / LD, col = i % LD;
            double sum = (double)(i % 7);
            for (size_t j = 0; row < p.m && col < p.n && j < p.k; j++)
                sum += (double)maths_from_bf16(
                           maths_to_bf16(a[turned ? j * p.m + row : row * p.k + j])) *
                       (double)maths_from_bf16(maths_to_bf16(b[j * LD + col]));
            worst = fmax(worst, fabs(sum - (double)c[i]));
        }
    }
    tap_ok(worst < 1e-5, "factors rounded to bfloat16, %s: %g",
           getenv("SESSPIPE_BF16") ? "multiplied by float32" : "by instructions", worst);
}

int main(void)
{
    const struct tile_kernel *form;
    int forms = 0;
    for (; (form = cpu_tile_kernel(forms)); forms++) {
        fill(a, sizeof a / sizeof *a, 1);
        fill(b, sizeof b / sizeof *b, 2);
        fill(bias, sizeof bias / sizeof *bias, 3);
        check_sums(form);
        check_rows(form);
        check_ties(form);
        check_rows_ties(form); /* after check_ties: the rows of a are equal */
    }
    tap_ok(forms > 0 && cpu_tile_vector() == cpu_tile_kernel(0)->vector,
           "%d forms run here, the first is %s", forms, cpu_tile_kernel(0)->name);
    fill(a, sizeof a / sizeof *a, 1);
    fill(b, sizeof b / sizeof *b, 2);
    check_multiply();
    check_rounded();
    return tap_done();
}
