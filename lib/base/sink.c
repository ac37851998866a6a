#include "base/sink.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/mem.h"

/* Names of the temporary files that a signal handler has to remove. */
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

void sink_discard_all(void)
{
    for (int i = 0; i < OPEN_LIMIT; i++) {
        char *name = atomic_exchange(&temporaries[i], NULL);
        if (name)
            unlink(name);
    }
}

static void forget(struct sink *s)
{
    mem_free(s->path);
    mem_free(s->temporary);
    *s = (struct sink){.fd = -1};
}

/* Creates a file beside `path` and puts its name into `name`; -1 and errno.  The name is remembered
 * before the file is there, so that no signal falls between. */
static int create_temporary(char *name, size_t size, const char *path)
{
    for (int try = 0; try < 100; try++) {
        snprintf(name, size, "%s.%ld.%d.part", path, (long)getpid(), try);
        if (remember_temporary(name)) {
            errno = EMFILE;
            return -1;
        }
        int fd = open(name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
        if (fd >= 0)
            return fd;
        int why = errno;
        forget_temporary(name);
        errno = why;
        if (why != EEXIST)
            break;
    }
    return -1;
}

int sink_open(struct sink *s, const char *path, struct err *e)
{
    *s = (struct sink){.fd = STDOUT_FILENO};
    if (!path || !strcmp(path, "-"))
        return 0;
    if (!*path)
        return err_set(e, STATUS_CANTCREATE, "an output has an empty name");
    struct stat there;
    if (!stat(path, &there) && !S_ISREG(there.st_mode))
        return err_set(e, STATUS_CANTCREATE, "%s is not a regular file: name another output", path);
    size_t size = strlen(path) + 32;
    s->path = mem_copy(path, strlen(path));
    s->temporary = mem_alloc(size);
    s->fd = create_temporary(s->temporary, size, path);
    if (s->fd < 0) {
        int status = err_set(e, STATUS_CANTCREATE, "cannot create %s: %s", path, strerror(errno));
        forget(s);
        return status;
    }
    return 0;
}

static const char *name_of(const struct sink *s)
{
    return s->path ? s->path : "standard output";
}

int sink_write(struct sink *s, const void *bytes, size_t n, struct err *e)
{
    const char *at = bytes;
    while (n) {
        ssize_t done = write(s->fd, at, n);
        if (done < 0 && errno == EINTR)
            continue;
        if (done < 0 && errno == EAGAIN) { /* another program made the pipe non-blocking */
            poll(&(struct pollfd){.fd = s->fd, .events = POLLOUT}, 1, -1);
            continue;
        }
        if (done < 0 && errno == EPIPE) { /* a parent had SIGPIPE ignored */
            signal(SIGPIPE, SIG_DFL);
            sink_discard_all();
            raise(SIGPIPE);
        }
        if (done < 0)
            return err_set(e, STATUS_IO, "cannot write %s: %s", name_of(s), strerror(errno));
        at += done;
        n -= (size_t)done;
    }
    return 0;
}

int sink_commit(struct sink *s, struct err *e)
{
    int status = 0;
    if (s->path && fsync(s->fd))
        status = err_set(e, STATUS_IO, "cannot write %s: %s", s->path, strerror(errno));
    if (close(s->fd) && !status)
        status = err_set(e, STATUS_IO, "cannot write %s: %s", name_of(s), strerror(errno));
    s->fd = -1;
    if (!status && s->path && rename(s->temporary, s->path))
        status = err_set(e, STATUS_IO, "cannot rename to %s: %s", s->path, strerror(errno));
    if (status) {
        sink_discard(s);
        return status;
    }
    if (s->temporary)
        forget_temporary(s->temporary);
    forget(s);
    return 0;
}

void sink_discard(struct sink *s)
{
    if (s->temporary) {
        if (s->fd >= 0)
            close(s->fd);
        unlink(s->temporary);
        forget_temporary(s->temporary);
    }
    forget(s);
}
