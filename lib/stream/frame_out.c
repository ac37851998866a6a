#include <errno.h>
#include <signal.h>
#include <unistd.h>

#include "stream/frame.h"
#include "stream/layout.h"
#include "stream/pack.h"

/* The block's head has its place before the records, so that a block is one write(2). */
static void begin_block(struct frame_out *out)
{
    out->block.len = out->record_start = LAYOUT_BLOCK;
    out->block_records = 0;
}

static void remember_program(struct frame_out *out, const struct meta *m)
{
    struct bytes name = bytes_of("a program");
    if (m->pipeline.len) {
        struct buf last = m->pipeline.at[m->pipeline.len - 1];
        struct cursor c = cursor_of((struct bytes){last.at, last.len});
        uint32_t count;
        cursor_array(&c, &count); /* meta_is_program */
        cursor_str(&c, &name);
    }
    size_t n = name.len < sizeof out->program ? name.len : sizeof out->program - 1;
    memcpy(out->program, name.at, n);
    out->program[n] = 0;
}

/* Does everything but write the header, whose bytes it gives. */
static int prepare(struct frame_out *out, struct output_file *sink, const struct meta *m,
                   bool flush, struct buf *header, struct err *e)
{
    *out = (struct frame_out){.sink = sink, .flush = flush};
    buf_append(header, LAYOUT_MAGIC "\x02\xc5\0", LAYOUT_HEADER);
    if (meta_pack(m, header, e))
        return e->status;
    layout_put((unsigned char *)header->at + 14, 2, header->len - LAYOUT_HEADER);
    out->head_hash = XXH3_64bits(header->at, header->len);
    out->hash = mem_aligned(sizeof(XXH3_state_t));
    XXH3_64bits_reset(out->hash);
    layout_hash_number(out->hash, out->head_hash);
    remember_program(out, m);
    buf_reserve(&out->block, LAYOUT_BLOCK + BLOCK_TARGET);
    begin_block(out);
    return 0;
}

int frame_out_open(struct frame_out *out, struct output_file *sink, const struct meta *m,
                   bool flush, struct err *e)
{
    struct buf header = {0};
    if (!prepare(out, sink, m, flush, &header, e))
        out->open = !output_file_write(sink, header.at, header.len, e);
    buf_release(&header);
    if (out->open)
        return 0;
    frame_out_release(out);
    return e->status;
}

/* ---- leaving a stream, and continuing it ---- */

struct frame_stand frame_out_stand(const struct frame_out *out, uint64_t length)
{
    struct buf waiting = {.at = out->block.at + LAYOUT_BLOCK,
                          .len = out->record_start - LAYOUT_BLOCK};
    return (struct frame_stand){length, waiting, out->block_records};
}

static int not_left_so(const struct frame_out *out, const char *what, struct err *e)
{
    return err_set(e, STATUS_DATA, "cannot continue %s: %s", out->sink->temporary, what);
}

/* Reads the n bytes of the file at `at` into the buffer. */
static int read_left(struct frame_out *out, uint64_t at, size_t n, struct err *e)
{
    ssize_t got;
    out->block.len = 0;
    buf_reserve(&out->block, n);
    while (out->block.len < n) {
        got = pread(out->sink->fd, out->block.at + out->block.len, n - out->block.len,
                    (off_t)(at + out->block.len));
        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0)
            return err_set(e, STATUS_IO, "cannot read %s: %s", out->sink->temporary,
                           strerror(errno));
        if (!got)
            return not_left_so(out, "it is shorter than it was", e);
        out->block.len += (size_t)got;
    }
    return 0;
}

