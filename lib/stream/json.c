#include "stream/json.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/json.h"
#include "base/num.h"
#include "base/records.h"

/* How values are shown. */
struct manner {
    size_t limit; /* elements of a typed array; 0: all */
    bool exact;   /* so that they can be read back */
};

/* Appends a point to a real number whose text looks like an integer. */
static void mark_real(struct buf *to, size_t from)
{
    for (size_t i = from; i < to->len; i++)
        if (strchr(".enu", to->at[i])) /* a point, an exponent, null */
            return;
    buf_text(to, ".0");
}

/* The shortest form of a float32, which is shorter than that of the double of the same value. */
static void show_float(struct buf *to, float value)
{
    char text[NUM_TEXT];
    for (int digits = 6; digits <= 9; digits++) {
        snprintf(text, sizeof text, "%.*g", digits, (double)value);
        if (strtof(text, NULL) == value)
            break;
    }
    buf_text(to, isfinite(value) ? text : "null");
}

static void show_element(struct buf *to, enum column_type type, const char *at, bool exact)
{
    size_t from = to->len;
    int32_t i32;
    int64_t i64;
    float f32;
    switch (type) {
    case COLUMN_I32:
        memcpy(&i32, at, sizeof i32);
        buf_format(to, "%" PRId32, i32);
        break;
    case COLUMN_I64:
        memcpy(&i64, at, sizeof i64);
        buf_format(to, "%" PRId64, i64);
        break;
    case COLUMN_F32:
        memcpy(&f32, at, sizeof f32);
        show_float(to, f32);
        if (exact)
            mark_real(to, from);
        break;
    default: /* uint8 */
        buf_format(to, "%u", (unsigned char)*at);
    }
}

static void show_array(struct buf *to, enum column_type type, struct bytes bytes, struct manner m)
{
    size_t size = column_size(type), count = bytes.len / size;
    buf_byte(to, '[');
    for (size_t i = 0; i < count; i++) {
        if (i)
            buf_byte(to, ',');
        if (m.limit && count > m.limit && i == m.limit - 1) {
            buf_text(to, "...,");
            i = count - 1;
        }
        show_element(to, type, bytes.at + i * size, m.exact);
    }
    buf_byte(to, ']');
}

/* Whether a plain list is read back as this typed array. */
static bool is_told(int expected, int type, size_t len)
{
    if (expected == EXPECT_NUMBERS)
        return type == COLUMN_I32 || (type == COLUMN_F32 && len);
    return expected == type;
}

static void show_ext(struct buf *to, const struct token *t, struct manner m, int expected)
{
    size_t size = t->type > 0 ? column_size((enum column_type)t->type) : 0;
    if (!size || t->bytes.len % size) {
        buf_format(to, "{\"ext\":%d,\"bytes\":", t->type);
        json_text(to, t->bytes);
        buf_byte(to, '}');
        return;
    }
    bool plain = !m.exact || is_told(expected, t->type, t->bytes.len);
    if (!plain)
        buf_format(to, "{\"ext\":%d,\"values\":", t->type);
    show_array(to, (enum column_type)t->type, t->bytes, m);
    if (!plain)
        buf_byte(to, '}');
}

static void show_bin(struct buf *to, struct bytes bytes, bool exact)
{
    if (exact)
        buf_text(to, "{\"ext\":\"bin\",\"bytes\":");
    json_text(to, bytes);
    if (exact)
        buf_byte(to, '}');
}

static void show_scalar(struct buf *to, const struct token *t, struct manner m, int expected)
{
    size_t from = to->len;
    switch (t->kind) {
    case TOKEN_BOOL:
        buf_text(to, t->boolean ? "true" : "false");
        break;
    case TOKEN_INT:
        buf_format(to, "%" PRId64, t->i);
        break;
    case TOKEN_UINT:
        buf_format(to, "%" PRIu64, t->u);
        break;
    case TOKEN_REAL:
        json_number(to, t->real);
        if (m.exact)
            mark_real(to, from);
        break;
    case TOKEN_STR:
        json_text(to, t->bytes);
        break;
    case TOKEN_BIN:
        show_bin(to, t->bytes, m.exact);
        break;
    case TOKEN_EXT:
        show_ext(to, t, m, expected);
        break;
    default:
        buf_text(to, "null");
    }
}

/* JSON has keys that are strings alone.  Lists and maps in a key are not shown: their quotes would
 * be escaped again at each level.  *key: the bytes of a string, else none. */
static bool show_key(struct buf *to, struct cursor *c, int depth, struct bytes *key)
{
    struct cursor at = *c;
    struct token t;
    *key = (struct bytes){0};
    if (!cursor_next(&at, &t) || !cursor_skip(c, depth))
        return false;
    if (t.kind == TOKEN_STR) {
        *key = t.bytes;
        json_text(to, t.bytes);
        return true;
    }
    if (t.kind == TOKEN_ARRAY || t.kind == TOKEN_MAP) {
        buf_text(to, "\"...\"");
        return true;
    }
    struct buf json = {0};
    show_scalar(&json, &t, (struct manner){0}, EXPECT_LIST);
    json_text(to, (struct bytes){json.at, json.len});
    buf_release(&json);
    return true;
}

static bool show(struct buf *to, struct cursor *c, struct manner m, const struct json_place *place,
                 int expected, int depth);

static bool show_values(struct buf *to, struct cursor *c, const struct token *t, struct manner m,
                        const struct json_place *place, int depth)
{
    bool is_map = t->kind == TOKEN_MAP, good = depth > 0;
    buf_byte(to, is_map ? '{' : '[');
    for (uint32_t i = 0; good && i < t->count; i++) {
        int expected = EXPECT_LIST;
        struct bytes key;
        if (i)
            buf_byte(to, ',');
        if (is_map) {
            good = show_key(to, c, depth - 1, &key);
            buf_byte(to, ':');
            expected = place && key.at ? json_schema_expects_key(place, key) : EXPECT_LIST;
        }
        good = good && show(to, c, m, NULL, expected, depth - 1);
    }
    buf_byte(to, is_map ? '}' : ']');
    return good;
}

/* `place` for a map, `expected` for an array. */
static bool show(struct buf *to, struct cursor *c, struct manner m, const struct json_place *place,
                 int expected, int depth)
{
    struct token t;
    if (!cursor_next(c, &t))
        return false;
    if (t.kind == TOKEN_ARRAY || t.kind == TOKEN_MAP)
        return show_values(to, c, &t, m, place, depth);
    show_scalar(to, &t, m, expected);
    return true;
}

bool json_packed(struct buf *to, struct cursor *c, int depth)
{
    return show(to, c, (struct manner){0}, NULL, EXPECT_LIST, depth);
}

bool json_packed_short(struct buf *to, struct cursor *c, size_t limit)
{
    return show(to, c, (struct manner){.limit = limit}, NULL, EXPECT_LIST, CURSOR_DEPTH);
}

bool json_exact(struct buf *to, struct cursor *c, const struct json_place *place, int depth)
{
    return show(to, c, (struct manner){.exact = true}, place, json_schema_expects(place), depth);
}
