/* Any delimited log: columns by name or number, quotes as in RFC 4180, times in several forms. */
#ifndef DATA_CSV_H
#define DATA_CSV_H

#include "data/raw.h"

/* The layout of a log; NULL where it is not given.  Columns go by name, or by number from 1. */
struct csv_layout {
    const char *user, *item, *time;
    const char *user_name; /* of the one user whose log it is, in place of a column */
    const char *session;   /* names each row's session; without a user it is the user as well */
    const char *sequence;  /* a whole number that orders rows of one time */
    const char *delimiter; /* a byte, "\t" or "tab", "::"; a comma by default */
    const char *time_unit; /* as raw_unit_of */
    const char *time_form; /* the times' form, as strptime(3), in place of a unit */
    const char *header;    /* "no": columns have no names; "yes" by default */
};

/* A layout that is known by name. Several rows of one name are variants: the one whose sign is in
 * the first line applies. */
struct csv_preset {
    const char *name, *sign;
    struct csv_layout layout;
    const char *where[2]; /* as csv_where; NULL: nothing */
    const char *carry;    /* as csv_carry; NULL: nothing */
};
extern const struct csv_preset csv_presets[]; /* ends with a row without name */

/* "name|name|..." of them all, to be freed. */
char *csv_preset_names(void);

struct csv_test {
    const char *column; /* ended by a NUL in place of "=" or "!=" */
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

/* What the options say of the log, and the state of reading it. */
struct csv {
    struct csv_layout given;
    const char *preset;
    bool no_quotes; /* a quote is an ordinary byte */
    bool by_gap;    /* sessions are made by a gap: ignore the preset's column of them */
    csv_tests where;
    VEC(struct csv_column) carry;

    struct csv_layout layout; /* what is given, the rest from the preset */
    char delimiter_text[2];
    struct bytes delimiter,
        quoting; /* between fields; between fields that may be quoted, empty = none may */
    struct raw_clock clock;
    bool sessions;                              /* rows name their session */
    size_t user, item, time, session, sequence; /* columns, from 0; CSV_NONE */
    size_t columns, wanted;                     /* how many rows have; how many are looked at */
    csv_tests preset_where;
    const csv_tests *tests; /* the one of the two that applies */
    VEC(struct bytes) fields;
    VEC(struct bytes) carried;
    VEC(const char *) keys;
    struct buf unquoted;
};
#define CSV_NONE SIZE_MAX

/* Appends a test, "COLUMN=VALUE" or "COLUMN!=VALUE".  A row is wanted if each column named with "="
 * has one of its values, and no column has a value named with "!="; "VALUE*" is every value that
 * begins so. 64: the text has neither form. */
int csv_where(csv_tests *tests, const char *text, struct err *e);

/* Appends a column to carry into the stream, "COLUMN" or "KEY=COLUMN". 64: the key is taken. */
int csv_carry(struct csv *c, const char *text, struct err *e);

/* Makes *format of the options. 64: something is missing or makes no sense. */
int csv_open(struct csv *c, struct raw_format *format, struct err *e);

void csv_release(struct csv *c);

#endif
