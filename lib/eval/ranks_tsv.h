/* Reads ranks that another program wrote as text, as records of a stream. */
#ifndef EVAL_RANKS_TSV_H
#define EVAL_RANKS_TSV_H

#include "stream/record.h"

/* Reads lines of user, position (0: the first target of a session), target and rank (from 1, ties
 * count against the target; "-": it was not ranked), with tabs between them.  A first line with the
 * names "user" and "rank" gives the order of the columns.  It may also name "history", "length",
 * "loss", "seen" and "day"; other columns are skipped.
 *
 * The visitor gets one run with one test pass: users and items, each before the ranks that have it.
 * Columns that are not in the file are {NULL, 0}; so are session and ties.  The run's program has
 * the name of the file without folder and ending, and the option "file".  path: "-" or NULL is
 * standard input.  `meter` counts what is read; NULL: nobody does.  65, with the line: a field with
 * an impossible value; 66, 74: the file cannot be read. */
int ranks_tsv_each(const char *path, struct input_meter *meter,
                   const struct predictions_visitor *visit, void *to, struct err *e);

#endif
