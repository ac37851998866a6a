/* The frame: damage of every kind is found, limits hold, what is written is read. */
#define _GNU_SOURCE /* memmem */
#include <math.h>
#include <signal.h>

#include "base/signals.h"

#include "stream/layout.h"
#include "stream/to_json.h"
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
    const char *path = stream_file(s.at, s.len);
    struct frame_in *in;
    struct bytes record;
    size_t flushed = 0;
    must(frame_in_open(&in, &path, 1, -1, true, &e), &e);
    for (enum read_result got; (got = frame_in_next(in, &record, &e)) > READ_END;)
        flushed += got == READ_RECORD && frame_in_flushed(in);
    frame_in_close(in);
    tap_ok(flushed == 3, "of them %zu are no full ones", flushed);
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

/* ---- aborts ---- */

/* A stream that fails with `text`, and *at: where its abort begins. */
static void aborted(const char *text, struct buf *to, size_t *at)
{
    struct err e = {0}, why;
    struct meta m;
    struct frame_out out;
    FILE *file = stream_temporary();
    struct output_file sink = {.fd = fileno(file)};
    stream_meta(&m, STREAM_SESSIONS);
    must(frame_out_open(&out, &sink, &m, true, &e), &e);
    sessions_records(&out, &e);
    *at = (size_t)lseek(sink.fd, 0, SEEK_CUR);
    err_set(&why, STATUS_DATA, "%s", text);
    frame_out_abort(&out, &why);
    frame_out_abort(&out, &why); /* once */
    frame_out_release(&out);
    meta_release(&m);
    buf_clear(to);
    stream_bytes(file, to);
}

static void damaged_aborts(void)
{
    struct buf s = {0};
    struct err e;
    size_t at, wrong = 0, flipped = 0;
    aborted("line 1", &s, &at);
    tap_ok(stream_check(s.at, s.len, &e) == STATUS_DATA &&
               !strcmp(e.text, "the program before this one failed: maker: line 1"),
           "an abort: %s", e.text);
    for (size_t n = at; n < s.len; n++)
        wrong += stream_check(s.at, n, &e) != STATUS_DATA || !strstr(e.text, "input ended early");
    tap_ok(!wrong, "cut at each of its %zu bytes the input ended early", s.len - at);
    for (size_t bit = 8 * at; bit < 8 * s.len; bit++) {
        s.at[bit / 8] ^= (char)(1 << bit % 8);
        wrong += stream_check(s.at, s.len, &e) != STATUS_DATA;
        flipped += strstr(e.text, "the abort in its place is damaged") != NULL;
        s.at[bit / 8] ^= (char)(1 << bit % 8);
    }
    tap_ok(!wrong && flipped == 16, "with each bit flipped: status 65, %zu damaged forms", flipped);
    buf_release(&s);
}

/* Control characters are not shown, long messages are cut where a character ends. */
static void abort_texts(void)
{
    char text[400];
    struct buf s = {0};
    struct err e;
    size_t at;
    aborted("a\nb\x7f", &s, &at);
    stream_check(s.at, s.len, &e);
    tap_ok(strstr(e.text, "maker: a?b?") != NULL, "control characters: %s", e.text);
    for (int i = 0; i < 6; i++) {
        static const char tail[] = "\xf0\x9f\x98\x80"
                                   "\xf0\x9f\x98\x80";
        memset(text, 'x', sizeof text);
        snprintf(text + 255 - strlen("maker: ") - (size_t)i, 40, "%s and more", tail);
        aborted(text, &s, &at);
        size_t shown = (size_t)(unsigned char)s.at[at + 6];
        tap_ok(shown == (size_t)(i < 4 ? 255 - i : 255 - (i - 4)),
               "%d bytes of characters of 4 fit: %zu are shown", i, shown);
    }
    memset(text, '\x80', sizeof text);
    text[sizeof text - 1] = 0;
    aborted(text, &s, &at);
    tap_ok((unsigned char)s.at[at + 6] == 251, "what is no UTF-8 loses no more than 4 bytes");
    buf_release(&s);
}

/* ---- waiting ---- */

