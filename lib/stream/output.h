/* The output of a program: the file, the header, the end, and the abort when the program fails.
 */
#ifndef STREAM_OUTPUT_H
#define STREAM_OUTPUT_H

#include "stream/record.h"
#include "stream/spool.h"

struct output {
    bool begun; /* its header was asked for, whether it could be written or not */
    struct output_file sink;
    struct frame_out out;  /* takes the records */
    bool holds;            /* records, which wait for the header: */
    struct spool held;     /* their blocks */
    struct frame_out last; /* once the header is written, has the last one */
};

/* For a header that is known later: records wait from now on, all blocks but the last one in a
 * temporary file, until output_open has written the header and output_pour appends them.  *s and
 * `path` stay where they are.  73: no output can have that name. */
int output_hold(struct output *s, const char *path, struct err *e);
int output_pour(struct output *s, struct err *e);

/* Opens `path` (NULL: stdout) and writes the header: `base` with the program appended.  *s holds
 * zeros, or records. */
int output_open(struct output *s, const char *path, bool flush, const struct meta *base,
                const char *program, const char *version, struct bytes options, struct err *e);

/* Continues an output that another run left (base/output_file.h, stream/frame.h); the other
 * arguments are those of output_open.  65, 66, 74. */
int output_continue(struct output *s, const char *path, bool flush, const struct meta *base,
                    const char *program, const char *version, struct bytes options,
                    const char *temporary, const struct frame_stand *stand, struct err *e);

/* Writes the end, unless frame_out_end has done so, and commits the output. */
int output_finish(struct output *s, struct err *e);

/* For a program that fails: writes the abort where it still can and commits nothing. Writes nothing
 * after output_finish, or to an output that was not opened. */
void output_abort(struct output *s, const struct err *why);

#endif
