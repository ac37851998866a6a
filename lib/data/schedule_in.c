#include "data/schedule_in.h"

/* ---- opening ---- */

static int read_header(struct schedule_in *s, struct err *e)
{
    const struct meta *m = batches_in_meta(s->in);
    int64_t history = 0, week_shift = 0, slots = 0;
    if (meta_get_i64s(m, "delta_edges", &s->edges, e) || meta_get_int(m, "history", &history, e) ||
        meta_get_int(m, "week_shift", &week_shift, e) || meta_get_int(m, "slots", &slots, e))
        return e->status;
    s->batching = (struct batching){.store = &s->store,
                                    .history = history,
                                    .edges = s->edges.at,
                                    .edge_count = s->edges.len,
                                    .week_shift = week_shift};
    s->parallel = (struct parallel_batches){.store = &s->store, .slots = slots};
    return 0;
}

int schedule_in_open(struct schedule_in *s, const char *const *paths, int count, int64_t memory,
                     struct err *e)
{
    *s = (struct schedule_in){0};
    session_store_limit(&s->store, (size_t)memory);
    return batches_in_open(&s->in, paths, count, e) ? e->status : read_header(s, e);
}

void schedule_in_close(struct schedule_in *s)
{
    for (int part = 0; part < 4; part++) {
        vec_release(&s->kept[part].slot);
        vec_release(&s->kept[part].number);
        vec_release(&s->kept[part].size);
    }
    parallel_batches_release(&s->parallel);
    batching_release(&s->batching);
    session_store_release(&s->store);
    vec_release(&s->number);
    vec_release(&s->edges);
    batches_in_close(s->in);
    *s = (struct schedule_in){0};
}

/* ---- passes that come again ---- */

static void keep_record(struct schedule_in *s, const struct batches_record *r)
{
    struct kept_pass *kept = &s->kept[s->epoch.part];
    int32_t size = (int32_t)r->number.len;
    vec_append(&kept->number, column_i32(r->number), r->number.len);
    if (r->kind == RECORD_PARALLEL)
        vec_append(&kept->slot, column_i32(r->slot), r->slot.len);
    vec_push(&kept->size, r->kind == RECORD_PARALLEL || r->learn ? size : -size);
}

/* A pass that is written out takes the place of the one before of its part. */
static void begin_kept(struct schedule_in *s)
{
    struct kept_pass *kept = &s->kept[s->epoch.part];
    vec_clear(&kept->slot);
    vec_clear(&kept->number);
    vec_clear(&kept->size);
}

/* The next record of the pass that comes again; false: it has ended. */
static bool repeat(struct schedule_in *s, struct batches_record *r)
{
    struct kept_pass *kept = &s->kept[s->epoch.part];
    if (kept->record == kept->size.len)
        return false;
    int32_t size = kept->size.at[kept->record++];
    size_t n = (size_t)(size < 0 ? -size : size);
    *r = (struct batches_record){.kind = kept->slot.len ? RECORD_PARALLEL : RECORD_BATCH,
                                 .number = {kept->number.at + kept->at, n},
                                 .learn = size > 0};
    if (kept->slot.len)
        r->slot = (struct column){kept->slot.at + kept->at, n};
    kept->at += n;
    return true;
}

/* ---- records ---- */

/* The next record: the one that was read before its turn, of the pass that comes again, or the
 * input's. */
static enum read_result next_record(struct schedule_in *s, struct batches_record *r, struct err *e)
{
    if (s->holds) {
        s->holds = false;
        *r = s->held;
        if (s->held_result == READ_ERROR)
            *e = s->held_error;
        return s->held_result;
    }
    if (s->again && repeat(s, r))
        return READ_RECORD;
    s->again = false;
    enum read_result got = batches_in_next(s->in, r, e);
    if (got == READ_RECORD && (r->kind == RECORD_BATCH || r->kind == RECORD_PARALLEL)) {
        if (!s->keeping)
            begin_kept(s);
        s->keeping = true;
        keep_record(s, r);
    }
    return got;
}

/* How many of the batch's sessions come together: one at least. */
static size_t sessions_together(const struct schedule_in *s, const struct batches_record *r)
{
    size_t count = 0, targets = 0, n = r->number.len;
    if (!s->test_targets || s->epoch.part == PART_TRAIN)
        return n;
    while (count < n) {
        size_t length = session_store_length(&s->store, (size_t)column_i32(r->number)[count]);
        targets += length ? length - 1 : 0;
        if (count && targets > s->test_targets)
            break;
        count++;
    }
    return count;
}

/* Takes them off the rest. */
static struct batches_record take_together(struct schedule_in *s)
{
    struct batches_record r = s->rest;
    r.number.len = sessions_together(s, &s->rest);
    s->rest.number.at = column_i32(s->rest.number) + r.number.len;
    s->rest.number.len -= r.number.len;
    return r;
}

static bool leaves_out(const struct schedule_in *s, int32_t session)
{
    return s->left_out && s->epoch.part == PART_TRAIN && s->left_out[session];
}

static void give(struct schedule_in *s, const struct batches_record *r)
{
    for (size_t i = 0; i < r->number.len; i++)
        if (!leaves_out(s, column_i32(r->number)[i]))
            parallel_batches_give(&s->parallel, column_i32(r->slot)[i], column_i32(r->number)[i]);
}

