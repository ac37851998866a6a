/* What a stream holds and how it was made, in a few lines. */
#ifndef STREAM_SUMMARY_H
#define STREAM_SUMMARY_H

#include "stream/any.h"

/* Reads the stream to its end by all its rules and appends lines of `name<TAB>value`. */
int summary_write(struct any_in *in, struct buf *to, struct err *e);

#endif
