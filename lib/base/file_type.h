/* Files that are easy to know by their first bytes, for messages about input of the wrong kind. */
#ifndef BASE_FILE_TYPE_H
#define BASE_FILE_TYPE_H

#include "base/buf.h"

struct file_type {
    const char *begin;  /* first bytes, */
    size_t length;      /* so many */
    const char *name;   /* "gzip" */
    const char *advice; /* what the user can do: "pipe it through gzip -dc" */
};

/* The type of a file that begins with these bytes; NULL: none that is known. */
const struct file_type *file_type_of(struct bytes begin);

#endif
