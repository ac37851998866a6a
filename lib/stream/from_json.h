/* A stream from its lines of JSON, as to_json_lines writes them.  Between the
 * two a filter may have changed lines or left some out, except of `batches`. */
#ifndef STREAM_FROM_JSON_H
#define STREAM_FROM_JSON_H

#include "stream/frame.h"
#include "stream/json_read.h"
#include "stream/renumber.h"

/* {.sink = ...}; the caller keeps the sink.  The caller frees by from_json_release. */
struct from_json {
    struct output_file *sink;
    struct frame_out out; /* of the current part */
    bool inside;          /* between a header and its end */
    uint64_t parts;
    enum stream_kind kind; /* of the first part */
    struct renumber held;  /* the current part of sessions, until its end */
    struct json_read json;
    struct buf tag, value, record;
};

/* Reads all lines of the inputs (`count` = 0 or "-": standard input).  66, 74; 65: names the input,
 * the line, and the character. */
int from_json_inputs(struct from_json *b, const char *const *paths, int count, struct err *e);

/* Writes the abort of the program in place of the end. */
void from_json_abort(struct from_json *b, const char *program, const struct err *why);
void from_json_release(struct from_json *b);

#endif
