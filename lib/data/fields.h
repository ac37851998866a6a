/* The fields of one line of a delimited log. */
#ifndef DATA_FIELDS_H
#define DATA_FIELDS_H

#include <stdbool.h>

#include "base/buf.h"

/* Splits at every delimiter.  Returns the number of fields, of which the first `room` are stored;
 * an empty line has one, empty. */
size_t fields_split(struct bytes line, char delimiter, struct bytes *fields, size_t room);

/* Splits as CSV (RFC 4180): a field that begins with a quote ends at the next single one, and ""
 * in it is a quote.  Such fields are unquoted into `scratch`, which they then point to.  False: a
 * quote that is not closed, or bytes between a closing quote and the delimiter. */
bool fields_split_csv(struct bytes line, char delimiter, struct buf *scratch, struct bytes *fields,
                      size_t room, size_t *count);

/* A field as it may stand in a message: at most 40 bytes, in quotes, "\xNN" for what does not
 * print.  `to` has room for FIELD_TEXT bytes. */
enum { FIELD_TEXT = 4 * 40 + 8 };
const char *field_text(struct bytes field, char *to);

#endif
