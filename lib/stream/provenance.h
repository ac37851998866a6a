/* The chain of programs in a header, option by option, as text, to be shown or compared.
 */
#ifndef STREAM_PROVENANCE_H
#define STREAM_PROVENANCE_H

#include "stream/meta.h"

/* Called for each program, from 0, with an empty option name and the program's name as the value,
 * and then for each of its options; lists are joined by commas, what is not set is empty.  The
 * bytes are valid during the call. */
typedef void provenance_visit(void *to, int program, struct bytes option, struct bytes value);

/* 65: the chain is not as in sesspipe-stream(5). */
int provenance_each(const struct meta *m, provenance_visit *visit, void *to, struct err *e);

/* Finds the first difference of a chain from an earlier one, appends it in words ("batcher --seed
 * was 1, is 2") and returns the program's number. -1: there is none; -2: one of the chains is
 * damaged (65). */
int provenance_difference(const struct meta *was, const struct meta *is, struct buf *what,
                          struct err *e);

#endif
