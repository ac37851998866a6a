#define _GNU_SOURCE /* statx */
#include "base/path.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/mem.h"

char *path_folder(const char *path)
{
    const char *slash = strrchr(path, '/');
    if (!slash)
        return mem_copy(".", 1);
    return mem_copy(path, slash == path ? 1 : (size_t)(slash - path));
}

const char *path_base(const char *path)
{
    const char *slash = strrchr(path, '/');
    return slash ? slash + 1 : path;
}

int path_is_open(const char *path, int fd)
{
    struct stat open, named;
    if (lstat(path, &named))
        return errno == ENOENT ? 0 : -1;
    return fstat(fd, &open) ? -1 : open.st_dev == named.st_dev && open.st_ino == named.st_ino;
}

#ifndef STATX_ATTR_MOUNT_ROOT
#define STATX_ATTR_MOUNT_ROOT 0x2000
#endif

const char *path_why_fixed(const char *path)
{
    struct statx there;
    if (statx(AT_FDCWD, path, AT_SYMLINK_NOFOLLOW, 0, &there))
        return NULL;
    if (there.stx_attributes & STATX_ATTR_MOUNT_ROOT)
        return "it is mounted by itself: mount its folder, or name another file";
    if (there.stx_attributes & (STATX_ATTR_IMMUTABLE | STATX_ATTR_APPEND))
        return "chattr(1) has set it so: name another file";
    char *folder = path_folder(path);
    struct stat in;
    uid_t own = geteuid();
    bool sticky = !stat(folder, &in) && in.st_mode & S_ISVTX && own && in.st_uid != own;
    mem_free(folder);
    if (sticky && there.stx_uid != own)
        return "in its folder only its owner may: name another file";
    return NULL;
}
