#include "stream/json.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/json.h"
#include "base/num.h"
#include "base/rows.h"

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

static void show_element(struct buf *to, enum column_type type, const char *at)
{
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
        break;
    case COLUMN_U8:
        buf_format(to, "%u", (unsigned char)*at);
        break;
    }
}

static void show_array(struct buf *to, enum column_type type, struct bytes bytes, size_t limit)
{
    size_t size = column_size(type), count = bytes.len / size;
    buf_byte(to, '[');
    for (size_t i = 0; i < count; i++) {
        if (i)
            buf_byte(to, ',');
        if (limit && count > limit && i == limit - 1) {
            buf_text(to, "...,");
            i = count - 1;
        }
        show_element(to, type, bytes.at + i * size);
    }
    buf_byte(to, ']');
}

static void show_ext(struct buf *to, const struct token *t, size_t limit)
{
    size_t size = t->type > 0 ? column_size((enum column_type)t->type) : 0;
    if (size && t->bytes.len % size == 0) {
        show_array(to, (enum column_type)t->type, t->bytes, limit);
        return;
    }
    buf_format(to, "{\"ext\":%d,\"bytes\":", t->type);
    json_text(to, t->bytes);
    buf_byte(to, '}');
}

static void show_scalar(struct buf *to, const struct token *t, size_t limit)
{
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
        break;
    case TOKEN_STR:
    case TOKEN_BIN:
        json_text(to, t->bytes);
        break;
    case TOKEN_EXT:
        show_ext(to, t, limit);
        break;
    default:
        buf_text(to, "null");
    }
}

/* JSON has keys that are strings alone.  Lists and maps in a key are not shown: their quotes would
 * be escaped again at each level. */
static bool show_key(struct buf *to, struct cursor *c, int depth)
{
    struct cursor at = *c;
    struct token t;
    if (!cursor_next(&at, &t) || !cursor_skip(c, depth))
        return false;
    if (t.kind == TOKEN_STR) {
        json_text(to, t.bytes);
        return true;
    }
    if (t.kind == TOKEN_ARRAY || t.kind == TOKEN_MAP) {
        buf_text(to, "\"...\"");
        return true;
    }
    struct buf json = {0};
    show_scalar(&json, &t, 0);
    json_text(to, (struct bytes){json.at, json.len});
    buf_release(&json);
    return true;
}

static bool show(struct buf *to, struct cursor *c, size_t limit, int depth);

static bool show_values(struct buf *to, struct cursor *c, const struct token *t, size_t limit,
                        int depth)
{
    bool is_map = t->kind == TOKEN_MAP, good = depth > 0;
    buf_byte(to, is_map ? '{' : '[');
    for (uint32_t i = 0; good && i < t->count; i++) {
        if (i)
            buf_byte(to, ',');
        if (is_map) {
            good = show_key(to, c, depth - 1);
            buf_byte(to, ':');
        }
        good = good && show(to, c, limit, depth - 1);
    }
    buf_byte(to, is_map ? '}' : ']');
    return good;
}

static bool show(struct buf *to, struct cursor *c, size_t limit, int depth)
{
    struct token t;
    if (!cursor_next(c, &t))
        return false;
    if (t.kind == TOKEN_ARRAY || t.kind == TOKEN_MAP)
        return show_values(to, c, &t, limit, depth);
    show_scalar(to, &t, limit);
    return true;
}

bool json_packed(struct buf *to, struct cursor *c, int depth)
{
    return show(to, c, 0, depth);
}

bool json_packed_short(struct buf *to, struct cursor *c, size_t limit)
{
    return show(to, c, limit, CURSOR_DEPTH);
}
