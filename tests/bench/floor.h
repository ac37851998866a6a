/* The floor of a step: its matrix products in the fastest library, one after another, and its
 * passes over memory, timed alone. */
#ifndef TESTS_BENCH_FLOOR_H
#define TESTS_BENCH_FLOOR_H

#include <omp.h>
#include <string.h>
#include <unistd.h>

#include "base/mem.h"
#include "base/random.h"
#include "base/vector.h"
#include "products.h"
#include "timing.h"

/* A product [m, n] = [m, k] [k, n]; either factor may be stored transposed.  m = 0: no product. */
struct product {
    bool ta, tb;
    int m, n, k;
};

/* Rows of a table at random places.  They are read; where they are updated, gradient, weight and
 * two numbers of the optimizer's are read and the last three are written. */
struct row_pass {
    int count, cols, table;
    bool update;
};

enum { FLOOR_BLOCK = 1 << 12 /* floats that a thread takes at once */ };
enum { PLACES = 1 << 17 }; /* so many that a row has left the cache when it comes again */

struct floor {
    struct product product[64];
    int products;
    struct row_pass rows[8];
    int row_passes;
    size_t dense; /* floats updated in the same way, with their gradients set to 0 */
    size_t kept;  /* floats that the forward pass writes for the backward pass to read */
    /* memory */
    float *a, *b, *c;
    float *w, *m, *v, *g, *values; /* values [kept] */
    int32_t *place;                /* [PLACES] */
    size_t at;                     /* next place to use */
    uint32_t read;                 /* what reading them gave */
};

static inline void floor_product(struct floor *f, bool ta, bool tb, double m, int n, double k)
{
    f->product[f->products++] = (struct product){ta, tb, (int)(m + 0.5), n, (int)(k + 0.5)};
}

/* Adds y [rows, out] = x [rows, in] Wᵀ and its two backward products; `rows_back` rows of x get a
 * gradient. */
static inline void floor_linear(struct floor *f, double rows, int out, int in, double rows_back)
{
    floor_product(f, false, true, rows, out, in);
    floor_product(f, true, false, out, in, rows);
    floor_product(f, false, false, rows_back, in, out);
}

static inline void floor_rows(struct floor *f, double count, int cols, int table, bool update)
{
    f->rows[f->row_passes++] = (struct row_pass){(int)(count + 0.5), cols, table, update};
}

static inline void floor_kept(struct floor *f, double rows, int cols)
{
    f->kept += (size_t)(rows + 0.5) * (size_t)cols;
}

static inline float *floor_floats(size_t n)
{
    struct random r = random_of(2, n);
    float *x = mem_aligned((n + 16) * sizeof *x);
    for (size_t i = 0; i < n; i++)
        x[i] = random_between(&r, 0, 1);
    return x;
}

static inline size_t floor_most(size_t a, size_t b)
{
    return a > b ? a : b;
}

static inline void floor_open(struct floor *f)
{
    size_t a = 0, b = 0, c = 0, table = f->dense, gradients = f->dense;
    struct random r = random_of(3, 1);
    for (int i = 0; i < f->products; i++) {
        size_t m = (size_t)f->product[i].m, n = (size_t)f->product[i].n,
               k = (size_t)f->product[i].k;
        a = floor_most(a, m * k), b = floor_most(b, k * n), c = floor_most(c, m * n);
    }
    for (int i = 0; i < f->row_passes; i++) {
        size_t cols = (size_t)f->rows[i].cols, count = (size_t)f->rows[i].count;
        table = floor_most(table, (size_t)f->rows[i].table * cols);
        gradients = floor_most(gradients, count * cols);
    }
    f->a = floor_floats(a), f->b = floor_floats(b), f->c = floor_floats(c);
    f->w = floor_floats(table), f->m = floor_floats(table), f->v = floor_floats(table);
    f->g = floor_floats(gradients), f->values = floor_floats(f->kept);
    f->place = mem_alloc(PLACES * sizeof *f->place);
    for (size_t i = 0; i < PLACES; i++)
        f->place[i] = (int32_t)random_u32(&r);
}

