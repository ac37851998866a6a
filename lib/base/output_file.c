#include "base/output_file.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/output_path.h"
#include "base/part_file.h"
#include "base/path.h"
#include "base/signals.h"

static void forget(struct output_file *s)
{
    mem_free(s->path);
    mem_free(s->temporary);
    *s = (struct output_file){.fd = -1};
}

static int cannot_create(const char *path, struct err *e)
{
    return err_set(e, STATUS_CANTCREATE, "cannot create %s: %s", path, strerror(errno));
}

/* ---- opening ---- */

/* A descriptor, device or pipe: what is written goes there at once. */
static int open_direct(struct output_file *s, const char *path, const struct output_path *to,
                       struct err *e)
{
    int flags = to->descriptor < 0 ? O_WRONLY : fcntl(to->descriptor, F_GETFL);
    if (flags >= 0 && (flags & O_ACCMODE) == O_RDONLY)
        return err_set(e, STATUS_CANTCREATE, "cannot write to %s: it is open for reading", path);
    s->fd = to->descriptor < 0 ? open(to->name, O_WRONLY | O_CLOEXEC | O_NOCTTY)
                               : fcntl(to->descriptor, F_DUPFD_CLOEXEC, STDERR_FILENO + 1);
    if (s->fd < 0)
        return cannot_create(path, e);
    s->path = mem_copy(path, strlen(path));
    return 0;
}

/* A file: under a temporary name beside its own. What may be secret is never open to others. */
static int open_beside(struct output_file *s, const struct output_path *to, struct err *e)
{
    const char *fixed = path_why_fixed(to->name); /* said now, not when hours of work are done */
    if (fixed)
        return err_set(e, STATUS_CANTCREATE, "cannot replace %s: %s", to->name, fixed);
    part_file_sweep(to->name);
    s->fd = part_file_create(to->name, to->there ? 0600 : 0666, &s->temporary);
    if (s->fd < 0)
        return cannot_create(to->name, e);
    s->path = mem_copy(to->name, strlen(to->name));
    return 0;
}

static int open_at(struct output_file *s, const char *path, bool whole, struct err *e)
{
    struct output_path to;
    *s = (struct output_file){.fd = -1};
    int status = output_path_follow(&to, path, e);
    if (!status && whole && to.direct)
        status = err_set(e, STATUS_CANTCREATE, "%s is not a regular file: name another", path);
    if (!status)
        status = to.direct ? open_direct(s, path, &to, e) : open_beside(s, &to, e);
    output_path_release(&to);
    return status;
}

int output_file_open(struct output_file *s, const char *path, struct err *e)
{
    if (path && strcmp(path, "-"))
        return open_at(s, path, false, e);
    *s = (struct output_file){.fd = STDOUT_FILENO};
    return 0;
}

int output_file_open_whole(struct output_file *s, const char *path, struct err *e)
{
    return open_at(s, path, true, e);
}

int output_file_check(const char *path, struct err *e)
{
    struct output_path to;
    struct output_file file = {.fd = -1};
    int status = output_path_follow(&to, path, e);
    if (!status && !to.direct)
        status = open_beside(&file, &to, e);
    else if (!status && to.descriptor < 0 && access(to.name, W_OK))
        status = cannot_create(path, e);
    output_path_release(&to);
    output_file_discard(&file);
    return status;
}

int output_file_continue(struct output_file *s, const char *path, const char *temporary,
                         uint64_t length, struct err *e)
{
    struct stat there;
    *s = (struct output_file){.kept = true};
    s->fd = open(temporary, O_RDWR | O_CLOEXEC | O_NOFOLLOW);
    if (s->fd < 0)
        return err_set(e, STATUS_NOINPUT, "cannot continue %s: %s", temporary, strerror(errno));
    part_file_lock(s->fd);
    s->path = mem_copy(path, strlen(path));
    s->temporary = mem_copy(temporary, strlen(temporary));
    int status = 0;
    if (fstat(s->fd, &there))
        status = err_set(e, STATUS_IO, "cannot look at %s: %s", temporary, strerror(errno));
    else if (!S_ISREG(there.st_mode) || (uint64_t)there.st_size < length)
        status = err_set(e, STATUS_DATA, "cannot continue %s: it has become shorter", temporary);
    else if (ftruncate(s->fd, (off_t)length) || lseek(s->fd, 0, SEEK_END) < 0)
        status = err_set(e, STATUS_IO, "cannot cut %s: %s", temporary, strerror(errno));
    if (status)
        output_file_discard(s);
    return status;
}

