/* Text in JSON. */
#ifndef BASE_JSON_H
#define BASE_JSON_H

#include "base/buf.h"

/* Appends the bytes as a JSON string, quotes included.  What is UTF-8 stays as it is; a byte that
 * is not becomes \udcXX, the form in which Python's "surrogateescape" keeps such bytes. */
void json_text(struct buf *to, struct bytes text);

/* Appends the shortest form of the number that reads back as the same; null for what JSON does not
 * know (NaN, infinity). */
void json_number(struct buf *to, double value);

#endif
