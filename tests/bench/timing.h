/* Timing functions of the measurements. */
#ifndef TESTS_BENCH_TIMING_H
#define TESTS_BENCH_TIMING_H

#include <omp.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static inline double seconds(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + 1e-9 * (double)now.tv_nsec;
}

/* Seconds; with one thread in processor time, which other work on the machine hardly changes. */
static inline double now(void)
{
    struct timespec t;
    if (omp_get_max_threads() > 1)
        return seconds();
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

/* The least of n times: other work on the machine can only add to a time. */
static inline double least(const double *x, size_t n)
{
    double best = x[0];
    for (size_t i = 1; i < n; i++)
        best = x[i] < best ? x[i] : best;
    return best;
}

/* Whether a row's name has one of the NULL-terminated prefixes; without prefixes true. */
static inline bool is_wanted(const char *const *beginnings, const char *name)
{
    bool found = !*beginnings;
    for (const char *const *w = beginnings; *w; w++)
        found |= !strncmp(name, *w, strlen(*w));
    return found;
}

#endif