/* Checks the block at `at` and counts it as written; *size is its length. */
static int recount_block(struct frame_out *out, uint64_t at, uint64_t *size, struct err *e)
{
    if (read_left(out, at, LAYOUT_BLOCK, e))
        return e->status;
    const unsigned char *p = (const unsigned char *)out->block.at;
    uint64_t sequence = layout_get(p + 4, 8), hash = layout_get(p + 18, 8);
    uint32_t records = (uint32_t)layout_get(p + 13, 4);
    size_t len = layout_get(p + 27, 4);
    if (memcmp(p,
               "\x95\xa1"
               "B",
               LAYOUT_TAG) != 0 ||
        sequence != out->blocks || len > BLOCK_LIMIT)
        return not_left_so(out, "it does not hold the blocks that it held", e);
    if (read_left(out, at + LAYOUT_BLOCK, len, e))
        return e->status;
    if (hash != layout_block_hash(out->head_hash, sequence, records, out->block.at, len))
        return not_left_so(out, "a block was changed", e);
    layout_hash_number(out->hash, hash);
    out->blocks++;
    out->records += records;
    out->bytes += len;
    *size = LAYOUT_BLOCK + len;
    return 0;
}

static int recount(struct frame_out *out, const struct buf *header, uint64_t length, struct err *e)
{
    uint64_t at = header->len, size = 0;
    if (read_left(out, 0, header->len, e))
        return e->status;
    if (memcmp(out->block.at, header->at, header->len) != 0)
        return not_left_so(out, "its header is another one", e);
    for (; at < length; at += size)
        if (recount_block(out, at, &size, e))
            return e->status;
    return 0; /* the file ends at `length`: no block reaches beyond */
}

void frame_out_resume(struct frame_out *out, const struct frame_stand *stand)
{
    begin_block(out);
    buf_append(&out->block, stand->block.at, stand->block.len);
    out->record_start = out->block.len;
    out->block_records = stand->records;
}

int frame_out_continue(struct frame_out *out, struct output_file *sink, const struct meta *m,
                       bool flush, const struct frame_stand *stand, struct err *e)
{
    struct buf header = {0};
    int status = prepare(out, sink, m, flush, &header, e);
    if (!status)
        status = recount(out, &header, stand->length, e);
    buf_release(&header);
    if (status) {
        frame_out_release(out);
        return status;
    }
    frame_out_resume(out, stand);
    out->open = true;
    return 0;
}

void frame_out_divert(struct frame_out *out,
                      int (*divert)(void *to, struct bytes record, struct err *e), void *to)
{
    *out = (struct frame_out){.divert = divert, .to = to};
    buf_reserve(&out->block, LAYOUT_BLOCK);
    begin_block(out);
}

void frame_out_hold(struct frame_out *out,
                    int (*hold)(void *to, struct bytes block, uint32_t records, struct err *e),
                    void *to)
{
    *out = (struct frame_out){.hold = hold, .to = to};
    buf_reserve(&out->block, LAYOUT_BLOCK + BLOCK_TARGET);
    begin_block(out);
}

msgpack_packer *frame_out_record(struct frame_out *out)
{
    msgpack_packer_init(&out->packer, &out->block, buf_write);
    return &out->packer;
}

/* Writes `records` records that reach up to `len` in the buffer. */
static int write_block(struct frame_out *out, size_t len, uint32_t records, struct err *e)
{
    if (out->hold) {
        struct bytes block = {out->block.at + LAYOUT_BLOCK, len - LAYOUT_BLOCK};
        return out->hold(out->to, block, records, e);
    }
    unsigned char *head = (unsigned char *)out->block.at;
    size_t bytes = len - LAYOUT_BLOCK;
    uint64_t hash =
        layout_block_hash(out->head_hash, out->blocks, records, head + LAYOUT_BLOCK, bytes);
    memcpy(head,
           "\x95\xa1"
           "B\xcf",
           4);
    layout_put(head + 4, 8, out->blocks);
    head[12] = 0xce;
    layout_put(head + 13, 4, records);
    head[17] = 0xcf;
    layout_put(head + 18, 8, hash);
    head[26] = 0xc6;
    layout_put(head + 27, 4, bytes);
    layout_hash_number(out->hash, hash);
    out->blocks++;
    out->records += records;
    out->bytes += bytes;
    return output_file_write(out->sink, head, len, e);
}

