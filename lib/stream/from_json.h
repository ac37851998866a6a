/* A stream from its lines of JSON, as to_json_lines writes them. */
#ifndef STREAM_FROM_JSON_H
#define STREAM_FROM_JSON_H

#include "stream/frame.h"
#include "stream/json_read.h"

/* {.sink = ...}; the caller keeps the sink.  The caller frees by from_json_release. */
struct from_json {
    struct output_file *sink;
    struct frame_out out; /* of the part in hand */
    bool inside;          /* between a header and its end */
    uint64_t parts;
    enum stream_kind kind; /* of the first part */
    struct json_read json;
    struct buf tag, value;
};

/* Reads all lines of the inputs (`count` = 0 or "-": standard input).  66, 74; 65: names the input,
 * the line, and the character. */
int from_json_inputs(struct from_json *b, const char *const *paths, int count, struct err *e);

/* Reads one line, given without its end. 65: it is no such line, or out of place; the message names
 * the character. */
int from_json_line(struct from_json *b, struct bytes line, struct err *e);

/* After the last line.  65: an end is missing. */
int from_json_end(struct from_json *b, struct err *e);

/* Writes the abort in place of the end. */
void from_json_abort(struct from_json *b, const struct err *why);
void from_json_release(struct from_json *b);

#endif
