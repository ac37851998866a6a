/* A stage's output: whole, or an abort that says why; and when a reader would have to wait. */
#include <signal.h>

#include "stream/layout.h"

#include "../files.h"
#include "../streams.h"
#include "../tap.h"

static struct err failure(const char *text)
{
    struct err e;
    err_set(&e, STATUS_DATA, "%s", text);
    return e;
}

static void write_stage(struct output *s, const char *path, bool flush)
{
    struct err e;
    struct meta m;
    stream_meta(&m, STREAM_SESSIONS);
    must(output_open(s, path, flush, &m, "tfilter", "2", (struct bytes){0}, &e), &e);
    sessions_records(&s->out, &e);
    meta_release(&m);
}

static int check_file(const char *path, struct err *e)
{
    struct any_in in;
    union any_record r;
    enum read_result result;
    *e = (struct err){0};
    if (any_in_open(&in, &path, 1, e))
        return e->status;
    while ((result = any_in_next(&in, &r, e)) > READ_END)
        ;
    any_in_close(&in);
    return e->status;
}

static void finished(void)
{
    struct output s = {0};
    struct err e;
    write_stage(&s, "whole", false);
    tap_ok(access("whole", F_OK) != 0, "before it is finished the output is not there");
    tap_ok(!output_finish(&s, &e) && !check_file("whole", &e), "then it is whole");
    output_abort(&s, &e);
    tap_ok(!check_file("whole", &e), "an abort after that changes nothing");
    struct output none = {0};
    output_abort(&none, &e);
    write_stage(&s, "whole", false);
    e = failure("x");
    output_abort(&s, &e);
    tap_ok(!check_file("whole", &e), "a stage that fails leaves the output from before");
    e = (struct err){0};
    struct meta m = {0};
    tap_ok(output_open(&s, "no/such/folder", false, &m, "p", "1", (struct bytes){0}, &e) ==
               STATUS_CANTCREATE,
           "what cannot be created is told");
    output_abort(&s, &e);
}

/* Runs a stage that fails with `text` and writes to a pipe; gives what is to be read from it. */
static int aborted(const char *text, struct err *told)
{
    int ends[2];
    char path[32];
    struct output s = {0};
    struct err why = failure(text);
    if (pipe(ends))
        return -1;
    int before = dup(STDOUT_FILENO);
    fflush(stdout);
    dup2(ends[1], STDOUT_FILENO);
    write_stage(&s, NULL, true);
    output_abort(&s, &why);
    dup2(before, STDOUT_FILENO);
    close(ends[1]);
    close(before);
    snprintf(path, sizeof path, "/dev/fd/%d", ends[0]);
    int status = check_file(path, told);
    close(ends[0]);
    return status;
}

static void aborts(void)
{
    struct err told, again;
    tap_ok(aborted("log.tsv, line 7: no time", &told) == STATUS_DATA, "an abort is status 65");
    tap_ok(
        !strcmp(told.text, "the program before this one failed: tfilter: log.tsv, line 7: no time"),
        "with the program and its message: %s", told.text);
    aborted(told.text, &again);
    tap_ok(!strcmp(told.text, again.text), "handed on through a second program as it is");
    char text[600] = "";
    for (int i = 0; i < 199; i++)
        memcpy(text + 3 * i, "\xe2\x82\xac", 4);
    aborted(text, &told);
    size_t n = strlen(told.text);
    tap_ok(n > 240 && n < 300 && (n - strlen(FRAME_RELAY "tfilter: ")) % 3 == 0,
           "a long message is cut between characters: %zu bytes", n);
}

/* The reader of the output is gone: the program lives to tell its own message. */
static void nobody_reads(void)
{
    int ends[2];
    struct output s = {0};
    struct err why = failure("x");
    int before = dup(STDOUT_FILENO);
    if (pipe(ends))
        return;
    fflush(stdout);
    dup2(ends[1], STDOUT_FILENO);
    close(ends[1]);
    write_stage(&s, NULL, false);
    close(ends[0]);
    output_abort(&s, &why);
    dup2(before, STDOUT_FILENO);
    close(before);
    tap_ok(1, "an abort to nobody does not end the program");
    struct sigaction action;
    sigaction(SIGPIPE, NULL, &action);
    tap_ok(action.sa_handler == SIG_DFL, "and SIGPIPE is what it was");
}

