/* Shared declarations of the CPU backend. */
#ifndef NN_CPU_H
#define NN_CPU_H

#include <omp.h>
#include <string.h>

#include "base/buf.h"
#include "base/vector.h"
#include "nn/ops.h"

/* Which elements a dropout of the step kept: the backward pass asks again, and random numbers cost
 * more than to remember. */
struct dropped {
    struct dropout_key key;
    size_t n, room;
    unsigned char *kept; /* [room] 1: kept */
};

struct cpu {
    struct device device;
    int threads;
    size_t workspace; /* floats for the output layer's chunks */
    bool bf16;        /* training: the output layer rounds its factors (nn/bf16.h) */
    bool by_float32;  /* and float32 multiplies them */
    float *scratch;   /* of the current operation */
    size_t scratch_size;
    char name[128];
    VEC(struct dropped) dropped; /* of the first `dropouts` of them the step has made use */
    size_t dropouts;
    void *fetched[2]; /* results of the last two fetches */
    size_t fetched_size[2];
    int fetches;
};

static inline struct cpu *cpu_of(struct device *d)
{
    return (struct cpu *)d;
}

/* Returns n floats, aligned to 64 bytes, valid until the operation ends.  At most one call in an
 * operation. */
float *cpu_scratch(struct cpu *c, size_t n);

/* Rounds a count of floats up to whole cache lines of 64 bytes. */
static inline size_t cpu_padded(size_t floats)
{
    return (floats + 15) / 16 * 16;
}

/* Fetches n floats that are read soon, which the processor's own prefetcher does not foresee. */
static inline void cpu_prefetch(size_t n, const float *from)
{
    enum { LINE_FLOATS = 16 };
    for (size_t j = 0; j < n; j += LINE_FLOATS)
        __builtin_prefetch(from + j);
}

/* Takes the next n floats of the scratch memory at *from, in whole cache lines. */
static inline float *cpu_take(float **from, size_t n)
{
    float *at = *from;
    *from += cpu_padded(n);
    return at;
}

/* The part of 0..n-1 that belongs to thread `part` of `parts`, in whole units. */
struct span {
    size_t from, to;
};

static inline struct span cpu_share(size_t n, size_t unit, int part, int parts)
{
    size_t units = (n + unit - 1) / unit;
    size_t from = units * (size_t)part / (size_t)parts * unit;
    size_t to = units * (size_t)(part + 1) / (size_t)parts * unit;
    return (struct span){from < n ? from : n, to < n ? to : n};
}

/* How many threads to use for that many elementary steps, of about a nanosecond: 1 where starting
 * more costs more than it gains.  A thread that sleeps takes tens of microseconds to begin, and far
 * longer where other programs use its core. */
static inline int cpu_threads_for(const struct cpu *c, double steps)
{
    double worth = steps / 20000;
    return worth < 2 ? 1 : worth < c->threads ? (int)worth : c->threads;
}

/* The way in which operations open threads.  Makes the call in each of `threads` threads, which
 * take their shares by cpu_own_share; not within another parallel region.  One thread makes it as
 * it is: libgomp prepares a team and asks the system to wake it even where it is a team of one,
 * which takes longer than many operations. */
#define CPU_IN_THREADS(threads, call)                                                              \
    do {                                                                                           \
        if ((threads) > 1) {                                                                       \
            CPU_PRAGMA(omp parallel num_threads(threads))                                          \
            call;                                                                                  \
        } else {                                                                                   \
            call;                                                                                  \
        }                                                                                          \
    } while (0)
#define CPU_PRAGMA(text) _Pragma(#text)

/* The calling thread's share of 0..n-1, in whole units. */
static inline struct span cpu_own_share(size_t n, size_t unit)
{
    return cpu_share(n, unit, omp_get_thread_num(), omp_get_num_threads());
}

/* c [m, n] = op(a) op(b) + beta c in the calling thread; any size, 0 included. */
void cpu_sgemm(bool ta, bool tb, int m, int n, int k, const float *a, int lda, const float *b,
               int ldb, float beta, float *c, int ldc);

/* to [cols] += the sum of `rows` rows of g, `stride` floats apart, added in their order. */
void cpu_sum_rows(size_t rows, size_t cols, size_t stride, const float *g, float *to);

/* Returns a · b; adds y += factor x.  All have n numbers. */
float cpu_product(size_t n, const float *a, const float *b);
void cpu_add_scaled(size_t n, float factor, const float *x, float *y);

/* w [n] = softmax(w), n > 0. */
void cpu_softmax(size_t n, float *w);

/* Gradient of the energies e [n] where out = Σ_j w_j value_j and w = softmax(e): de_j = w_j (dout ·
 * value_j - Σ_i w_i dout · value_i); value [n, cols]. */
void cpu_softmax_back(size_t n, size_t cols, const float *weight, const float *value,
                      const float *dout, float *de);

/* Adds g [count, cols], one row a sequence: group NULL: to [cols] += the sum of the rows; else
 * to[group->at[s]] += row s. */
void cpu_add_by_group(struct device *d, const struct rows *group, int count, int cols,
                      const float *g, float *to);

#define OPERATION_DECLARATION(type, name, arguments) type cpu_##name arguments;
DEVICE_OPERATIONS(OPERATION_DECLARATION)
#undef OPERATION_DECLARATION

#endif
