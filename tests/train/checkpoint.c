/* Checkpoints of a run that only adds up the sessions of its batches: when they are written, and
 * how a run that was killed continues. */
#include "train/checkpoint.h"

#include <sys/wait.h>
#include <unistd.h>

#include "../files.h"
#include "../streams.h"
#include "../tap.h"

/* What a run is: its files and its options. */
struct how {
    const char *in, *out, *options, *resumed, *save;
    int64_t every;
};
static const struct how usual = {.in = "in", .out = "out", .options = "{\"lr\":1}"};

struct run {
    struct how how;
    struct schedule_in in;
    struct output out;
    struct checkpoint c;
    int64_t sum, flushed, target; /* target: where it continued */
    struct err e;
};

static void run_state(void *of, struct state *s)
{
    struct run *r = of;
    state_i64(s, "sum", &r->sum, 0, INT64_MAX);
}

static int run_flush(void *of, struct err *e)
{
    struct run *r = of;
    (void)e;
    r->flushed++;
    return 0;
}

/* The header of the output, without the program, whose options it gives. */
static void header(const struct run *r, struct meta *m, struct buf *options)
{
    stream_meta(m, STREAM_PREDICTIONS);
    notation_value(r->how.options, options);
}

/* Opens a new output, or continues that of the checkpoint. */
static int open_output(struct run *r)
{
    struct meta m;
    struct buf options = {0};
    header(r, &m, &options);
    struct bytes packed = {options.at, options.len};
    int status = r->c.temporary
                     ? output_continue(&r->out, r->how.out, false, &m, "trainer", "1", packed,
                                       r->c.temporary, &r->c.stand, &r->e)
                     : output_open(&r->out, r->how.out, false, &m, "trainer", "1", packed, &r->e);
    buf_release(&options);
    meta_release(&m);
    return status;
}

/* Status of the first step that fails. */
static int run_open(struct run *r, struct how how)
{
    struct meta m;
    struct buf options = {0};
    *r = (struct run){.how = how};
    struct checkpoint_run run = {.model = "gru",
                                 .save = how.save,
                                 .path = how.out,
                                 .in = &r->in,
                                 .out = &r->out,
                                 .state = run_state,
                                 .flush = run_flush,
                                 .of = r};
    must(schedule_in_open(&r->in, &r->how.in, 1, 0, &r->e), &r->e);
    header(r, &m, &options);
    meta_add_program(&m, "trainer", "1", (struct bytes){options.at, options.len});
    must(meta_pack(&m, &run.header, &r->e), &r->e);
    meta_release(&m);
    buf_release(&options);
    if (checkpoint_open(&r->c, &run, "checkpoint", how.resumed, how.every, &r->e))
        return r->e.status;
    return r->c.temporary ? 0 : open_output(r);
}

static int take(struct run *r, const struct schedule_record *record)
{
    struct frame_out *out = &r->out.out;
    if (record->kind == RECORD_EPOCH)
        return write_epoch(out, record->epoch, &r->e);
    if (record->kind == RECORD_BATCH)
        r->sum += (int64_t)record->batch.user.len;
    return 0;
}

/* Skips a record that an earlier run has used. */
static int pass_over(struct run *r, const struct schedule_record *record)
{
    struct checkpoint *c = &r->c;
    if (record->kind == RECORD_EPOCH && !c->target && checkpoint_restore(c, &r->e)) /* the first */
        return r->e.status;
    if (!c->target || c->records < c->target)
        return 0;
    if (checkpoint_arrive(c, &r->e) || (!c->ended && open_output(r)))
        return r->e.status;
    buf_release(&c->stand.block);
    r->target = c->target;
    return 0;
}

/* Goes on for so many records of the input, those that are skipped among them, or to the end. */
static int run_on(struct run *r, int64_t records)
{
    struct schedule_record record;
    enum read_result got = READ_RECORD;
    int status = 0;
    while (!status && r->c.records < records &&
           (got = schedule_in_next(&r->in, &record, &r->e)) == READ_RECORD) {
        bool used = !r->c.waiting;
        r->c.records++;
        status = used ? take(r, &record) : pass_over(r, &record);
        if (!status && used)
            status = checkpoint_step(&r->c, record.kind, &r->e);
    }
    return got == READ_ERROR ? r->e.status : status;
}

/* The run is killed, or has ended. */
static void run_close(struct run *r)
{
    frame_out_release(&r->out.out);
    if (r->out.sink.path)
        output_file_discard(&r->out.sink);
    checkpoint_close(&r->c);
    schedule_in_close(&r->in);
}

/* The small stream of batches, or one with another second batch. */
static void records(struct frame_out *out, const void *other, struct err *e)
{
    const struct epoch first = {1, PART_TRAIN};
    if (!other) {
        batches_records(out, e);
        return;
    }
    numbered_sessions(out, e);
    must(write_epoch(out, first, e), e);
    must(write_batch(out, (int32_t[]){0, 3}, 2, 1, e), e);
    must(write_batch(out, (int32_t[]){1}, 1, 1, e), e);
    test_pass(out, 1, e);
}

static void write_stream(const char *path, bool other)
{
    struct buf stream = {0};
    stream_of(STREAM_BATCHES, false, records, other ? &other : NULL, &stream);
    bytes_to_file(path, stream.at, stream.len);
    buf_release(&stream);
}

/* ---- when ---- */

