#include <math.h>

#include "base/attention_levels.h"
#include "stream/reader.h"
#include "stream/readers.h"

/* clang-format off */
const struct field rank_fields[] = {
    FIELD(ranks, user,     FIELD_I32, true, LENGTH_FREE, user, 0, HIGH_USER),
    FIELD(ranks, session,  FIELD_I32, true, LENGTH_AS,   user, 0, HIGH_NONE),
    FIELD(ranks, position, FIELD_I32, true, LENGTH_AS,   user, 0, HIGH_NONE),
    FIELD(ranks, target,   FIELD_I32, true, LENGTH_AS,   user, 0, HIGH_ITEM),
    FIELD(ranks, rank,     FIELD_I32, true, LENGTH_AS,   user, INT32_MIN, HIGH_NONE),
    FIELD(ranks, ties,     FIELD_I32, true, LENGTH_AS,   user, 0, HIGH_ITEM),
    FIELD(ranks, history,  FIELD_I32, true, LENGTH_AS,   user, 0, HIGH_NONE),
    FIELD(ranks, length,   FIELD_I32, true, LENGTH_AS,   user, 2, HIGH_NONE),
    FIELD(ranks, loss,     FIELD_F32, true, LENGTH_AS,   user, 0, HIGH_NONE),
    FIELD(ranks, seen,     FIELD_U8,  false, LENGTH_AS,  user, 0, HIGH_ONE),
    FIELD(ranks, day,      FIELD_I32, false, LENGTH_AS,  user, 0, HIGH_NONE),
    {.key = NULL},
};

const struct field top_fields[] = {
    FIELD(tops, user,     FIELD_I32, true, LENGTH_FREE,  user, 0, HIGH_USER),
    FIELD(tops, session,  FIELD_I32, true, LENGTH_AS,    user, 0, HIGH_NONE),
    FIELD(tops, position, FIELD_I32, true, LENGTH_AS,    user, 0, HIGH_NONE),
    FIELD(tops, k,        FIELD_INT, true, LENGTH_FREE,  user, 1, HIGH_NONE),
    FIELD(tops, item,     FIELD_I32, true, LENGTH_TIMES, k,    0, HIGH_ITEM),
    FIELD(tops, score,    FIELD_F32, true, LENGTH_TIMES, k,    0, HIGH_NONE),
    {.key = NULL},
};

const struct field attention_fields[] = { /* lengths depend on the level: check_attention */
    FIELD(attention, model,    FIELD_TEXT, true,  LENGTH_FREE, model,    0,  HIGH_NONE),
    FIELD(attention, level,    FIELD_TEXT, true,  LENGTH_FREE, level,    0,  HIGH_NONE),
    FIELD(attention, user,     FIELD_INT,  true,  LENGTH_FREE, user,     0,  HIGH_USER),
    FIELD(attention, session,  FIELD_INT,  true,  LENGTH_FREE, session,  0,  HIGH_NONE),
    FIELD(attention, position, FIELD_INT,  true,  LENGTH_FREE, position, -1, HIGH_NONE),
    FIELD(attention, weight,   FIELD_F32,  true,  LENGTH_FREE, weight,   0,  HIGH_NONE),
    FIELD(attention, length,   FIELD_I32,  false, LENGTH_FREE, length,   0,  HIGH_NONE),
    FIELD(attention, item,     FIELD_I32,  false, LENGTH_FREE, item,     0,  HIGH_ITEM),
    FIELD(attention, delta,    FIELD_I32,  false, LENGTH_FREE, delta,    0,  HIGH_DELTA),
    FIELD(attention, week,     FIELD_I32,  false, LENGTH_FREE, week,     0,  HIGH_NO_WEEK),
    FIELD(attention, start,    FIELD_I64,  false, LENGTH_FREE, start,    0,  HIGH_TIME),
    FIELD(attention, began,    FIELD_I64,  false, LENGTH_FREE, began,    0,  HIGH_TIME),
    FIELD(attention, target,   FIELD_I32,  false, LENGTH_FREE, target,   0,  HIGH_ITEM),
    FIELD(attention, top,      FIELD_I32,  false, LENGTH_FREE, top,      0,  HIGH_ITEM),
    {.key = NULL},
};

