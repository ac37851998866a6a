#include "stream/cursor.h"

#include <string.h>

static uint64_t big_endian(const unsigned char *p, unsigned bytes)
{
    uint64_t v = 0;
    for (unsigned i = 0; i < bytes; i++)
        v = v << 8 | p[i];
    return v;
}

/* What a first byte says: the kind of the value, and how many bytes of value or length follow it.
 * The bytes below 0xc0 and from 0xe0 on hold their value or length themselves. */
static const struct form {
    signed char kind;      /* enum token_kind, -1 = never used */
    unsigned char width;   /* bytes of the value, or of the length */
    unsigned char is_more; /* signed (INT), true (BOOL), or the length itself (EXT of fixed size) */
} forms[32] = {
    {TOKEN_NIL, 0, 0},   {-1, 0, 0},          {TOKEN_BOOL, 0, 0}, {TOKEN_BOOL, 0, 1},
    {TOKEN_BIN, 1, 0},   {TOKEN_BIN, 2, 0},   {TOKEN_BIN, 4, 0},  {TOKEN_EXT, 1, 0},
    {TOKEN_EXT, 2, 0},   {TOKEN_EXT, 4, 0},   {TOKEN_REAL, 4, 0}, {TOKEN_REAL, 8, 0},
    {TOKEN_INT, 1, 0},   {TOKEN_INT, 2, 0},   {TOKEN_INT, 4, 0},  {TOKEN_INT, 8, 0},
    {TOKEN_INT, 1, 1},   {TOKEN_INT, 2, 1},   {TOKEN_INT, 4, 1},  {TOKEN_INT, 8, 1},
    {TOKEN_EXT, 0, 1},   {TOKEN_EXT, 0, 2},   {TOKEN_EXT, 0, 4},  {TOKEN_EXT, 0, 8},
    {TOKEN_EXT, 0, 16},  {TOKEN_STR, 1, 0},   {TOKEN_STR, 2, 0},  {TOKEN_STR, 4, 0},
    {TOKEN_ARRAY, 2, 0}, {TOKEN_ARRAY, 4, 0}, {TOKEN_MAP, 2, 0},  {TOKEN_MAP, 4, 0},
};

static double real_of(uint64_t bits, unsigned width)
{
    if (width == 4) {
        uint32_t low = (uint32_t)bits;
        float f;
        memcpy(&f, &low, sizeof f);
        return f;
    }
    double d;
    memcpy(&d, &bits, sizeof d);
    return d;
}

static void set_integer(struct token *t, uint64_t bits, unsigned width, bool is_signed)
{
    t->kind = TOKEN_INT;
    if (is_signed && width < 8 && bits >> (8 * width - 1))
        bits |= ~(uint64_t)0 << (8 * width);
    if (!is_signed && bits > INT64_MAX)
        t->kind = TOKEN_UINT;
    memcpy(&t->i, &bits, sizeof bits); /* .i and .u lie in one place */
}

/* A length is accepted only where that many bytes follow. */
static bool set_bytes(struct token *t, const unsigned char **at, const unsigned char *end,
                      uint64_t n)
{
    if (t->kind == TOKEN_EXT) {
        if (*at == end)
            return false;
        t->type = *(*at)++;
        if (t->type > 127)
            t->type -= 256;
    }
    if (n > (uint64_t)(end - *at))
        return false;
    t->bytes = (struct bytes){(const char *)*at, n};
    *at += n;
    return true;
}

static bool set_count(struct token *t, uint64_t n, uint64_t left)
{
    t->count = (uint32_t)n;
    return n <= (t->kind == TOKEN_MAP ? left / 2 : left);
}

/* Reads the first byte of a value, and the value or length that follows it, to *value; false: the
 * byte is never used, or the bytes end before. */
