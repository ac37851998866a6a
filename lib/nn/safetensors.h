/* Files of named tensors (the safetensors format): an 8-byte little-endian length, a JSON header of
 * that length, then the tensors' bytes end to end.  Of the host, little-endian. */
#ifndef NN_SAFETENSORS_H
#define NN_SAFETENSORS_H

#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"

enum { SAFETENSORS_DIMS = 8, SAFETENSORS_HEADER_LIMIT = 100 << 20 };

struct safetensors_entry {
    char *name;
    const char *type; /* "F32", "U8", "I32", "I64", or another that the format knows */
    int dims;
    int64_t shape[SAFETENSORS_DIMS];
    const void *at;      /* writing: its elements */
    uint64_t begin, end; /* where its bytes stand, after the header */
};

/* A string of `__metadata__`. */
struct safetensors_text {
    char *key;
    struct buf value;
};

/* Bytes of an entry: elements of its shape times the size of its type. */
uint64_t safetensors_bytes(const struct safetensors_entry *e);

/* Writes the file beside its name and renames it when it is whole (base/output_file.h); sets where
 * each entry stands.  73, 74. */
int safetensors_write(const char *path, const struct safetensors_text *texts, int text_count,
                      struct safetensors_entry *entries, int entry_count, struct err *e);

/* The head of a file alone: entries stand at their `begin` behind it, from 0 without gaps, and
 * *data is where that is in the file.  Writing them is the caller's.  74. */
struct output_file;
int safetensors_head(struct output_file *to, const struct safetensors_text *texts, int text_count,
                     const struct safetensors_entry *entries, int entry_count, uint64_t *data,
                     struct err *e);

/* An open file: every entry lies inside it and none overlaps another. */
struct safetensors {
    char *path;
    int fd;
    uint64_t data;                         /* where the tensors begin */
    const char *map;                       /* the whole file in memory; NULL: not mapped */
    size_t size;                           /* of the map */
    VEC(struct safetensors_entry) entries; /* in the file's order */
    VEC(struct safetensors_text) texts;
};

/* 66: no such file.  65: not such a file; the text names the field. */
int safetensors_open(struct safetensors *s, const char *path, struct err *e);
const struct safetensors_entry *safetensors_find(const struct safetensors *s, const char *name);

/* `n` bytes of the entry, from byte `offset` of it on.  74: cannot be read. */
int safetensors_read(const struct safetensors *s, const struct safetensors_entry *entry,
                     uint64_t offset, void *to, size_t n, struct err *e);

/* Maps the file into memory until it is closed, where that can be done. */
void safetensors_map(struct safetensors *s);

/* Where the entry's bytes stand in memory; NULL: the file is not mapped. */
const void *safetensors_at(const struct safetensors *s, const struct safetensors_entry *entry);
void safetensors_close(struct safetensors *s);

#endif
