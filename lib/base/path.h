/* Names of files and their folders. */
#ifndef BASE_PATH_H
#define BASE_PATH_H

#include <stdbool.h>

/* The folder of a path, to be freed: "." where the path names none. */
char *path_folder(const char *path);

/* What follows the last slash of a path. */
const char *path_base(const char *path);

/* Whether the open file is the one of that name; a link is not followed. */
bool path_is_open(const char *path, int fd);

#endif
