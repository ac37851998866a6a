/* A library for LD_PRELOAD: of all allocations of a process, the one of the number in FAIL_LIBC
 * fails, whoever asks for it. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <stdatomic.h>
#include <stdlib.h>

void *__libc_malloc(size_t n);
void *__libc_calloc(size_t count, size_t size);
void *__libc_realloc(void *p, size_t n);
void *__libc_memalign(size_t alignment, size_t n);

static int fails(void)
{
    static atomic_long count;
    static atomic_long fail_at = -1;
    if (atomic_load(&fail_at) < 0) {
        const char *text = getenv("FAIL_LIBC");
        atomic_store(&fail_at, text ? atol(text) : 0);
    }
    int is = atomic_fetch_add(&count, 1) + 1 == atomic_load(&fail_at);
    errno = is ? ENOMEM : errno;
    return is;
}

void *malloc(size_t n)
{
    return fails() ? NULL : __libc_malloc(n);
}

void *calloc(size_t count, size_t size)
{
    return fails() ? NULL : __libc_calloc(count, size);
}

void *realloc(void *p, size_t n)
{
    return fails() ? NULL : __libc_realloc(p, n);
}

void *aligned_alloc(size_t alignment, size_t n)
{
    return fails() ? NULL : __libc_memalign(alignment, n);
}

int posix_memalign(void **p, size_t alignment, size_t n)
{
    *p = fails() ? NULL : __libc_memalign(alignment, n);
    return *p ? 0 : ENOMEM;
}
