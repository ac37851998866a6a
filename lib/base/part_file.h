/* The temporary file of an output: beside the output, until it is complete.
 *
 * It is named NAME.sesspipe-N.part, N from 0, a long NAME cut so that the whole is a name that file
 * systems take.  The process that writes it holds a lock on it; a part without one is left from a
 * process that was killed, and the next output of that name removes it. */
#ifndef BASE_PART_FILE_H
#define BASE_PART_FILE_H

#include <sys/types.h>

/* Removes the parts of `path` that killed processes left. */
void part_file_sweep(const char *path);

/* Creates a part of `path`, locked, with that mode as far as the umask lets it.  Returns its
 * descriptor and *name, to be freed; -1 and errno. */
int part_file_create(const char *path, mode_t mode, char **name);

/* Locks a part that another process left, where the file system can; the part is then not swept. */
void part_file_lock(int fd);

/* The name of a part that is to be kept when the process is killed, to be freed: NAME.kept in place
 * of NAME.part.  No part is created where one is kept. */
char *part_file_kept(const char *name);

/* Removes a file of that name, which stays as it is, when the process ends, as it does each part;
 * -1: there are too many of them. */
int part_file_remember(char *name);

/* No longer removes that part or file when the process ends. */
void part_file_forget(const char *name);

/* Removes all parts of this process that are not forgotten: safe in signal handlers. */
void part_file_remove_all(void);

#endif
