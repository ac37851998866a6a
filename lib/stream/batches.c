#include "stream/readers.h"
#include "stream/session_record.h"

static const struct tag tags[] = {
    {"user", RECORD_USER, 3, 4},       {"item", RECORD_ITEM, 3, 4},
    {"session", RECORD_SESSION, 5, 6}, {"epoch", RECORD_EPOCH, 3, 3},
    {"batch", RECORD_BATCH, 2, 3},     {"parallel", RECORD_PARALLEL, 3, 3},
    {"again", RECORD_AGAIN, 2, 2},     {NULL, RECORD_USER, 0, 0},
};

/* A user's sessions, whose numbers follow each other. */
struct batches_user {
    int32_t first, end; /* number of the first session, and of the one after the last */
    int64_t start;      /* of the last session */
    uint64_t pass, batch;
    int32_t newest; /* the last session in that pass */
};

struct batches_in {
    struct reader r;
    extra_vec extras;
    VEC(struct batches_user) users;
    VEC(unsigned char) item_used, part; /* by item; by session: enum part */
    size_t users_used, items_used;
    struct epoch epoch;   /* number 0: none yet */
    uint64_t pass, batch; /* counted from 1 */
    enum record_kind of; /* BATCH, PARALLEL or AGAIN: what the current pass holds; EPOCH: nothing */
    int64_t written[4];  /* by part: the last epoch whose pass is written out */
    bool keeps_order;
    int64_t slots; /* of parallel mini-batches; 0: there are none */
};

