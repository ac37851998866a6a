/* lib/stream/renumber: what a filter left is the same part, whether it is held in memory or in a
 * file, and whatever was held before. */
#include "stream/renumber.h"

#include <stdlib.h>
#include <unistd.h>

#include "base/random.h"
#include "stream/layout.h"
#include "stream/record.h"

#include "../streams.h"
#include "../tap.h"

enum { USERS = 40, ITEMS = 90, SESSIONS = 300, LONGEST = 12 };

static struct output_file file_of(FILE *file)
{
    return (struct output_file){.fd = fileno(file)};
}

static void take(struct renumber *r, msgpack_sbuffer *record)
{
    struct err e;
    if (renumber_take(r, (struct bytes){record->data, record->size}, &e))
        printf("Bail out! %s\n", e.text), exit(1);
    msgpack_sbuffer_clear(record);
}

static void define_all(struct renumber *r, const char *tag, int32_t count, int32_t every)
{
    msgpack_sbuffer record;
    msgpack_packer pk;
    msgpack_sbuffer_init(&record);
    msgpack_packer_init(&pk, &record, msgpack_sbuffer_write);
    for (int32_t id = 0; id < count; id++) {
        if (id % every == 1)
            continue;
        msgpack_pack_array(&pk, 3);
        pack_text(&pk, bytes_of(tag));
        msgpack_pack_int32(&pk, id);
        pack_text(&pk, bytes_of("name"));
        take(r, &record);
    }
    msgpack_sbuffer_destroy(&record);
}

/* Sessions of every fourth user that there is, of items that there are. */
static void add_sessions(struct renumber *r, uint64_t seed)
{
    struct random random = random_of(seed, 0);
    msgpack_sbuffer record;
    msgpack_packer pk;
    struct err e;
    msgpack_sbuffer_init(&record);
    msgpack_packer_init(&pk, &record, msgpack_sbuffer_write);
    for (int i = 0; i < SESSIONS; i++) {
        int64_t times[LONGEST] = {0};
        int32_t items[LONGEST];
        size_t count = 1 + random_below(&random, LONGEST);
        for (size_t k = 0; k < count; k++)
            items[k] = 3 * (int32_t)random_below(&random, ITEMS / 3);
        msgpack_pack_array(&pk, 5);
        pack_text(&pk, bytes_of("session"));
        msgpack_pack_int32(&pk, 4 * (int32_t)random_below(&random, USERS / 4));
        msgpack_pack_int(&pk, 0);
        pack_array(&pk, COLUMN_I64, times, count);
        pack_array(&pk, COLUMN_I32, items, count);
        take(r, &record);
        if (i % 50 == 0)
            renumber_pause(r, &e);
    }
    msgpack_sbuffer_destroy(&record);
}

/* The bytes of the part that comes out. */
static void part_of(struct renumber *r, uint64_t seed, struct buf *to)
{
    struct meta m = {.kind = STREAM_SESSIONS};
    struct frame_out out = {0};
    struct err e;
    char chunk[4096];
    FILE *file = tmpfile();
    struct output_file sink = file_of(file);
    define_all(r, "user", USERS, 2);
    define_all(r, "item", ITEMS, 3);
    add_sessions(r, seed);
    int status = frame_out_open(&out, &sink, &m, true, &e) || renumber_write(r, &out, &e) ||
                 frame_out_end(&out, &e);
    if (status)
        printf("Bail out! %s\n", e.text), exit(1);
    frame_out_release(&out);
    rewind(file);
    buf_clear(to);
    for (size_t n; (n = fread(chunk, 1, sizeof chunk, file)) > 0;)
        buf_append(to, chunk, n);
    fclose(file);
}

/* Records that have not the form of those that are renumbered come out as they went in. */
static void other_forms(void)
{
    static const char *const forms[] = {"7",
                                        "[]",
                                        "[7]",
                                        "[\"later\",0]",
                                        "[\"user\"]",
                                        "[\"user\",-1,\"a\"]",
                                        "[\"session\",0]",
                                        "[\"session\",0,0]",
                                        "[\"session\",0,0,l[1]]",
                                        "[\"session\",0,0,l[1],7]",
                                        "[\"session\",0,0,l[1],l[0]]",
                                        "[\"session\",0,0,l[1],x\"c702010000\"]"};
    struct renumber r = {0};
    struct meta m = {.kind = STREAM_SESSIONS};
    struct frame_out out;
    struct buf went = {0}, came = {0};
    struct err e;
    for (size_t i = 0; i < sizeof forms / sizeof *forms; i++) {
        struct buf record = {0};
        notation_value(forms[i], &record);
        must(renumber_take(&r, (struct bytes){record.at, record.len}, &e), &e);
        buf_append(&went, record.at, record.len);
        buf_release(&record);
    }
    FILE *file = stream_temporary();
    struct output_file sink = file_of(file);
    must(frame_out_open(&out, &sink, &m, false, &e), &e);
    must(renumber_write(&r, &out, &e), &e);
    must(frame_out_end(&out, &e), &e);
    stream_bytes(file, &came);
    tap_ok(came.len > went.len + LAYOUT_END && out.records == sizeof forms / sizeof *forms &&
               !memcmp(came.at + came.len - LAYOUT_END - went.len, went.at, went.len),
           "other forms come out as they went in");
    frame_out_release(&out);
    renumber_release(&r);
    buf_release(&went);
    buf_release(&came);
}

/* What is held needs a file that cannot be made, and goes to a full disk. */
static void nowhere(void)
{
    struct meta m = {.kind = STREAM_SESSIONS};
    struct err e = {0};
    struct buf record = {0};
    notation_value("[\"later\",0]", &record);
    struct bytes later = {record.at, record.len};
    setenv("TMPDIR", "no/such/place", 1);
    for (size_t limit = 2; limit < 8; limit += 4) {
        struct renumber r = {.held.limit = limit};
        tap_ok(renumber_take(&r, later, &e) == STATUS_CANTCREATE && strstr(e.text, "no/such/place"),
               "more than %zu bytes and no folder for them: %s", limit, e.text);
        renumber_release(&r);
    }
    unsetenv("TMPDIR");
    struct renumber r = {0};
    struct frame_out out;
    FILE *file = stream_temporary();
    struct output_file sink = file_of(file);
    must(frame_out_open(&out, &sink, &m, true, &e), &e);
    sink.fd = open("/dev/full", O_WRONLY | O_CLOEXEC);
    must(renumber_take(&r, later, &e) || renumber_pause(&r, &e), &e);
    tap_ok(renumber_write(&r, &out, &e) == STATUS_IO, "a full disk: %s", e.text);
    close(sink.fd);
    fclose(file);
    frame_out_release(&out);
    renumber_release(&r);
    buf_release(&record);
}

int main(void)
{
    other_forms();
    nowhere();
    struct renumber memory = {0}, filed = {.held.limit = 100};
    struct buf one = {0}, other = {0}, again = {0};
    part_of(&memory, 1, &one);
    part_of(&filed, 1, &other);
    tap_ok(one.len > 10000 && one.len == other.len && !memcmp(one.at, other.at, one.len),
           "held in memory and in a file: the same bytes");
    part_of(&filed, 2, &other);
    part_of(&filed, 1, &again);
    tap_ok(other.len != one.len && again.len == one.len && !memcmp(one.at, again.at, one.len),
           "nothing stays of the parts before");
    renumber_release(&memory);
    renumber_release(&filed);
    buf_release(&one);
    buf_release(&other);
    buf_release(&again);
    return tap_done();
}