/* Through a pipe byte by byte: a reader that asks before each read never waits, and reads all. */
static void fed(const char *name, const struct buf *s, enum read_result last)
{
    int ends[2];
    char path[32];
    struct err e = {0};
    struct frame_in *in;
    struct bytes record;
    if (pipe(ends))
        return;
    snprintf(path, sizeof path, "/dev/fd/%d", ends[0]);
    const char *paths[] = {path};
    must(frame_in_open(&in, paths, 1, -1, true, &e), &e);
    tap_ok(!strcmp(frame_in_name(in), path) && !frame_in_would_wait(in),
           "%s: before the input is open there is nothing to wait for", name);
    size_t sent = 0, records = 0, flushed = 0;
    enum read_result got = READ_RECORD;
    if (write(ends[1], s->at, 1) == 1) /* what opens the input reads its header */
        for (sent = 1; sent < LAYOUT_HEADER + layout_get((unsigned char *)s->at + 14, 2); sent++)
            if (write(ends[1], s->at + sent, 1) < 0)
                break;
    got = frame_in_next(in, &record, &e);
    bool begun = got == READ_HEADER;
    while (got > READ_END) {
        if (sent == s->len && close(ends[1]) == 0) /* its end is read with the end of the input */
            sent++;
        if (!frame_in_would_wait(in)) {
            got = frame_in_next(in, &record, &e);
            records += got == READ_RECORD;
            flushed += got == READ_RECORD && frame_in_flushed(in);
        } else if (write(ends[1], s->at + sent++, 1) < 0) {
            break;
        }
    }
    tap_ok(begun && got == last, "%s: byte by byte to its end: %s", name,
           last == READ_END ? "whole" : e.text);
    tap_ok(records == frame_in_counts(in).records && flushed == frame_in_counts(in).blocks,
           "%s: the last record of each of %zu blocks was flushed", name, flushed);
    frame_in_close(in);
    close(ends[0]);
    if (sent <= s->len)
        close(ends[1]);
}

static void waits(void)
{
    struct buf s = {0};
    size_t at;
    stream_make(STREAM_SESSIONS, true, &s);
    fed("a stream", &s, READ_END);
    s.at[s.len - LAYOUT_END + 2] = 'Z';
    fed("an unknown object", &s, READ_ERROR);
    aborted("why", &s, &at);
    fed("an abort", &s, READ_ERROR);
    buf_release(&s);
}

/* ---- headers, writes ---- */

static int follow(int first, int second, bool parts, struct err *e)
{
    struct buf s = {0};
    struct frame_in *in;
    struct bytes record;
    enum read_result got;
    stream_make(first, false, &s);
    stream_make(second, false, &s);
    const char *path = stream_file(s.at, s.len);
    *e = (struct err){0};
    must(frame_in_open(&in, &path, 1, -1, parts, e), e);
    while ((got = frame_in_next(in, &record, e)) > READ_END)
        ;
    frame_in_close(in);
    buf_release(&s);
    return got == READ_ERROR ? e->status : 0;
}

static void streams_that_follow(void)
{
    struct err e;
    tap_ok(!follow(STREAM_SESSIONS, STREAM_SESSIONS, true, &e), "sessions may follow sessions");
    tap_ok(follow(STREAM_SESSIONS, STREAM_SESSIONS, false, &e) == STATUS_DATA &&
               strstr(e.text, "another stream of sessions follows the first"),
           "but not where one is asked for: %s", e.text);
    tap_ok(follow(STREAM_BATCHES, STREAM_BATCHES, true, &e) == STATUS_DATA &&
               strstr(e.text, "another stream of batches follows the first"),
           "batches never do: %s", e.text);
}

