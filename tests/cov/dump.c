/* Linked into the programs of VARIANT=cov: counters reach their files before _exit and before a
 * signal that a handler raises again, both of which end a program without exit's handlers.
 *
 * A process whose system calls are made to fail, or whose files are limited, may fail while it adds
 * its counters to those of the others, and would spoil them.  It writes a set of its own below
 * $COV_APART, which tests/cov/report adds unless an error was noted beside it. */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

void __gcov_dump(void);
void __gcov_reset(void);
void __real__exit(int status) __attribute__((noreturn));
int __real_raise(int number);
void __wrap__exit(int status) __attribute__((noreturn));
int __wrap_raise(int number);

/* A read that fails says as much as a tracer that is named. */
static bool disturbed(void)
{
    struct rlimit size;
    if (getrlimit(RLIMIT_FSIZE, &size) || size.rlim_cur != RLIM_INFINITY)
        return true;
    char status[4096];
    int fd = open("/proc/self/status", O_RDONLY);
    ssize_t n = fd < 0 ? -1 : read(fd, status, sizeof status - 1);
    if (fd >= 0)
        close(fd);
    if (n <= 0)
        return true;
    status[n] = '\0';
    return !strstr(status, "TracerPid:\t0\n");
}

__attribute__((destructor)) static void choose_files(void)
{
    const char *apart = getenv("COV_APART");
    char name[4096];
    int saved = errno;
    if (apart && disturbed()) {
        snprintf(name, sizeof name, "%s/%ld", apart, (long)getpid());
        setenv("GCOV_PREFIX", name, 1);
        snprintf(name, sizeof name, "%s/%ld.errors", apart, (long)getpid());
        setenv("GCOV_ERROR_FILE", name, 1);
    }
    errno = saved;
}

static void dump(void)
{
    choose_files();
    __gcov_dump();
    __gcov_reset(); /* what was dumped is not counted again at the exit */
}

void __wrap__exit(int status)
{
    dump();
    __real__exit(status);
}

int __wrap_raise(int number)
{
    dump();
    return __real_raise(number);
}
