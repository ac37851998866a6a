/* Schedules behind good sessions: the first byte chooses batches or parallel mini-batches and how
 * they are read, the others are the records.  What comes out keeps to the sessions that are there.
 */
#include <stdlib.h>

#include "data/schedule_in.h"
#include "fuzz.h"
#include "../streams.h"

static void check(bool good)
{
    if (!good)
        abort();
}

static void records(struct frame_out *out, const void *context, struct err *e)
{
    const struct bytes *bytes = context;
    struct cursor c = cursor_of(*bytes);
    struct bytes record;
    numbered_sessions(out, e);
    while (c.at != c.end && cursor_value(&c, CURSOR_DEPTH, &record)) {
        frame_out_record(out);
        buf_append(&out->block, record.at, record.len);
        must(frame_out_commit(out, e), e);
    }
}

/* The ids of the column lie below `limit`. */
static void check_below(struct column c, int32_t limit)
{
    for (size_t i = 0; i < c.len; i++)
        check(column_i32(c)[i] >= 0 && column_i32(c)[i] < limit);
}

static void check_batch(const struct schedule_in *s, const struct schedule_record *r)
{
    const struct batch *b = &r->batch;
    int64_t events = 0, history = 0;
    check_below(r->number, (int32_t)session_store_sessions(&s->store));
    check_below(b->user, names_count(batches_in_users(s->in)));
    check_below(b->item, names_count(batches_in_items(s->in)));
    check(b->length.len == b->user.len && b->history.len == b->user.len);
    for (size_t i = 0; i < b->length.len; i++) {
        check(column_i32(b->length)[i] >= 1 && column_i32(b->history)[i] >= 0);
        events += column_i32(b->length)[i];
        history += column_i32(b->history)[i];
    }
    check((size_t)events == b->item.len && (size_t)history == b->history_session.len);
}

static void check_steps(const struct schedule_in *s, const struct steps *t)
{
    check(t->slots == 2 && t->reset.len % 2 == 0);
    for (size_t i = 0; i < t->reset.len; i++) {
        enum reset reset = column_u8(t->reset)[i];
        check(reset <= RESET_IDLE);
        if (reset == RESET_IDLE)
            continue;
        int32_t items = names_count(batches_in_items(s->in));
        check(column_i32(t->item)[i] >= 0 && column_i32(t->item)[i] < items);
        check(column_i32(t->target)[i] >= 0 && column_i32(t->target)[i] < items);
    }
}

static void read_schedule(const struct buf *stream, unsigned how)
{
    struct schedule_in s;
    struct schedule_record r;
    struct err e = {0};
    const char *path = stream_file(stream->at, stream->len);
    enum read_result got = READ_ERROR;
    size_t ahead;
    if (!schedule_in_open(&s, &path, 1, 0, &e)) {
        s.test_targets = how & 2 ? 2 : 0;
        if (how & 4)
            schedule_in_digest_begin(&s);
        while ((got = schedule_in_next(&s, &r, &e)) == READ_RECORD) {
            if (r.kind == RECORD_BATCH)
                check_batch(&s, &r);
            else if (r.kind == RECORD_PARALLEL)
                check_steps(&s, &r.steps);
            if (r.kind == RECORD_BATCH && how & 8)
                schedule_in_ahead(&s, &ahead);
            if (how & 4)
                schedule_in_digest(&s);
        }
    }
    check(got == READ_END || (e.status == STATUS_DATA && *e.text));
    schedule_in_close(&s);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct buf stream = {0};
    if (!size)
        return 0;
    struct bytes schedule = {(const char *)data + 1, size - 1};
    stream_of(data[0] & 1 ? SAMPLE_PARALLEL : STREAM_BATCHES, false, records, &schedule, &stream);
    read_schedule(&stream, data[0]);
    buf_release(&stream);
    return 0;
}
