#include "stream/json.h"

#include <inttypes.h>

#include "base/json.h"
#include "base/rows.h"

/* Little-endian, whatever the host is. */
static uint64_t little_endian(const char *at, size_t n)
{
    uint64_t value = 0;
    for (size_t i = 0; i < n; i++)
        value |= (uint64_t)(unsigned char)at[i] << 8 * i;
    return value;
}

static void append_element(struct buf *to, enum column_type type, const char *at)
{
    uint64_t word = little_endian(at, column_size(type));
    uint32_t half = (uint32_t)word;
    float real;
    memcpy(&real, &half, sizeof real);
    if (type == COLUMN_F32)
        json_number(to, (double)real);
    else
        buf_format(to, "%" PRId64, type == COLUMN_I32 ? (int64_t)(int32_t)half : (int64_t)word);
}

static bool append_array(struct buf *to, int type, struct bytes elements)
{
    size_t size = type > 0 ? column_size((enum column_type)type) : 0;
    if (!size || elements.len % size)
        return false;
    buf_byte(to, '[');
    for (size_t at = 0; at < elements.len; at += size) {
        buf_text(to, at ? "," : "");
        append_element(to, (enum column_type)type, elements.at + at);
    }
    buf_byte(to, ']');
    return true;
}

/* A map's key, which JSON wants to be a string. */
static bool append_key(struct buf *to, struct cursor *c)
{
    struct bytes text;
    if (!cursor_str(c, &text))
        return false;
    json_text(to, text);
    buf_byte(to, ':');
    return true;
}

static bool append_values(struct buf *to, struct cursor *c, uint32_t count, bool map, int depth)
{
    if (depth <= 0)
        return false;
    buf_byte(to, map ? '{' : '[');
    for (uint32_t i = 0; i < count; i++) {
        buf_text(to, i ? "," : "");
        if ((map && !append_key(to, c)) || !json_packed(to, c, depth - 1))
            return false;
    }
    buf_byte(to, map ? '}' : ']');
    return true;
}

bool json_packed(struct buf *to, struct cursor *c, int depth)
{
    struct token t;
    if (!cursor_next(c, &t))
        return false;
    switch (t.kind) {
    case TOKEN_NIL:
        buf_text(to, "null");
        return true;
    case TOKEN_BOOL:
        buf_text(to, t.boolean ? "true" : "false");
        return true;
    case TOKEN_INT:
        buf_format(to, "%" PRId64, t.i);
        return true;
    case TOKEN_UINT:
        buf_format(to, "%" PRIu64, t.u);
        return true;
    case TOKEN_REAL:
        json_number(to, t.real);
        return true;
    case TOKEN_STR:
    case TOKEN_BIN:
        json_text(to, t.bytes);
        return true;
    case TOKEN_EXT:
        return append_array(to, t.type, t.bytes);
    default:
        return append_values(to, c, t.count, t.kind == TOKEN_MAP, depth);
    }
}
