#include "base/mem.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <stdatomic.h>

/* Variables of the process: every allocation of the program reads them. */
static void (*on_failure)(size_t);
static atomic_long fail_at; /* allocations until the one that fails; 0 = none does */

void mem_fail(size_t n)
{
    if (on_failure)
        on_failure(n);
    fprintf(stderr, "out of memory: %zu bytes asked for\n", n);
    exit(71);
}

static void count_down(size_t n)
{
    if (atomic_load_explicit(&fail_at, memory_order_relaxed) && atomic_fetch_sub(&fail_at, 1) == 1)
        mem_fail(n);
}

void *mem_resize(void *p, size_t n)
{
    count_down(n);
    void *q = realloc(p, n ? n : 1);
    if (!q)
        mem_fail(n);
    return q;
}

void *mem_alloc(size_t n)
{
    return mem_resize(NULL, n);
}

void *mem_zero(size_t count, size_t size)
{
    count_down(count * size);
    void *p = calloc(count ? count : 1, size ? size : 1);
    if (!p)
        mem_fail(size && count > SIZE_MAX / size ? SIZE_MAX : count * size);
    return p;
}

void *mem_aligned(size_t n)
{
    count_down(n);
    if (n > SIZE_MAX - 64)
        mem_fail(n);
    void *p = aligned_alloc(64, n ? (n + 63) / 64 * 64 : 64);
    if (!p)
        mem_fail(n);
    return p;
}

void *mem_aligned_zero(size_t count, size_t size)
{
    if (size && count > SIZE_MAX / size)
        mem_fail(SIZE_MAX);
    return memset(mem_aligned(count * size), 0, count * size);
}

char *mem_copy(const void *p, size_t n)
{
    char *copy = mem_alloc(n + 1);
    if (n)
        memcpy(copy, p, n);
    copy[n] = 0;
    return copy;
}

void mem_free(void *p)
{
    free(p);
}

void mem_on_failure(void (*handler)(size_t n))
{
    on_failure = handler;
}

void mem_fail_at(long n)
{
    atomic_store(&fail_at, n);
}
