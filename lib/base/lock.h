/* A lock beside a file, for one program at a time; it is held until the program ends in any way.
 * Its file goes when it is released and with what part_file_remove_all removes: SIGKILL leaves it,
 * which holds nobody up. */
#ifndef BASE_LOCK_H
#define BASE_LOCK_H

#include "base/err.h"

struct lock {
    int fd;
    char *path; /* NULL: not held */
};

/* Locks `path` by a file PATH.lock.  75: another process holds it, and the text names it.  73: it
 * cannot be made, or a file of that name is there that is not empty, and so no lock. */
int lock_take(struct lock *l, const char *path, struct err *e);

/* Releases it and removes the file, if no other has taken its name; a lock of zeros is fine. */
void lock_release(struct lock *l);

#endif
