/* A temporary file that holds the records of an output until its header is known, for headers that
 * depend on the end of the input, such as on the number of bad rows.  It has them in the blocks in
 * which the output will have them, so that they are hashed and framed once, with the header. */
#ifndef DATA_SPOOL_H
#define DATA_SPOOL_H

#include "base/temp_file.h"
#include "stream/output.h"

struct spool {
    struct temp_file scratch;
    struct frame_out out; /* takes the records */
};

#define SPOOL_CLOSED ((struct spool){.scratch.fd = -1})

/* Opens the temporary file in the folder where the output `path` leads to a file; else, and for
 * NULL, in $TMPDIR (or /tmp). *h is SPOOL_CLOSED before and stays where it is.  73: no output can
 * have that name. */
int spool_open(struct spool *h, const char *path, struct err *e);

/* Ends the held records and appends them to `out`, which has no other. */
int spool_pour(struct spool *h, struct frame_out *out, struct err *e);

/* Closes the temporary file, also after a spool_open that failed. */
void spool_close(struct spool *h);

#endif