const struct field intent_fields[] = {
    FIELD(intents, user,     FIELD_I32, true, LENGTH_FREE, user, 0, HIGH_USER),
    FIELD(intents, session,  FIELD_I32, true, LENGTH_AS,   user, 0, HIGH_NONE),
    FIELD(intents, position, FIELD_I32, true, LENGTH_AS,   user, 0, HIGH_NONE),
    FIELD(intents, label,    FIELD_U8,  true, LENGTH_AS,   user, 0, HIGH_ONE),
    FIELD(intents, score,    FIELD_F32, true, LENGTH_AS,   user, 0, HIGH_NONE),
    {.key = NULL},
};

static const struct field pass_fields[] = {
    FIELD(pass, loss,     FIELD_REAL, true, LENGTH_FREE, loss,     0, HIGH_NONE),
    FIELD(pass, events,   FIELD_INT,  true, LENGTH_FREE, events,   0, HIGH_NONE),
    FIELD(pass, left_out, FIELD_INT,  true, LENGTH_FREE, left_out, 0, HIGH_NONE),
    {.key = NULL},
};
/* clang-format on */

static const struct tag tags[] = {
    {"user", RECORD_USER, 3, 4},   {"item", RECORD_ITEM, 3, 4},
    {"epoch", RECORD_EPOCH, 3, 3}, {"rank", RECORD_RANK, 2, 2},
    {"top", RECORD_TOP, 2, 2},     {"attention", RECORD_ATTENTION, 2, 2},
    {"pass", RECORD_PASS, 4, 4},   {"intent", RECORD_INTENT, 2, 2},
    {NULL, RECORD_USER, 0, 0},
};

struct predictions_in {
    struct reader r;
    struct epoch epoch; /* of the last pass */
    bool in_pass;
};

struct predictions_in *predictions_in_of(struct reader *r)
{
    struct predictions_in *in = mem_zero(1, sizeof *in);
    in->r = *r;
    in->r.tags = tags;
    return in;
}

int predictions_in_open(struct predictions_in **in, const char *const *paths, int count,
                        struct err *e)
{
    struct reader r;
    *in = NULL;
    if (reader_open(&r, paths, count, STREAM_PREDICTIONS, true, e))
        return e->status;
    *in = predictions_in_of(&r);
    return 0;
}

void predictions_in_close(struct predictions_in *in)
{
    if (!in)
        return;
    reader_release(&in->r);
    mem_free(in);
}

const struct meta *predictions_in_meta(const struct predictions_in *in)
{
    return &in->r.meta;
}

const struct names *predictions_in_users(const struct predictions_in *in)
{
    return &in->r.users;
}

const struct names *predictions_in_items(const struct predictions_in *in)
{
    return &in->r.items;
}

const char *predictions_in_name(const struct predictions_in *in)
{
    return frame_in_name(in->r.frame);
}

void predictions_in_meter(struct predictions_in *in, struct input_meter *m)
{
    frame_in_meter(in->r.frame, m);
}

uint64_t predictions_in_skipped(const struct predictions_in *in)
{
    return in->r.skipped;
}

struct frame_counts predictions_in_counts(const struct predictions_in *in)
{
    return frame_in_counts(in->r.frame);
}

/* ---- passes ---- */

static int read_epoch(struct predictions_in *in, struct tagged *t, struct epoch *epoch,
                      struct err *e)
{
    if (in->in_pass)
        return err_set(e, STATUS_DATA, "an epoch begins before the pass before it has ended");
    if (reader_epoch(t, epoch, e))
        return e->status;
    if (epoch->number < in->epoch.number)
        return err_set(e, STATUS_DATA, "epoch %lld after epoch %lld", (long long)epoch->number,
                       (long long)in->epoch.number);
    in->epoch = *epoch;
    in->in_pass = true;
    return 0;
}

static int read_pass(struct predictions_in *in, struct tagged *t, struct pass *pass, struct err *e)
{
    *pass = (struct pass){0};
    if (reader_epoch(t, &pass->epoch, e))
        return e->status;
    if (!in->in_pass || pass->epoch.number != in->epoch.number ||
        pass->epoch.part != in->epoch.part)
        return err_set(e, STATUS_DATA, "a pass ends that did not begin");
    in->in_pass = false;
    return reader_fields(&in->r, t, pass_fields, pass, e);
}

static int check_run_end(const struct predictions_in *in, struct err *e)
{
    if (!in->in_pass)
        return 0;
    err_set(e, STATUS_DATA, "the stream ends inside a pass");
    return frame_in_at(in->r.frame, e);
}

/* ---- ranks and lists ---- */

