/* Reading JSON: a bounded cursor for who knows what he expects.  Each function skips white space,
 * takes one thing, and is false where something else stands (the cursor is then at it).  Nothing
 * recurses, nothing is reserved from a count in the text. */
#ifndef BASE_JSON_IN_H
#define BASE_JSON_IN_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"

struct json_in {
    const char *at, *end;
};

static inline struct json_in json_in_of(struct bytes text)
{
    return (struct json_in){text.at, text.at + text.len};
}

/* The punctuation mark. */
bool json_take(struct json_in *in, char mark);

/* A string, its escapes resolved, in place of what `to` held; \udcXX alone gives back the byte XX
 * (json_text). */
bool json_string(struct json_in *in, struct buf *to);

/* A number without sign, fraction and exponent, up to 2⁶³ - 1. */
bool json_integer(struct json_in *in, int64_t *value);

/* A number of any form: its text, and whether it is written without fraction and exponent. */
bool json_numeral(struct json_in *in, struct bytes *text, bool *whole);

/* true, false, null. */
bool json_word(struct json_in *in, const char *word);

/* Whether only white space is left. */
bool json_done(struct json_in *in);

#endif
