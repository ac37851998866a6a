/* Small files of a test, written and read back whole. */
#ifndef TESTS_FILES_H
#define TESTS_FILES_H

#include <stdio.h>
#include <stdlib.h>

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

/* Appends what is at `path` to *to and removes the file; 0, as the last step of a scenario. */
static inline int taken(const char *path, struct buf *to)
{
    struct buf file = bytes_of_file(path);
    buf_append(to, file.at, file.len);
    buf_release(&file);
    remove(path);
    return 0;
}

static inline void bytes_to_file(const char *path, const void *bytes, size_t n)
{
    FILE *f = fopen(path, "wb");
    if (!f || fwrite(bytes, 1, n, f) != n || fclose(f)) {
        printf("Bail out! cannot write %s\n", path);
        exit(1);
    }
}

static inline void text_to_file(const char *path, const char *text)
{
    bytes_to_file(path, text, strlen(text));
}

#endif
