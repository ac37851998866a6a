#include "data/row_batch.h"

#define XXH_INLINE_ALL
#include <xxhash.h>

#include "base/side_thread.h"
#include "base/threads.h"

enum { TEXT_ROOM = 512 << 10 };
_Static_assert(TEXT_ROOM >= 3 * NAME_LIMIT, "room for the names of one row");

/* One batch is filled while the other one is taken: their counts must not be in one cache line. */
struct row_reading {
    struct raw_log *log;
    struct extra_columns *carried;
    row_taker *take;
    void *state;
    _Alignas(128) struct row_batch one;
    _Alignas(128) struct row_batch other;
    _Alignas(128) struct row_batch *filling, *taken;
    struct side_thread thread;
    bool alone;        /* no other thread takes rows */
    struct err failed; /* of taking */
};

/* ---- filling a batch ---- */

static void batch_clear(struct row_batch *b)
{
    b->used = 0;
    vec_clear(&b->events);
    vec_clear(&b->items);
    vec_clear(&b->titles);
    vec_clear(&b->codes);
    vec_clear(&b->runs);
}

static void batch_release(struct row_batch *b)
{
    mem_free(b->text);
    vec_release(&b->events);
    vec_release(&b->items);
    vec_release(&b->titles);
    vec_release(&b->codes);
    vec_release(&b->runs);
}

static struct bytes keep(struct row_batch *b, struct bytes text)
{
    char *to = b->text + b->used;
    if (text.len)
        memcpy(to, text.at, text.len);
    b->used += text.len;
    return (struct bytes){to, text.len};
}

static void make_room(struct row_batch *b)
{
    b->text = mem_alloc(TEXT_ROOM);
    vec_reserve(&b->events, ROWS_TOGETHER);
    vec_reserve(&b->items, ROWS_TOGETHER);
    vec_reserve(&b->titles, ROWS_TOGETHER);
}

/* Whether the batch has room for the row; an empty one has. */
static inline bool has_room(struct row_batch *b, const struct raw_row *row)
{
    return b->events.len < ROWS_TOGETHER &&
           row->user.len + row->item.len + row->title.len <= TEXT_ROOM - b->used;
}

static void add_to_run(struct row_batch *b, const struct raw_log *log, struct bytes user)
{
    if (!b->runs.len || !bytes_equal(b->runs.at[b->runs.len - 1].user, user)) {
        struct row_run run = {keep(b, user), b->events.len, 0, raw_place(log)};
        vec_push(&b->runs, run);
    }
    b->runs.at[b->runs.len - 1].count++;
}

static int add_codes(struct row_reading *r, const struct raw_row *row, struct err *e)
{
    for (size_t i = 0; i < r->log->format.carried_count; i++) {
        int32_t code;
        if (extra_columns_number(&r->carried[i], row->carried[i], &code, e))
            return raw_at(r->log, e);
        vec_push(&r->filling->codes, code);
    }
    return 0;
}

static int add_row(struct row_reading *r, const struct raw_row *row, struct err *e)
{
    struct row_batch *b = r->filling;
    size_t n = b->events.len;
    if (r->log->format.carried_count && add_codes(r, row, e))
        return e->status;
    add_to_run(b, r->log, row->user);
    b->events.at[n] = (struct event){
        .time = row->time,
        .order = row->order,
        .session = row->session.len ? XXH3_64bits(row->session.at, row->session.len) : 0,
    };
    b->items.at[n] = keep(b, row->item);
    b->titles.at[n] = keep(b, row->title);
    b->events.len = b->items.len = b->titles.len = n + 1;
    return 0;
}

/* ---- handing it over ---- */

static void take_batch(void *of)
{
    struct row_reading *r = of;
    r->take(r->state, r->taken, &r->failed);
}

/* Waits until no rows are being taken. */
static int await_taken(struct row_reading *r, struct err *e)
{
    side_thread_wait(&r->thread);
    if (r->failed.status)
        *e = r->failed;
    return r->failed.status;
}

/* Has the batch taken, and goes on with an empty one. */
static int hand_over(struct row_reading *r, struct err *e)
{
    if (await_taken(r, e) || !r->filling->events.len)
        return r->failed.status;
    r->taken = r->filling;
    r->filling = r->taken == &r->one ? &r->other : &r->one;
    if (r->alone || !side_thread_do(&r->thread, take_batch, r))
        take_batch(r);
    if (!r->filling->text)
        make_room(r->filling);
    batch_clear(r->filling);
    return 0;
}

/* The same, until the rows have been taken: of the end, and before the input has more to read. */
static int finish_rows(void *of, struct err *e)
{
    struct row_reading *r = of;
    bool alone = r->alone;
    r->alone = true; /* nothing is left to do beside it */
    int status = hand_over(r, e);
    r->alone = alone;
    return status ? status : await_taken(r, e);
}

static int read_all(struct row_reading *r, struct err *e)
{
    struct raw_row row = {0};
    int got;
    while ((got = raw_next(r->log, &row, e)) > 0) {
        if (!has_room(r->filling, &row) && hand_over(r, e))
            return e->status;
        if (add_row(r, &row, e))
            return e->status;
    }
    return got < 0 ? e->status : 0;
}

int row_batches_read(struct raw_log *log, struct extra_columns *carried, row_taker *take,
                     void *state, struct err *e)
{
    struct row_reading r = {.log = log, .carried = carried, .take = take, .state = state};
    struct err of_taking;
    r.filling = &r.one;
    make_room(r.filling);
    r.alone = threads_processors() < 2;
    log->lines.wait = (struct input_wait){finish_rows, &r};
    int status = read_all(&r, e);
    log->lines.wait = (struct input_wait){0};
    if (finish_rows(&r, &of_taking)) {
        *e = of_taking;
        status = e->status;
    }
    side_thread_close(&r.thread);
    batch_release(&r.one);
    batch_release(&r.other);
    return status;
}
