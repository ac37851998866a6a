#include "base/lock.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/path.h"

static int held(const char *path, int fd, struct err *e)
{
    struct flock holder = {.l_type = F_WRLCK, .l_whence = SEEK_SET};
    if (fcntl(fd, F_GETLK, &holder) || holder.l_type == F_UNLCK || holder.l_pid <= 0)
        return err_set(e, STATUS_LOCKED, "%s: another run holds it: end that one first", path);
    return err_set(e, STATUS_LOCKED, "%s: process %ld holds it: end that one first", path,
                   (long)holder.l_pid);
}

int lock_take(struct lock *l, const char *path, struct err *e)
{
    struct buf name = {0};
    struct flock whole = {.l_type = F_WRLCK, .l_whence = SEEK_SET};
    int status = 0;
    buf_format(&name, "%s.lock", path);
    buf_byte(&name, 0);
    *l = (struct lock){.fd = -1, .path = name.at};
    for (;;) {
        l->fd = open(l->path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0666);
        if (l->fd < 0)
            status =
                err_set(e, STATUS_CANTCREATE, "cannot create %s: %s", l->path, strerror(errno));
        else if (fcntl(l->fd, F_SETLK, &whole))
            status =
                errno == EACCES || errno == EAGAIN
                    ? held(path, l->fd, e)
                    : err_set(e, STATUS_CANTCREATE, "cannot lock %s: %s", l->path, strerror(errno));
        else if (path_is_open(l->path, l->fd)) /* the process that held it may have removed it */
            return 0;
        if (l->fd >= 0)
            close(l->fd);
        if (status)
            break;
    }
    mem_free(l->path);
    *l = (struct lock){.fd = -1};
    return status;
}

void lock_release(struct lock *l)
{
    if (l->path) {
        unlink(l->path);
        close(l->fd);
        mem_free(l->path);
    }
    *l = (struct lock){.fd = -1};
}