static void would_wait(void)
{
    struct buf s = {0};
    struct err e;
    struct bytes record;
    struct frame_in *in;
    int ends[2], early = 0;
    char path[32];
    if (pipe(ends))
        return;
    stream_make(STREAM_SESSIONS, false, &s);
    snprintf(path, sizeof path, "/dev/fd/%d", ends[0]);
    const char *const paths[] = {path};
    must(frame_in_open(&in, paths, 1, -1, false, &e), &e);
    size_t half = s.len - 60; /* inside the block: its bytes and the end come later */
    if (write(ends[1], s.at, half) < 0)
        return;
    tap_ok(frame_in_next(in, &record, &e) == READ_HEADER && frame_in_would_wait(in),
           "with a part of a block a reader would wait");
    if (write(ends[1], s.at + half, s.len - half) < 0)
        return;
    tap_ok(!frame_in_would_wait(in), "with all of it it would not");
    for (int i = 0; i < 9; i++) {
        early += frame_in_next(in, &record, &e) != READ_RECORD;
        early += frame_in_would_wait(in);
    }
    tap_ok(!early, "nor between records, nor before the end");
    close(ends[1]);
    tap_ok(frame_in_next(in, &record, &e) == READ_END, "then the end");
    frame_in_close(in);
    close(ends[0]);
    buf_release(&s);
}

/* ---- left, and gone on with ---- */

/* A stage of many records, left behind the first `left` of them (or not at all), then ended. */
static int write_left(int left, const char *path, const char *spoil, struct err *e)
{
    struct output s = {0};
    struct meta m;
    stream_meta(&m, STREAM_SESSIONS);
    must(output_open(&s, path, false, &m, "tfilter", "2", (struct bytes){0}, e), e);
    for (int i = 0; i < 30000; i++) {
        char name[32];
        if (i == left) {
            uint64_t length;
            char temporary[80];
            must(output_file_keep(&s.sink, &length, e), e);
            struct frame_stand stand = frame_out_stand(&s.out, length);
            struct buf waiting = {0};
            buf_append(&waiting, stand.block.at, stand.block.len);
            stand.block = waiting;
            snprintf(temporary, sizeof temporary, "%s", s.sink.temporary);
            output_abort(&s, e);
            if (spoil) {
                FILE *f = fopen(temporary, "r+b");
                fseek(f, (long)length / 2, SEEK_SET);
                fputs(spoil, f);
                fclose(f);
            }
            int status = output_continue(&s, path, false, &m, "tfilter", "2", (struct bytes){0},
                                         temporary, &stand, e);
            buf_release(&waiting);
            if (status) {
                unlink(temporary);
                meta_release(&m);
                return status;
            }
        }
        snprintf(name, sizeof name, "somebody %d", i);
        must(write_user(&s.out, i, bytes_of(name), (struct attributes){{NULL, 0}}, e), e);
    }
    meta_release(&m);
    return output_finish(&s, e);
}

static void left(void)
{
    static const int places[] = {0, 1, 4000, 29999};
    struct err e = {0};
    must(write_left(-1, "never-left", NULL, &e), &e);
    struct buf expected = bytes_of_file("never-left");
    for (size_t i = 0; i < sizeof places / sizeof *places; i++) {
        must(write_left(places[i], "left", NULL, &e), &e);
        struct buf got = bytes_of_file("left");
        tap_ok(
            bytes_equal((struct bytes){expected.at, expected.len}, (struct bytes){got.at, got.len}),
            "left behind record %d and gone on with: the same bytes", places[i]);
        buf_release(&got);
    }
    tap_ok(write_left(20000, "left", "x", &e) == STATUS_DATA, "a changed block: %s",
           strstr(e.text, "changed") ? "was changed" : e.text);
    buf_release(&expected);
}

