#include <inttypes.h>

#include "stream/frame.h"
#include "stream/input.h"
#include "stream/layout.h"

struct frame_in {
    struct input input;
    int kind;           /* -1: any, until the first header is read */
    bool parts, inside; /* inside: between a header and its end */
    bool has_meta;
    struct meta meta;
    uint64_t header_hash;
    XXH3_state_t *end_hash;        /* what the end's hash will have to be */
    XXH3_state_t *digest;          /* over headers and records; NULL: not asked for */
    struct frame_counts part, all; /* .parts of `all`: those begun, over all inputs */
    struct cursor block;           /* what is left of the block's bytes */
    size_t block_size;             /* its bytes */
    uint32_t block_records;        /* what its head says */
    uint32_t record;               /* how many of them were given out */
    uint64_t input_parts;          /* parts begun in the open input */
};

/* The programs that write each kind, for a message about another kind. */
static const char *const made_by[] = {
    "lfm-, reddit-, csv- and json-sessionize and tfilter write sessions",
    "batcher makes batches of sessions",
    "trainer, predictor and baseline write predictions",
};

int frame_in_open(struct frame_in **in, const char *const *paths, int count, int kind, bool parts,
                  struct err *e)
{
    struct frame_in *f = mem_zero(1, sizeof *f);
    f->kind = kind;
    f->parts = parts;
    f->end_hash = mem_aligned(sizeof *f->end_hash);
    *in = f;
    if (!input_open(&f->input, paths, count, e))
        return 0;
    frame_in_close(f);
    *in = NULL;
    return e->status;
}

void frame_in_close(struct frame_in *in)
{
    if (!in)
        return;
    if (in->has_meta)
        meta_release(&in->meta);
    input_close(&in->input);
    mem_free(in->end_hash);
    mem_free(in->digest);
    mem_free(in);
}

const struct meta *frame_in_meta(const struct frame_in *in)
{
    return &in->meta;
}

const char *frame_in_name(const struct frame_in *in)
{
    return input_name(&in->input);
}

struct frame_counts frame_in_counts(const struct frame_in *in)
{
    return in->all;
}

void frame_in_meter(struct frame_in *in, struct input_meter *m)
{
    in->input.meter = m;
    input_meter_bytes(m, in->input.read);
}

void frame_in_digest_begin(struct frame_in *in)
{
    in->digest = mem_aligned(sizeof *in->digest);
    XXH3_64bits_reset(in->digest);
    layout_hash_number(in->digest, in->header_hash);
}

uint64_t frame_in_digest(const struct frame_in *in)
{
    return XXH3_64bits_digest(in->digest);
}

/* Puts "FILE, part 2, block 3, record 4" before the message: the part where an input has several,
 * block and record unless they are -1. */
static int at_place(const struct frame_in *in, uint64_t part, int64_t block, int64_t record,
                    struct err *e)
{
    struct buf place = {0};
    buf_text(&place, input_name(&in->input));
    if (part > 1)
        buf_format(&place, ", part %" PRIu64, part);
    if (block >= 0)
        buf_format(&place, ", block %" PRId64, block);
    if (record >= 0)
        buf_format(&place, ", record %" PRId64, record);
    err_at(e, "%.*s", (int)place.len, place.at);
    buf_release(&place);
    return e->status;
}

int frame_in_at(const struct frame_in *in, struct err *e)
{
    /* The current block and record are counted already. */
    return at_place(in, in->input_parts, (int64_t)in->part.blocks - 1, (int64_t)in->record - 1, e);
}

/* Reports what is wrong with the object that would be the next block. */
static int bad_block(const struct frame_in *in, const char *what, struct err *e)
{
    err_set(e, STATUS_DATA, "%s", what);
    return at_place(in, in->input_parts, (int64_t)in->part.blocks, -1, e);
}

/* Reads until n bytes are there; fails where the input ends before. */
static int need(struct frame_in *in, size_t n, struct err *e)
{
    if (input_need(&in->input, n, e))
        return e->status;
    if (input_available(&in->input) >= n)
        return 0;
    return err_set(e, STATUS_DATA,
                   "%s: input ended early after %llu records: the program before this one failed "
                   "or was cut off",
                   input_name(&in->input), (unsigned long long)in->all.records);
}

/* ---- header ---- */

static int bad_header(const struct frame_in *in, struct err *e)
{
    return at_place(in, in->input_parts + 1, -1, -1, e);
}

static int check_kind(struct frame_in *in, struct err *e)
{
    int kind = (int)in->meta.kind;
    if (in->kind >= 0 && kind != in->kind) {
        err_set(e, STATUS_DATA, "holds %s where %s are expected: %s", stream_kind_name[kind],
                stream_kind_name[in->kind], made_by[in->kind]);
        return bad_header(in, e);
    }
    if (in->all.parts && (!in->parts || kind == STREAM_BATCHES)) {
        err_set(e, STATUS_DATA, "another stream of %s follows the first: give one alone",
                stream_kind_name[kind]);
        return bad_header(in, e);
    }
    in->kind = kind;
    return 0;
}

