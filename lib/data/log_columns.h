/* Which fields of a log are its users, items and times, and how they make a row: what delimited
 * logs and JSON lines share.  A "column" is a place for a field, whatever the log calls it. */
#ifndef DATA_LOG_COLUMNS_H
#define DATA_LOG_COLUMNS_H

#include "base/option.h"
#include "data/item_list.h"
#include "data/raw.h"

/* The columns of a log by name; NULL where it is not given. */
struct log_layout {
    const char *user, *item, *time;
    const char *user_name; /* of the one user whose log it is, in place of a column */
    const char *session;   /* names each row's session; without a user it is the user as well */
    const char *sequence;  /* a whole number that orders rows of one time */
    const char *time_unit; /* as raw_unit_of */
    const char *time_form; /* the times' form, as strptime(3), in place of a unit */
    const char *list;      /* of the items of a row that is a session, those before `item` */
    const char *list_delimiter; /* a byte, "tab"; NULL: as the log's lists say */
    const char *delimiter; /* of a delimited log: a byte, "\t" or "tab", "::"; a comma by default */
    const char *header;    /* of one: "no": columns have no names; "yes" by default */
};

/* A layout that is known by name. Several rows of one name are variants: the one whose sign is in
 * the first line applies. */
struct log_preset {
    const char *name, *sign;
    struct log_layout layout;
    const char *where[2]; /* as log_columns_where; NULL: nothing */
    const char *carry;    /* as log_columns_carry; NULL: nothing */
};

/* "name|name|..." of them all up to a row without name, to be freed. */
char *log_preset_names(const struct log_preset *presets);

/* The variant of the name whose sign is in the line; without a line, the first one; NULL: none. */
const struct log_preset *log_preset_find(const struct log_preset *presets, const char *name,
                                         const struct bytes *line);

struct column_test {
    const char *column; /* ended by a NUL in place of "=" or "!=" */
    struct bytes value;
    bool differs; /* "!=" */
    bool begins;  /* the value is what others begin with */
    size_t at;    /* column, from 0 */
};
typedef VEC(struct column_test) column_tests;

struct carried_column {
    const char *key, *column;
    size_t at;
};

/* What the options say of the log, and what is settled of it. */
struct log_columns {
    struct log_layout given;
    const char *preset;
    bool by_gap;       /* sessions are made by a gap: ignore the preset's column of them */
    bool no_time;      /* the log has none, as one of lists may have none */
    const char *order; /* of rows of equal time, as session_rules have it; NULL: oldest first */
    column_tests where;
    VEC(struct carried_column) carry;
    const char *place; /* what messages call a place: "COLUMN" */

    struct log_layout layout; /* what is given, the rest from the preset */
    struct raw_clock clock;
    bool sessions;                              /* rows name their session */
    size_t user, item, time, session, sequence; /* columns, from 0; COLUMN_NONE */
    const char *next;                           /* of the item that follows those of a list */
    size_t next_at;
    char list_delimiter, list_guess; /* of the items; NUL: as the log's first list says, and that */
    column_tests preset_where;
    const column_tests *tests; /* the one of the two that applies */
    int64_t counted;           /* rows so far; without times, a row's time is those before it */
    uint64_t records;
    char record[24]; /* the number of the current one, the name of a list's session */
    VEC(struct bytes) carried;
    VEC(const char *) keys;
    char *preset_names, *where_value, *carry_value; /* for the options */
    struct option rows[15];
};
#define COLUMN_NONE SIZE_MAX

/* The options of `given`, `where` and `carry`; `place` is what they call a column. */
const struct option *log_columns_options(struct log_columns *c, const struct log_preset *presets,
                                         const char *place);

/* Appends a test, "COLUMN=VALUE" or "COLUMN!=VALUE".  A row is wanted if each column named with "="
 * has one of its values, and no column has a value named with "!="; "VALUE*" is every value that
 * begins so. 64: the text has neither form. */
int log_columns_where(column_tests *tests, const char *text, struct err *e);

/* Appends a column to carry into the stream, "COLUMN" or "KEY=COLUMN". 64: the key is taken. */
int log_columns_carry(struct log_columns *c, const char *text, struct err *e);

/* Sets what the options leave open from the preset; NULL: there is none. 64: options that exclude
 * each other. */
int log_columns_settle(struct log_columns *c, const struct log_preset *preset, struct err *e);

/* 64: a column that every log needs is not given. */
int log_columns_check(const struct log_columns *c, struct err *e);

/* Fills in what the format of such a log needs; the preset's column to carry is added. */
int log_columns_open(struct log_columns *c, const struct log_preset *preset,
                     struct raw_format *format, struct err *e);

/* Sets the places of all columns: `find` gives that of a name, or fails. */
int log_columns_place(struct log_columns *c,
                      int (*find)(void *state, const char *name, size_t *at, struct err *e),
                      void *state, struct err *e);

/* The byte that an option names: "tab" or itself. */
const char *log_byte_named(const char *text);

/* The items of a list that is written as one field, in place of those in *items. */
int log_columns_list(struct log_columns *c, struct bytes field, item_vec *items, struct err *e);

/* A record begins, whose rows follow. */
void log_columns_record(struct log_columns *c);

/* The row whose fields these are; as a format's `row`.  Where the log has lists, the field of the
 * item is one of the list's. */
int log_columns_row(struct log_columns *c, const struct bytes *fields, struct raw_row *row,
                    struct err *e);

void log_columns_release(struct log_columns *c);

#endif
