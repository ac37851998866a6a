#include "base/output_file.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/signals.h"

/* Names of the temporary files that a signal handler has to remove: the handler has no argument, so
 * they are a variable of the process. */
enum { OPEN_LIMIT = 16 };
static _Atomic(char *) temporaries[OPEN_LIMIT];

static void forget_temporary(const char *name)
{
    for (int i = 0; i < OPEN_LIMIT; i++) {
        char *expected = (char *)(size_t)name;
        if (atomic_compare_exchange_strong(&temporaries[i], &expected, NULL))
            return;
    }
}

static int remember_temporary(char *name)
{
    for (int i = 0; i < OPEN_LIMIT; i++) {
        char *expected = NULL;
        if (atomic_compare_exchange_strong(&temporaries[i], &expected, name))
            return 0;
    }
    return -1;
}

void output_file_discard_all(void)
{
    for (int i = 0; i < OPEN_LIMIT; i++) {
        char *name = atomic_exchange(&temporaries[i], NULL);
        if (name)
            unlink(name);
    }
}

static void forget(struct output_file *s)
{
    mem_free(s->path);
    mem_free(s->temporary);
    *s = (struct output_file){.fd = -1};
}

/* Creates the file of that name, which is remembered before the file is there, so that no signal
 * falls between; -1 and errno. */
static int create(char *name, int flags)
{
    if (remember_temporary(name)) {
        errno = EMFILE;
        return -1;
    }
    int fd = open(name, O_WRONLY | O_CREAT | O_CLOEXEC | flags, 0666);
    if (fd < 0) {
        int why = errno;
        forget_temporary(name);
        errno = why;
    }
    return fd;
}

/* Creates a file beside `path` and puts its name into `name`; -1 and errno. */
static int create_temporary(char *name, size_t size, const char *path)
{
    int fd = -1;
    for (int try = 0; try < 100; try++) {
        snprintf(name, size, "%s.%ld.%d.part", path, (long)getpid(), try);
        fd = create(name, O_EXCL);
        if (fd >= 0 || errno != EEXIST)
            break;
    }
    return fd;
}

static int open_beside(struct output_file *s, const char *path, bool locked, struct err *e)
{
    struct stat there;
    if (!*path)
        return err_set(e, STATUS_CANTCREATE, "an output has an empty name");
    if (!stat(path, &there) && !S_ISREG(there.st_mode))
        return err_set(e, STATUS_CANTCREATE, "%s is not a regular file: name another output", path);
    size_t size = strlen(path) + 32;
    s->path = mem_copy(path, strlen(path));
    s->temporary = mem_alloc(size);
    if (locked)
        snprintf(s->temporary, size, "%s.part", path);
    s->fd = locked ? create(s->temporary, O_TRUNC) : create_temporary(s->temporary, size, path);
    if (s->fd < 0) {
        int status = err_set(e, STATUS_CANTCREATE, "cannot create %s: %s", path, strerror(errno));
        forget(s);
        return status;
    }
    return 0;
}

int output_file_open(struct output_file *s, const char *path, struct err *e)
{
    *s = (struct output_file){.fd = STDOUT_FILENO};
    return path && strcmp(path, "-") ? open_beside(s, path, false, e) : 0;
}

int output_file_open_locked(struct output_file *s, const char *path, struct err *e)
{
    *s = (struct output_file){.fd = -1};
    return open_beside(s, path, true, e);
}

int output_file_continue(struct output_file *s, const char *path, const char *temporary,
                         uint64_t length, struct err *e)
{
    struct stat there;
    *s = (struct output_file){.kept = true};
    s->fd = open(temporary, O_RDWR | O_CLOEXEC);
    if (s->fd < 0)
        return err_set(e, STATUS_NOINPUT, "cannot continue %s: %s", temporary, strerror(errno));
    s->path = mem_copy(path, strlen(path));
    s->temporary = mem_copy(temporary, strlen(temporary));
    int status = 0;
    if (fstat(s->fd, &there) || !S_ISREG(there.st_mode) || (uint64_t)there.st_size < length)
        status = err_set(e, STATUS_DATA, "cannot continue %s: it has become shorter", temporary);
    else if (ftruncate(s->fd, (off_t)length) || lseek(s->fd, 0, SEEK_END) < 0)
        status = err_set(e, STATUS_IO, "cannot cut %s: %s", temporary, strerror(errno));
    if (status)
        output_file_discard(s);
    return status;
}