struct batches_in *batches_in_of(struct reader *r)
{
    struct batches_in *in = mem_zero(1, sizeof *in);
    int keeps_order = 0;
    struct err unused; /* read_ranges of the reader has checked it */
    meta_get_bool(&r->meta, "keeps_order", &keeps_order, &unused);
    meta_get_int(&r->meta, "slots", &in->slots, &unused);
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
    vec_release(&in->extras);
    vec_release(&in->users);
    vec_release(&in->item_used);
    vec_release(&in->part);
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

int batches_in_at(const struct batches_in *in, struct err *e)
{
    return frame_in_at(in->r.frame, e);
}

void batches_in_digest_begin(struct batches_in *in)
{
    frame_in_digest_begin(in->r.frame);
}

uint64_t batches_in_digest(const struct batches_in *in)
{
    return frame_in_digest(in->r.frame);
}

bool batches_in_would_wait(struct batches_in *in)
{
    return frame_in_would_wait(in->r.frame);
}

/* ---- users, items, sessions ---- */

static int define(struct batches_in *in, struct tagged *t, struct named *named, struct err *e)
{
    if (reader_define(&in->r, t, named, e))
        return e->status;
    if (t->kind == RECORD_USER)
        vec_push(&in->users, ((struct batches_user){.end = 0}));
    else
        vec_push(&in->item_used, 0);
    return 0;
}

/* Adds the session to its user's: the one whose sessions are being read, or the next one. */
static int add_to_user(struct batches_in *in, const struct session *s, struct err *e)
{
    struct batches_user *user = &in->users.at[s->user];
    int32_t number = (int32_t)in->part.len;
    bool begins = user->end == 0;
    if (begins ? (size_t)s->user != in->users_used : number != user->end)
        return err_set(e, STATUS_DATA,
                       "a session of user %d: a user's sessions have to follow each other, in the "
                       "order of the users' ids",
                       s->user);
    if (s->part == PART_NONE)
        return err_set(e, STATUS_DATA, "the session is of no part: tfilter --split makes parts");
    if (!begins && s->part < in->part.at[number - 1])
        return err_set(e, STATUS_DATA, "a %s session after a %s session of the same user",
                       part_name[s->part], part_name[in->part.at[number - 1]]);
    if (session_record_order(s, &user->start, e))
        return e->status;
    in->users_used += begins;
    user->first = begins ? number : user->first;
    user->end = number + 1;
    return 0;
}

static int read_session(struct batches_in *in, struct tagged *t, struct session *s, struct err *e)
{
    if (session_record_read(&in->r, t, in->users.len, in->item_used.len, &in->extras, s, e))
        return e->status;
    if (in->part.len == INT32_MAX) /* cov: takes a stream of 2^31 sessions */
        return err_set(e, STATUS_DATA, "more than %d sessions", INT32_MAX);
    if (add_to_user(in, s, e))
        return e->status;
    for (size_t i = 0; i < s->count; i++) {
        in->items_used += !in->item_used.at[s->items[i]];
        in->item_used.at[s->items[i]] = 1;
    }
    vec_push(&in->part, (unsigned char)s->part);
    return 0;
}

static int end_sessions(struct batches_in *in, struct err *e)
{
    if (session_record_all_used(in->users.len, in->users_used, in->item_used.len, in->items_used,
                                e))
        return e->status;
    return in->part.len ? 0 : err_set(e, STATUS_DATA, "the input holds no session");
}

/* ---- passes ---- */

static int read_epoch(struct batches_in *in, struct tagged *t, struct epoch *epoch, struct err *e)
{
    if (!in->epoch.number && end_sessions(in, e))
        return e->status;
    if (reader_epoch(t, epoch, e))
        return e->status;
    if (epoch->number < in->epoch.number)
        return err_set(e, STATUS_DATA, "epoch %lld after epoch %lld", (long long)epoch->number,
                       (long long)in->epoch.number);
    in->epoch = *epoch;
    in->of = RECORD_EPOCH;
    in->pass++;
    return 0;
}

static int read_again(struct batches_in *in, struct tagged *t, int64_t *again, struct err *e)
{
    int64_t written = in->written[in->epoch.part];
    if (!cursor_int(&t->c, 1, INT32_MAX, again))
        return err_set(e, STATUS_DATA, "the epoch that comes again is not a number from 1");
    if (in->of != RECORD_EPOCH)
        return err_set(e, STATUS_DATA, "an earlier pass again, in a pass that has begun");
    if (*again != written)
        return err_set(e, STATUS_DATA,
                       "the %s pass of epoch %lld again, but the last one written out is %s%lld",
                       part_name[in->epoch.part], (long long)*again,
                       written ? "" : "none: ", (long long)written);
    in->of = RECORD_AGAIN;
    return 0;
}

/* The user of a session: the last one who begins at or before it. */
static int32_t user_of(const struct batches_in *in, int32_t session)
{
    size_t low = 0, high = in->users.len;
    while (high - low > 1) {
        size_t middle = low + (high - low) / 2;
        if (in->users.at[middle].first <= session)
            low = middle;
        else
            high = middle;
    }
    return (int32_t)low;
}

/* Where the order is kept, a user's sessions rise in a pass, and a batch has one of each. */
static int check_order(struct batches_in *in, int32_t session, bool whole, struct err *e)
{
    int32_t id = user_of(in, session);
    struct batches_user *user = &in->users.at[id];
    if (whole && user->batch == in->batch)
        return err_set(e, STATUS_DATA,
                       "user %d is in one batch twice, in a stream that keeps each user's order",
                       id);
    if (user->pass == in->pass && session <= user->newest)
        return err_set(e, STATUS_DATA, "session %d of user %d after session %d in one pass",
                       session - user->first, id, user->newest - user->first);
    user->pass = in->pass;
    user->batch = in->batch;
    user->newest = session;
    return 0;
}

static int check_sessions(struct batches_in *in, struct column sessions, bool whole, struct err *e)
{
    if (!sessions.len)
        return err_set(e, STATUS_DATA, "a batch of no sessions");
    for (size_t i = 0; i < sessions.len; i++) {
        int32_t session = column_i32(sessions)[i];
        if ((uint32_t)session >= in->part.len)
            return err_set(e, STATUS_DATA, "session %d, but there are %zu", session, in->part.len);
        if (in->part.at[session] != in->epoch.part)
            return err_set(e, STATUS_DATA, "session %d is of the %s part, the pass is of %s",
                           session, part_name[in->part.at[session]], part_name[in->epoch.part]);
        if (in->keeps_order && check_order(in, session, whole, e))
            return e->status;
    }
    return 0;
}

/* A pass has batches, or parallel mini-batches, or is an earlier one again. */
static int begin_batch(struct batches_in *in, enum record_kind kind, struct err *e)
{
    if (in->of != RECORD_EPOCH && in->of != kind)
        return err_set(e, STATUS_DATA, "a %s in a pass that %s",
                       kind == RECORD_BATCH ? "batch" : "parallel mini-batch",
                       in->of == RECORD_AGAIN ? "is an earlier one again" : "has the other kind");
    in->of = kind;
    in->batch++;
    in->written[in->epoch.part] = in->epoch.number;
    return 0;
}

static int read_batch(struct batches_in *in, struct tagged *t, struct batches_record *r,
                      struct err *e)
{
    int64_t learn = 1;
    if (begin_batch(in, t->kind, e) ||
        field_array(&t->c, "session", COLUMN_I32, &in->r.arena, &r->number, e))
        return e->status;
    if (t->left > 1 && !cursor_int(&t->c, 0, 1, &learn))
        return err_set(e, STATUS_DATA, "\"learn\" is neither 0 nor 1");
    r->learn = (int)learn;
    r->slot = (struct column){0};
    return check_sessions(in, r->number, true, e);
}

static int read_parallel(struct batches_in *in, struct tagged *t, struct batches_record *r,
                         struct err *e)
{
    if (!in->slots)
        return err_set(e, STATUS_DATA, "a parallel mini-batch, but the header has no \"slots\"");
    if (in->epoch.part != PART_TRAIN)
        return err_set(e, STATUS_DATA, "a parallel mini-batch in a %s pass: only training has them",
                       part_name[in->epoch.part]);
    if (begin_batch(in, t->kind, e) ||
        field_array(&t->c, "slot", COLUMN_I32, &in->r.arena, &r->slot, e) ||
        field_array(&t->c, "session", COLUMN_I32, &in->r.arena, &r->number, e))
        return e->status;
    if (r->slot.len != r->number.len)
        return err_set(e, STATUS_DATA, "%zu slots and %zu sessions, expected equally many",
                       r->slot.len, r->number.len);
    return field_check("slot", COLUMN_I32, r->slot, 0, in->slots - 1, e)
               ? e->status
               : check_sessions(in, r->number, false, e);
}

/* ---- records ---- */

static int read_before(struct batches_in *in, struct tagged *t, struct batches_record *r,
                       struct err *e)
{
    if (t->kind == RECORD_SESSION)
        return read_session(in, t, &r->session, e);
    if (t->kind == RECORD_EPOCH)
        return read_epoch(in, t, &r->epoch, e);
    if (t->kind == RECORD_USER || t->kind == RECORD_ITEM)
        return define(in, t, &r->named, e);
    return err_set(e, STATUS_DATA, "a batch before the first epoch");
}

static int read_record(struct batches_in *in, struct tagged *t, struct batches_record *r,
                       struct err *e)
{
    r->kind = t->kind;
    if (!in->epoch.number)
        return read_before(in, t, r, e);
    switch (t->kind) {
    case RECORD_EPOCH:
        return read_epoch(in, t, &r->epoch, e);
    case RECORD_BATCH:
        return read_batch(in, t, r, e);
    case RECORD_PARALLEL:
        return read_parallel(in, t, r, e);
    case RECORD_AGAIN:
        return read_again(in, t, &r->again, e);
    default:
        return err_set(e, STATUS_DATA,
                       "a user, item or session after the first epoch: all come before it");
    }
}

enum read_result batches_in_next(struct batches_in *in, struct batches_record *r, struct err *e)
{
    struct tagged t;
    enum read_result result = reader_next(&in->r, &t, e);
    bool ends_early = result == READ_END && !in->epoch.number; /* without a pass */
    if ((ends_early && end_sessions(in, e)) ||
        (result == READ_RECORD && read_record(in, &t, r, e))) {
        frame_in_at(in->r.frame, e);
        return READ_ERROR;
    }
    return result;
}

/* ---- writing ---- */

int write_batch(struct frame_out *out, const int32_t *session, size_t count, int learn,
                struct err *e)
{
    msgpack_packer *pk = frame_out_record(out);
    msgpack_pack_array(pk, learn ? 2 : 3);
    pack_text(pk, bytes_of("batch"));
    pack_array(pk, COLUMN_I32, session, count);
    if (!learn)
        msgpack_pack_int(pk, 0);
    return frame_out_commit(out, e);
}

int write_parallel(struct frame_out *out, const int32_t *slot, const int32_t *session, size_t count,
                   struct err *e)
{
    msgpack_packer *pk = frame_out_record(out);
    msgpack_pack_array(pk, 3);
    pack_text(pk, bytes_of("parallel"));
    pack_array(pk, COLUMN_I32, slot, count);
    pack_array(pk, COLUMN_I32, session, count);
    return frame_out_commit(out, e);
}

int write_again(struct frame_out *out, int64_t epoch, struct err *e)
{
    msgpack_packer *pk = frame_out_record(out);
    msgpack_pack_array(pk, 2);
    pack_text(pk, bytes_of("again"));
    msgpack_pack_int64(pk, epoch);
    return frame_out_commit(out, e);
}
