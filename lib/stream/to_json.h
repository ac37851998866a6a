/* Streams as text: every object as one line of JSON. */
#ifndef STREAM_TO_JSON_H
#define STREAM_TO_JSON_H

#include "stream/frame.h"

/* Appends a stream as lines that stream/from_json.h reads back: the header, records, ["B"] where a
 * block ends that is not full, and at the end of each part its counts.  Ends after `most` records.
 * Passes the text to `write` whenever `to` holds much of it or the input would wait. Checks the
 * rules of the frame alone, so that users can look at a stream whose records are wrong. */
int to_json_lines(struct frame_in *in, uint64_t most, struct buf *to,
                  int (*write)(void *, struct buf *, struct err *), void *context, struct err *e);

/* One record; one header. */
void to_json_record(struct buf *to, struct bytes record);
int to_json_header(struct buf *to, const struct meta *m, struct err *e);

#endif
