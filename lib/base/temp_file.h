/* A temporary file without a name: the name is removed as soon as the file is open, so that the
 * file is gone when the program ends in any way. */
#ifndef BASE_TEMP_FILE_H
#define BASE_TEMP_FILE_H

#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

struct temp_file {
    int fd;        /* -1: not open */
    char *folder;  /* for messages */
    uint64_t size; /* what has been written */
};

/* Opens one in `folder` (NULL: $TMPDIR, else /tmp).  73: it cannot be created. */
int temp_file_open(struct temp_file *s, const char *folder, struct err *e);

int temp_file_append(struct temp_file *s, const void *bytes, size_t n, struct err *e);

/* Reads the n bytes at `offset`, which have been written. */
int temp_file_read(const struct temp_file *s, uint64_t offset, void *to, size_t n, struct err *e);

void temp_file_close(struct temp_file *s); /* also one that is not open */

#endif
