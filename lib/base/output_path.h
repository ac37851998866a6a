/* Where an output is written: where its name leads. */
#ifndef BASE_OUTPUT_PATH_H
#define BASE_OUTPUT_PATH_H

#include <stdbool.h>
#include <sys/stat.h>

#include "base/err.h"

struct output_path {
    char *name;       /* with its symbolic links followed */
    int descriptor;   /* the one of this process that /dev/stdout or /dev/fd/N names; else -1 */
    bool direct;      /* a descriptor, a device or a pipe, which is written to as it is */
    bool there;       /* a regular file that is there already */
    struct stat stat; /* of that file */
};

/* Follows `name`; the caller releases *p in any case.  73: the name is empty, leads to a folder, or
 * cannot be followed. */
int output_path_follow(struct output_path *p, const char *name, struct err *e);
void output_path_release(struct output_path *p);

/* The file that an output of that name replaces, to be freed.  NULL: `name` is NULL or "-", or
 * leads to no file. */
char *output_path_file(const char *name);

/* Whether outputs of both names replace the same file, which need not be there yet. */
bool output_path_same(const char *a, const char *b);

#endif
