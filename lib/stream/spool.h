/* A temporary file that holds the blocks of a stream until its header is known, for headers that
 * depend on the end of the input, such as on the number of bad rows.  The blocks are those that the
 * stream will have, so that they are hashed and framed once, with the header. */
#ifndef STREAM_SPOOL_H
#define STREAM_SPOOL_H

#include "base/temp_file.h"
#include "stream/frame.h"

struct spool {
    const char *path; /* of the output, the caller's */
    char *folder;
    struct temp_file scratch; /* not open before the first block */
};

/* The temporary file is in the folder where the output `path` leads to a file; else, and for NULL,
 * in $TMPDIR (or /tmp).  73: no output can have that name. */
int spool_open(struct spool *h, const char *path, struct err *e);

/* Adds a block; `spool` is a struct spool, as frame_out_hold has it.  73, 74. */
int spool_add(void *spool, struct bytes block, uint32_t records, struct err *e);

/* Appends the blocks to `out`, which has no other. */
int spool_pour(const struct spool *h, struct frame_out *out, struct err *e);

/* Closes the temporary file, also after a spool_open that failed. */
void spool_close(struct spool *h);

#endif
