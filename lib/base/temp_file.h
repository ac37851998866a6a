/* A temporary file that nobody else sees: it loses its name as soon as it is open, so that it is
 * gone when the program ends, in whatever way. */
#ifndef BASE_TEMP_FILE_H
#define BASE_TEMP_FILE_H

#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

struct scratch {
    int fd;        /* -1: not open */
    char *folder;  /* for messages */
    uint64_t size; /* what has been written */
};

/* Opens one in `folder` (NULL: $TMPDIR, else /tmp).  73: it cannot be created. */
int scratch_open(struct scratch *s, const char *folder, struct err *e);

int scratch_append(struct scratch *s, const void *bytes, size_t n, struct err *e);

/* Reads the n bytes at `offset`, which have been written. */
int scratch_read(const struct scratch *s, uint64_t offset, void *to, size_t n, struct err *e);

void scratch_close(struct scratch *s); /* also one that is not open */

#endif
