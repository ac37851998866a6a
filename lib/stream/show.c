#include "stream/show.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/json.h"
#include "base/num.h"

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

static void show_bytes(struct buf *to, const struct token *t, size_t limit)
{
    if (t->kind == TOKEN_STR) {
        json_text(to, t->bytes);
        return;
    }
    size_t size = t->kind == TOKEN_EXT && t->type > 0 ? column_size((enum column_type)t->type) : 0;
    if (size && t->bytes.len % size == 0) {
        show_array(to, (enum column_type)t->type, t->bytes, limit);
        return;
    }
    buf_text(to, "{\"ext\":");
    if (t->kind == TOKEN_EXT)
        buf_format(to, "%d", t->type);
    else
        buf_text(to, "null");
    buf_text(to, ",\"bytes\":");
    show_array(to, COLUMN_U8, t->bytes, 0);
    buf_byte(to, '}');
}

static bool show(struct buf *to, struct cursor *c, size_t limit, int depth);

/* JSON has keys that are strings alone. */
static bool show_key(struct buf *to, struct cursor *c, size_t limit, int depth)
{
    struct bytes text;
    if (cursor_str(c, &text)) {
        json_text(to, text);
        return true;
    }
    struct buf json = {0};
    bool good = show(&json, c, limit, depth);
    if (good)
        json_text(to, (struct bytes){json.at, json.len});
    buf_release(&json);
    return good;
}

static bool show_values(struct buf *to, struct cursor *c, const struct token *t, size_t limit,
                        int depth)
{
    bool is_map = t->kind == TOKEN_MAP, good = depth > 0;
    buf_byte(to, is_map ? '{' : '[');
    for (uint32_t i = 0; good && i < t->count; i++) {
        if (i)
            buf_byte(to, ',');
        if (is_map) {
            good = show_key(to, c, limit, depth - 1);
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
    switch (t.kind) {
    case TOKEN_NIL:
        buf_text(to, "null");
        break;
    case TOKEN_BOOL:
        buf_text(to, t.boolean ? "true" : "false");
        break;
    case TOKEN_INT:
        buf_format(to, "%" PRId64, t.i);
        break;
    case TOKEN_UINT:
        buf_format(to, "%" PRIu64, t.u);
        break;
    case TOKEN_REAL:
        json_number(to, t.real);
        break;
    case TOKEN_ARRAY:
    case TOKEN_MAP:
        return show_values(to, c, &t, limit, depth);
    case TOKEN_STR:
    case TOKEN_BIN:
    case TOKEN_EXT:
        show_bytes(to, &t, limit);
    }
    return true;
}

bool show_value(struct buf *to, struct cursor *c, size_t limit)
{
    return show(to, c, limit, CURSOR_DEPTH);
}

/* ---- lines ---- */

static int show_header(struct buf *to, const struct meta *m, struct err *e)
{
    struct buf packed = {0};
    int status = meta_pack(m, &packed, e);
    if (!status) {
        struct cursor c = cursor_of((struct bytes){packed.at, packed.len});
        buf_format(to, "[\"SESSPIPE\\r\\n\",%d,", STREAM_MAJOR);
        show_value(to, &c, 0);
        buf_text(to, "]\n");
    }
    buf_release(&packed);
    return status;
}

/* What came since `before`, which is brought up to date. */
static void show_end(struct buf *to, const struct frame_in *in, struct frame_counts *before)
{
    struct frame_counts now = frame_in_counts(in);
    buf_format(to, "[\"E\",%" PRIu64 ",%" PRIu64 ",%" PRIu64 "]\n", now.blocks - before->blocks,
               now.records - before->records, now.bytes - before->bytes);
    *before = now;
}

int show_lines(struct frame_in *in, struct buf *to,
               int (*write)(void *, struct buf *, struct err *), void *context, struct err *e)
{
    struct frame_counts before = {0};
    struct bytes record;
    enum read_result result;
    while ((result = frame_in_next(in, &record, e)) > READ_END) {
        struct cursor c = cursor_of(record);
        if (result == READ_HEADER) {
            if (frame_in_counts(in).parts > 1)
                show_end(to, in, &before);
            if (show_header(to, frame_in_meta(in), e))
                return e->status;
        } else {
            show_value(to, &c, 0); /* whole: the frame looked */
            buf_byte(to, '\n');
        }
        if ((to->len >= 1 << 16 || frame_in_would_wait(in)) && write(context, to, e))
            return e->status;
    }
    if (result == READ_END)
        show_end(to, in, &before);
    struct err later; /* what was read is shown before the error is told */
    int status = write(context, to, &later);
    if (result == READ_END && status)
        *e = later;
    return result == READ_END ? status : e->status;
}