static int check_version(const struct frame_in *in, unsigned major, struct err *e)
{
    if (major == STREAM_MAJOR)
        return 0;
    err_set(e, STATUS_VERSION,
            "the stream has version %u, this program reads version %d: use programs of one release",
            major, STREAM_MAJOR);
    return bad_header(in, e);
}

/* The fixed part of a header has been read. */
static int read_meta(struct frame_in *in, struct err *e)
{
    const unsigned char *p = input_bytes(&in->input);
    if (check_version(in, p[LAYOUT_MAGIC_SIZE], e))
        return e->status;
    if (p[LAYOUT_MAGIC_SIZE + 1] != 0xc5) {
        err_set(e, STATUS_DATA, "a damaged header");
        return bad_header(in, e);
    }
    size_t len = layout_get(p + 14, 2);
    if (need(in, LAYOUT_HEADER + len, e))
        return e->status;
    p = input_bytes(&in->input);
    struct meta meta;
    if (meta_parse(&meta, (struct bytes){(const char *)p + LAYOUT_HEADER, len}, e))
        return bad_header(in, e);
    if (in->has_meta)
        meta_release(&in->meta);
    in->meta = meta;
    in->has_meta = true;
    in->header_hash = XXH3_64bits(p, LAYOUT_HEADER + len);
    in->input.at += LAYOUT_HEADER + len;
    return check_kind(in, e);
}

static void begin_part(struct frame_in *in)
{
    in->inside = true;
    in->input_parts++;
    in->all.parts++;
    in->part = (struct frame_counts){.parts = in->all.parts};
    in->block = (struct cursor){0};
    in->block_records = in->record = 0;
    XXH3_64bits_reset(in->end_hash);
    layout_hash_number(in->end_hash, in->header_hash);
}

/* Between parts: reads a header, where needed from the next input. */
static enum read_result read_header(struct frame_in *in, struct err *e)
{
    for (;;) {
        if (in->input.fd >= 0 && input_need(&in->input, LAYOUT_HEADER, e))
            return READ_ERROR;
        size_t there = in->input.fd < 0 ? 0 : input_available(&in->input);
        if (there || (in->input.fd >= 0 && !in->input_parts))
            break;
        bool any;
        if (input_advance(&in->input, &any, e))
            return READ_ERROR;
        if (!any)
            return READ_END;
        in->input_parts = 0;
    }
    size_t there = input_available(&in->input);
    bool magic = there >= LAYOUT_MAGIC_SIZE &&
                 !memcmp(input_bytes(&in->input), LAYOUT_MAGIC, LAYOUT_MAGIC_SIZE);
    if (!magic && in->input_parts) {
        err_set(e, STATUS_DATA,
                "%s: bytes after the end of the stream: only another stream may follow",
                input_name(&in->input));
        return READ_ERROR;
    }
    if (!magic) {
        bool cut = there && there < LAYOUT_MAGIC_SIZE &&
                   !memcmp(input_bytes(&in->input), LAYOUT_MAGIC, there);
        if (cut)
            need(in, LAYOUT_HEADER, e);
        else
            input_describe(&in->input, in->kind < 0 ? NULL : stream_kind_name[in->kind], e);
        return READ_ERROR;
    }
    if (need(in, LAYOUT_HEADER, e) || read_meta(in, e))
        return READ_ERROR;
    begin_part(in);
    return READ_HEADER;
}

/* ---- blocks, end, abort ---- */

static int read_block(struct frame_in *in, struct err *e)
{
    if (need(in, LAYOUT_BLOCK, e))
        return e->status;
    const unsigned char *p = input_bytes(&in->input);
    if (p[3] != 0xcf || p[12] != 0xce || p[17] != 0xcf || p[26] != 0xc6)
        return bad_block(in, "its head is damaged", e);
    uint64_t sequence = layout_get(p + 4, 8), hash = layout_get(p + 18, 8);
    uint32_t records = (uint32_t)layout_get(p + 13, 4);
    size_t len = layout_get(p + 27, 4);
    if (len > BLOCK_LIMIT)
        return bad_block(in, "its length is above the limit of 8 MiB", e);
    if (need(in, LAYOUT_BLOCK + len, e))
        return e->status;
    p = input_bytes(&in->input) + LAYOUT_BLOCK;
    if (sequence != in->part.blocks)
        return bad_block(in, "another block is in its place: a block was lost, repeated or swapped",
                         e);
    if (hash != layout_block_hash(in->header_hash, sequence, records, p, len))
        return bad_block(in, "its bytes do not fit its hash: the stream was changed on the way", e);
    layout_hash_number(in->end_hash, hash);
    in->input.at += LAYOUT_BLOCK + len;
    in->block = (struct cursor){p, p + len};
    in->block_size = len;
    in->block_records = records;
    input_meter_records(in->input.meter, records);
    in->record = 0;
    in->part.blocks++, in->all.blocks++;
    in->part.bytes += len, in->all.bytes += len;
    return 0;
}

