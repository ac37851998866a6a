#include "nn/backend_file.h"

#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

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