int output_file_keep(struct output_file *s, uint64_t *length, struct err *e)
{
    off_t at = lseek(s->fd, 0, SEEK_CUR);
    if (at < 0 || fsync(s->fd))
        return err_set(e, STATUS_IO, "cannot write %s: %s", s->temporary, strerror(errno));
    if (!s->kept)
        forget_temporary(s->temporary);
    s->kept = true;
    if (length)
        *length = (uint64_t)at;
    return 0;
}

static const char *name_of(const struct output_file *s)
{
    return s->path ? s->path : "standard output";
}

int output_file_write(struct output_file *s, const void *bytes, size_t n, struct err *e)
{
    const char *at = bytes;
    while (n && !s->gone) {
        ssize_t done = write(s->fd, at, n);
        if (done < 0 && errno == EINTR)
            continue;
        if (done < 0 && errno == EAGAIN) { /* another program made the pipe non-blocking */
            poll(&(struct pollfd){.fd = s->fd, .events = POLLOUT}, 1, -1);
            continue;
        }
        if (done < 0 && errno == EPIPE && signals_caught()) {
            signals_note(SIGPIPE);
            s->gone = true;
            return 0;
        }
        if (done < 0 && errno == EPIPE) { /* a parent had SIGPIPE ignored */
            signal(SIGPIPE, SIG_DFL);
            output_file_discard_all();
            raise(SIGPIPE);
        }
        if (done < 0)
            return err_set(e, STATUS_IO, "cannot write %s: %s", name_of(s), strerror(errno));
        at += done;
        n -= (size_t)done;
    }
    return 0;
}

/* The folder of a file, to be synced; -1: it cannot be opened, and so not synced either. */
static int open_folder(const char *path)
{
    const char *slash = strrchr(path, '/');
    char *folder = slash ? mem_copy(path, (size_t)(slash - path) + 1) : mem_copy(".", 1);
    int fd = open(folder, O_RDONLY | O_CLOEXEC);
    mem_free(folder);
    return fd;
}

/* Gives the written file its name and puts the name on the disk, for the case that the machine
 * fails. */
static int take_name(struct output_file *s, struct err *e)
{
    int folder = open_folder(s->path), status = 0;
    if (rename(s->temporary, s->path))
        status = err_set(e, STATUS_IO, "cannot rename to %s: %s", s->path, strerror(errno));
    if (folder >= 0) {
        if (!status)
            fsync(folder); /* an error is ignored: some file systems cannot sync a folder */
        close(folder);
    }
    return status;
}

int output_file_commit(struct output_file *s, struct err *e)
{
    int status = 0;
    if (s->path && fsync(s->fd))
        status = err_set(e, STATUS_IO, "cannot write %s: %s", s->path, strerror(errno));
    if (close(s->fd) && !status)
        status = err_set(e, STATUS_IO, "cannot write %s: %s", name_of(s), strerror(errno));
    s->fd = -1;
    if (!status && s->path)
        status = take_name(s, e);
    if (status) {
        output_file_discard(s);
        return status;
    }
    if (s->temporary && !s->kept)
        forget_temporary(s->temporary);
    forget(s);
    return 0;
}

void output_file_discard(struct output_file *s)
{
    if (s->temporary) {
        if (s->fd >= 0)
            close(s->fd);
        if (!s->kept) {
            unlink(s->temporary);
            forget_temporary(s->temporary);
        }
    }
    forget(s);
}
