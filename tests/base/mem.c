/* Allocations that cannot be had, our own and those of libraries: status 71 and a word. */
#define _GNU_SOURCE /* MAP_ANONYMOUS */
#include "base/mem.h"

#include <errno.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/machine_memory.h"
#include "../tap.h"

/* Which no compiler sees through. */
static volatile size_t much = SIZE_MAX / 2 - 4096;
static void *volatile had;

static void told(const char *what)
{
    (void)!write(STDERR_FILENO, what, strlen(what));
    _exit(71);
}

/* Whether it ends a process with 71, and what it says. */
static bool ends(void (*body)(void), char *said, size_t room)
{
    int pipes[2], status;
    if (pipe(pipes))
        return false;
    fflush(stdout);
    pid_t child = fork();
    if (!child) {
        dup2(pipes[1], STDERR_FILENO);
        body();
        _exit(0);
    }
    close(pipes[1]);
    size_t n = 0;
    for (ssize_t got; (got = read(pipes[0], said + n, room - 1 - n)) > 0;)
        n += (size_t)got;
    said[n] = '\0';
    close(pipes[0]);
    return waitpid(child, &status, 0) == child && WIFEXITED(status) && WEXITSTATUS(status) == 71;
}

static void fails(const char *name, void (*body)(void))
{
    char said[200];
    bool ended = ends(body, said, sizeof said);
    tap_ok(ended && strstr(said, "out of memory: ") && strstr(said, " bytes more could not be had"),
           "%s: %s", name, said);
}

static void resized(void)
{
    mem_resize(NULL, much);
}

static void zeros(void)
{
    mem_zero(much, 16);
}

static void aligned(void)
{
    mem_aligned(SIZE_MAX - much % 2);
}

static void grown(void)
{
    size_t cap = 0;
    vec_grown(NULL, &cap, much, 16);
}

static void handled(void)
{
    mem_on_failure(told);
    mem_alloc(much);
}

static void counted(void)
{
    mem_fail_at(3);
    for (int i = 0; i < 3; i++)
        mem_free(mem_alloc(5));
}

#if !defined __SANITIZE_ADDRESS__ && !defined __SANITIZE_THREAD__
/* What the system promises, as nobody has used it yet; or it refuses by itself. */
static void more_than_there_is(void)
{
    for (int i = 0; i < 2; i++)
        mem_aligned(machine_memory() / 5 * 3);
}

static void of_malloc(void)
{
    had = malloc(much);
}

static void of_calloc(void)
{
    had = calloc(much, 16);
}

static void of_realloc(void)
{
    had = realloc(malloc(5), much);
}

static void of_aligned_alloc(void)
{
    had = aligned_alloc(64, much / 64 * 64);
}

static void of_posix_memalign(void)
{
    void *p = NULL;
    if (!posix_memalign(&p, 64, much))
        free(p);
}

static void of_mmap(void)
{
    mmap(NULL, much, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
}

static void of_mmap64(void)
{
    mmap64(NULL, much, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
}

/* What a library may ask for in vain. */
static void in_vain(void)
{
    void *p = NULL;
    tap_ok(posix_memalign(&p, 3, 8) == EINVAL, "an alignment that is none is the caller's fault");
    errno = 0;
    p = mmap(NULL, much, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    tap_ok(p == MAP_FAILED && errno == ENOMEM, "addresses that are only reserved");
    p = mmap((void *)(1 << 20), much, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    tap_ok(p == MAP_FAILED, "a place that is tried");
    p = mmap(NULL, much, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    tap_ok(p == MAP_FAILED, "memory that is shared");
    p = mmap(NULL, 0, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    tap_ok(p == MAP_FAILED && errno == EINVAL, "nothing");
    p = malloc(8);
    tap_ok(!realloc(p, 0 * much) || errno != ENOMEM, "nothing in place of something");
    p = calloc(much, 0 * much);
    tap_ok(p != NULL, "many of nothing");
    free(p);
}
#endif

int main(void)
{
    char said[200];
    char *none = mem_zero(0, 0), *of_nothing = mem_zero(1, 0), *empty = mem_resize(NULL, 0),
         *large = mem_aligned(9 << 20), *small = mem_aligned(0);
    tap_ok(none && of_nothing && empty && small && (uintptr_t)large % (2 << 20) == 0 &&
               (uintptr_t)small % 64 == 0,
           "what is empty is there, what is large begins with a large page");
    mem_free(none);
    mem_free(of_nothing);
    mem_free(empty);
    mem_free(large);
    mem_free(small);
    fails("mem_resize", resized);
    fails("mem_zero", zeros);
    fails("mem_aligned", aligned);
    fails("a vector", grown);
    fails("a handler", handled);
    fails("the third allocation", counted);
    tap_ok(ends(resized, said, sizeof said) && strstr(said, "before the program began"),
           "without a handler: %s", said);
#if !defined __SANITIZE_ADDRESS__ && !defined __SANITIZE_THREAD__
    tap_ok(ends(more_than_there_is, said, sizeof said) &&
               (strstr(said, "of this machine") || strstr(said, "could not be had")),
           "more than the machine has: %s", said);
    fails("malloc", of_malloc);
    fails("calloc", of_calloc);
    fails("realloc", of_realloc);
    fails("aligned_alloc", of_aligned_alloc);
    fails("posix_memalign", of_posix_memalign);
    fails("mmap", of_mmap);
    fails("mmap64", of_mmap64);
    in_vain();
#endif
    return tap_done();
}
