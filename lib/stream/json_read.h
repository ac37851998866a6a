/* JSON as json_exact writes it, back to packed values. */
#ifndef STREAM_JSON_READ_H
#define STREAM_JSON_READ_H

#include "base/err.h"
#include "base/json.h"
#include "stream/json_schema.h"

/* {0} with `in` set; the caller frees by json_read_release. */
struct json_read {
    struct json_in in;
    struct buf text, elements; /* of the current value */
};

/* Reads the next value, of the place in the stream, and appends it packed to `to`. 65: says what is
 * expected at in.at; `to` then ends in no whole value. */
int json_read(struct json_read *r, struct buf *to, const struct json_place *place, int depth,
              struct err *e);

/* A string into r->text. */
int json_read_text(struct json_read *r, struct err *e);

void json_read_release(struct json_read *r);

#endif
