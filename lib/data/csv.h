/* Any delimited log: columns by name, or by number from 1, and quotes as in RFC 4180. */
#ifndef DATA_CSV_H
#define DATA_CSV_H

#include "data/log_columns.h"

extern const struct log_preset csv_presets[]; /* ends with a row without name */

/* What the options say of the log, and the state of reading it. */
struct csv {
    struct log_columns columns;
    bool no_quotes; /* a quote is an ordinary byte */

    char delimiter_text[2];
    struct bytes delimiter,
        quoting;          /* between fields; between fields that may be quoted, empty = none may */
    size_t width, wanted; /* columns of every row; how many of them are looked at */
    VEC(struct bytes) fields;
    struct line_fields split; /* the same for the reader of lines */
    struct buf unquoted;
    item_vec items; /* of the row's list */
    size_t next;    /* of them, to give */
};

/* Makes *format of the options. 64: something is missing or makes no sense. */
int csv_open(struct csv *c, struct raw_format *format, struct err *e);

void csv_release(struct csv *c);

#endif