/* Reads on while a slot has nothing to go on with; holds the first record of another kind.  What is
 * held is the beginning of a pass or the end: it has no arrays, which the next read would drop. */
static int feed(struct schedule_in *s, struct err *e)
{
    struct batches_record r;
    while (!s->holds && parallel_batches_wants(&s->parallel)) {
        enum read_result got = next_record(s, &r, e);
        if (got == READ_ERROR)
            return e->status;
        if (got == READ_RECORD && r.kind == RECORD_PARALLEL) {
            give(s, &r);
            continue;
        }
        s->holds = true;
        s->held = r;
        s->held_result = got;
    }
    return 0;
}

/* Makes the next steps; false: the pass has no more of them. */
static bool make_steps(struct schedule_in *s, struct schedule_record *to, struct err *e)
{
    bool more = true;
    while (more && !parallel_batches_full(&s->parallel)) {
        if (feed(s, e))
            return false;
        more = parallel_batches_step(&s->parallel);
    }
    to->kind = RECORD_PARALLEL;
    to->steps = parallel_batches_take(&s->parallel);
    s->in_slots = more;
    return to->steps.item.len > 0;
}

static int begin_pass(struct schedule_in *s, struct epoch epoch, struct err *e)
{
    if (!s->epoch.number && session_store_end(&s->store, e))
        return e->status;
    for (int part = 0; part < 4; part++)
        s->kept[part].record = s->kept[part].at = 0;
    s->epoch = epoch;
    s->keeping = false;
    if (s->parallel.slots)
        parallel_batches_begin(&s->parallel);
    return 0;
}

/* False: all its sessions are left out. */
static bool make_batch(struct schedule_in *s, struct schedule_record *to)
{
    struct batches_record r = take_together(s);
    vec_clear(&s->number);
    for (size_t i = 0; i < r.number.len; i++)
        if (!leaves_out(s, column_i32(r.number)[i]))
            vec_push(&s->number, column_i32(r.number)[i]);
    if (r.number.len && !s->number.len)
        return false;
    *to = (struct schedule_record){
        .kind = RECORD_BATCH, .learn = r.learn, .number = {s->number.at, s->number.len}};
    to->batch = batching_make(&s->batching, s->number.at, s->number.len, r.learn);
    return true;
}

/* Takes a record of the stream; *given: it makes one for the caller. */
static int take(struct schedule_in *s, const struct batches_record *r, struct schedule_record *to,
                bool *given, struct err *e)
{
    *to = (struct schedule_record){.kind = r->kind, .named = r->named, .epoch = r->epoch};
    *given = true;
    switch (r->kind) {
    case RECORD_SESSION:
        *given = false;
        return session_store_add(&s->store, &r->session, e) == STATUS_DATA ? batches_in_at(s->in, e)
                                                                           : e->status;
    case RECORD_EPOCH:
        return begin_pass(s, r->epoch, e);
    case RECORD_BATCH:
        s->rest = *r;
        *given = make_batch(s, to);
        return 0;
    case RECORD_PARALLEL:
        give(s, r);
        *given = false;
        s->in_slots = true;
        return 0;
    case RECORD_AGAIN:
        *given = false;
        s->again = true;
        return 0;
    default: /* a user or an item */
        return 0;
    }
}

enum read_result schedule_in_next(struct schedule_in *s, struct schedule_record *r, struct err *e)
{
    struct batches_record record;
    bool given = false;
    e->status = 0;
    if (s->rest.number.len) {
        make_batch(s, r);
        return READ_RECORD;
    }
    while (!given) {
        if (s->in_slots && make_steps(s, r, e))
            return READ_RECORD;
        if (e->status)
            return READ_ERROR;
        enum read_result got = next_record(s, &record, e);
        if (got != READ_RECORD)
            return got;
        if (take(s, &record, r, &given, e))
            return READ_ERROR;
    }
    return READ_RECORD;
}

/* ---- reading ahead ---- */

/* Reads the record after a batch, unless one has to wait for it.  What was read before is still
 * that of the input when it is asked for its digest. */
static void hold_next(struct schedule_in *s)
{
    bool repeats = s->again && s->kept[s->epoch.part].record < s->kept[s->epoch.part].size.len;
    if (s->holds || s->parallel.slots || (!repeats && batches_in_would_wait(s->in)))
        return;
    s->digest = s->keeps_digest ? batches_in_digest(s->in) : 0;
    s->held_error.status = 0;
    s->held_result = next_record(s, &s->held, &s->held_error);
    s->holds = true;
}

const int32_t *schedule_in_ahead(struct schedule_in *s, size_t *count)
{
    const struct batches_record *next = &s->rest;
    *count = 0;
    if (s->left_out && s->epoch.part == PART_TRAIN)
        return NULL;
    if (!s->rest.number.len) {
        hold_next(s);
        if (!s->holds || s->held_result != READ_RECORD || s->held.kind != RECORD_BATCH)
            return NULL;
        next = &s->held;
    }
    *count = sessions_together(s, next);
    return column_i32(next->number);
}

void schedule_in_digest_begin(struct schedule_in *s)
{
    batches_in_digest_begin(s->in);
    s->keeps_digest = true;
}

uint64_t schedule_in_digest(const struct schedule_in *s)
{
    return s->holds && !s->parallel.slots ? s->digest : batches_in_digest(s->in);
}
