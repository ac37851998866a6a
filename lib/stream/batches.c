#include "stream/reader.h"
#include "stream/readers.h"

/* clang-format off */
const struct field batch_fields[] = {
    FIELD(batch, user,            FIELD_I32,  true,  LENGTH_FREE, user,           0, HIGH_USER),
    FIELD(batch, session,         FIELD_I32,  true,  LENGTH_AS,   user,           0, HIGH_NONE),
    FIELD(batch, start,           FIELD_I64,  true,  LENGTH_AS,   user,           0, HIGH_TIME),
    FIELD(batch, length,          FIELD_I32,  true,  LENGTH_AS,   user,           1, HIGH_NONE),
    FIELD(batch, item,            FIELD_I32,  true,  LENGTH_SUM,  length,         0, HIGH_ITEM),
    FIELD(batch, history,         FIELD_I32,  true,  LENGTH_AS,   user,           0, HIGH_HISTORY),
    FIELD(batch, history_delta,   FIELD_I32,  true,  LENGTH_SUM,  history,        0, HIGH_DELTA),
    FIELD(batch, history_week,    FIELD_I32,  true,  LENGTH_SUM,  history,        0, HIGH_WEEK),
    FIELD(batch, history_session, FIELD_I32,  true,  LENGTH_SUM,  history,        0, HIGH_NONE),
    FIELD(batch, history_start,   FIELD_I64,  true,  LENGTH_SUM,  history,        0, HIGH_TIME),
    FIELD(batch, learn,           FIELD_FLAG, false, LENGTH_FREE, user,           0, HIGH_NONE),
    FIELD(batch, history_length,  FIELD_I32,  false, LENGTH_SUM,  history,        1, HIGH_NONE),
    FIELD(batch, history_item,    FIELD_I32,  false, LENGTH_SUM,  history_length, 0, HIGH_ITEM),
    {.key = NULL},
};

const struct field steps_fields[] = {
    FIELD(steps, item,     FIELD_I32, true,  LENGTH_FREE, item, 0, HIGH_ITEM),
    FIELD(steps, target,   FIELD_I32, true,  LENGTH_AS,   item, 0, HIGH_ITEM),
    FIELD(steps, user,     FIELD_I32, true,  LENGTH_AS,   item, 0, HIGH_USER),
    FIELD(steps, session,  FIELD_I32, true,  LENGTH_AS,   item, 0, HIGH_NONE),
    FIELD(steps, position, FIELD_I32, true,  LENGTH_AS,   item, 0, HIGH_NONE),
    FIELD(steps, reset,    FIELD_U8,  true,  LENGTH_AS,   item, 0, HIGH_RESET),
    FIELD(steps, length,   FIELD_I32, false, LENGTH_AS,   item, 0, HIGH_NONE),
    FIELD(steps, lanes,    FIELD_INT, true,  LENGTH_FREE, item, 1, HIGH_NONE),
    {.key = NULL},
};
/* clang-format on */

static const struct tag tags[] = {
    {"user", RECORD_USER, 3, 4},   {"item", RECORD_ITEM, 3, 4},   {"epoch", RECORD_EPOCH, 3, 3},
    {"batch", RECORD_BATCH, 2, 2}, {"steps", RECORD_STEPS, 2, 2}, {NULL, RECORD_USER, 0, 0},
};

/* The last session of a user in the pass, for streams that keep each user's order. */
struct batch_user {
    uint64_t pass, batch; /* the last ones with the user */
    int32_t session;
};

/* The state of a slot, which goes on from one record to the next. */
struct slot_state {
    uint64_t pass; /* the last one in which the slot had a session; 0: none */
    bool idle;
    int32_t user, session, position, target;
};

struct batches_in {
    struct reader r;
    struct epoch epoch;   /* number 0: none yet */
    uint64_t pass, batch; /* counted from 1 */
    bool keeps_order;
    int64_t slots; /* 0: batches, not steps */
    VEC(struct batch_user) users;
    VEC(struct slot_state) slot;
};

struct batches_in *batches_in_of(struct reader *r)
{
    struct batches_in *in = mem_zero(1, sizeof *in);
    int keeps_order = 0;
    struct err unused; /* read_ranges of the reader has checked it */
    meta_get_bool(&r->meta, "keeps_order", &keeps_order, &unused);
    meta_get_int(&r->meta, "lanes", &in->slots, &unused);
    in->r = *r;
    in->r.tags = tags;
    in->keeps_order = keeps_order;
    return in;
}

