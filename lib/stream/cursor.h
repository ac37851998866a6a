/* A bounded cursor over MessagePack bytes: one token at a time; it allocates and copies nothing.
 *
 * Every length and count is checked against the bytes that are left: a string
 * or ext must lie inside, an array of n needs at least n more bytes, a map of n at least 2n. */
#ifndef STREAM_CURSOR_H
#define STREAM_CURSOR_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"

enum token_kind {
    TOKEN_NIL,
    TOKEN_BOOL,
    TOKEN_INT,   /* .i; every integer that fits int64 */
    TOKEN_UINT,  /* .u; only what is above INT64_MAX */
    TOKEN_REAL,  /* .real, of float 32 or 64; may be NaN or infinite: the caller checks */
    TOKEN_STR,   /* .bytes */
    TOKEN_BIN,   /* .bytes */
    TOKEN_EXT,   /* .bytes and .type */
    TOKEN_ARRAY, /* .count values follow */
    TOKEN_MAP,   /* .count pairs follow */
};

struct token {
    enum token_kind kind;
    int type;
    union {
        bool boolean;
        int64_t i;
        uint64_t u;
        double real;
        struct bytes bytes;
        uint32_t count;
    };
};

struct cursor {
    const unsigned char *at, *end;
};

static inline struct cursor cursor_of(struct bytes b)
{
    const unsigned char *at = (const unsigned char *)b.at;
    return (struct cursor){at, b.len ? at + b.len : at}; /* NULL + 0 is undefined */
}

/* The next token; false at the end and on a cut or impossible value, where the cursor stays. */
bool cursor_next(struct cursor *c, struct token *t);

/* Steps over one whole value, arrays and maps with all they hold, nested at most `depth` deep. */
bool cursor_skip(struct cursor *c, int depth);

/* The bytes of the next whole value, stepped over; false like cursor_skip. */
bool cursor_value(struct cursor *c, int depth, struct bytes *value);

enum { CURSOR_DEPTH = 8 };

/* Typed steps: false if the next value is not of the kind (at stays before it). */
bool cursor_int(struct cursor *c, int64_t low, int64_t high, int64_t *value);
bool cursor_str(struct cursor *c, struct bytes *text);
bool cursor_array(struct cursor *c, uint32_t *count);
bool cursor_map(struct cursor *c, uint32_t *count);
bool cursor_ext(struct cursor *c, struct token *t);

#endif
