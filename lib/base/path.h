/* Names of files and their folders. */
#ifndef BASE_PATH_H
#define BASE_PATH_H

/* The folder of a path, to be freed: "." where the path names none. */
char *path_folder(const char *path);

/* What follows the last slash of a path. */
const char *path_base(const char *path);

/* 1: the open file is the one of that name; 0: it is not; -1: the system does not say, and errno. A
 * link is not followed. */
int path_is_open(const char *path, int fd);

/* Why no other file can take the place of the one of that name, and what to do; NULL: none is
 * known. */
const char *path_why_fixed(const char *path);

#endif