int batches_in_open(struct batches_in **in, const char *const *paths, int count, struct err *e)
{
    struct reader r;
    *in = NULL;
    if (reader_open(&r, paths, count, STREAM_BATCHES, false, e))
        return e->status;
    *in = batches_in_of(&r);
    return 0;
}

void batches_in_close(struct batches_in *in)
{
    if (!in)
        return;
    reader_release(&in->r);
    vec_release(&in->users);
    vec_release(&in->slot);
    mem_free(in);
}

const struct meta *batches_in_meta(const struct batches_in *in)
{
    return &in->r.meta;
}

const struct names *batches_in_users(const struct batches_in *in)
{
    return &in->r.users;
}

const struct names *batches_in_items(const struct batches_in *in)
{
    return &in->r.items;
}

uint64_t batches_in_skipped(const struct batches_in *in)
{
    return in->r.skipped;
}

struct frame_counts batches_in_counts(const struct batches_in *in)
{
    return frame_in_counts(in->r.frame);
}

void batches_in_digest_begin(struct batches_in *in)
{
    frame_in_digest_begin(in->r.frame);
}

uint64_t batches_in_digest(const struct batches_in *in)
{
    return frame_in_digest(in->r.frame);
}

static int define(struct batches_in *in, struct tagged *t, struct named *named, struct err *e)
{
    if (in->epoch.number)
        return err_set(e, STATUS_DATA,
                       "a user or item behind the first epoch: all definitions come before it");
    if (reader_define(&in->r, t, named, e))
        return e->status;
    struct batch_user new = {0};
    if (t->kind == RECORD_USER)
        vec_push(&in->users, new);
    return 0;
}

static int read_epoch(struct batches_in *in, struct tagged *t, struct epoch *epoch, struct err *e)
{
    if (reader_epoch(t, epoch, e))
        return e->status;
    if (epoch->number < in->epoch.number)
        return err_set(e, STATUS_DATA, "epoch %lld behind epoch %lld", (long long)epoch->number,
                       (long long)in->epoch.number);
    in->epoch = *epoch;
    in->pass++;
    return 0;
}

/* The history of each session: oldest first, and earlier than the session. */
static int check_histories(const struct batch *b, struct err *e)
{
    size_t at = 0;
    for (size_t i = 0; i < b->user.len; i++) {
        int32_t session = -1;
        int64_t start = 0;
        for (int32_t j = 0; j < column_i32(b->history)[i]; j++, at++) {
            if (column_i32(b->history_session)[at] <= session ||
                column_i64(b->history_start)[at] < start)
                return err_set(e, STATUS_DATA,
                               "the history of session %zu of the batch is not in order", i);
            session = column_i32(b->history_session)[at];
            start = column_i64(b->history_start)[at];
        }
        if (session >= column_i32(b->session)[i] || start > column_i64(b->start)[i])
            return err_set(e, STATUS_DATA,
                           "the history of session %zu of the batch is not earlier than it", i);
    }
    return 0;
}

static int check_order(struct batches_in *in, const struct batch *b, struct err *e)
{
    for (size_t i = 0; i < b->user.len; i++) {
        int32_t user = column_i32(b->user)[i], session = column_i32(b->session)[i];
        struct batch_user *state = &in->users.at[user];
        if (state->batch == in->batch)
            return err_set(
                e, STATUS_DATA,
                "user %d is in one batch twice, in a stream that keeps each user's order", user);
        if (state->pass == in->pass && session <= state->session)
            return err_set(e, STATUS_DATA, "session %d of user %d behind session %d in one pass",
                           session, user, state->session);
        *state = (struct batch_user){in->pass, in->batch, session};
    }
    return 0;
}

static int read_batch(struct batches_in *in, struct tagged *t, struct batch *b, struct err *e)
{
    *b = (struct batch){0};
    if (in->slots)
        return err_set(e, STATUS_DATA, "a batch in a stream of steps, whose header has \"lanes\"");
    if (reader_fields(&in->r, t, batch_fields, b, e))
        return e->status;
    if (!b->user.len)
        return err_set(e, STATUS_DATA, "a batch of no sessions");
    if (!b->history_length.at != !b->history_item.at)
        return err_set(e, STATUS_DATA,
                       "\"history_length\" and \"history_item\" come together or not at all");
    in->batch++;
    if (check_histories(b, e))
        return e->status;
    return in->keeps_order ? check_order(in, b, e) : 0;
}

/* Checks the first step of a session; where the order is kept, a user's session numbers rise in a
 * pass. */
