/* Attributes of users and items, packed for the stream: a map of texts. */
#ifndef STREAM_ATTRIBUTES_H
#define STREAM_ATTRIBUTES_H

#include "stream/record.h"

struct attribute {
    const char *key;
    struct bytes value;
};

/* Appends the packed map of those that are not empty; nothing where all are. */
void attributes_pack(struct buf *to, const struct attribute *pairs, size_t count);

/* Appends the packed map of the attributes, with `key` set to `text`. */
void attributes_set(struct buf *to, struct attributes a, const char *key, const char *text);

#endif
