/* The type of a plain list of numbers in JSON, by its place in the stream. Streams are shown and
 * read back by these rules; where they do not give the type, the JSON names it. */
#ifndef STREAM_JSON_SCHEMA_H
#define STREAM_JSON_SCHEMA_H

#include <stdint.h>

#include "stream/fields.h"

enum expected {
    EXPECT_LIST = 0, /* a list of any values; else a typed array of the type (enum column_type) */
    EXPECT_NUMBERS = -1, /* a typed array: int32, or float32 if one of the numbers is no integer */
};

/* The element `index` of a record with the tag; the header's tag is PLACE_MAGIC. */
struct json_place {
    struct bytes tag;
    uint32_t index;
};

#define PLACE_MAGIC "SESSPIPE\r\n"

/* The type expected at the place, or at the place in a map under the key. */
int json_schema_expects(const struct json_place *p);
int json_schema_expects_key(const struct json_place *p, struct bytes key);

#endif
