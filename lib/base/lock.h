/* One program at a time: a lock beside a file, held until the program ends, in whatever way. */
#ifndef BASE_LOCK_H
#define BASE_LOCK_H

#include "base/err.h"

struct lock {
    int fd;
    char *path; /* NULL: not held */
};

/* Locks `path` by a file PATH.lock.  75: another process holds it, and the text names it. */
int lock_take(struct lock *l, const char *path, struct err *e);

/* Gives it back and removes the file; also one of zeros. */
void lock_release(struct lock *l);

#endif
