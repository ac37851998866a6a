/* Packed values as JSON. */
#ifndef STREAM_JSON_H
#define STREAM_JSON_H

#include "base/buf.h"
#include "stream/cursor.h"
#include "stream/json_schema.h"

/* Appends the next value of the cursor: typed arrays as lists of numbers, texts and bin as
 * json_text has them, map keys that are not strings as strings of their JSON, other ext values as
 * {"ext": type, "bytes": text}, numbers that JSON does not have as null.  False where the bytes are
 * no whole value or are nested deeper than `depth`; what was appended until then stays. */
bool json_packed(struct buf *to, struct cursor *c, int depth);

/* The same, shortened for users: at most `limit` (2 or more) elements of each typed array, "..."
 * between the first ones and the last. */
bool json_packed_short(struct buf *to, struct cursor *c, size_t limit);

/* The value at a place, so that json_read gives it back: numbers that are no integers have a point
 * or an exponent; a typed array is a plain list where the place says its type, and else
 * {"ext": type, "values": list}; bin is {"ext": "bin", "bytes": text}.  Keys that are not strings,
 * and numbers that JSON does not have, are lost. */
bool json_exact(struct buf *to, struct cursor *c, const struct json_place *place, int depth);

#endif
