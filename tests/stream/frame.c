/* The frame: damage of every kind is found, limits hold, what is written is read. */
#include <math.h>

#include "stream/layout.h"
#include "../limit_memory.h"
#include "../streams.h"
#include "../tap.h"

/* Every proper beginning is an error. */
static void cut_everywhere(int kind)
{
    struct buf s = {0};
    struct err e;
    size_t accepted = 0, other = 0;
    stream_make(kind, true, &s);
    tap_ok(!stream_check(s.at, s.len, &e), "%s are read", sample_name[kind]);
    for (size_t n = 0; n < s.len; n++) {
        int status = stream_check(s.at, n, &e);
        accepted += !status;
        other += status != STATUS_DATA;
    }
    tap_ok(!accepted && !other, "%s cut at each of %zu bytes: status 65", sample_name[kind], s.len);
    buf_release(&s);
}

static void every_bit(int kind)
{
    struct buf s = {0};
    struct err e;
    size_t accepted = 0, other = 0;
    stream_make(kind, true, &s);
    for (size_t bit = 0; bit < 8 * s.len; bit++) {
        s.at[bit / 8] ^= (char)(1 << bit % 8);
        int status = stream_check(s.at, s.len, &e);
        accepted += !status;
        other += status != STATUS_DATA && !(status == STATUS_VERSION && bit / 8 == 12);
        s.at[bit / 8] ^= (char)(1 << bit % 8);
    }
    tap_ok(!accepted && !other, "%s with each of %zu bits flipped: status 65 (76: the version)",
           sample_name[kind], 8 * s.len);
    buf_release(&s);
}

/* ---- what is read and written again is the same ---- */

static int copy_record(struct frame_out *out, enum stream_kind kind, const union any_record *r,
                       struct err *e)
{
    const struct predictions_record *p = &r->predictions;
    const struct batches_record *b = &r->batches;
    const struct named *n = &p->named; /* the records of all kinds begin alike */
    switch (p->kind) {
    case RECORD_USER:
        return write_user(out, n->id, n->name, n->attributes, e);
    case RECORD_ITEM:
        return write_item(out, n->id, n->name, n->attributes, e);
    case RECORD_SESSION:
        return write_session(out, &r->sessions.session, e);
    case RECORD_EPOCH:
        return write_epoch(out, kind == STREAM_BATCHES ? b->epoch : p->epoch, e);
    case RECORD_BATCH:
        return write_batch(out, column_i32(b->number), b->number.len, b->learn, e);
    case RECORD_PARALLEL:
        return write_parallel(out, column_i32(b->slot), column_i32(b->number), b->number.len, e);
    case RECORD_AGAIN:
        return write_again(out, b->again, e);
    case RECORD_RANK:
        return write_ranks(out, &p->ranks, e);
    case RECORD_TOP:
        return write_tops(out, &p->tops, e);
    case RECORD_ATTENTION:
        return write_attention(out, &p->attention, e);
    case RECORD_INTENT:
        return write_intents(out, &p->intents, e);
    case RECORD_PASS:
        return write_pass(out, &p->pass, e);
    }
    return 1;
}

static void copied(int kind)
{
    struct buf s = {0}, copy = {0};
    struct err e = {0};
    struct any_in in;
    union any_record r;
    struct frame_out out;
    FILE *file = stream_temporary();
    struct output_file sink = {.fd = fileno(file)};
    stream_make(kind, false, &s);
    const char *path = stream_file(s.at, s.len);
    must(any_in_open(&in, &path, 1, &e), &e);
    must(frame_out_open(&out, &sink, any_in_meta(&in), false, &e), &e);
    while (any_in_next(&in, &r, &e) == READ_RECORD)
        must(copy_record(&out, in.kind, &r, &e), &e);
    must(e.status, &e);
    must(frame_out_end(&out, &e), &e);
    frame_out_release(&out);
    any_in_close(&in);
    stream_bytes(file, &copy);
    tap_ok(bytes_equal((struct bytes){s.at, s.len}, (struct bytes){copy.at, copy.len}),
           "%s read and written again are the same %zu bytes", sample_name[kind], s.len);
    buf_release(&s);
    buf_release(&copy);
}

/* ---- bombs behind hashes that are right ---- */

struct claim {
    const char *bytes;
    size_t n;
};

static void raw_record(struct frame_out *out, const void *context, struct err *e)
{
    const struct claim *claim = context;
    frame_out_record(out);
    buf_append(&out->block, claim->bytes, claim->n);
    must(frame_out_commit(out, e), e);
}

static void bombs(void)
{
    enum { DEEP = 1000000 };
    char *deep = mem_alloc(DEEP);
    memset(deep, '\x91', DEEP);
    const struct claim claims[] = {
        {"\xc6\xff\xff\xff\xff", 5},
        {"\xdb\xff\xff\xff\xff", 5},
        {"\xdd\xff\xff\xff\xff", 5},
        {"\xdf\xff\xff\xff\xff", 5},
        {"\x93\xa4user\x00\xdb\xff\xff\xff\xff", 12},
        {"\x95\xa7session\x00\x00\xc9\xff\xff\xff\xff\x02", 17},
        {"\x92\xa5"
         "batch\xdf\xff\xff\xff\xff",
         12},
        {deep, DEEP},
    };
    for (size_t i = 0; i < sizeof claims / sizeof *claims; i++)
        for (int kind = 0; kind < 3; kind++) {
            struct buf s = {0};
            struct err e;
            stream_of(kind, false, raw_record, &claims[i], &s);
            int status = stream_check(s.at, s.len, &e);
            tap_ok(status == STATUS_DATA && strstr(e.text, "block 0, record 0: cut, or nested"),
                   "bomb %zu in %s is refused without memory", i, stream_kind_name[kind]);
            buf_release(&s);
        }
    mem_free(deep);
}

