/* Attributes of users and items, packed for the stream: a map of texts. */
#ifndef DATA_ATTRIBUTES_H
#define DATA_ATTRIBUTES_H

#include <stddef.h>

#include "base/buf.h"

struct attribute {
    const char *key;
    struct bytes value;
};

/* Appends the packed map of those that are not empty; nothing where all are. */
void attributes_pack(struct buf *to, const struct attribute *pairs, size_t count);

#endif
