/* Logs of JSON, a record a line or an array of them: fields by dotted path, one event or many in a
 * record. */
#ifndef DATA_JSON_LINES_H
#define DATA_JSON_LINES_H

#include "base/json.h"
#include "data/log_columns.h"

extern const struct log_preset json_presets[]; /* ends with a row without name */

/* A path: keys of objects and numbers of array elements, "a.b.0.c".  Where the record has an array
 * and the path no number, each element is an event; fields outside of the array belong to all of
 * them, and arrays beside each other go in step. */
struct json_path {
    const char *name;
    VEC(struct bytes) keys; /* a dot in a key is written \. */
    struct buf text;        /* of the keys */
    bool many;              /* in this record, an array is on the path */
    struct bytes one;       /* its value where none is */
    VEC(struct bytes) each; /* that of each element; empty: it has none */
};
enum { JSON_PATHS = 64, JSON_KEYS = 32 }; /* at most */

/* What the options say of the log, and the state of reading it. */
struct json_lines {
    struct log_columns columns;

    VEC(struct json_path) paths;
    VEC(struct bytes) fields; /* of one event, in the order of paths */
    struct buf unescaped;
    item_vec items; /* of a list that is one string */
    size_t events, next;
    struct json_in in;
};

/* Makes *format of the options. 64: something is missing or makes no sense. */
int json_lines_open(struct json_lines *j, struct raw_format *format, struct err *e);

void json_lines_release(struct json_lines *j);

#endif
