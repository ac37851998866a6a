#include "base/lock.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/part_file.h"
#include "base/path.h"

static int held(const char *path, int fd, struct err *e)
{
    struct flock holder = {.l_type = F_WRLCK, .l_whence = SEEK_SET};
    if (fcntl(fd, F_GETLK, &holder) || holder.l_type == F_UNLCK || holder.l_pid <= 0)
        return err_set(e, STATUS_LOCKED, "%s: another run holds it: end that one first", path);
    return err_set(e, STATUS_LOCKED, "%s: process %ld holds it: end that one first", path,
                   (long)holder.l_pid);
}

/* Until the file is locked and remembered no signal ends the program, nor while it goes. */
static sigset_t hold_signals(void)
{
    sigset_t all, before;
    sigfillset(&all);
    sigprocmask(SIG_BLOCK, &all, &before);
    return before;
}

/* Opens and locks the file. */
static int lock_file(struct lock *l, const char *path, struct err *e)
{
    struct flock whole = {.l_type = F_WRLCK, .l_whence = SEEK_SET};
    l->fd = open(l->path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0666);
    struct stat there;
    if (l->fd < 0)
        return err_set(e, STATUS_CANTCREATE, "cannot create %s: %s", l->path, strerror(errno));
    if (!fstat(l->fd, &there) && there.st_size)
        return err_set(e, STATUS_CANTCREATE, "%s is not a lock but a file with %lld bytes: move it",
                       l->path, (long long)there.st_size);
    if (!fcntl(l->fd, F_SETLK, &whole))
        return 0;
    if (errno == EACCES || errno == EAGAIN)
        return held(path, l->fd, e);
    err_set(e, STATUS_CANTCREATE, "cannot lock %s: %s", l->path, strerror(errno));
    unlink(l->path); /* nobody holds what cannot be locked */
    return e->status;
}

static int take(struct lock *l, const char *path, struct err *e)
{
    struct buf name = {0};
    buf_format(&name, "%s.lock", path);
    buf_byte(&name, 0);
    *l = (struct lock){.fd = -1, .path = name.at};
    int status;
    /* the process that held the file may have removed it */
    while (!(status = lock_file(l, path, e)) && path_is_open(l->path, l->fd) == 0)
        close(l->fd);
    if (!status) {
        part_file_remember(l->path);
        return 0;
    }
    if (l->fd >= 0)
        close(l->fd);
    mem_free(l->path);
    *l = (struct lock){.fd = -1};
    return status;
}

int lock_take(struct lock *l, const char *path, struct err *e)
{
    sigset_t before = hold_signals();
    int status = take(l, path, e);
    sigprocmask(SIG_SETMASK, &before, NULL);
    return status;
}

void lock_release(struct lock *l)
{
    if (l->path) {
        sigset_t before = hold_signals();
        if (path_is_open(l->path, l->fd)) /* or nobody knows */
            unlink(l->path);
        part_file_forget(l->path);
        sigprocmask(SIG_SETMASK, &before, NULL);
        close(l->fd);
        mem_free(l->path);
    }
    *l = (struct lock){.fd = -1};
}
