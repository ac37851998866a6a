/* The first training pass read ahead: the same records come out, and its events are known when the
 * first of them does. */
#include "train/first_epoch.h"

#include "../streams.h"
#include "../tap.h"

static void append_column(struct buf *to, struct column c, size_t size)
{
    buf_format(to, " %s%zu:", c.at ? "" : "-", c.len);
    if (c.len)
        buf_append(to, c.at, c.len * size);
}

static void append_batch(struct buf *to, const struct batch *b)
{
    const struct column narrow[] = {
        b->user,          b->session,      b->length,          b->item,           b->history,
        b->history_delta, b->history_week, b->history_session, b->history_length, b->history_item};
    buf_format(to, " %d", b->learn);
    append_column(to, b->start, sizeof(int64_t));
    append_column(to, b->history_start, sizeof(int64_t));
    for (size_t i = 0; i < sizeof narrow / sizeof *narrow; i++)
        append_column(to, narrow[i], sizeof(int32_t));
}

/* All that a record says, as bytes. */
static void append_record(struct buf *to, const struct batches_record *r)
{
    buf_format(to, "|%d", r->kind);
    if (r->kind == RECORD_EPOCH)
        buf_format(to, " %lld %d", (long long)r->epoch.number, r->epoch.part);
    else if (r->kind == RECORD_BATCH)
        append_batch(to, &r->batch);
    else
        buf_format(to, " %d %.*s", r->named.id, (int)r->named.name.len, r->named.name.at);
}

/* A batch of two sessions, the users' later ones with a larger `item`. */
static void small_batch(struct frame_out *out, int learn, int32_t item, bool history_items,
                        struct err *e)
{
    const int32_t items[] = {item, 1, 2, item, 2};
    struct batch b = {
        .learn = learn,
        .user = COLUMN_OF((int32_t[]){0, 1}),
        .session = COLUMN_OF((int32_t[]){2 + item, item}),
        .start = COLUMN_OF((int64_t[]){9000, 50}),
        .length = COLUMN_OF((int32_t[]){2, 3}),
        .item = {(void *)items, 5},
        .history = COLUMN_OF((int32_t[]){2, 0}),
        .history_delta = COLUMN_OF((int32_t[]){3, 1}),
        .history_week = COLUMN_OF((int32_t[]){0, 167}),
        .history_session = COLUMN_OF((int32_t[]){0, 1}),
        .history_start = COLUMN_OF((int64_t[]){0, 5000}),
    };
    struct batch whole = b;
    whole.history_length = (struct column)COLUMN_OF((int32_t[]){1, 2});
    whole.history_item = (struct column)COLUMN_OF((int32_t[]){2, 1, 0});
    must(write_batch(out, history_items ? &whole : &b, e), e);
}

static void one_pass(struct frame_out *out, const void *context, struct err *e)
{
    (void)context;
    stream_names(out, 2, 3, e);
    must(write_epoch(out, (struct epoch){1, PART_TRAIN}, e), e);
    small_batch(out, 1, 0, false, e);
    small_batch(out, 1, 1, true, e);
}

static void two_epochs(struct frame_out *out, const void *context, struct err *e)
{
    one_pass(out, context, e);
    must(write_epoch(out, (struct epoch){1, PART_TEST}, e), e);
    small_batch(out, 0, 2, false, e);
    must(write_epoch(out, (struct epoch){2, PART_TRAIN}, e), e);
    small_batch(out, 1, 2, false, e);
}

/* Reads the stream through a first_epoch; what came out goes to `text`. */
static enum read_result read_through(struct first_epoch *a, const struct buf *stream,
                                     struct buf *text, struct err *e)
{
    const char *path = stream_file(stream->at, stream->len);
    struct batches_in *in;
    struct batches_record r;
    enum read_result got;
    size_t known = 0;
    must(batches_in_open(&in, &path, 1, e), e);
    while ((got = first_epoch_next(a, in, &r, e)) == READ_RECORD) {
        append_record(text, &r);
        if (r.kind == RECORD_EPOCH && !known++)
            tap_ok(a->item.len == (a->wanted ? 10 : 0),
                   "%zu events are known when the first pass begins", a->item.len);
    }
    batches_in_close(in);
    return got;
}

static void read_ahead(void)
{
    static const int32_t users[] = {0, 0, 1, 1, 1, 0, 0, 1, 1, 1},
                         items[] = {0, 1, 2, 0, 2, 1, 1, 2, 1, 2};
    struct first_epoch plain = {0}, ahead = {.wanted = true};
    struct buf stream = {0}, straight = {0}, through = {0};
    struct err e = {0};
    stream_of(STREAM_BATCHES, true, two_epochs, NULL, &stream);
    tap_ok(read_through(&plain, &stream, &straight, &e) == READ_END, "nothing read ahead %s",
           e.text);
    tap_ok(read_through(&ahead, &stream, &through, &e) == READ_END, "the first pass read ahead %s",
           e.text);
    tap_ok(straight.len > 500 && bytes_equal((struct bytes){straight.at, straight.len},
                                             (struct bytes){through.at, through.len}),
           "the same records, in order, byte for byte");
    tap_ok(ahead.user.len == 10 && ahead.item.len == 10 &&
               !memcmp(ahead.user.at, users, sizeof users) &&
               !memcmp(ahead.item.at, items, sizeof items),
           "the events are those of the first training pass alone");
    first_epoch_release(&plain);
    first_epoch_release(&ahead);
    buf_release(&stream);
    buf_release(&straight);
    buf_release(&through);
}

/* A stream that is cut within the pass: the error comes before any record of it. */
static void cut(void)
{
    struct first_epoch ahead = {.wanted = true};
    struct buf stream = {0}, through = {0};
    struct err e = {0};
    struct batches_in *in;
    struct batches_record r;
    enum read_result got;
    int records = 0;
    stream_of(STREAM_BATCHES, false, one_pass, NULL, &stream);
    const char *path = stream_file(stream.at, stream.len - 20);
    must(batches_in_open(&in, &path, 1, &e), &e);
    while ((got = first_epoch_next(&ahead, in, &r, &e)) == READ_RECORD)
        records += r.kind == RECORD_BATCH;
    tap_ok(got == READ_ERROR && !records && strstr(e.text, "end"),
           "of a pass that is cut no batch comes: %s", e.text);
    batches_in_close(in);
    first_epoch_release(&ahead);
    buf_release(&stream);
    buf_release(&through);
}

int main(void)
{
    read_ahead();
    cut();
    return tap_done();
}
