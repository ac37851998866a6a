#include "base/machine_memory.h"

#include <fcntl.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/sysinfo.h>
#include <unistd.h>

/* The number at the beginning of a file of the system; SIZE_MAX: there is none, as in "max". */
static size_t number_in(const char *path)
{
    char text[32];
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    ssize_t n = fd < 0 ? -1 : read(fd, text, sizeof text - 1);
    if (fd >= 0)
        close(fd);
    if (n <= 0 || text[0] < '0' || text[0] > '9')
        return SIZE_MAX;
    text[n] = '\0';
    return strtoull(text, NULL, 10);
}

static size_t least(size_t a, size_t b)
{
    return a < b ? a : b;
}

size_t machine_memory(void)
{
    struct sysinfo s;
    if (sysinfo(&s))
        return SIZE_MAX;
    /* As a container sees its limit, with control groups of version 2 and 1. */
    size_t limit = least(number_in("/sys/fs/cgroup/memory.max"),
                         number_in("/sys/fs/cgroup/memory/memory.limit_in_bytes"));
    return (least(s.totalram, limit / s.mem_unit) + s.totalswap) * s.mem_unit;
}
