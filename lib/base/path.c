#include "base/path.h"

#include <string.h>
#include <sys/stat.h>

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

bool path_is_open(const char *path, int fd)
{
    struct stat open, named;
    return !fstat(fd, &open) && !lstat(path, &named) && open.st_dev == named.st_dev &&
           open.st_ino == named.st_ino;
}
