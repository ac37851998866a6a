/* The frame of every stream: header, hashed blocks, end or abort (sesspipe-stream(5)).
 *
 * A reader checks the head, the length against its limit, and the hash before it decodes what is
 * inside. A stream without its end is an error: a program commits its output only after the end. */
#ifndef STREAM_FRAME_H
#define STREAM_FRAME_H

#include <stdbool.h>
#include <stdint.h>

#include <msgpack.h>

#include "base/err.h"
#include "base/input_meter.h"
#include "base/output_file.h"
#include "stream/cursor.h"
#include "stream/meta.h"

enum { BLOCK_TARGET = 64 << 10, BLOCK_LIMIT = 8 << 20 };

/* ---- reading ---- */

/* The beginning of an error that another program reported; a program passes its abort on without a
 * second message. */
#define FRAME_RELAY "the program before this one failed: "

enum read_result { READ_END = 0, READ_RECORD = 1, READ_HEADER = 2, READ_ERROR = -1 };

struct frame_in; /* opaque: inputs, block buffer, counts */

/* Opens the inputs, one after another (`count` = 0 or "-": stdin), which must be of `kind`
 * (-1: any).  `parts`: whether another header may follow an end.  66: no such input. */
int frame_in_open(struct frame_in **in, const char *const *paths, int count, int kind, bool parts,
                  struct err *e);

/* READ_HEADER: a part begins, frame_in_meta holds its header.  READ_RECORD: *record holds the bytes
 * of one record, valid until the next call.  READ_END: every part of every input has ended.
 * READ_ERROR: *e names the input and the block. */
enum read_result frame_in_next(struct frame_in *in, struct bytes *record, struct err *e);

const struct meta *frame_in_meta(const struct frame_in *in);

/* "standard input" or the path of the input that is read. */
const char *frame_in_name(const struct frame_in *in);

/* Whether the next call would wait for more input; a flushing program flushes before that. The
 * current record stays valid. */
bool frame_in_would_wait(struct frame_in *in);

/* Whether the current record is the last of a block that its writer ended early, because a reader
 * waits for it. */
bool frame_in_flushed(const struct frame_in *in);

/* Puts "FILE, block B, record R" (from 0 each) before the text of *e: for errors found while
 * decoding the current record. */
int frame_in_at(const struct frame_in *in, struct err *e);

/* Begins a hash of the headers and records that frame_in_next returns, which does not depend on the
 * blocks; call it before the first record. frame_in_digest gives the hash so far. */
void frame_in_digest_begin(struct frame_in *in);
uint64_t frame_in_digest(const struct frame_in *in);

/* Counts over all inputs so far, for --summary. */
struct frame_counts {
    uint64_t parts, blocks, records, bytes;
};
struct frame_counts frame_in_counts(const struct frame_in *in);

/* Before the first record: *m, which is the caller's, counts what is read, the header included. */
void frame_in_meter(struct frame_in *in, struct input_meter *m);

void frame_in_close(struct frame_in *in); /* NULL is fine */

/* ---- writing ---- */

struct frame_out {
    struct output_file *sink;
    struct buf block;    /* the records of the block so far */
    size_t record_start; /* where the record being packed begins */
    uint32_t block_records;
    char program[64]; /* the writer: the last program of the header's pipeline */
    uint64_t blocks, records, bytes, head_hash;
    void *hash; /* XXH3 state of the hash that the end holds */
    bool flush; /* --flush: frame_out_pause ends a block */
    bool open;  /* between header and end or abort */
    msgpack_packer packer;
    /* In place of the sink: of each record, of each block; NULL: they go to the sink. */
    int (*divert)(void *to, struct bytes record, struct err *e);
    int (*hold)(void *to, struct bytes block, uint32_t records, struct err *e);
    void *to;
};

/* Writes the header.  The caller keeps `sink`. */
int frame_out_open(struct frame_out *out, struct output_file *sink, const struct meta *m,
                   bool flush, struct err *e);

/* How far a stream is written to a file: what the file holds, and the records that wait for their
 * block.
 */
struct frame_stand {
    uint64_t length;  /* of the file */
    struct buf block; /* packed records; frame_out's until the next record, or the caller's */
    uint32_t records; /* in there */
};
struct frame_stand frame_out_stand(const struct frame_out *out, uint64_t length);

/* The records that wait there wait in *out, in whose current block there are none. */
void frame_out_resume(struct frame_out *out, const struct frame_stand *stand);

/* Continues a stream that was left so, with the same header. The file of the sink has that length;
 * it is read and checked. 65: it is not what was left. */
int frame_out_continue(struct frame_out *out, struct output_file *sink, const struct meta *m,
                       bool flush, const struct frame_stand *stand, struct err *e);

/* Writes nothing: frame_out_commit passes each packed record to `divert`, for callers that want
 * records as writers pack them. */
void frame_out_divert(struct frame_out *out,
                      int (*divert)(void *to, struct bytes record, struct err *e), void *to);

/* Writes nothing: `hold` gets the records of each block, which begin or end in no other, for a
 * stream whose header is not known yet.  frame_out_block writes them as they are. */
void frame_out_hold(struct frame_out *out,
                    int (*hold)(void *to, struct bytes block, uint32_t records, struct err *e),
                    void *to);

/* Writes a block of records that another frame_out held: the caller puts its `len` bytes to where
 * frame_out_room says.  No record is before it in the current block. */
char *frame_out_room(struct frame_out *out, size_t len);
int frame_out_block(struct frame_out *out, size_t len, uint32_t records, struct err *e);

/* frame_out_record gives the packer for one record, and frame_out_commit ends the record, which may
 * write a block. 65: the record is above 8 MiB and is left out. */
msgpack_packer *frame_out_record(struct frame_out *out);
int frame_out_commit(struct frame_out *out, struct err *e);

/* Ends the block, if it has a record. */
int frame_out_end_block(struct frame_out *out, struct err *e);

/* With --flush ends the block, where a reader may be waiting: after a user, after a batch. */
int frame_out_pause(struct frame_out *out, struct err *e);

/* Writes the last block and the end. The caller commits the sink. */
int frame_out_end(struct frame_out *out, struct err *e);

/* Writes the abort in place of the end, as far as it can still be written. */
void frame_out_abort(struct frame_out *out, const struct err *why);

void frame_out_release(struct frame_out *out);

#endif
