/* Any delimited log: columns by name or number, quotes as in RFC 4180, times in several forms. */
#ifndef DATA_CSV_H
#define DATA_CSV_H

#include "data/raw.h"

/* How a log is laid out; NULL where it is not said.  Columns go by name, or by number from 1. */
struct csv_layout {
    const char *user, *item, *time;
    const char *session;   /* names each row's session; without a user it is the user as well */
    const char *sequence;  /* a whole number that orders rows of one time */
    const char *delimiter; /* a byte, "\t" or "tab", "::"; a comma by default */
    const char *time_unit; /* "s", "ms", "iso", or "auto", seconds or ISO 8601: the default */
    const char *header;    /* "no": columns have no names; "yes" by default */
};

/* A layout that is known by name; several rows of one name are its variants, of which that one
 * holds whose sign stands in the first line. */
struct csv_preset {
    const char *name, *sign;
    struct csv_layout layout;
    const char *where; /* as csv_where */
};
extern const struct csv_preset csv_presets[]; /* ends with a row without name */

/* "name|name|..." of them all, to be freed. */
char *csv_preset_names(void);

struct csv_test {
    const char *column; /* its NUL is where "=" or "!=" stood */
    struct bytes value;
    bool differs; /* "!=" */
    bool begins;  /* the value is what others begin with */
    size_t at;    /* column, from 0 */
};
typedef VEC(struct csv_test) csv_tests;

struct csv_column {
    const char *key, *column;
    size_t at;
};

/* What is said of the log; then the state of reading it. */
struct csv {
    struct csv_layout given;
    const char *preset;
    bool no_quotes; /* a quote is a byte like others */
    bool by_gap;    /* rows do not name their sessions, even if the preset says so */
    csv_tests where;
    VEC(struct csv_column) carry;

    struct csv_layout layout; /* what is given, the rest from the preset */
    char delimiter_text[2];
    struct bytes delimiter, quoting; /* of fields; of those with quotes, empty = none */
    enum raw_unit unit;
    size_t user, item, time, session, sequence; /* columns, from 0; CSV_NONE */
    size_t columns, wanted;                     /* how many rows have; how many are looked at */
    csv_tests preset_where;
    const csv_tests *tests; /* the one of the two that holds */
    VEC(struct bytes) fields;
    VEC(struct bytes) carried;
    VEC(const char *) keys;
    struct buf unquoted;
};
#define CSV_NONE SIZE_MAX

/* Appends a test, "COLUMN=VALUE" or "COLUMN!=VALUE".  A row is wanted if each column that "="
 * names has one of the values named for it, and none that "!=" names; "VALUE*" is all that begin
 * so.  64: neither stands there. */
int csv_where(csv_tests *tests, const char *text, struct err *e);

/* Appends a column to carry, "COLUMN" or "KEY=COLUMN".  64: it is carried already. */
int csv_carry(struct csv *c, const char *text, struct err *e);

/* Puts *format together of what is said.  64: something is missing or cannot be meant. */
int csv_open(struct csv *c, struct raw_format *format, struct err *e);

void csv_release(struct csv *c);

#endif
