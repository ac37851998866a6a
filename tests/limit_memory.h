/* A small address space for the rest of a test. */
#ifndef TESTS_LIMIT_MEMORY_H
#define TESTS_LIMIT_MEMORY_H

#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <unistd.h>

#ifdef __has_feature
#define SANITIZED (__has_feature(address_sanitizer) || __has_feature(thread_sanitizer))
#else
#if defined __SANITIZE_ADDRESS__ || defined __SANITIZE_THREAD__
#define SANITIZED 1
#else
#define SANITIZED 0
#endif
#endif

/* Leaves so many bytes of addresses; false: the sanitizers need them all. */
static inline int limit_memory(size_t left)
{
#if !SANITIZED
    char line[64] = "";
    long pages = 0;
    FILE *file = fopen("/proc/self/statm", "r");
    if (file && fgets(line, sizeof line, file))
        pages = strtol(line, NULL, 10);
    if (file)
        fclose(file);
    rlim_t bytes = (rlim_t)pages * (rlim_t)sysconf(_SC_PAGESIZE) + left;
    return pages && !setrlimit(RLIMIT_AS, &(struct rlimit){bytes, RLIM_INFINITY});
#else
    return (void)left, 0;
#endif
}

#endif
