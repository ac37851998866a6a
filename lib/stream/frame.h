/* The frame of every stream: header, hashed blocks, end or abort (sesspipe-stream(5)).
 *
 * Reading checks the head, the length against its limit, and the hash before anything inside is
 * decoded.  A stream without its end is an error, so what is read is committed only after it. */
#ifndef STREAM_FRAME_H
#define STREAM_FRAME_H

#include <stdbool.h>
#include <stdint.h>

#include <msgpack.h>

#include "base/err.h"
#include "base/output_file.h"
#include "stream/cursor.h"
#include "stream/meta.h"

enum { BLOCK_TARGET = 64 << 10, BLOCK_LIMIT = 8 << 20 };

/* ---- reading ---- */

/* What an error begins with that is another program's: its abort is handed on, not told anew. */
#define FRAME_RELAY "the program before this one failed: "

enum read_result { READ_END = 0, READ_RECORD = 1, READ_HEADER = 2, READ_ERROR = -1 };

struct frame_in; /* opaque: inputs, block buffer, counts */

/* Opens the inputs, one after another (`count` = 0 or "-": stdin), which must be of `kind`
 * (-1: any).  `parts`: whether another header may follow an end.  66: no such input. */
int frame_in_open(struct frame_in **in, const char *const *paths, int count, int kind, bool parts,
                  struct err *e);

/* READ_HEADER: a part begins, frame_in_meta holds its header.  READ_RECORD: *record holds the bytes
 * of one record, valid until the next call.  READ_END: every part of every input came to its end.
 * READ_ERROR: *e names the input and the block. */
enum read_result frame_in_next(struct frame_in *in, struct bytes *record, struct err *e);

const struct meta *frame_in_meta(const struct frame_in *in);

/* Whether the next call would wait for more input: a flushing program flushes before it.  The
 * record in hand stays valid. */
bool frame_in_would_wait(struct frame_in *in);

/* Whether the record in hand is the last of a block that its writer ended before it was full:
 * somebody waits for what it holds. */
bool frame_in_flushed(const struct frame_in *in);

/* Puts "FILE, block B, record R" (from 0 each) before the text of *e: for errors found while
 * decoding the record in hand. */
int frame_in_at(const struct frame_in *in, struct err *e);

/* From here on, before the first record: frame_in_digest is a hash of the headers and records given
 * out so far, however they lie in blocks. */
void frame_in_digest_begin(struct frame_in *in);
uint64_t frame_in_digest(const struct frame_in *in);

/* Counts over all inputs so far, for --summary. */
struct frame_counts {
    uint64_t parts, blocks, records, bytes;
};
struct frame_counts frame_in_counts(const struct frame_in *in);

void frame_in_close(struct frame_in *in); /* NULL is fine */

/* ---- writing ---- */

struct frame_out {
    struct output_file *sink;
    struct buf block;    /* the records of the block so far */
    size_t record_start; /* where the record being packed begins */
    uint32_t block_records;
    char program[64]; /* who writes: the last one of the header's pipeline */
    uint64_t blocks, records, bytes, head_hash;
    void *hash; /* XXH3 state over what the hash of the end is taken of */
    bool flush; /* --flush: frame_out_pause ends a block */
    bool open;  /* between header and end or abort */
    msgpack_packer packer;
    int (*divert)(void *to, struct bytes record, struct err *e); /* NULL: records go to the sink */
    void *divert_to;
};

/* Writes the header.  `sink` stays the caller's. */
int frame_out_open(struct frame_out *out, struct output_file *sink, const struct meta *m,
                   bool flush, struct err *e);

/* Where a stream stands that is written to a file: what lies there, and what waits for its block.
 */
struct frame_stand {
    uint64_t length;  /* of the file */
    struct buf block; /* packed records; frame_out's until the next record, or the caller's */
    uint32_t records; /* in there */
};
struct frame_stand frame_out_stand(const struct frame_out *out, uint64_t length);

/* Goes on with a stream that was left so, by the same header.  The sink's file, which can be read,
 * has that length, and is gone through.  65: it is not what was left. */
int frame_out_continue(struct frame_out *out, struct output_file *sink, const struct meta *m,
                       bool flush, const struct frame_stand *stand, struct err *e);

/* Nothing is written: each record is handed to `divert` as it is committed, for who wants to see
 * records as writers pack them. */
void frame_out_divert(struct frame_out *out,
                      int (*divert)(void *to, struct bytes record, struct err *e), void *to);

/* The packer for one record, then its end, which may write a block.  65: a record above 8 MiB,
 * which is left out. */
msgpack_packer *frame_out_record(struct frame_out *out);
int frame_out_commit(struct frame_out *out, struct err *e);

/* A place where a reader may be waiting (after a user, a batch): ends the block with --flush. */
int frame_out_pause(struct frame_out *out, struct err *e);

/* Writes the last block and the end.  Committing the sink is the caller's. */
int frame_out_end(struct frame_out *out, struct err *e);

/* Writes what a failing program writes instead of the end, as far as it still can. */
void frame_out_abort(struct frame_out *out, const struct err *why);

void frame_out_release(struct frame_out *out);

#endif
