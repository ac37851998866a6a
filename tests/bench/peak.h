/* The processor's peak: multiplications and additions of independent vectors that never leave the
 * registers, the most that a product of matrices could do. */
#ifndef TESTS_BENCH_PEAK_H
#define TESTS_BENCH_PEAK_H

#include <omp.h>

#include "timing.h"

enum { PEAK_REGISTERS = 12, PEAK_STEPS = 1 << 20 };

typedef float peak_line __attribute__((vector_size(64)));

/* `lines` lines of 64 bytes in PEAK_REGISTERS registers of the caller's instructions, a constant at
 * every call. */
static inline __attribute__((always_inline)) float peak_chains(const int lines)
{
    peak_line sum[PEAK_REGISTERS], x, y;
    float some[16], all = 0;
    for (int i = 0; i < 16; i++)
        some[i] = 0.5f + (float)i / 64;
    memcpy(&x, some, sizeof x);
    y = x;
#pragma GCC unroll 12
    for (int i = 0; i < lines; i++)
        sum[i] = x + (float)i; /* or the compiler computes one for all */
    for (int step = 0; step < PEAK_STEPS; step++) {
#pragma GCC unroll 12
        for (int i = 0; i < lines; i++)
            sum[i] = sum[i] * x + y;
    }
    for (int i = 0; i < lines; i++)
        for (int j = 0; j < 16; j++)
            all += sum[i][j];
    return all;
}

#if defined __x86_64__
static __attribute__((target("avx512f,fma"))) float peak_avx512(void)
{
    return peak_chains(PEAK_REGISTERS);
}

static __attribute__((target("avx2,fma"))) float peak_avx2(void)
{
    return peak_chains(PEAK_REGISTERS / 2);
}
#endif

static float peak_plain(void)
{
    return peak_chains(PEAK_REGISTERS / 4);
}

/* Multiplications and additions a second, by that many threads together. */
static inline double peak_operations(int threads)
{
    float (*run)(void) = peak_plain;
    int lines = PEAK_REGISTERS / 4;
#if defined __x86_64__
    if (__builtin_cpu_supports("avx512f"))
        run = peak_avx512, lines = PEAK_REGISTERS;
    else if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma"))
        run = peak_avx2, lines = PEAK_REGISTERS / 2;
#endif
    omp_set_num_threads(threads);
    double begin = now();
#pragma omp parallel num_threads(threads)
    {
        volatile float kept = run(); /* or the compiler leaves it out */
        (void)kept;
    }
    return 2.0 * 16 * lines * (double)PEAK_STEPS * threads / (now() - begin);
}

#endif