static int check_start(struct batches_in *in, const struct slot_state *before,
                       const struct slot_state *now, enum reset reset, struct err *e)
{
    struct batch_user *user = &in->users.at[now->user];
    bool same = before->pass == in->pass && before->user == now->user;
    if (now->position)
        return err_set(e, STATUS_DATA, "session %d of user %d begins at position %d", now->session,
                       now->user, now->position);
    if (same != (reset == RESET_SESSION))
        return err_set(e, STATUS_DATA, "reset %d where the slot's user %s", (int)reset,
                       same ? "stays" : "is another");
    if (in->keeps_order && user->pass == in->pass && now->session <= user->session)
        return err_set(e, STATUS_DATA, "session %d of user %d behind session %d in one pass",
                       now->session, now->user, user->session);
    user->pass = in->pass;
    user->session = now->session;
    return 0;
}

static int check_slot(struct batches_in *in, struct slot_state *slot, const struct steps *s,
                      size_t i, struct err *e)
{
    const enum reset reset = column_u8(s->reset)[i];
    const struct slot_state now = {.pass = in->pass,
                                   .user = column_i32(s->user)[i],
                                   .session = column_i32(s->session)[i],
                                   .position = column_i32(s->position)[i],
                                   .target = column_i32(s->target)[i]};
    if (reset == RESET_IDLE) {
        slot->idle = true;
        return 0;
    }
    if (s->length.at && now.position + 1 >= column_i32(s->length)[i])
        return err_set(e, STATUS_DATA, "position %d in a session of %d events", now.position,
                       column_i32(s->length)[i]);
    if (reset != RESET_NONE && check_start(in, slot, &now, reset, e))
        return e->status;
    if (reset == RESET_NONE &&
        (slot->pass != in->pass || slot->idle || now.user != slot->user ||
         now.session != slot->session || now.position != slot->position + 1 ||
         column_i32(s->item)[i] != slot->target))
        return err_set(e, STATUS_DATA,
                       "position %d of session %d of user %d does not continue the step before",
                       now.position, now.session, now.user);
    *slot = now;
    return 0;
}

static int check_slots(struct batches_in *in, const struct steps *s, struct err *e)
{
    size_t slots = (size_t)s->lanes; /* no more than the record has elements */
    while (in->slot.len < slots)
        vec_push(&in->slot, ((struct slot_state){0}));
    for (size_t i = 0; i < s->item.len; i++)
        if (check_slot(in, &in->slot.at[i % slots], s, i, e))
            return err_at(e, "step %zu, slot %zu", i / slots, i % slots);
    return 0;
}

static int read_steps(struct batches_in *in, struct tagged *t, struct steps *s, struct err *e)
{
    *s = (struct steps){0};
    if (!in->slots)
        return err_set(e, STATUS_DATA,
                       "steps in a stream of batches, whose header has no \"lanes\"");
    if (reader_fields(&in->r, t, steps_fields, s, e))
        return e->status;
    if (s->lanes != in->slots)
        return err_set(e, STATUS_DATA, "steps of %lld slots, the header says %lld",
                       (long long)s->lanes, (long long)in->slots);
    if (!s->item.len || s->item.len % (uint64_t)s->lanes)
        return err_set(e, STATUS_DATA, "%zu elements are no whole number of steps of %lld slots",
                       s->item.len, (long long)s->lanes);
    return check_slots(in, s, e);
}

static int read_record(struct batches_in *in, struct tagged *t, struct batches_record *r,
                       struct err *e)
{
    r->kind = t->kind;
    if (t->kind == RECORD_USER || t->kind == RECORD_ITEM)
        return define(in, t, &r->named, e);
    if (t->kind == RECORD_EPOCH)
        return read_epoch(in, t, &r->epoch, e);
    if (!in->epoch.number)
        return err_set(e, STATUS_DATA, "a batch before the first epoch");
    return t->kind == RECORD_STEPS ? read_steps(in, t, &r->steps, e)
                                   : read_batch(in, t, &r->batch, e);
}

enum read_result batches_in_next(struct batches_in *in, struct batches_record *r, struct err *e)
{
    struct tagged t;
    enum read_result result = reader_next(&in->r, &t, e);
    if (result == READ_RECORD && read_record(in, &t, r, e)) {
        frame_in_at(in->r.frame, e);
        return READ_ERROR;
    }
    return result;
}

int write_batch(struct frame_out *out, const struct batch *b, struct err *e)
{
    return write_fields(out, "batch", batch_fields, b, e);
}

int write_steps(struct frame_out *out, const struct steps *s, struct err *e)
{
    return write_fields(out, "steps", steps_fields, s, e);
}
