/* Rows of a raw log that stay when the next ones are read: many together, so that looking up their
 * names and making sessions of them can be the work of another thread than reading them. */
#ifndef DATA_ROW_BATCH_H
#define DATA_ROW_BATCH_H

#include "data/extra_columns.h"
#include "data/raw.h"
#include "data/session_cut.h"

/* Rows of one user that follow each other. */
struct row_run {
    struct bytes user;
    size_t from, count;     /* rows of the batch */
    struct raw_place place; /* of the first one, for messages */
};

struct row_batch {
    char *text; /* the bytes of all names, which stay where they are */
    size_t used;
    event_vec events;                /* of each row; their items have no numbers yet */
    VEC(struct bytes) items, titles; /* of each row */
    i32_vec codes;                   /* of the carried columns, row by row */
    VEC(struct row_run) runs;
};
enum { ROWS_TOGETHER = 4096 }; /* at most in a batch */

/* Takes a batch, which holds a row at least. */
typedef int row_taker(void *state, const struct row_batch *batch, struct err *e);

/* Reads the log to its end.  `take` is handed all rows in their order, batch by batch: in a thread
 * of its own while the next ones are read, unless the log is short or there is one processor alone.
 * `carried`: a column for each that the format carries, which numbers its values here.  Where the
 * input has nothing to read yet, all rows before are taken first.  An error of reading is that of
 * the row behind those that were taken; one of `take` comes first. */
int row_batches_read(struct raw_log *log, struct extra_columns *carried, row_taker *take,
                     void *state, struct err *e);

#endif