/* ---- keeping what is written so far ---- */

static int sync_to_disk(int fd)
{
    int failed;
    do
        failed = fsync(fd);
    while (failed && errno == EINTR);
    return failed;
}

int output_file_keep(struct output_file *s, uint64_t *length, struct err *e)
{
    off_t at = lseek(s->fd, 0, SEEK_CUR);
    if (at < 0 || sync_to_disk(s->fd))
        return err_set(e, STATUS_IO, "cannot write %s: %s", s->temporary, strerror(errno));
    if (!s->kept)
        part_file_forget(s->temporary);
    s->kept = true;
    if (length)
        *length = (uint64_t)at;
    return 0;
}

int output_file_name_kept(struct output_file *s, struct err *e)
{
    char *kept = part_file_kept(s->temporary);
    if (strcmp(kept, s->temporary) && rename(s->temporary, kept)) {
        mem_free(kept);
        return err_set(e, STATUS_IO, "cannot rename %s: %s", s->temporary, strerror(errno));
    }
    mem_free(s->temporary);
    s->temporary = kept;
    return 0;
}

/* ---- writing ---- */

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
            part_file_remove_all();
            raise(SIGPIPE);
        }
        if (done < 0)
            return err_set(e, STATUS_IO, "cannot write %s: %s", name_of(s), strerror(errno));
        at += done;
        n -= (size_t)done;
    }
    return 0;
}

/* ---- the end ---- */

/* The new file has the mode and, where this process may give it away, the owner of the one that it
 * replaces. */
static void take_mode(const struct output_file *s)
{
    struct stat there;
    if (stat(s->path, &there) || !S_ISREG(there.st_mode))
        return;
    bool own = there.st_uid == geteuid() && there.st_gid == getegid();
    if (own || !fchown(s->fd, there.st_uid, there.st_gid) ||
        !fchown(s->fd, (uid_t)-1, there.st_gid))
        own = true;
    /* those of another group get no right to a file that could not be given to theirs */
    fchmod(s->fd, there.st_mode & (own ? 0777 : 0707));
}

/* Gives the written file its name and puts the name on the disk, for the case that the machine
 * fails. */
static int take_name(struct output_file *s, struct err *e)
{
    char *name = path_folder(s->path);
    int folder = open(name, O_RDONLY | O_CLOEXEC); /* -1: it cannot be opened, nor synced */
    int status = 0;
    mem_free(name);
    if (rename(s->temporary, s->path))
        status = err_set(e, STATUS_IO, "cannot rename to %s: %s", s->path, strerror(errno));
    if (folder >= 0) {
        if (!status)
            sync_to_disk(folder); /* an error is ignored: some file systems cannot sync a folder */
        close(folder);
    }
    return status;
}

int output_file_commit(struct output_file *s, struct err *e)
{
    int status = 0, lock = s->temporary ? fcntl(s->fd, F_DUPFD_CLOEXEC, 0) : -1;
    if (s->temporary)
        take_mode(s);
    if (s->temporary && sync_to_disk(s->fd))
        status = err_set(e, STATUS_IO, "cannot write %s: %s", s->path, strerror(errno));
    if (close(s->fd) && !status)
        status = err_set(e, STATUS_IO, "cannot write %s: %s", name_of(s), strerror(errno));
    s->fd = -1;
    if (!status && s->temporary)
        status = take_name(s, e);
    if (!status && s->temporary && !s->kept)
        part_file_forget(s->temporary);
    if (status)
        output_file_discard(s);
    else
        forget(s);
    if (lock >= 0)
        close(lock); /* not before the file has its name: another process may sweep it */
    return status;
}

void output_file_discard(struct output_file *s)
{
    if (s->temporary && !s->kept) {
        unlink(s->temporary);
        part_file_forget(s->temporary);
    }
    if (s->fd > STDERR_FILENO && s->path)
        close(s->fd);
    forget(s);
}