static inline void floor_close(struct floor *f)
{
    float *memory[] = {f->a, f->b, f->c, f->w, f->m, f->v, f->g, f->values};
    for (size_t i = 0; i < sizeof memory / sizeof *memory; i++)
        mem_free(memory[i]);
    mem_free(f->place);
}

/* The memory traffic of an update, with little arithmetic. */
static inline void floor_update(size_t n, float *restrict g, float *restrict w, float *restrict m,
                                float *restrict v)
{
    for (size_t i = 0; i < n; i++) {
        v[i] += g[i] * g[i];
        m[i] = 0.9f * m[i] - g[i];
        w[i] += m[i];
    }
}

static inline void floor_run_rows(struct floor *f, const struct row_pass *p)
{
    size_t n = (size_t)p->cols;
    for (int i = 0; i < p->count; i++) {
        size_t at = (uint32_t)f->place[f->at++ % PLACES] % (uint32_t)p->table * n;
        if (p->update)
            floor_update(n, f->g + (size_t)i * n, f->w + at, f->m + at, f->v + at);
        else
            memcpy(f->g + (size_t)i * n, f->w + at, n * sizeof *f->w);
    }
}

/* Reads words by instructions as wide as there are; what it gives depends on all of them. */
VECTOR static uint32_t floor_read(size_t n, const float *from)
{
    uint32_t all = 0;
    for (size_t i = 0; i < n; i++) {
        uint32_t word;
        memcpy(&word, from + i, sizeof word);
        all ^= word;
    }
    return all;
}

static inline size_t floor_block(size_t n, size_t at)
{
    return n - at < FLOOR_BLOCK ? n - at : FLOOR_BLOCK;
}

static inline void floor_write_kept(struct floor *f, int threads)
{
#pragma omp parallel for num_threads(threads) schedule(static) if (threads > 1)
    for (size_t at = 0; at < f->kept; at += FLOOR_BLOCK)
        memset(f->values + at, (int)f->read & 1, floor_block(f->kept, at) * sizeof *f->values);
}

static inline void floor_read_kept(struct floor *f, int threads)
{
    uint32_t all = 0;
#pragma omp parallel for num_threads(threads) schedule(static) reduction(^ : all) if (threads > 1)
    for (size_t at = 0; at < f->kept; at += FLOOR_BLOCK)
        all ^= floor_read(floor_block(f->kept, at), f->values + at);
    f->read = all;
}

static inline void floor_run(struct floor *f, const struct library *l, int threads)
{
    floor_write_kept(f, threads);
    for (int i = 0; i < f->products; i++) {
        const struct product *p = f->product + i;
        if (p->m > 0 && p->k > 0)
            library_product(l, p->ta, p->tb, p->m, p->n, p->k, f->a, f->b, f->c);
    }
    floor_read_kept(f, threads);
    for (int i = 0; i < f->row_passes; i++)
        floor_run_rows(f, f->rows + i);
#pragma omp parallel for num_threads(threads) schedule(static) if (threads > 1)
    for (size_t at = 0; at < f->dense; at += FLOOR_BLOCK) {
        size_t some = floor_block(f->dense, at);
        floor_update(some, f->g + at, f->w + at, f->m + at, f->v + at);
        memset(f->g + at, 0, some * sizeof *f->g);
    }
}

static inline double floor_seconds_by(struct floor *f, const struct library *l, int threads,
                                      int times)
{
    library_threads(l, threads);
    floor_run(f, l, threads); /* starts the threads and warms the cache */
    double begin = now();
    for (int i = 0; i < times; i++)
        floor_run(f, l, threads);
    return (now() - begin) / times;
}

/* Seconds of one of `times` runs in a row, by the library and with one thread or all threads,
 * whichever is fastest. */
static inline double floor_seconds(struct floor *f, int times)
{
    static struct library library[LIBRARIES_MOST];
    static int libraries;
    double best = 0;
    int most = omp_get_max_threads();
    if (!libraries)
        libraries = libraries_open(library);
    for (int i = 0; i < libraries; i++)
        for (int threads = 1; threads <= most; threads += most > 1 ? most - 1 : 1) {
            double took = floor_seconds_by(f, &library[i], threads, times);
            best = best == 0 || took < best ? took : best;
        }
    omp_set_num_threads(most);
    return best;
}

#endif
