/* Ranks that any other program wrote as text, in the form of the stream's records. */
#ifndef EVAL_RANKS_TSV_H
#define EVAL_RANKS_TSV_H

#include "stream/record.h"

/* Reads lines of user, position (0: the first target of a session), target and rank (from 1, ties
 * counted against the target; "-": it was not ranked), with tabs between them.  A first line that
 * names "user" and "rank" says where the columns stand, and may name "history", "length" and "loss"
 * as well; others are passed over.
 *
 * The visitor sees one run of one test pass, made by a program named like the file without its
 * folder and ending, with the option "file": users, then ranks in which columns that are not there
 * are {NULL, 0}, as are session, target and ties.  "-" or NULL: standard input.
 * 65, with the line: a field that cannot be; 66, 74: the file cannot be read. */
int ranks_tsv_each(const char *path, const struct predictions_visitor *visit, void *to,
                   struct err *e);

#endif