/* The stream has 5 names, then: epoch, batch, batch, epoch, batch, ...  */
static void when(void)
{
    struct run r;
    must(run_open(&r, usual), &r.e);
    must(run_on(&r, 8), &r.e);
    tap_ok(!r.flushed && access("checkpoint", F_OK), "none before the first pass has ended");
    must(run_on(&r, 9), &r.e);
    tap_ok(r.flushed == 1 && !access("checkpoint", F_OK), "one when the next begins");
    must(run_on(&r, 99), &r.e);
    tap_ok(r.flushed == 3, "and with each pass");
    run_close(&r);
    struct how often = usual;
    often.every = 2;
    must(run_open(&r, often), &r.e);
    must(run_on(&r, 9), &r.e);
    tap_ok(r.flushed == 1, "or after so many batches, and then not with the pass that follows");
    run_close(&r);
}

/* ---- going on ---- */

static int64_t whole_sum;

/* A run without a checkpoint in its way, to its end. */
static void whole(void)
{
    struct run r;
    struct how how = usual;
    how.out = "whole";
    must(run_open(&r, how), &r.e);
    must(run_on(&r, 99), &r.e);
    must(output_finish(&r.out, &r.e), &r.e);
    whole_sum = r.sum;
    run_close(&r);
}

/* A run that is killed behind so many records; its checkpoint is the only one. */
static void killed(struct how how, int64_t records)
{
    struct run r;
    unlink("checkpoint");
    must(run_open(&r, how), &r.e);
    must(run_on(&r, records), &r.e);
    run_close(&r);
}

static bool same_files(const char *a, const char *b)
{
    struct buf x = bytes_of_file(a), y = bytes_of_file(b);
    bool same = x.len && bytes_equal((struct bytes){x.at, x.len}, (struct bytes){y.at, y.len});
    buf_release(&x);
    buf_release(&y);
    return same;
}

static void goes_on(int64_t every, int64_t records, int64_t target)
{
    struct run r;
    struct how how = usual;
    how.every = every;
    killed(how, records);
    unlink("out");
    how.resumed = "checkpoint";
    must(run_open(&r, how), &r.e);
    must(run_on(&r, 99), &r.e);
    must(output_finish(&r.out, &r.e), &r.e);
    tap_ok(r.target == target && r.sum == whole_sum && same_files("out", "whole"),
           "killed behind record %d, continued behind %d: the same output", (int)records,
           (int)r.target);
    run_close(&r);
}

/* A run that ended is not run again: its output gets its name, where it was killed before. */
static void ended(void)
{
    struct run r;
    struct how how = usual;
    unlink("checkpoint");
    unlink("out");
    must(run_open(&r, how), &r.e);
    must(run_on(&r, 99), &r.e);
    must(frame_out_end(&r.out.out, &r.e), &r.e);
    must(checkpoint_end(&r.c, &r.e), &r.e);
    run_close(&r);
    how.resumed = "checkpoint";
    for (int again = 0; again < 2; again++) {
        must(run_open(&r, how), &r.e);
        must(run_on(&r, 99), &r.e);
        tap_ok(r.c.ended && !checkpoint_finish(&r.c, &r.e) && same_files("out", "whole"),
               "a run that has ended: its output has its name%s", again ? " already" : "");
        run_close(&r);
    }
    how.save = "model";
    must(run_open(&r, how), &r.e);
    must(run_on(&r, 99), &r.e);
    tap_ok(checkpoint_finish(&r.c, &r.e) == STATUS_NOINPUT, "%s", r.e.text);
    run_close(&r);
}

/* ---- what is not the same run ---- */

/* The run is resumed from a checkpoint of the usual run. */
static void refused(struct how how, int status, const char *expected)
{
    struct run r;
    how.resumed = how.resumed ? how.resumed : "checkpoint";
    int got = run_open(&r, how);
    if (!got)
        got = run_on(&r, 99);
    tap_ok(got == status && strstr(r.e.text, expected), "%s", r.e.text);
    run_close(&r);
}

static void refusals(void)
{
    struct how how = usual;
    killed(how, 10);
    how.options = "{\"lr\":2}";
    refused(how, STATUS_USAGE, "is of another run: trainer --lr was 1, is 2");
    how = usual, how.out = "elsewhere";
    refused(how, STATUS_USAGE, "continues the output out: give that to -o");
    how = usual, how.in = "other";
    refused(how, STATUS_DATA, "is of other data: the first 9 records of the input differ");
    how = usual, how.resumed = "no-such-file";
    refused(how, STATUS_NOINPUT, "no-such-file");
    how.resumed = "in";
    refused(how, STATUS_DATA, "in: ");
}

/* A child finds the checkpoint in use. */
static void locked(void)
{
    struct run r, other;
    int status = 0;
    must(run_open(&r, usual), &r.e);
    fflush(stdout);
    pid_t child = fork();
    if (!child)
        _exit(run_open(&other, usual));
    waitpid(child, &status, 0);
    tap_ok(WIFEXITED(status) && WEXITSTATUS(status) == STATUS_LOCKED, "two runs of one checkpoint");
    run_close(&r);
}

int main(void)
{
    write_stream("in", false);
    write_stream("other", true);
    when();
    whole();
    goes_on(0, 10, 9);
    goes_on(0, 99, 14);
    goes_on(1, 8, 8);
    ended();
    refusals();
    locked();
    return tap_done();
}