/* Claims of a block's head: over the limit, or far more than there is. */
static void claimed_lengths(void)
{
    static const uint32_t lengths[] = {BLOCK_LIMIT + 1, UINT32_MAX, BLOCK_LIMIT};
    struct buf s = {0};
    struct err e;
    stream_make(STREAM_SESSIONS, true, &s);
    size_t block = LAYOUT_HEADER + layout_get((unsigned char *)s.at + 14, 2);
    for (size_t i = 0; i < 3; i++) {
        layout_put((unsigned char *)s.at + block + 27, 4, lengths[i]);
        tap_ok(stream_check(s.at, s.len, &e) == STATUS_DATA &&
                   strstr(e.text, i < 2 ? "block 0: its length is above" : "input ended early"),
               "a block that claims %u bytes is refused", lengths[i]);
    }
    buf_release(&s);
}

/* The count in a head is covered by the hash, and checked against what is there. */
static void wrong_counts(void)
{
    static const char *const messages[] = {"the block holds more records than its head says",
                                           "the block holds 1 records, its head says 2"};
    for (unsigned i = 0; i < 2; i++) {
        struct buf s = {0};
        struct err e;
        stream_of(STREAM_PREDICTIONS, false, raw_record, &(struct claim){"\x91\xa1z", 3}, &s);
        unsigned char *header = (unsigned char *)s.at;
        size_t block = LAYOUT_HEADER + layout_get(header + 14, 2);
        uint32_t records = 2 * i;
        layout_put(header + block + 13, 4, records);
        layout_put(header + block + 18, 8,
                   layout_block_hash(XXH3_64bits(header, block), 0, records,
                                     header + block + LAYOUT_BLOCK, 3));
        tap_ok(stream_check(s.at, s.len, &e) == STATUS_DATA && strstr(e.text, messages[i]),
               "a head that says %u records of 1: %s", records, messages[i]);
        buf_release(&s);
    }
}

/* ---- large records ---- */

static void large_records(struct frame_out *out, const void *context, struct err *e)
{
    const size_t *sizes = context;
    char *name = mem_zero(1, BLOCK_LIMIT);
    for (; *sizes; sizes++) {
        msgpack_packer *pk = frame_out_record(out);
        msgpack_pack_array(pk, 2);
        pack_text(pk, bytes_of("z"));
        msgpack_pack_bin(pk, *sizes);
        msgpack_pack_bin_body(pk, name, *sizes);
        must(frame_out_commit(out, e), e);
    }
    mem_free(name);
}

static void large(void)
{
    /* What would make a block of more than 8 MiB begins one of its own. */
    static const size_t sizes[] = {60000, BLOCK_LIMIT - 8, 1, BLOCK_LIMIT - 8, 70000, 1, 0};
    struct buf s = {0};
    struct err e;
    stream_of(STREAM_PREDICTIONS, false, large_records, sizes, &s);
    tap_ok(!stream_check(s.at, s.len, &e), "records of 8 MiB are read: %s", e.text);
    unsigned char *end = (unsigned char *)s.at + s.len - LAYOUT_END;
    tap_ok(layout_get(end + 4, 8) == 6 && layout_get(end + 13, 8) == 6, "6 blocks of 6 records");
    buf_release(&s);
}

static void too_large(void)
{
    struct buf record = {0};
    struct frame_out out;
    struct meta m;
    struct err e;
    FILE *file = stream_temporary();
    struct output_file sink = {.fd = fileno(file)};
    stream_meta(&m, STREAM_SESSIONS);
    must(frame_out_open(&out, &sink, &m, false, &e), &e);
    buf_reserve(&record, BLOCK_LIMIT + 1);
    msgpack_packer *pk = frame_out_record(&out);
    msgpack_pack_bin(pk, BLOCK_LIMIT);
    memset(record.at, 0, BLOCK_LIMIT);
    msgpack_pack_bin_body(pk, record.at, BLOCK_LIMIT);
    tap_ok(frame_out_commit(&out, &e) == STATUS_DATA && strstr(e.text, "the limit is 8 MiB"),
           "a record of more than 8 MiB is not written");
    struct named user = {.name = {record.at, (64 << 10) + 1}};
    tap_ok(write_user(&out, 0, user.name, user.attributes, &e) == STATUS_DATA,
           "nor a name of more than 64 KiB");
    user.name.len--;
    tap_ok(!write_user(&out, 0, user.name, user.attributes, &e), "but one of 64 KiB");
    struct pass pass = {{1, PART_TEST}, NAN, 1, 0};
    tap_ok(write_pass(&out, &pass, &e) == STATUS_FAIL, "a loss that is no number is not written");
    frame_out_release(&out);
    meta_release(&m);
    buf_release(&record);
    fclose(file);
}

int main(void)
{
    for (int kind = 0; kind < SAMPLE_COUNT; kind++) {
        cut_everywhere(kind);
        every_bit(kind);
        copied(kind);
    }
    large();
    too_large();
    wrong_counts();
    claimed_lengths();
    limit_memory(64 << 20);
    bombs();
    return tap_done();
}
