/* Maps of typed arrays and single values, each described by one table that packs it, reads it, and
 * checks types, lengths and ranges. */
#ifndef STREAM_FIELDS_H
#define STREAM_FIELDS_H

#include <stdbool.h>

#include "base/err.h"
#include "stream/cursor.h"
#include "stream/pack.h"

enum field_type {
    FIELD_I32 = COLUMN_I32, /* struct column */
    FIELD_I64 = COLUMN_I64,
    FIELD_F32 = COLUMN_F32,
    FIELD_U8 = COLUMN_U8,
    FIELD_INT,  /* int64_t */
    FIELD_REAL, /* double */
    FIELD_TEXT, /* struct bytes */
};

/* How long an array has to be; `by` is the offset of the member that gives the length. */
enum field_length {
    LENGTH_FREE,
    LENGTH_AS,    /* as the array `by` */
    LENGTH_TIMES, /* as the first array of the table times the integer `by` */
};

/* The highest value of a number; the reader takes them from the header and the dictionaries. */
enum field_high {
    HIGH_NONE, /* the type's */
    HIGH_USER,
    HIGH_ITEM,
    HIGH_TIME,
    HIGH_DELTA,
    HIGH_NO_WEEK, /* with one more for no earlier session */
    HIGH_ONE,
    HIGH_COUNT,
};

struct field {
    const char *key; /* NULL ends the table */
    enum field_type type;
    size_t offset;
    bool required; /* what is not is an array */
    enum field_length length;
    size_t by;
    int64_t low; /* of integers */
    enum field_high high;
};

/* The row of a member of struct `record`, whose name is the key; `by` is another member. */
/* clang-format off */
#define FIELD(record, member, type, required, length, by, low, high) \
    {#member, type, offsetof(struct record, member), required, length, \
     offsetof(struct record, by), low, high}
/* clang-format on */

/* Packs the record as a map of the required members and of the optional ones that it has. */
void fields_pack(const struct field *fields, const void *record, msgpack_packer *pk);

/* Reads a map into the record, which is zeroed before; arrays are copied into `arena`, aligned, and
 * live until it is cleared.  Unknown keys are skipped. 65: names the key and what was expected. */
int fields_read(const struct field *fields, void *record, struct cursor *c, struct buf *arena,
                const int64_t high[HIGH_COUNT], struct err *e);

/* ---- parts of it, for records that are not maps ---- */

/* Makes room for every array that a record of `bytes` can hold.  The arrays are valid until the
 * next arena_begin. */
void arena_begin(struct buf *arena, size_t bytes);

/* Reads one typed array. 65: another type; a length that is no multiple of the element's. */
int field_array(struct cursor *c, const char *key, enum column_type type, struct buf *arena,
                struct column *column, struct err *e);

/* 65: an element that is not in low..high, or not finite; `key` is for the message. */
int field_check(const char *key, enum column_type type, struct column column, int64_t low,
                int64_t high, struct err *e);

#endif