static void too_long_headers(void)
{
    struct meta m;
    struct err e = {0};
    struct frame_out out;
    FILE *file = stream_temporary();
    struct output_file sink = {.fd = fileno(file), .temporary = "left"};
    struct buf text = {0};
    stream_meta(&m, STREAM_SESSIONS);
    buf_reserve(&text, 1 << 16);
    memset(text.at, 'x', 1 << 16);
    meta_add_program(&m, "p", "1", (struct bytes){0});
    struct buf options = {0};
    msgpack_packer pk;
    msgpack_packer_init(&pk, &options, buf_write);
    msgpack_pack_map(&pk, 1);
    pack_text(&pk, bytes_of("o"));
    pack_text(&pk, (struct bytes){text.at, 1 << 16});
    meta_add_program(&m, "q", "1", (struct bytes){options.at, options.len});
    tap_ok(frame_out_open(&out, &sink, &m, false, &e) == STATUS_DATA && *e.text,
           "a header of more than 64 KiB is not written: %s", e.text);
    struct buf line = {0};
    tap_ok(to_json_header(&line, &m, &e) == STATUS_DATA && !line.len, "nor shown");
    tap_ok(frame_out_continue(&out, &sink, &m, false, &(struct frame_stand){0}, &e) == STATUS_DATA,
           "nor gone on with");
    meta_release(&m);
    buf_release(&text);
    buf_release(&options);
    buf_release(&line);
    fclose(file);
}

/* A header without a minor version, which has room for one no more: it is read, and not shown. */
static void longest_header(void)
{
    struct meta m;
    struct err e = {0};
    struct buf s = {0}, text = {0}, value = {0}, shown = {0};
    struct frame_in *in;
    size_t left = 65535;
    for (int i = 0; i < 2; i++) { /* the second time as long as can be */
        stream_meta(&m, STREAM_SESSIONS);
        buf_clear(&s);
        buf_clear(&value);
        msgpack_packer pk;
        msgpack_packer_init(&pk, &value, buf_write);
        buf_reserve(&text, left);
        memset(text.at, 'x', left);
        pack_text(&pk, (struct bytes){text.at, i ? left : 1000});
        meta_set(&m, "x", (struct bytes){value.at, value.len});
        stream_with(&m, false, notated_records, "", &s);
        meta_release(&m);
        left -= layout_get((unsigned char *)s.at + 14, 2) - 1000;
    }
    char *minor = memmem(s.at, s.len, "minor", 5);
    minor[0] = 'M';
    const char *path = stream_file(s.at, s.len);
    must(frame_in_open(&in, &path, 1, -1, true, &e), &e);
    tap_ok(layout_get((unsigned char *)s.at + 14, 2) == 65535 &&
               to_json_lines(in, UINT64_MAX, &shown, NULL, NULL, &e) == STATUS_DATA && !shown.len,
           "a header of 65535 bytes: %s", e.text);
    frame_in_close(in);
    buf_release(&s);
    buf_release(&text);
    buf_release(&value);
    buf_release(&shown);
}

/* A record that makes the ones before it a block of their own, where nothing can be written. */
static void full(void)
{
    static const size_t sizes[] = {60000, BLOCK_LIMIT - 8, 0};
    struct frame_out out;
    struct err e = {0};
    struct meta m;
    FILE *file = stream_temporary();
    struct output_file sink = {.fd = fileno(file)};
    stream_meta(&m, STREAM_SESSIONS);
    must(frame_out_open(&out, &sink, &m, false, &e), &e);
    sink.fd = open("/dev/full", O_WRONLY | O_CLOEXEC);
    char *name = mem_zero(1, BLOCK_LIMIT);
    int status[2];
    for (int i = 0; i < 2; i++) {
        msgpack_packer *pk = frame_out_record(&out);
        msgpack_pack_bin(pk, sizes[i]);
        msgpack_pack_bin_body(pk, name, sizes[i]);
        status[i] = frame_out_commit(&out, &e);
    }
    tap_ok(!status[0] && status[1] == STATUS_IO, "a full disk under a large record: %s", e.text);
    close(sink.fd);
    mem_free(name);
    frame_out_release(&out);
    meta_release(&m);
    fclose(file);
}

/* From here on a signal is noted, and a reader that waits stops. */
static void stopped(void)
{
    struct buf s = {0};
    struct err e;
    stream_make(STREAM_SESSIONS, true, &s);
    signals_catch();
    tap_ok(!stream_check(s.at, s.len, &e), "before a signal a stream is read");
    raise(SIGTERM);
    tap_ok(stream_check(s.at, s.len, &e) == STATUS_IO && strstr(e.text, "stopped while reading"),
           "after it: %s", e.text);
    buf_release(&s);
}

int main(void)
{
    damaged_aborts();
    abort_texts();
    waits();
    streams_that_follow();
    too_long_headers();
    longest_header();
    full();
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
    stopped();
    return tap_done();
}
