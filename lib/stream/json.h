/* Packed values as JSON. */
#ifndef STREAM_JSON_H
#define STREAM_JSON_H

#include "base/buf.h"
#include "stream/cursor.h"

/* Appends the next value of the cursor: typed arrays as lists of numbers, texts as json_text has
 * them, map keys as strings.  False where the bytes are no whole value or are nested deeper than
 * `depth`; what was appended until then stays. */
bool json_packed(struct buf *to, struct cursor *c, int depth);

#endif
