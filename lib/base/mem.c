#define _GNU_SOURCE /* RTLD_NEXT */
#include "base/mem.h"

#include <dlfcn.h>
#include <errno.h>
#include <malloc.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/machine_memory.h"

/* Variables of the process: every allocation of the program reads them. */
static void (*on_failure)(const char *what);
static atomic_long fail_at; /* allocations until the one that fails; 0 = none does */
static atomic_size_t held, most_held;

void mem_fail_for(const char *what)
{
    static const char text[] = " before the program began\n";
    if (on_failure)
        on_failure(what);
    ssize_t unused = write(STDERR_FILENO, what, strlen(what));
    unused = write(STDERR_FILENO, text, sizeof text - 1);
    (void)unused;
    _exit(71);
}

void mem_fail(size_t n)
{
    char what[100];
    snprintf(what, sizeof what, "out of memory: %zu bytes more could not be had", n);
    mem_fail_for(what);
}

static void count_down(size_t n)
{
    if (atomic_load_explicit(&fail_at, memory_order_relaxed) && atomic_fetch_sub(&fail_at, 1) == 1)
        mem_fail(n);
}

/* Counts memory in that takes the place of `before` bytes. */
static void *counted_in(void *p, size_t before)
{
    size_t more = malloc_usable_size(p) - before;
    size_t now = atomic_fetch_add_explicit(&held, more, memory_order_relaxed) + more;
    if (now > atomic_load_explicit(&most_held, memory_order_relaxed))
        atomic_store_explicit(&most_held, now, memory_order_relaxed);
    return p;
}

size_t mem_held(void)
{
    return atomic_load_explicit(&held, memory_order_relaxed);
}

size_t mem_most_held(void)
{
    return atomic_load_explicit(&most_held, memory_order_relaxed);
}

static size_t bytes_of_all(size_t count, size_t size)
{
    return size && count > SIZE_MAX / size ? SIZE_MAX : count * size;
}

void *mem_resize(void *p, size_t n)
{
    size_t before = malloc_usable_size(p);
    count_down(n);
    void *q = realloc(p, n ? n : 1);
    if (!q) /* cov: our own malloc below ends the program */
        mem_fail(n);
    return counted_in(q, before);
}

void *mem_alloc(size_t n)
{
    return mem_resize(NULL, n);
}

void *mem_zero(size_t count, size_t size)
{
    count_down(count * size);
    void *p = calloc(count ? count : 1, size ? size : 1);
    if (!p) /* cov: our own malloc below ends the program */
        mem_fail(bytes_of_all(count, size));
    return counted_in(p, 0);
}

enum { LINE = 64, LARGE_PAGE = 2 << 20 };

/* The system promises more than there is, and kills a program that uses it. */
static void check_there_is(size_t n)
{
    static atomic_size_t all; /* 0: not asked for yet */
    char what[160];
    size_t most = atomic_load_explicit(&all, memory_order_relaxed), now = mem_held();
    if (!most)
        atomic_store_explicit(&all, most = machine_memory(), memory_order_relaxed);
    if (now <= most && n <= most - now)
        return;
    snprintf(what, sizeof what,
             "out of memory: %zu bytes more, beside %zu, are more than the %zu of this machine", n,
             now, most);
    mem_fail_for(what);
}

/* What is large asks for large pages, which cost less to map and to find again: the rows of tables
 * of items are read in no order.  Where the system has none, nothing is lost. */
void *mem_aligned(size_t n)
{
    size_t unit = n >= 4 * (size_t)LARGE_PAGE ? LARGE_PAGE : LINE;
    count_down(n);
    if (n > SIZE_MAX - unit)
        mem_fail(n);
    if (unit == LARGE_PAGE)
        check_there_is(n);
    void *p = aligned_alloc(unit, n ? (n + unit - 1) / unit * unit : LINE);
    if (!p) /* cov: our own malloc below ends the program */
        mem_fail(n);
    if (unit == LARGE_PAGE)
        madvise(p, n, MADV_HUGEPAGE);
    return counted_in(p, 0);
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
    atomic_fetch_sub_explicit(&held, malloc_usable_size(p), memory_order_relaxed);
    free(p);
}

