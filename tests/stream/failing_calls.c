/* Streams that are written and read while each system call fails in turn. */
#define _GNU_SOURCE
#include "../failing_calls.h"

#include <stdlib.h>

#include "stream/from_json.h"
#include "stream/to_json.h"

#include "../files.h"
#include "../streams.h"

static const char *sample_file[SAMPLE_COUNT] = {"sessions.mp", "batches.mp", "predictions.mp",
                                                "parallel.mp"};

/* Sessions of another user. */
#define OTHERS "[\"user\",0,\"b\"] [\"item\",0,\"z\"] [\"session\",0,0,l[1,2],i[0,0]]"

static int opened(struct output *s, const struct meta *m, struct err *e)
{
    return output_open(s, "out", true, m, "maker", "1", (struct bytes){0}, e);
}

/* Items of half a block each, then a user. */
static int wide_items(struct frame_out *out, int count, struct err *e)
{
    static char name[BLOCK_TARGET / 2];
    int status = 0;
    memset(name, 'x', sizeof name);
    for (int i = 0; i < count && !status; i++)
        status = write_item(out, i, (struct bytes){name, sizeof name}, (struct attributes){{0}}, e);
    return status ? status : frame_out_pause(out, e);
}

static int ended(struct output *s, struct meta *m, int status, struct buf *made, struct err *e)
{
    meta_release(m);
    if (!status)
        status = output_finish(s, e);
    if (status)
        output_abort(s, e);
    return status ? status : taken("out", made);
}

static int written(struct buf *made, struct err *e)
{
    struct output s = {0};
    struct meta m;
    stream_meta(&m, STREAM_SESSIONS);
    int status = opened(&s, &m, e);
    return ended(&s, &m, status ? status : wide_items(&s.out, 5, e), made, e);
}

static int held(struct buf *made, struct err *e)
{
    struct output s = {0};
    struct meta m;
    stream_meta(&m, STREAM_SESSIONS);
    int status = output_hold(&s, "out", e);
    if (!status)
        status = wide_items(&s.out, 5, e);
    if (!status)
        status = opened(&s, &m, e);
    if (!status)
        status = output_pour(&s, e);
    return ended(&s, &m, status, made, e);
}

/* Left behind the third item, and gone on with. */
static int continued(struct buf *made, struct err *e)
{
    struct output s = {0};
    struct meta m;
    uint64_t length = 0;
    char left[80] = "";
    stream_meta(&m, STREAM_SESSIONS);
    int status = opened(&s, &m, e);
    if (!status)
        status = wide_items(&s.out, 3, e);
    if (!status)
        status = output_file_keep(&s.sink, &length, e);
    if (s.sink.temporary)
        snprintf(left, sizeof left, "%s", s.sink.temporary);
    struct frame_stand stand = {.length = length};
    if (!status) {
        output_abort(&s, e);
        status =
            output_continue(&s, "out", true, &m, "maker", "1", (struct bytes){0}, left, &stand, e);
    }
    if (!status)
        status = wide_items(&s.out, 1, e);
    status = ended(&s, &m, status, made, e);
    if (status)
        unlink(left); /* it is kept for another try */
    return status;
}

static int append(void *to, struct buf *text, struct err *e)
{
    (void)e;
    buf_append(to, text->at, text->len);
    buf_clear(text);
    return 0;
}

static int as_lines(const char *const *paths, int count, struct buf *made, struct err *e)
{
    struct frame_in *in;
    struct buf text = {0};
    int status = frame_in_open(&in, paths, count, -1, true, e);
    if (!status)
        status = to_json_lines(in, UINT64_MAX, &text, append, made, e);
    frame_in_close(in);
    buf_release(&text);
    return status;
}

static int shown(struct buf *made, struct err *e)
{
    return as_lines((const char *const[]){sample_file[0], sample_file[0]}, 2, made, e);
}

static int read_typed(const char *const *paths, int count, struct buf *made, struct err *e)
{
    struct any_in in = {0};
    union any_record r;
    enum read_result got = READ_END;
    int status = any_in_open(&in, paths, count, e);
    while (!status && (got = any_in_next(&in, &r, e)) > READ_END)
        buf_byte(made, (char)got);
    status = got == READ_ERROR ? e->status : status;
    any_in_close(&in);
    return status;
}

static int read_sessions(struct buf *made, struct err *e)
{
    return read_typed((const char *const[]){sample_file[0], "others.mp"}, 2, made, e);
}

static int read_predictions(struct buf *made, struct err *e)
{
    return read_typed((const char *const[]){sample_file[2], sample_file[2]}, 2, made, e);
}

static int read_batches(struct buf *made, struct err *e)
{
    return read_typed(&sample_file[1], 1, made, e);
}

/* Sessions that wait for their end in a file, as far as they do not fit into 64 bytes. */
static int from_lines(struct buf *made, struct err *e)
{
    static const char *const path = "lines";
    struct output_file sink;
    int status = output_file_open(&sink, "out", e);
    if (status)
        return status;
    struct from_json b = {.sink = &sink, .held.held.limit = 64};
    status = from_json_inputs(&b, &path, 1, e);
    if (status)
        from_json_abort(&b, "spcat", e);
    from_json_release(&b);
    if (!status)
        status = output_file_commit(&sink, e);
    else
        output_file_discard(&sink);
    return status ? status : taken("out", made);
}

int main(void)
{
    struct buf s = {0}, lines = {0};
    struct err e = {0};
    setenv("TMPDIR", ".", 1);
    for (int i = 0; i < SAMPLE_COUNT; i++) {
        stream_make(i, true, &s);
        bytes_to_file(sample_file[i], s.at, s.len);
        buf_clear(&s);
    }
    stream_of(STREAM_SESSIONS, true, notated_records, OTHERS, &s);
    bytes_to_file("others.mp", s.at, s.len);
    must(as_lines(sample_file, 1, &lines, &e), &e);
    bytes_to_file("lines", lines.at, lines.len);
    each_call_fails("written", written);
    each_call_fails("held", held);
    each_call_fails("continued", continued);
    each_call_fails("shown", shown);
    each_call_fails("sessions", read_sessions);
    each_call_fails("batches", read_batches);
    each_call_fails("predictions", read_predictions);
    each_call_fails("from lines", from_lines);
    each_call_fails_of(20, "sessions, 20 bytes at a time", read_sessions);
    each_call_fails_of(20, "shown, 20 bytes at a time", shown);
    each_call_fails_of(20, "from lines, 20 bytes at a time", from_lines);
    buf_release(&s);
    buf_release(&lines);
    return tap_done();
}
