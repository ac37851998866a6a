/* Outputs whose records wait for the header. */
#include "stream/output.h"

#include <unistd.h>

#include "../files.h"
#include "../tap.h"
#include "../streams.h"

static void open_as(struct output *s, const char *path, const char *version)
{
    struct meta m;
    struct err e = {0};
    stream_meta(&m, STREAM_SESSIONS);
    must(output_open(s, path, false, &m, "maker", version, (struct bytes){0}, &e), &e);
    meta_release(&m);
}

/* Items of `size` bytes each. */
static void write_items(struct frame_out *out, int count, size_t size)
{
    struct buf name = {0};
    struct err e = {0};
    for (int i = 0; i < count; i++) {
        buf_clear(&name);
        buf_format(&name, "%0*d", (int)size, i);
        must(write_item(out, i, (struct bytes){name.at, name.len}, (struct attributes){{0}}, &e),
             &e);
    }
    buf_release(&name);
}

/* The items written straight, and behind a header that comes after them: the same bytes. */
static void poured(int count, size_t size, uint64_t blocks, const char *name)
{
    struct output straight = {0}, late = {0};
    struct err e = {0};
    open_as(&straight, "straight", "1");
    write_items(&straight.out, count, size);
    must(output_finish(&straight, &e), &e);

    must(output_hold(&late, "late", &e), &e);
    write_items(&late.out, count, size);
    tap_ok(!late.begun, "%s: held before the header", name);
    open_as(&late, "late", "1");
    tap_ok(late.begun && !output_pour(&late, &e), "%s: poured", name);
    must(output_finish(&late, &e), &e);
    struct buf one = bytes_of_file("straight"), other = bytes_of_file("late");
    tap_ok(one.len && straight.out.blocks == blocks &&
               bytes_equal((struct bytes){one.at, one.len}, (struct bytes){other.at, other.len}),
           "%s: the stream is as if it had been written straight, in %llu blocks", name,
           (unsigned long long)straight.out.blocks);
    buf_release(&one);
    buf_release(&other);
}

/* Records that come after the header, and a failure before it. */
static void later(void)
{
    struct output s = {0};
    struct err e = {0};
    must(output_hold(&s, "late", &e), &e);
    write_items(&s.out, 3, 10);
    open_as(&s, "late", "1");
    must(output_pour(&s, &e), &e);
    struct meta m;
    stream_meta(&m, STREAM_SESSIONS);
    tap_ok(!write_epoch(&s.out, (struct epoch){1, PART_TRAIN}, &e) && !output_finish(&s, &e) &&
               s.out.records == 4,
           "what comes later follows what was held");
    must(output_hold(&s, "never", &e), &e);
    write_items(&s.out, 3, 10);
    tap_ok(s.held.scratch.fd < 0, "what fits into a block needs no file");
    write_items(&s.out, 3, BLOCK_TARGET);
    tap_ok(!strcmp(s.held.scratch.folder, "."), "which is in the folder of the output");
    e = (struct err){STATUS_DATA, "x"};
    output_abort(&s, &e);
    tap_ok(access("never", F_OK), "a failure before the header leaves nothing");
    must(output_hold(&s, "never", &e), &e);
    write_items(&s.out, 3, 10);
    open_as(&s, "never", "1");
    output_abort(&s, &e);
    tap_ok(access("never", F_OK), "nor does one after it");
    meta_release(&m);
}

static void refused(void)
{
    struct err e = {0};
    struct output s = {0};
    struct buf name = {0};
    must(output_hold(&s, "no/such/folder/out", &e), &e);
    buf_reserve(&name, BLOCK_TARGET);
    memset(name.at, 'x', BLOCK_TARGET);
    struct bytes wide = {name.at, BLOCK_TARGET};
    tap_ok(write_item(&s.out, 0, wide, (struct attributes){{0}}, &e) == STATUS_CANTCREATE &&
               strstr(e.text, "no/such/folder"),
           "a folder that is not there is named: %s", e.text);
    output_abort(&s, &e);
    setenv("TMPDIR", "no/such/place", 1);
    must(output_hold(&s, NULL, &e), &e);
    tap_ok(write_item(&s.out, 0, wide, (struct attributes){{0}}, &e) == STATUS_CANTCREATE &&
               strstr(e.text, "cannot create a temporary file in no/such/place") == e.text,
           "and so is that of standard output: %s", e.text);
    buf_release(&name);
    output_abort(&s, &e);
}

int main(void)
{
    poured(0, 1, 0, "no record");
    poured(5, 10, 1, "a part of a block");
    poured(3000, 100, 6, "several blocks");
    poured(3, BLOCK_TARGET, 3, "records as large as blocks");
    later();
    refused();
    return tap_done();
}
