#include "stream/fields.h"

#include <math.h>

static const void *at_const(const void *record, size_t offset)
{
    return (const char *)record + offset;
}

static void *at(void *record, size_t offset)
{
    return (char *)record + offset;
}

static bool is_array(const struct field *f)
{
    return f->type <= FIELD_U8;
}

static const char *type_name(int type)
{
    static const char *const name[] = {"",      "int32",      "int64",    "float32",
                                       "uint8", "an integer", "a number", "a string"};
    return name[type];
}

/* ---- packing ---- */

static bool is_there(const struct field *f, const void *record)
{
    return f->required || ((const struct column *)at_const(record, f->offset))->at;
}

void fields_pack(const struct field *fields, const void *record, msgpack_packer *pk)
{
    size_t count = 0;
    for (const struct field *f = fields; f->key; f++)
        count += is_there(f, record);
    msgpack_pack_map(pk, count);
    for (const struct field *f = fields; f->key; f++) {
        const void *p = at_const(record, f->offset);
        if (!is_there(f, record))
            continue;
        pack_text(pk, bytes_of(f->key));
        switch (f->type) {
        case FIELD_INT:
            msgpack_pack_int64(pk, *(const int64_t *)p);
            break;
        case FIELD_REAL:
            msgpack_pack_double(pk, *(const double *)p);
            break;
        case FIELD_TEXT:
            pack_text(pk, *(const struct bytes *)p);
            break;
        default:
            pack_array(pk, (enum column_type)f->type, ((const struct column *)p)->at,
                       ((const struct column *)p)->len);
        }
    }
}

/* ---- reading ---- */

void arena_begin(struct buf *arena, size_t bytes)
{
    buf_clear(arena);
    /* An array takes at least three bytes of the record, and up to eight more here for its
     * alignment. */
    buf_reserve(arena, 4 * bytes + 64);
}

static void *arena_array(struct buf *arena, size_t bytes)
{
    void *p = arena->at + arena->len;
    arena->len += (bytes + 7) / 8 * 8;
    return p;
}

int field_array(struct cursor *c, const char *key, enum column_type type, struct buf *arena,
                struct column *column, struct err *e)
{
    struct token t;
    struct cursor ahead = *c;
    if (!cursor_ext(&ahead, &t) || t.type != (int)type)
        return err_set(e, STATUS_DATA, "\"%s\" is not an array of %s (ext %d)", key,
                       type_name((int)type), (int)type);
    size_t size = column_size(type);
    if (t.bytes.len % size)
        return err_set(e, STATUS_DATA, "\"%s\": %zu bytes are no whole number of %s", key,
                       t.bytes.len, type_name((int)type));
    column->at = arena_array(arena, t.bytes.len);
    column->len = t.bytes.len / size;
    memcpy(column->at, t.bytes.at, t.bytes.len);
    *c = ahead;
    return 0;
}

static int read_value(const struct field *f, void *p, struct cursor *c, struct buf *arena,
                      struct err *e)
{
    struct cursor before = *c;
    struct token t;
    if (is_array(f))
        return field_array(c, f->key, (enum column_type)f->type, arena, p, e);
    switch (f->type) {
    case FIELD_INT:
        if (cursor_int(c, INT64_MIN, INT64_MAX, p))
            return 0;
        break;
    case FIELD_TEXT:
        if (cursor_str(c, p))
            return 0;
        break;
    default:
        if (cursor_next(c, &t) &&
            ((t.kind == TOKEN_REAL && isfinite(t.real)) || t.kind == TOKEN_INT)) {
            *(double *)p = t.kind == TOKEN_INT ? (double)t.i : t.real;
            return 0;
        }
        *c = before;
    }
    return err_set(e, STATUS_DATA, "\"%s\" is not %s", f->key, type_name((int)f->type));
}

static const struct field *find(const struct field *fields, struct bytes key, size_t *index)
{
    for (*index = 0; fields[*index].key; ++*index)
        if (bytes_equal(key, bytes_of(fields[*index].key)))
            return &fields[*index];
    return NULL;
}

static int read_map(const struct field *fields, void *record, struct cursor *c, struct buf *arena,
                    uint32_t *seen, struct err *e)
{
    uint32_t count;
    if (!cursor_map(c, &count))
        return err_set(e, STATUS_DATA, "not a map where one is expected");
    for (uint32_t i = 0; i < count; i++) {
        struct bytes key;
        size_t index;
        if (!cursor_str(c, &key))
            return err_set(e, STATUS_DATA, "key %u of the map is not a string", i);
        const struct field *f = find(fields, key, &index);
        if (!f && !cursor_skip(c, CURSOR_DEPTH))
            return err_set(e, STATUS_DATA, "the value of key %u is cut", i);
        if (!f)
            continue;
        if (*seen >> index & 1)
            return err_set(e, STATUS_DATA, "\"%s\" is there twice", f->key);
        *seen |= (uint32_t)1 << index;
        if (read_value(f, at(record, f->offset), c, arena, e))
            return e->status;
    }
    return 0;
}