static int read_ranks(struct predictions_in *in, struct tagged *t, struct ranks *r, struct err *e)
{
    *r = (struct ranks){0};
    if (reader_fields(&in->r, t, rank_fields, r, e))
        return e->status;
    for (size_t i = 0; i < r->user.len; i++) {
        int32_t rank = column_i32(r->rank)[i], ties = column_i32(r->ties)[i];
        if (rank < 1 || (rank > in->r.high[HIGH_ITEM] + 1 && rank != RANK_NONE))
            return err_set(e, STATUS_DATA, "\"rank\"[%zu] is %d, expected 1 to %lld", i, rank,
                           (long long)in->r.high[HIGH_ITEM] + 1);
        if (rank <= ties)
            return err_set(e, STATUS_DATA,
                           "\"rank\"[%zu] is %d with %d ties: ties count against it", i, rank,
                           ties);
        if (column_i32(r->position)[i] > column_i32(r->length)[i] - 2)
            return err_set(e, STATUS_DATA, "\"position\"[%zu] is %d in a session of %d events", i,
                           column_i32(r->position)[i], column_i32(r->length)[i]);
    }
    return 0;
}

static int read_intents(struct predictions_in *in, struct tagged *t, struct intents *n,
                        struct err *e)
{
    *n = (struct intents){0};
    if (reader_fields(&in->r, t, intent_fields, n, e))
        return e->status;
    for (size_t i = 0; i < n->user.len; i++) {
        double score = (double)column_f32(n->score)[i];
        if (!(score >= 0 && score <= 1))
            return err_set(e, STATUS_DATA, "\"score\"[%zu] is %g, expected 0 to 1", i, score);
    }
    return 0;
}

/* ---- attention ---- */

static int wrong_length(const char *key, size_t is, size_t expected, struct err *e)
{
    return err_set(e, STATUS_DATA, "\"%s\" has %zu elements, expected %zu", key, is, expected);
}

/* Checks what is given of the n attended sessions. */
static int check_sessions(const struct attention *a, size_t n, struct err *e)
{
    if (a->delta.at && a->delta.len != n)
        return wrong_length("delta", a->delta.len, n, e);
    if (a->week.at && a->week.len != n)
        return wrong_length("week", a->week.len, n, e);
    if (a->start.at && a->start.len != n)
        return wrong_length("start", a->start.len, n, e);
    return 0;
}

/* The items of n attended sessions, end to end. */
static int check_contents(const struct attention *a, size_t n, struct err *e)
{
    if (!a->length.at != !a->item.at)
        return err_set(e, STATUS_DATA, "\"length\" and \"item\" come together at this level");
    if (!a->length.at)
        return 0;
    if (a->length.len != n)
        return wrong_length("length", a->length.len, n, e);
    uint64_t events = 0;
    for (size_t i = 0; i < n; i++)
        events += (uint64_t)column_i32(a->length)[i];
    return events == a->item.len ? 0 : wrong_length("item", a->item.len, events, e);
}

static int no_such_level(struct bytes name, struct err *e)
{
    char shown[SHOWN_NAME];
    struct buf all = {0};
    for (int i = 0; i < LEVELS; i++)
        buf_format(&all, "%s%s",
                   !i               ? ""
                   : i < LEVELS - 1 ? ", "
                                    : " or ",
                   attention_levels[i].name);
    err_set(e, STATUS_DATA, "\"level\" is \"%s\", expected %.*s", reader_shown(name, shown),
            (int)all.len, all.at);
    buf_release(&all);
    return e->status;
}

/* Weights: of n sessions (inter, user), of n sessions for each of T targets (intra), of the n
 * events of one session (session, item). */
static int check_attention(const struct attention *a, struct err *e)
{
    const struct level_info *level = attention_level_find(a->level);
    size_t n = a->weight.len, targets = a->target.at ? a->target.len : a->top.len;
    if (a->began.at && a->began.len != 1)
        return wrong_length("began", a->began.len, 1, e);
    if (a->target.at && a->top.at && a->target.len != a->top.len)
        return wrong_length("top", a->top.len, a->target.len, e);
    if (!level)
        return no_such_level(a->level, e);
    if (level->events) {
        if (a->item.at && a->item.len != n)
            return wrong_length("item", a->item.len, n, e);
        return check_sessions(a, 1, e);
    }
    if (level->by_target) {
        if (!targets || n % targets)
            return err_set(e, STATUS_DATA, "\"weight\" has %zu elements for %zu targets", n,
                           targets);
        n /= targets;
    }
    return check_sessions(a, n, e) ? e->status : check_contents(a, n, e);
}