/* Blocks that were left, changed by `change`, and gone on with behind `length` bytes. */
static int go_on(void (*change)(struct buf *file, uint64_t *length), struct err *e)
{
    struct output s = {0};
    struct meta m;
    uint64_t length;
    char temporary[80];
    *e = (struct err){0};
    stream_meta(&m, STREAM_SESSIONS);
    must(output_open(&s, "left", true, &m, "tfilter", "2", (struct bytes){0}, e), e);
    sessions_records(&s.out, e);
    must(output_file_keep(&s.sink, &length, e), e);
    snprintf(temporary, sizeof temporary, "%s", s.sink.temporary);
    output_abort(&s, e);
    struct buf file = bytes_of_file(temporary);
    file.len = length; /* without the abort */
    change(&file, &length);
    bytes_to_file(temporary, file.at, file.len);
    struct frame_stand stand = {.length = length};
    int status = output_continue(&s, "left", true, &m, "tfilter", "2", (struct bytes){0}, temporary,
                                 &stand, e);
    if (status)
        unlink(temporary);
    else
        must(output_finish(&s, e), e);
    meta_release(&m);
    buf_release(&file);
    return status;
}

static unsigned char *first_block(struct buf *file)
{
    unsigned char *at = (unsigned char *)file->at;
    return at + LAYOUT_HEADER + layout_get(at + 14, 2);
}

static void leave(struct buf *file, uint64_t *length)
{
    (void)file, (void)length;
}

static void shorten(struct buf *file, uint64_t *length)
{
    file->len = *length = 5;
}

static void change_header(struct buf *file, uint64_t *length)
{
    (void)length;
    file->at[LAYOUT_HEADER] ^= 1;
}

static void change_tag(struct buf *file, uint64_t *length)
{
    (void)length;
    first_block(file)[2] = 'E';
}

static void change_sequence(struct buf *file, uint64_t *length)
{
    (void)length;
    layout_put(first_block(file) + 4, 8, 1);
}

static void change_size(struct buf *file, uint64_t *length)
{
    (void)length;
    layout_put(first_block(file) + 27, 4, BLOCK_LIMIT + 1);
}

static void change_record(struct buf *file, uint64_t *length)
{
    (void)length;
    first_block(file)[LAYOUT_BLOCK] ^= 1;
}

/* The file is as long as is said, but a block of it ends behind that. */
static void cut_block(struct buf *file, uint64_t *length)
{
    (void)file;
    *length -= 1;
}

static void changed(void)
{
    static const struct {
        void (*change)(struct buf *, uint64_t *);
        const char *expected;
    } cases[] = {
        {shorten, "it is shorter than it was"},
        {change_header, "its header is another one"},
        {change_tag, "it does not hold the blocks that it held"},
        {change_sequence, "it does not hold the blocks that it held"},
        {change_size, "it does not hold the blocks that it held"},
        {change_record, "a block was changed"},
        {cut_block, "it is shorter than it was"},
    };
    struct err e;
    tap_ok(!go_on(leave, &e) && !check_file("left", &e), "left and gone on with: %s", e.text);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        int status = go_on(cases[i].change, &e);
        tap_ok(status == STATUS_DATA && strstr(e.text, cases[i].expected), "case %zu: %s", i,
               e.text);
    }
}

/* Names that cannot be outputs, and one that needs no folder. */
static void names(void)
{
    struct output s = {0};
    struct err e = {0};
    must(symlink("loop", "loop"), &(struct err){.text = "no symbolic link"});
    tap_ok(output_hold(&s, "loop", &e) == STATUS_CANTCREATE && strstr(e.text, "loop"),
           "links in a circle: %s", e.text);
    output_abort(&s, &e);
    must(output_hold(&s, "/dev/null", &e), &e);
    tap_ok(!s.held.folder, "a device has no folder for what is held");
    output_abort(&s, &e);
    must(output_hold(&s, "-", &e), &e);
    tap_ok(!s.held.folder, "nor has standard output");
    output_abort(&s, &e);
}

int main(void)
{
    changed();
    names();
    finished();
    left();
    aborts();
    nobody_reads();
    would_wait();
    return tap_done();
}