/* malloc keeps blocks of up to 32 MB on its heap once one of that size was freed, and what is freed
 * in the middle of that heap does not go back. */
void mem_give_back(void)
{
    enum { MAPPED = 1 << 20 };
    mallopt(M_MMAP_THRESHOLD, MAPPED);
}

void mem_on_failure(void (*handler)(const char *what))
{
    on_failure = handler;
}

void mem_fail_at(long n)
{
    atomic_store(&fail_at, n);
}

/* ---- allocations of libraries ----
 *
 * Libraries of products, of threads and of GPUs use what malloc returns without a look at it, wait
 * for ever, or end the program with a status of their own.  The program's own malloc takes the
 * place of libc's for all of them: what libc cannot give ends the program as above.  The sanitizers
 * have theirs. */
#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__) && !defined(WITH_LIBFUZZER)

/* The function of that name after this one: libc's, or that of a tool that was loaded before. */
static void *next_named(const char *name)
{
    void *next = dlsym(RTLD_NEXT, name);
    if (!next) /* cov: libc has each that is looked up here */
        mem_fail(0);
    return next;
}

/* A pointer to a function is read once, by whoever comes first; several may find the same one. */
#define NEXT(name, type)                                                                           \
    static _Atomic(type) found;                                                                    \
    type next = atomic_load_explicit(&found, memory_order_relaxed);                                \
    if (!next) {                                                                                   \
        next = (type)(size_t)next_named(name);                                                     \
        atomic_store_explicit(&found, next, memory_order_relaxed);                                 \
    }

static void *checked(void *p, size_t n)
{
    if (!p && n)
        mem_fail(n);
    return p;
}

typedef void *sized(size_t n);
typedef void *counted(size_t count, size_t size);
typedef void *resized(void *p, size_t n);
typedef int placed(void **p, size_t alignment, size_t n);

void *malloc(size_t n)
{
    NEXT("malloc", sized *)
    return checked(next(n), n);
}

void *calloc(size_t count, size_t size)
{
    NEXT("calloc", counted *)
    return checked(next(count, size), bytes_of_all(count, size));
}

void *realloc(void *p, size_t n)
{
    NEXT("realloc", resized *)
    return checked(next(p, n), n);
}

void *aligned_alloc(size_t alignment, size_t n)
{
    NEXT("aligned_alloc", counted *)
    return checked(next(alignment, n), n);
}

int posix_memalign(void **p, size_t alignment, size_t n)
{
    NEXT("posix_memalign", placed *)
    int failed = next(p, alignment, n);
    if (failed == ENOMEM)
        mem_fail(n);
    return failed;
}

/* Of mappings only plain memory, wherever it is: those that a library tries at a place, or reserves
 * for later, may fail. */
static void *checked_map(void *p, void *at, size_t n, int prot, int flags)
{
    if (p == MAP_FAILED && errno == ENOMEM && !at && prot == (PROT_READ | PROT_WRITE) &&
        flags == (MAP_PRIVATE | MAP_ANONYMOUS))
        mem_fail(n);
    return p;
}

typedef void *mapped(void *at, size_t n, int prot, int flags, int fd, off_t offset);

void *mmap(void *at, size_t n, int prot, int flags, int fd, off_t offset)
{
    NEXT("mmap", mapped *)
    return checked_map(next(at, n, prot, flags, fd, offset), at, n, prot, flags);
}

void *mmap64(void *at, size_t n, int prot, int flags, int fd, off64_t offset)
{
    NEXT("mmap64", mapped *)
    return checked_map(next(at, n, prot, flags, fd, offset), at, n, prot, flags);
}

#endif
