#include "stream/json_read.h"

#include <math.h>

#include "base/num.h"

void json_read_release(struct json_read *r)
{
    buf_release(&r->text);
    buf_release(&r->elements);
}

static int expect(const char *what, struct err *e)
{
    return err_set(e, STATUS_DATA, "expected %s", what);
}

int json_read_text(struct json_read *r, struct err *e)
{
    return json_string(&r->in, &r->text) ? 0 : expect("a string", e);
}

static msgpack_packer packer_to(struct buf *to)
{
    msgpack_packer pk;
    msgpack_packer_init(&pk, to, buf_write);
    return pk;
}

static struct bytes read_text(const struct json_read *r)
{
    return (struct bytes){r->text.at, r->text.len};
}

/* ---- numbers ---- */

static int pack_number(struct bytes text, bool whole, struct buf *to, struct err *e)
{
    msgpack_packer pk = packer_to(to);
    int64_t i;
    double real;
    if (whole && num_i64(text.at, text.len, &i)) {
        msgpack_pack_int64(&pk, i);
        return 0;
    }
    if (whole && text.at[0] != '-') { /* beyond int64 */
        uint64_t u = 0;
        bool fits = true;
        for (size_t k = 0; k < text.len; k++)
            fits = fits && !__builtin_mul_overflow(u, 10, &u) &&
                   !__builtin_add_overflow(u, (uint64_t)(text.at[k] - '0'), &u);
        if (fits) {
            msgpack_pack_uint64(&pk, u);
            return 0;
        }
    }
    if (whole || !num_f64(text.at, text.len, &real))
        return expect("a number that is not so large or long", e);
    msgpack_pack_double(&pk, real);
    return 0;
}

static int append_integer(struct bytes text, bool whole, enum column_type type, struct buf *to,
                          struct err *e)
{
    static const int64_t low[] = {0, INT32_MIN, INT64_MIN, 0, 0};
    static const int64_t high[] = {0, INT32_MAX, INT64_MAX, 0, UINT8_MAX};
    static const char *const what[] = {"", "an int32", "an int64", "", "a number from 0 to 255"};
    int64_t i;
    if (!whole || !num_i64(text.at, text.len, &i) || i < low[type] || i > high[type])
        return expect(what[type], e);
    int32_t i32 = (int32_t)i;
    unsigned char u8 = (unsigned char)i;
    const void *at = type == COLUMN_I32 ? (const void *)&i32 : type == COLUMN_U8 ? &u8 : (void *)&i;
    buf_append(to, at, column_size(type));
    return 0;
}

static int append_float(struct bytes text, struct buf *to, struct err *e)
{
    double real;
    if (!num_f64(text.at, text.len, &real) || !isfinite((float)real))
        return expect("a float32", e);
    float f32 = (float)real;
    buf_append(to, &f32, sizeof f32);
    return 0;
}

/* Reads a list of numbers, from its "[" on, into r->elements. */
static int read_elements(struct json_read *r, enum column_type type, struct err *e)
{
    buf_clear(&r->elements);
    if (!json_take(&r->in, '['))
        return expect("\"[\", a list of numbers", e);
    if (json_take(&r->in, ']'))
        return 0;
    do {
        struct json_in before = r->in;
        struct bytes text;
        bool whole;
        if (!json_numeral(&r->in, &text, &whole))
            return expect("a number", e);
        if (type == COLUMN_F32 ? append_float(text, &r->elements, e)
                               : append_integer(text, whole, type, &r->elements, e)) {
            r->in = before;
            return e->status;
        }
    } while (json_take(&r->in, ','));
    return json_take(&r->in, ']') ? 0 : expect("\",\" or \"]\"", e);
}

static int read_array(struct json_read *r, enum column_type type, struct buf *to, struct err *e)
{
    if (read_elements(r, type, e))
        return e->status;
    msgpack_packer pk = packer_to(to);
    pack_array(&pk, type, r->elements.at, r->elements.len / column_size(type));
    return 0;
}

/* Whether one of the numbers of the list that comes is no integer. */
static bool has_real(struct json_in in)
{
    struct bytes text;
    bool whole = true, real = false;
    json_take(&in, '[');
    do
        real = !json_numeral(&in, &text, &whole) ? real : real || !whole;
    while (json_take(&in, ','));
    return real;
}

/* ---- what JSON has no form for ---- */

/* Whether {"ext": is followed by a value and "values" or "bytes"; otherwise the map is an ordinary
 * one. */
static bool is_ext(struct json_read *r)
{
    struct json_in in = r->in;
    struct buf *word = &r->elements;
    struct bytes text;
    bool whole;
    if (!json_string(&in, word) && !json_numeral(&in, &text, &whole))
        return false;
    if (!json_take(&in, ',') || !json_string(&in, word) || !json_take(&in, ':'))
        return false;
    return bytes_equal((struct bytes){word->at, word->len}, bytes_of("values")) ||
           bytes_equal((struct bytes){word->at, word->len}, bytes_of("bytes"));
}

static void pack_bytes(struct buf *to, struct bytes bytes, bool bin, int64_t type)
{
    msgpack_packer pk = packer_to(to);
    if (bin)
        msgpack_pack_bin(&pk, bytes.len);
    else
        msgpack_pack_ext(&pk, bytes.len, (int8_t)type);
    buf_append(to, bytes.at, bytes.len);
}