static int read_attention(struct predictions_in *in, struct tagged *t, struct attention *a,
                          struct err *e)
{
    *a = (struct attention){0};
    if (reader_fields(&in->r, t, attention_fields, a, e))
        return e->status;
    return check_attention(a, e);
}

/* ---- all of them ---- */

static int read_record(struct predictions_in *in, struct tagged *t, struct predictions_record *r,
                       struct err *e)
{
    r->kind = t->kind;
    switch (t->kind) {
    case RECORD_USER:
    case RECORD_ITEM:
        return reader_define(&in->r, t, &r->named, e);
    case RECORD_EPOCH:
        return read_epoch(in, t, &r->epoch, e);
    case RECORD_PASS:
        return read_pass(in, t, &r->pass, e);
    default:
        break;
    }
    if (!in->in_pass || in->epoch.part == PART_TRAIN)
        return err_set(e, STATUS_DATA, "predictions outside of a validation or test pass");
    if (t->kind == RECORD_RANK)
        return read_ranks(in, t, &r->ranks, e);
    if (t->kind == RECORD_ATTENTION)
        return read_attention(in, t, &r->attention, e);
    if (t->kind == RECORD_INTENT)
        return read_intents(in, t, &r->intents, e);
    r->tops = (struct tops){0};
    return reader_fields(&in->r, t, top_fields, &r->tops, e);
}

static int next_run(struct predictions_in *in, struct err *e)
{
    meta_release(&in->r.meta);
    meta_copy(&in->r.meta, frame_in_meta(in->r.frame));
    names_clear(&in->r.users);
    names_clear(&in->r.items);
    in->epoch = (struct epoch){0};
    return reader_ranges(&in->r, e);
}

enum read_result predictions_in_next(struct predictions_in *in, struct predictions_record *r,
                                     struct err *e)
{
    struct tagged t;
    enum read_result result = reader_next(&in->r, &t, e);
    if (result == READ_RECORD && read_record(in, &t, r, e)) {
        frame_in_at(in->r.frame, e);
        return READ_ERROR;
    }
    if ((result == READ_END || result == READ_HEADER) && check_run_end(in, e))
        return READ_ERROR;
    if (result == READ_HEADER && next_run(in, e))
        return READ_ERROR;
    return result;
}

int predictions_in_each(struct predictions_in *in, const struct predictions_visitor *visit,
                        void *to, struct err *e)
{
    struct predictions_record record;
    enum read_result got;
    int status = visit->begin(to, &in->r.meta, e); /* the first header was read at open */
    while (!status && (got = predictions_in_next(in, &record, e)) != READ_END) {
        if (got == READ_ERROR)
            return e->status; /* names the place already */
        if (got == READ_RECORD)
            status = visit->record(to, &record, e);
        else if (visit->end(to, e)) /* the input may be the next one already */
            return e->status;
        else
            status = visit->begin(to, &in->r.meta, e);
    }
    if (!status)
        return visit->end(to, e);
    return status == STATUS_DATA ? frame_in_at(in->r.frame, e) : status;
}

/* ---- writing ---- */

int write_ranks(struct frame_out *out, const struct ranks *r, struct err *e)
{
    return write_fields(out, "rank", rank_fields, r, e);
}

int write_tops(struct frame_out *out, const struct tops *t, struct err *e)
{
    return write_fields(out, "top", top_fields, t, e);
}

int write_attention(struct frame_out *out, const struct attention *a, struct err *e)
{
    return write_fields(out, "attention", attention_fields, a, e);
}

int write_intents(struct frame_out *out, const struct intents *n, struct err *e)
{
    return write_fields(out, "intent", intent_fields, n, e);
}

int write_pass(struct frame_out *out, const struct pass *p, struct err *e)
{
    if (!isfinite(p->loss))
        return err_set(e, STATUS_FAIL, "the loss of epoch %lld is not a finite number",
                       (long long)p->epoch.number);
    msgpack_packer *pk = frame_out_record(out);
    msgpack_pack_array(pk, 4);
    pack_text(pk, bytes_of("pass"));
    msgpack_pack_int64(pk, p->epoch.number);
    msgpack_pack_int(pk, (int)p->epoch.part);
    fields_pack(pass_fields, p, pk);
    return frame_out_commit(out, e);
}