static int not_in(const char *key, size_t i, int64_t value, int64_t low, int64_t high,
                  struct err *e)
{
    return err_set(e, STATUS_DATA, "\"%s\"[%zu] is %lld, expected %lld to %lld", key, i,
                   (long long)value, (long long)low, (long long)high);
}

struct bounds {
    int64_t least, most;
};

static struct bounds range_i32(const int32_t *v, size_t n)
{
    int32_t least = v[0], most = v[0];
    for (size_t i = 1; i < n; i++) {
        least = v[i] < least ? v[i] : least;
        most = v[i] > most ? v[i] : most;
    }
    return (struct bounds){least, most};
}

static struct bounds range_i64(const int64_t *v, size_t n)
{
    int64_t least = v[0], most = v[0];
    for (size_t i = 1; i < n; i++) {
        least = v[i] < least ? v[i] : least;
        most = v[i] > most ? v[i] : most;
    }
    return (struct bounds){least, most};
}

static struct bounds range_u8(const unsigned char *v, size_t n)
{
    unsigned char least = v[0], most = v[0];
    for (size_t i = 1; i < n; i++) {
        least = v[i] < least ? v[i] : least;
        most = v[i] > most ? v[i] : most;
    }
    return (struct bounds){least, most};
}

static int64_t integer_at(enum column_type type, struct column column, size_t i)
{
    return type == COLUMN_I32   ? column_i32(column)[i]
           : type == COLUMN_I64 ? column_i64(column)[i]
                                : column_u8(column)[i];
}

/* Compares all elements first, in a loop that becomes vector code, and searches the first bad
 * element only where there is one. */
static int check_range(const char *key, enum column_type type, struct column column, int64_t low,
                       int64_t high, struct err *e)
{
    struct bounds range = type == COLUMN_I32   ? range_i32(column.at, column.len)
                          : type == COLUMN_I64 ? range_i64(column.at, column.len)
                                               : range_u8(column.at, column.len);
    if (range.least >= low && range.most <= high)
        return 0;
    size_t i = 0;
    while (integer_at(type, column, i) >= low && integer_at(type, column, i) <= high)
        i++;
    return not_in(key, i, integer_at(type, column, i), low, high, e);
}

static int check_finite(const char *key, struct column column, struct err *e)
{
    const float *v = column.at;
    uint32_t most = 0;
    for (size_t i = 0; i < column.len; i++) {
        uint32_t bits;
        memcpy(&bits, v + i, sizeof bits);
        bits &= 0x7fffffff;
        most = bits > most ? bits : most;
    }
    if (most < 0x7f800000)
        return 0;
    size_t i = 0;
    while (isfinite(v[i]))
        i++;
    return err_set(e, STATUS_DATA, "\"%s\"[%zu] is not a finite number", key, i);
}

int field_check(const char *key, enum column_type type, struct column column, int64_t low,
                int64_t high, struct err *e)
{
    if (!column.len)
        return 0;
    if (type != COLUMN_F32)
        return check_range(key, type, column, low, high, e);
    return check_finite(key, column, e);
}

/* The member that `by` names was checked before: its row comes earlier in the table. */
static int check_length(const struct field *fields, const struct field *f, const void *record,
                        struct err *e)
{
    const struct column *array = at_const(record, f->offset), *by = at_const(record, f->by);
    const struct column *first = at_const(record, fields->offset);
    int64_t expected = (int64_t)array->len, factor;
    if (f->length == LENGTH_AS)
        expected = (int64_t)by->len;
    if (f->length == LENGTH_TIMES) {
        factor = *(const int64_t *)at_const(record, f->by);
        if (__builtin_mul_overflow(factor, (int64_t)first->len, &expected))
            expected = -1;
    }
    if (expected == (int64_t)array->len)
        return 0;
    return err_set(e, STATUS_DATA, "\"%s\" has %zu elements, expected %lld", f->key, array->len,
                   (long long)expected);
}

int fields_read(const struct field *fields, void *record, struct cursor *c, struct buf *arena,
                const int64_t high[HIGH_COUNT], struct err *e)
{
    uint32_t seen = 0;
    if (read_map(fields, record, c, arena, &seen, e))
        return e->status;
    for (const struct field *f = fields; f->key; f++) {
        const void *p = at_const(record, f->offset);
        if (!(seen >> (f - fields) & 1)) {
            if (f->required)
                return err_set(e, STATUS_DATA, "\"%s\" is missing", f->key);
            continue;
        }
        if (is_array(f) && (check_length(fields, f, record, e) ||
                            field_check(f->key, (enum column_type)f->type,
                                        *(const struct column *)p, f->low, high[f->high], e)))
            return e->status;
        if (f->type == FIELD_INT &&
            (*(const int64_t *)p < f->low || *(const int64_t *)p > high[f->high]))
            return not_in(f->key, 0, *(const int64_t *)p, f->low, high[f->high], e);
    }
    return 0;
}