static bool read_head(const unsigned char **from, const unsigned char *end, struct form *form,
                      uint64_t *value)
{
    const unsigned char *at = *from;
    unsigned first = *at++;
    *form = (struct form){TOKEN_INT, 0, 0};
    *value = first;
    if (first >= 0xe0) {
        *value = (uint64_t)((int64_t)first - 256);
        form->is_more = 1;
    } else if (first >= 0xc0) {
        *form = forms[first - 0xc0];
        if (form->kind < 0 || form->width > end - at)
            return false;
        *value = form->width ? big_endian(at, form->width) : form->is_more;
        at += form->width;
    } else if (first >= 0xa0) {
        form->kind = TOKEN_STR;
        *value = first & 31;
    } else if (first >= 0x80) {
        form->kind = first >= 0x90 ? TOKEN_ARRAY : TOKEN_MAP;
        *value = first & 15;
    }
    *from = at;
    return true;
}

bool cursor_next(struct cursor *c, struct token *t)
{
    const unsigned char *at = c->at;
    struct form form;
    uint64_t value;
    if (at == c->end || !read_head(&at, c->end, &form, &value))
        return false;
    t->kind = (enum token_kind)form.kind;
    switch (t->kind) {
    case TOKEN_NIL:
        break;
    case TOKEN_BOOL:
        t->boolean = value;
        break;
    case TOKEN_INT:
    case TOKEN_UINT:
        set_integer(t, value, form.width ? form.width : 8, form.is_more);
        break;
    case TOKEN_REAL:
        t->real = real_of(value, form.width);
        break;
    case TOKEN_STR:
    case TOKEN_BIN:
    case TOKEN_EXT:
        if (!set_bytes(t, &at, c->end, value))
            return false;
        break;
    default: /* an array or a map */
        if (!set_count(t, value, (uint64_t)(c->end - at)))
            return false;
    }
    c->at = at;
    return true;
}

/* Recurses `depth` calls at most, so that no data can exhaust the stack. */
static bool skip(struct cursor *c, int depth)
{
    struct token t;
    if (!cursor_next(c, &t))
        return false;
    if (t.kind != TOKEN_ARRAY && t.kind != TOKEN_MAP)
        return true;
    if (depth == 0)
        return false;
    for (uint64_t left = t.kind == TOKEN_MAP ? 2 * (uint64_t)t.count : t.count; left; left--)
        if (!skip(c, depth - 1))
            return false;
    return true;
}

bool cursor_skip(struct cursor *c, int depth)
{
    struct cursor ahead = *c;
    if (!skip(&ahead, depth))
        return false;
    *c = ahead;
    return true;
}

bool cursor_value(struct cursor *c, int depth, struct bytes *value)
{
    const unsigned char *from = c->at;
    if (!cursor_skip(c, depth))
        return false;
    *value = (struct bytes){(const char *)from, (size_t)(c->at - from)};
    return true;
}

static bool next_of(struct cursor *c, enum token_kind kind, struct token *t)
{
    struct cursor ahead = *c;
    if (!cursor_next(&ahead, t) || t->kind != kind)
        return false;
    *c = ahead;
    return true;
}

bool cursor_int(struct cursor *c, int64_t low, int64_t high, int64_t *value)
{
    struct cursor ahead = *c;
    struct token t;
    if (!next_of(&ahead, TOKEN_INT, &t) || t.i < low || t.i > high)
        return false;
    *value = t.i;
    *c = ahead;
    return true;
}

bool cursor_str(struct cursor *c, struct bytes *text)
{
    struct token t;
    if (!next_of(c, TOKEN_STR, &t))
        return false;
    *text = t.bytes;
    return true;
}

bool cursor_ext(struct cursor *c, struct token *t)
{
    return next_of(c, TOKEN_EXT, t);
}

bool cursor_array(struct cursor *c, uint32_t *count)
{
    struct token t;
    if (!next_of(c, TOKEN_ARRAY, &t))
        return false;
    *count = t.count;
    return true;
}

bool cursor_map(struct cursor *c, uint32_t *count)
{
    struct token t;
    if (!next_of(c, TOKEN_MAP, &t))
        return false;
    *count = t.count;
    return true;
}
