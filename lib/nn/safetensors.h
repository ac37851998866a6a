/* Files of named tensors (the safetensors format): an 8-byte little-endian length, a JSON header of
 * that length, then the tensors' bytes end to end, little-endian. */
#ifndef NN_SAFETENSORS_H
#define NN_SAFETENSORS_H

#include <stdint.h>
#include <sys/stat.h>

#include "base/buf.h"
#include "base/err.h"

enum { SAFETENSORS_DIMS = 8, SAFETENSORS_HEADER_LIMIT = 100 << 20 };

struct safetensors_entry {
    char *name;
    const char *type; /* "F32", "U8", "I32", "I64", or another that the format knows */
    int dims;
    int64_t shape[SAFETENSORS_DIMS];
    const void *at;      /* writing: its elements */
    uint64_t begin, end; /* its bytes, counted from the end of the header */
};

/* A string of `__metadata__`. */
struct safetensors_text {
    char *key;
    struct buf value;
};

/* Bytes of an entry: the elements of its shape times the size of its type. */
uint64_t safetensors_bytes(const struct safetensors_entry *e);

/* Writes the file under a temporary name and renames it when it is complete (base/output_file.h).
 * Adds the texts "xxh3", the XXH3 hash of all bytes behind the header in 16 hexadecimal digits, and
 * "xxh3_metadata", that of the other texts, in place of those that are among them.  Sets begin and
 * end of each entry.  Errors: 73, 74. */
int safetensors_write(const char *path, const struct safetensors_text *texts, int text_count,
                      struct safetensors_entry *entries, int entry_count, struct err *e);

/* The same to an output that is open, which the caller completes or discards.  Errors: 74. */
struct output_file;
int safetensors_put(struct output_file *to, const struct safetensors_text *texts, int text_count,
                    struct safetensors_entry *entries, int entry_count, struct err *e);

/* Writes the head of a file only.  Entries are at their `begin` after it, from 0 without gaps;
 * *data is the file offset of 0.  The caller writes their bytes.  Errors: 74. */
int safetensors_head(struct output_file *to, const struct safetensors_text *texts, int text_count,
                     const struct safetensors_entry *entries, int entry_count, uint64_t *data,
                     struct err *e);

/* An open file: every entry lies inside it and none overlaps another. */
struct safetensors {
    char *path;
    int fd;
    uint64_t data;                         /* where the tensors begin */
    char *tensors;                         /* all bytes from there on; NULL: not loaded */
    struct stat stat;                      /* of the file when it was opened */
    VEC(struct safetensors_entry) entries; /* in the file's order */
    VEC(struct safetensors_text) texts;
};

/* Opens a file and checks its header.  Errors: 66: no such file; 65: not a safetensors file, and
 * the text names the field. */
int safetensors_open(struct safetensors *s, const char *path, struct err *e);
const struct safetensors_entry *safetensors_find(const struct safetensors *s, const char *name);

/* The text of a key; NULL: there is none. */
const struct safetensors_text *safetensors_text_find(const struct safetensors *s, const char *key);

/* The same as bytes; {NULL, 0}: there is none. */
struct bytes safetensors_text_of(const struct safetensors *s, const char *key);

/* Reads all tensors into memory, where no change of the file reaches them, until safetensors_close.
 * Errors: 65: they or the texts do not match the text "xxh3", where there is one, and
 * "xxh3_metadata" beside it, or the file has changed since it was opened; 74. */
int safetensors_load(struct safetensors *s, struct err *e);

/* Reads n bytes of the entry, from its byte `offset` on.  Errors: 74: cannot read. */
int safetensors_read(const struct safetensors *s, const struct safetensors_entry *entry,
                     uint64_t offset, void *to, size_t n, struct err *e);

/* The entry's bytes in memory; NULL: the file is not loaded. */
const void *safetensors_at(const struct safetensors *s, const struct safetensors_entry *entry);
void safetensors_close(struct safetensors *s);

#endif
