/* What a test wrote, read back whole. */
#ifndef TESTS_BYTES_OF_FILE_H
#define TESTS_BYTES_OF_FILE_H

#include <stdio.h>

#include "base/buf.h"

/* The caller's to release; nothing where there is no such file. */
static inline struct buf bytes_of_file(const char *path)
{
    struct buf b = {0};
    char part[4096];
    size_t n;
    FILE *f = fopen(path, "rb");
    while (f && (n = fread(part, 1, sizeof part, f)) > 0)
        buf_append(&b, part, n);
    if (f)
        fclose(f);
    return b;
}

#endif