static int read_end(struct frame_in *in, struct err *e)
{
    if (need(in, LAYOUT_END, e))
        return e->status;
    const unsigned char *p = input_bytes(&in->input);
    layout_hash_number(in->end_hash, in->part.blocks);
    layout_hash_number(in->end_hash, in->part.records);
    layout_hash_number(in->end_hash, in->part.bytes);
    uint64_t blocks = layout_get(p + 4, 8), records = layout_get(p + 13, 8);
    if (p[3] != 0xcf || p[12] != 0xcf || p[21] != 0xcf || p[30] != 0xcf)
        return bad_block(in, "the end in its place is damaged", e);
    if (blocks != in->part.blocks || records != in->part.records ||
        layout_get(p + 22, 8) != in->part.bytes ||
        layout_get(p + 31, 8) != XXH3_64bits_digest(in->end_hash))
        return err_set(e, STATUS_DATA,
                       "%s: the end counts %llu records in %llu blocks, read were %llu in %llu: "
                       "blocks were lost or changed on the way",
                       input_name(&in->input), (unsigned long long)records,
                       (unsigned long long)blocks, (unsigned long long)in->part.records,
                       (unsigned long long)in->part.blocks);
    in->input.at += LAYOUT_END;
    in->inside = false;
    return 0;
}

static int read_abort(struct frame_in *in, struct err *e)
{
    if (need(in, LAYOUT_ABORT, e))
        return e->status;
    const unsigned char *p = input_bytes(&in->input);
    if (p[3] != 0xcc || p[5] != 0xd9)
        return bad_block(in, "the abort in its place is damaged", e);
    size_t len = p[6];
    if (need(in, LAYOUT_ABORT + len, e))
        return e->status;
    p = input_bytes(&in->input) + LAYOUT_ABORT;
    char text[256];
    for (size_t i = 0; i < len; i++)
        text[i] = p[i] < ' ' || p[i] == 0x7f ? '?' : (char)p[i];
    return err_set(e, STATUS_DATA, FRAME_RELAY "%.*s", (int)len, text);
}

static int read_object(struct frame_in *in, struct err *e)
{
    if (need(in, LAYOUT_TAG, e))
        return e->status;
    const unsigned char *p = input_bytes(&in->input);
    if (!memcmp(p,
                "\x95\xa1"
                "B",
                LAYOUT_TAG))
        return read_block(in, e);
    if (!memcmp(p,
                "\x95\xa1"
                "E",
                LAYOUT_TAG))
        return read_end(in, e);
    if (!memcmp(p,
                "\x93\xa1"
                "X",
                LAYOUT_TAG))
        return read_abort(in, e);
    if (!memcmp(p, LAYOUT_MAGIC, LAYOUT_TAG))
        return bad_block(in, "another stream begins before this one has ended", e);
    return bad_block(in, "here is neither a block nor the end of the stream", e);
}

/* Takes the next record of the current block; there is one. */
static int take_record(struct frame_in *in, struct bytes *record, struct err *e)
{
    in->record++;
    if (in->record > in->block_records || !cursor_value(&in->block, CURSOR_DEPTH, record)) {
        if (in->record > in->block_records)
            err_set(e, STATUS_DATA, "the block holds more records than its head says");
        else
            err_set(e, STATUS_DATA, "cut, or nested more than %d deep", CURSOR_DEPTH);
        return frame_in_at(in, e);
    }
    in->part.records++, in->all.records++;
    if (in->digest)
        XXH3_64bits_update(in->digest, record->at, record->len);
    return 0;
}

enum read_result frame_in_next(struct frame_in *in, struct bytes *record, struct err *e)
{
    for (;;) {
        if (in->block.at != in->block.end)
            return take_record(in, record, e) ? READ_ERROR : READ_RECORD;
        if (in->record != in->block_records) {
            err_set(e, STATUS_DATA, "the block holds %u records, its head says %u", in->record,
                    in->block_records);
            at_place(in, in->input_parts, (int64_t)in->part.blocks - 1, -1, e);
            return READ_ERROR;
        }
        if (!in->inside)
            return read_header(in, e);
        if (read_object(in, e))
            return READ_ERROR;
    }
}

/* Whether the object that comes next in the part is in the buffer whole. */
static bool object_there(const struct frame_in *in)
{
    size_t there = input_available(&in->input);
    const unsigned char *p = input_bytes(&in->input);
    if (there < LAYOUT_TAG)
        return false;
    switch (p[2]) {
    case 'B':
        return there >= LAYOUT_BLOCK && there >= LAYOUT_BLOCK + layout_get(p + 27, 4);
    case 'E':
        return there >= LAYOUT_END;
    case 'X':
        return there >= LAYOUT_ABORT && there >= LAYOUT_ABORT + (size_t)p[6];
    }
    return true; /* an error, without waiting */
}

bool frame_in_flushed(const struct frame_in *in)
{
    return in->block.at == in->block.end && in->block_size < BLOCK_TARGET;
}

bool frame_in_would_wait(struct frame_in *in)
{
    if (in->block.at != in->block.end || in->input.fd < 0)
        return false;
    while (!in->input.ended && !object_there(in))
        if (!input_poll(&in->input))
            return true;
    return false;
}
