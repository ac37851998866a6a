/* Text in aligned columns: the first is aligned to the left, the others to the right. */
#ifndef EVAL_TABLE_H
#define EVAL_TABLE_H

#include "base/buf.h"

enum { TABLE_COLUMNS = 128 };

/* {.columns = n} is an empty table of n columns, at most TABLE_COLUMNS. */
struct table {
    size_t columns;
    struct buf text;             /* the cells' text, end to end */
    VEC(size_t) end;             /* where each cell ends in it */
    size_t width[TABLE_COLUMNS]; /* characters; only grows, so that rows written later align too */
};

/* Adds the next cell of the row, or the first of the next row. */
void table_cell(struct table *t, const char *format, ...) __attribute__((format(printf, 2, 3)));
void table_bytes(struct table *t, struct bytes text);

/* Appends the rows to `to` and empties the table.  Fills up the last row with empty cells. */
void table_write(struct table *t, struct buf *to);
void table_release(struct table *t);

#endif
