/* System calls that fail in turn: this program's own read, write and others take the place of
 * libc's. A scenario runs once undisturbed, and then once for each of its calls, which fails.
 *
 * Included first, behind _GNU_SOURCE, by one file of a program. */
#ifndef TESTS_FAILING_CALLS_H
#define TESTS_FAILING_CALLS_H

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/err.h"

#include "tap.h"

/* What happens to the call of the number `at`: an error, or a byte where more were asked for. */
static struct {
    long count, at; /* at < 0: none is counted */
    int error;      /* 0: short */
    size_t most;    /* bytes that a transfer takes */
} calls = {0, -1, 0, SIZE_MAX};

static bool call_is_due(bool interruptible)
{
    if (calls.at < 0 || (calls.error == EINTR && !interruptible) || calls.count++ != calls.at)
        return false;
    errno = calls.error;
    return true;
}

/* Of what fails by EINTR and ends short: whether it fails; *n: the bytes that may go. */
static bool transfer_fails(size_t *n)
{
    *n = *n < calls.most ? *n : calls.most;
    if (!call_is_due(true))
        return false;
    if (calls.error)
        return true;
    *n = *n > 1;
    return false;
}

ssize_t read(int fd, void *to, size_t n)
{
    return transfer_fails(&n) ? -1 : syscall(SYS_read, fd, to, n);
}

ssize_t write(int fd, const void *from, size_t n)
{
    return transfer_fails(&n) ? -1 : syscall(SYS_write, fd, from, n);
}

ssize_t pread(int fd, void *to, size_t n, off_t at)
{
    return transfer_fails(&n) ? -1 : syscall(SYS_pread64, fd, to, n, at);
}

ssize_t pwrite(int fd, const void *from, size_t n, off_t at)
{
    return transfer_fails(&n) ? -1 : syscall(SYS_pwrite64, fd, from, n, at);
}

int open(const char *path, int flags, ...)
{
    va_list args;
    va_start(args, flags);
    unsigned mode = flags & O_CREAT ? va_arg(args, unsigned) : 0;
    va_end(args);
    if (calls.error && call_is_due(!(flags & (O_WRONLY | O_RDWR))))
        return -1;
    return (int)syscall(SYS_openat, AT_FDCWD, path, flags, mode);
}

/* The file is closed all the same. */
int close(int fd)
{
    int status = (int)syscall(SYS_close, fd);
    return calls.error && call_is_due(false) ? -1 : status;
}

#define FAILING(interruptible, type, name, parameters, ...)                                        \
    type name parameters                                                                           \
    {                                                                                              \
        return calls.error && call_is_due(interruptible) ? -1 : (type)syscall(__VA_ARGS__);        \
    }
FAILING(false, int, ftruncate, (int fd, off_t n), SYS_ftruncate, fd, n)
FAILING(false, off_t, lseek, (int fd, off_t at, int from), SYS_lseek, fd, at, from)
FAILING(false, int, rename, (const char *a, const char *b), SYS_renameat, AT_FDCWD, a, AT_FDCWD, b)
FAILING(false, int, flock, (int fd, int what), SYS_flock, fd, what)
FAILING(false, int, access, (const char *path, int how), SYS_faccessat, AT_FDCWD, path, how)
FAILING(false, int, fstat, (int fd, struct stat *to), SYS_fstat, fd, to)
FAILING(false, int, stat, (const char *path, struct stat *to), SYS_newfstatat, AT_FDCWD, path, to,
        0)
FAILING(false, int, lstat, (const char *path, struct stat *to), SYS_newfstatat, AT_FDCWD, path, to,
        AT_SYMLINK_NOFOLLOW)
FAILING(false, ssize_t, readlink, (const char *path, char *to, size_t n), SYS_readlinkat, AT_FDCWD,
        path, to, n)
#undef FAILING

int fcntl(int fd, int what, ...)
{
    va_list args;
    va_start(args, what);
    void *with = va_arg(args, void *);
    va_end(args);
    return calls.error && call_is_due(false) ? -1 : (int)syscall(SYS_fcntl, fd, what, with);
}

/* Disks take their time, and no machine fails here. */
int fsync(int fd)
{
    (void)fd;
    return calls.error && call_is_due(true) ? -1 : 0;
}

int mkstemp(char *name)
{
    if (calls.error && call_is_due(false))
        return -1;
    static unsigned count;
    char *at = name + strlen(name) - 6;
    for (unsigned n = count++, i = 0; i < 6; i++, n /= 10)
        at[i] = (char)('0' + n % 10);
    return (int)syscall(SYS_openat, AT_FDCWD, name, O_RDWR | O_CREAT | O_EXCL, 0600);
}

static int files_here(void)
{
    int count = 0;
    DIR *folder = opendir(".");
    while (folder && readdir(folder))
        count++;
    closedir(folder);
    return count;
}

/* A scenario gives what it made or read, and the status of its failure; it leaves no file behind.
 */
typedef int (*scenario)(struct buf *made, struct err *e);

static int disturbed(scenario run, long at, int error, struct buf *made, struct err *e)
{
    *e = (struct err){0};
    buf_clear(made);
    calls.count = 0, calls.error = error, calls.at = at;
    int status = run(made, e);
    calls.at = -1, calls.error = 0;
    return status;
}

static bool is_io(int status)
{
    return status == STATUS_NOINPUT || status == STATUS_IO || status == STATUS_CANTCREATE ||
           status == STATUS_MEMORY;
}

/* Each call that fails is told by a status of input and output and a message, or changes nothing;
 * what is interrupted or short changes nothing; no run leaves a file. */
static void each_call_fails(const char *name, scenario run)
{
    struct buf expected = {0}, made = {0};
    struct err e;
    int status = disturbed(run, LONG_MAX, EIO, &expected, &e), files = files_here();
    long n = calls.count, told = 0;
    tap_ok(!status && n && expected.len, "%s: %ld calls: %s", name, n, status ? e.text : "done");
    static const int errors[] = {EIO, EINTR, 0};
    for (int i = 0; i < 3; i++) {
        long wrong = 0;
        for (long at = 0; at < n; at++) {
            status = disturbed(run, at, errors[i], &made, &e);
            bool same = made.len == expected.len && !memcmp(made.at, expected.at, made.len);
            bool good = status ? errors[i] == EIO && is_io(status) && *e.text : same;
            told += status != 0;
            if (!good || files_here() != files)
                printf("# call %ld, error %d: status %d, %s\n", at, errors[i], status,
                       status  ? e.text
                       : !same ? "other bytes"
                               : "a file is left");
            wrong += !good || files_here() != files;
        }
        tap_ok(!wrong, "%s: %s", name,
               errors[i] == EIO     ? "each call that fails is told, or changes nothing"
               : errors[i] == EINTR ? "an interrupted call changes nothing"
                                    : "a short call changes nothing");
    }
    tap_ok(told > 0, "%s: %ld of %ld failures are told", name, told, n);
    buf_release(&expected);
    buf_release(&made);
}

/* The same with transfers of so many bytes. */
static inline void each_call_fails_of(size_t most, const char *name, scenario run)
{
    calls.most = most;
    each_call_fails(name, run);
    calls.most = SIZE_MAX;
}

#endif
