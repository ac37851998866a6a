#include "nn/backend_file.h"

#include <dlfcn.h>
#include <elf.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/descriptor.h"

/* Finds the file; false: there is none. */
static bool path_of(const char *name, const char *given, char *to, size_t room)
{
    static const char *const beside[] = {"/", "/../lib/sesspipe/"};
    char program[2048];
    if (given) /* with a slash: dlopen searches the library path for other names */
        return snprintf(to, room, "%s%s", strchr(given, '/') ? "" : "./", given) < (int)room &&
               !access(to, F_OK);
    ssize_t length = readlink("/proc/self/exe", program, sizeof program - 1);
    if (length < 0)
        return false;
    program[length] = 0;
    *strrchr(program, '/') = 0;
    for (size_t i = 0; i < sizeof beside / sizeof *beside; i++)
        if (snprintf(to, room, "%s%s%s", program, beside[i], name) < (int)room && !access(to, F_OK))
            return true;
    return false;
}

/* A file that was cut off, as where its copying was interrupted, would end the program by SIGBUS
 * when it is loaded, and a pipe would hold it up for ever.  A shared object ends with its sections'
 * table. */
static bool is_whole(const char *path, char *why, size_t room)
{
    Elf64_Ehdr head;
    struct stat there = {0};
    int fd = descriptor_open(path, O_NONBLOCK);
    bool regular = fd >= 0 && !fstat(fd, &there) && S_ISREG(there.st_mode);
    ssize_t n = regular ? descriptor_read(fd, &head, sizeof head) : 0;
    if (fd >= 0)
        close(fd);
    if (!regular) {
        snprintf(why, room, "%s cannot be read, or is no regular file", path);
        return false;
    }
    if (n < (ssize_t)sizeof head || memcmp(head.e_ident, ELFMAG, SELFMAG) ||
        head.e_ident[EI_CLASS] != ELFCLASS64)
        return true; /* the loader says what it is */
    uint64_t size = (uint64_t)there.st_size, table = (uint64_t)head.e_shnum * head.e_shentsize;
    if (table <= size && head.e_shoff <= size - table)
        return true;
    snprintf(why, room, "%s is cut off: build or copy it again", path);
    return false;
}

void *backend_file_load(const char *name, const char *variable, const char *builds, bool shares,
                        char *why, size_t room)
{
    char path[4096];
    const char *given = getenv(variable);
    if (!path_of(name, given, path, sizeof path)) {
        if (given)
            snprintf(why, room, "no %s, which %s names", given, variable);
        else
            snprintf(why, room, "no %s%s", name, builds);
        return NULL;
    }
    if (!is_whole(path, why, room))
        return NULL;
    void *file = dlopen(path, RTLD_NOW | (shares ? RTLD_GLOBAL : RTLD_LOCAL));
    if (!file)
        snprintf(why, room, "%s", dlerror());
    return file;
}

bool backend_file_function(void *file, const char *name, void *to)
{
    void *at = dlsym(file, name);
    memcpy(to, &at, sizeof at);
    return at != NULL;
}