int frame_out_end_block(struct frame_out *out, struct err *e)
{
    int status = out->block_records ? write_block(out, out->block.len, out->block_records, e) : 0;
    begin_block(out);
    return status;
}

char *frame_out_room(struct frame_out *out, size_t len)
{
    buf_reserve(&out->block, len);
    return out->block.at + LAYOUT_BLOCK;
}

int frame_out_block(struct frame_out *out, size_t len, uint32_t records, struct err *e)
{
    int status = write_block(out, LAYOUT_BLOCK + len, records, e);
    begin_block(out);
    return status;
}

int frame_out_commit(struct frame_out *out, struct err *e)
{
    size_t from = out->record_start, n = out->block.len - from;
    if (out->divert) {
        begin_block(out);
        return out->divert(out->to, (struct bytes){out->block.at + from, n}, e);
    }
    if (n > BLOCK_LIMIT) {
        out->block.len = from;
        return err_set(e, STATUS_DATA,
                       "a record of %zu bytes: the limit is 8 MiB (a session of about 600,000 "
                       "events): cut sessions or make batches smaller",
                       n);
    }
    if (out->block.len - LAYOUT_BLOCK > BLOCK_LIMIT) { /* the records before it go first */
        int status = write_block(out, from, out->block_records, e);
        memmove(out->block.at + LAYOUT_BLOCK, out->block.at + from, n);
        begin_block(out);
        out->block.len += n;
        if (status)
            return status;
    }
    out->block_records++;
    out->record_start = out->block.len;
    return out->block.len - LAYOUT_BLOCK >= BLOCK_TARGET ? frame_out_end_block(out, e) : 0;
}

int frame_out_pause(struct frame_out *out, struct err *e)
{
    return out->flush ? frame_out_end_block(out, e) : 0;
}

int frame_out_end(struct frame_out *out, struct err *e)
{
    unsigned char end[LAYOUT_END] = "\x95\xa1"
                                    "E";
    if (frame_out_end_block(out, e))
        return e->status;
    uint64_t numbers[4] = {out->blocks, out->records, out->bytes};
    for (int i = 0; i < 3; i++)
        layout_hash_number(out->hash, numbers[i]);
    numbers[3] = XXH3_64bits_digest(out->hash);
    for (int i = 0; i < 4; i++) {
        end[3 + 9 * i] = 0xcf;
        layout_put(end + 4 + 9 * i, 8, numbers[i]);
    }
    if (output_file_write(out->sink, end, sizeof end, e))
        return e->status;
    out->open = false;
    return 0;
}

/* The length of the text that fits; UTF-8 characters are not cut. */
static size_t message_length(const struct buf *text)
{
    size_t n = text->len;
    if (n <= 255)
        return n;
    for (n = 255; n > 251 && ((unsigned char)text->at[n] & 0xc0) == 0x80;)
        n--;
    return n;
}

void frame_out_abort(struct frame_out *out, const struct err *why)
{
    if (!out->open)
        return;
    out->open = false;
    struct buf text = {0};
    if (!strncmp(why->text, FRAME_RELAY, strlen(FRAME_RELAY)))
        buf_text(&text, why->text + strlen(FRAME_RELAY));
    else
        buf_format(&text, "%s: %s", out->program, why->text);
    size_t len = message_length(&text);
    unsigned char record[LAYOUT_ABORT + 255] = "\x93\xa1"
                                               "X\xcc";
    record[4] = (unsigned char)why->status;
    record[5] = 0xd9;
    record[6] = (unsigned char)len;
    memcpy(record + LAYOUT_ABORT, text.at, len);
    buf_release(&text);
    /* Not by output_file_write: a reader that has gone must not end the program before its message.
     */
    void (*before)(int) = signal(SIGPIPE, SIG_IGN);
    while (write(out->sink->fd, record, LAYOUT_ABORT + len) < 0 && errno == EINTR)
        ;
    signal(SIGPIPE, before);
}

void frame_out_release(struct frame_out *out)
{
    buf_release(&out->block);
    mem_free(out->hash);
    out->hash = NULL;
    out->open = false;
}
