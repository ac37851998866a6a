/* JSON: values that are appended to a buffer, and a bounded cursor that reads them back. */
#ifndef BASE_JSON_H
#define BASE_JSON_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"

/* ---- writing ---- */

/* Appends the bytes as a JSON string, quotes included.  UTF-8 is copied as it is; a byte that is
 * not UTF-8 becomes \udcXX, the form in which Python's "surrogateescape" keeps such bytes. */
void json_text(struct buf *to, struct bytes text);
void json_bare(struct buf *to, struct bytes text); /* the same without the quotes */

/* Appends the shortest form of the number that reads back as the same number; null for NaN and
 * infinity, which JSON does not have. */
void json_number(struct buf *to, double value);

/* ---- reading ---- */

/* A cursor for a caller who knows what comes next.  Each function skips white space and takes one
 * thing; it returns false where something else comes, and the cursor then points at that.  No
 * function recurses, and no memory is reserved by a count in the text. */
struct json_in {
    const char *at, *end;
};

static inline struct json_in json_in_of(struct bytes text)
{
    return (struct json_in){text.at, text.len ? text.at + text.len : text.at}; /* as cursor_of */
}

/* The punctuation mark. */
bool json_take(struct json_in *in, char mark);

/* A string, its escapes resolved, in place of what `to` held.  A lone \udcXX gives the byte XX
 * back (json_text). */
bool json_string(struct json_in *in, struct buf *to);

/* A string as it is written between its quotes; *escaped: json_string has to resolve it. */
bool json_raw_string(struct json_in *in, struct bytes *inside, bool *escaped);

/* Passes over a value of any kind.  Its strings have to end and its brackets to match; what else
 * stands in it is not looked at.  It may be nested JSON_DEPTH deep. */
enum { JSON_DEPTH = 1024 };
bool json_skip(struct json_in *in);

/* The scan of an element of an array, which may stop anywhere and go on; {0} at its begin. */
struct json_scan {
    unsigned depth; /* brackets of any kind that are open */
    bool in_string, escaped;
};

/* Goes on over [at, end).  Returns the ',' or ']' behind the element, or NULL: it has not ended.
 * That brackets match is not looked at. */
const char *json_scan_element(struct json_scan *s, const char *at, const char *end);

/* A number without sign, fraction and exponent, up to 2⁶³ - 1. */
bool json_integer(struct json_in *in, int64_t *value);

/* A number of any form: its text, and whether it is written without fraction and exponent. */
bool json_numeral(struct json_in *in, struct bytes *text, bool *whole);

/* The word true, false or null. */
bool json_literal(struct json_in *in, const char *word);

/* Whether only white space is left. */
bool json_done(struct json_in *in);

#endif