/* Behind {"ext": where is_ext. */
static int read_ext(struct json_read *r, struct buf *to, struct err *e)
{
    struct bytes text;
    bool whole, bin = json_string(&r->in, &r->text) && bytes_equal(read_text(r), bytes_of("bin"));
    int64_t type = 0;
    if (!bin && (!json_numeral(&r->in, &text, &whole) || !num_i64(text.at, text.len, &type) ||
                 type < INT8_MIN || type > INT8_MAX))
        return expect("\"bin\" or the type of an ext value, -128 to 127", e);
    json_take(&r->in, ',');
    json_string(&r->in, &r->text);
    json_take(&r->in, ':');
    bool values = bytes_equal(read_text(r), bytes_of("values"));
    if (values && (bin || type < 1 || !column_size((enum column_type)type)))
        return expect("\"bytes\" after an \"ext\" of no known type", e);
    if (values ? read_array(r, (enum column_type)type, to, e) : json_read_text(r, e))
        return e->status;
    if (!values)
        pack_bytes(to, read_text(r), bin, type);
    return json_take(&r->in, '}') ? 0 : expect("\"}\" after the ext value", e);
}

/* ---- values in values ---- */

static int read_value(struct json_read *r, struct buf *to, const struct json_place *place,
                      int expected, int depth, struct err *e);

/* Inserts the head of a list or map of `count` elements, which were packed from `start` on: their
 * number is known only at their end. */
static void put_head(struct buf *to, size_t start, bool is_map, size_t count)
{
    char head[8];
    struct buf packed = {head, 0, sizeof head};
    msgpack_packer pk = packer_to(&packed);
    if (is_map)
        msgpack_pack_map(&pk, count);
    else
        msgpack_pack_array(&pk, count);
    buf_append(to, head, packed.len);
    memmove(to->at + start + packed.len, to->at + start, to->len - packed.len - start);
    memcpy(to->at + start, head, packed.len);
}

static int read_list(struct json_read *r, struct buf *to, int depth, struct err *e)
{
    size_t start = to->len, count = 0;
    if (!json_take(&r->in, ']')) {
        do {
            if (read_value(r, to, NULL, EXPECT_LIST, depth, e))
                return e->status;
            count++;
        } while (json_take(&r->in, ','));
        if (!json_take(&r->in, ']'))
            return expect("\",\" or \"]\"", e);
    }
    put_head(to, start, false, count);
    return 0;
}

static int read_key(struct json_read *r, struct err *e)
{
    if (!json_string(&r->in, &r->text))
        return expect("a string, the key", e);
    return json_take(&r->in, ':') ? 0 : expect("\":\" after the key", e);
}

static int read_map(struct json_read *r, struct buf *to, const struct json_place *place, int depth,
                    struct err *e)
{
    size_t start = to->len, count = 0;
    if (!json_take(&r->in, '}')) {
        do {
            if (read_key(r, e))
                return e->status;
            struct bytes key = read_text(r);
            if (!count && bytes_equal(key, bytes_of("ext")) && is_ext(r))
                return read_ext(r, to, e);
            int expected = place ? json_schema_expects_key(place, key) : EXPECT_LIST;
            msgpack_packer pk = packer_to(to);
            pack_text(&pk, key);
            if (read_value(r, to, NULL, expected, depth, e))
                return e->status;
            count++;
        } while (json_take(&r->in, ','));
        if (!json_take(&r->in, '}'))
            return expect("\",\" or \"}\"", e);
    }
    put_head(to, start, true, count);
    return 0;
}

static int read_scalar(struct json_read *r, struct buf *to, struct err *e)
{
    msgpack_packer pk = packer_to(to);
    struct json_in before = r->in;
    struct bytes text;
    bool whole;
    if (json_string(&r->in, &r->text)) {
        pack_text(&pk, read_text(r));
    } else if (json_literal(&r->in, "true")) {
        msgpack_pack_true(&pk);
    } else if (json_literal(&r->in, "false")) {
        msgpack_pack_false(&pk);
    } else if (json_literal(&r->in, "null")) {
        msgpack_pack_nil(&pk);
    } else if (!json_numeral(&r->in, &text, &whole)) {
        return expect("a value", e);
    } else if (pack_number(text, whole, to, e)) {
        r->in = before;
        return e->status;
    }
    return 0;
}

static int read_value(struct json_read *r, struct buf *to, const struct json_place *place,
                      int expected, int depth, struct err *e)
{
    struct json_in before = r->in;
    bool is_map = json_take(&r->in, '{');
    if (!is_map && !json_take(&r->in, '['))
        return read_scalar(r, to, e);
    if (depth == 0) {
        r->in = before;
        return err_set(e, STATUS_DATA, "nested more than %d deep", CURSOR_DEPTH);
    }
    if (is_map)
        return read_map(r, to, place, depth - 1, e);
    if (expected == EXPECT_LIST)
        return read_list(r, to, depth - 1, e);
    r->in = before;
    if (expected == EXPECT_NUMBERS)
        expected = has_real(before) ? COLUMN_F32 : COLUMN_I32;
    return read_array(r, (enum column_type)expected, to, e);
}

int json_read(struct json_read *r, struct buf *to, const struct json_place *place, int depth,
              struct err *e)
{
    return read_value(r, to, place, json_schema_expects(place), depth, e);
}
