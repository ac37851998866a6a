#include "data/select.h"

#include "stream/row_filter.h"
#include "stream/to_json.h"

int select_grep(struct select_options *o, const char *text, struct err *e)
{
    const char *name = strchr(text, '=');
    struct bytes what = {text, name ? (size_t)(name - text) : 0};
    o->user = bytes_equal(what, bytes_of("user"));
    o->item = bytes_equal(what, bytes_of("item"));
    if (!o->user && !o->item)
        return err_set(e, STATUS_USAGE, "'%s' is neither user=NAME nor item=NAME", text);
    o->name = bytes_of(name + 1);
    return 0;
}

static bool is_user(const struct selection *p, int64_t user)
{
    return p->options->user && user == p->id && p->id >= 0;
}

static bool has_item(const struct selection *p, const int32_t *items, size_t count)
{
    bool has = false;
    for (size_t i = 0; i < count && p->options->item && p->id >= 0; i++)
        has = has || items[i] == p->id;
    return has;
}

/* ---- parts ---- */

static int write_text(struct selection *p, struct err *e)
{
    int status = output_file_write(p->sink, p->text.at, p->text.len, e);
    buf_clear(&p->text);
    return status;
}

static int show_line(void *to, struct bytes record, struct err *e)
{
    struct selection *p = to;
    to_json_record(&p->text, record);
    return p->text.len >= 1 << 16 ? write_text(p, e) : 0;
}

static int open_part(struct selection *p, const struct meta *in, struct err *e)
{
    p->id = -1;
    frame_out_release(&p->out);
    frame_out_divert(&p->out, show_line, p);
    return to_json_header(&p->text, in, e);
}

/* ---- records ---- */

/* Sessions are shown with ids of their own, and definitions where a session first uses them; of
 * other kinds only the definition that was asked for is shown. */
static int take_named(struct selection *p, enum record_kind kind, const struct named *n,
                      struct err *e)
{
    bool of_user = kind == RECORD_USER;
    bool hit =
        (of_user ? p->options->user : p->options->item) && bytes_equal(n->name, p->options->name);
    if (hit) {
        p->id = n->id;
        p->found = true;
        p->kept++;
    }
    if (p->kind == STREAM_SESSIONS) {
        new_ids_note(of_user ? &p->relabel.users : &p->relabel.items, n);
        return 0;
    }
    return hit ? (of_user ? write_user : write_item)(&p->out, n->id, n->name, n->attributes, e) : 0;
}

static bool is_asked(const struct selection *p, const struct session *s)
{
    return is_user(p, s->user) || has_item(p, s->items, s->count);
}

static int take_session(struct selection *p, const struct session *s, struct err *e)
{
    if (!is_asked(p, s))
        return 0;
    p->kept++;
    return reindex_session(&p->relabel, &p->out, s, e);
}

/* A session of a schedule, shown with the ids of the input. */
static int take_numbered(struct selection *p, const struct session *s, struct err *e)
{
    vec_push(&p->shown, is_asked(p, s));
    if (!is_asked(p, s))
        return 0;
    p->kept++;
    return write_session(&p->out, s, e);
}

/* Marks the rows that are asked for, each with `per` items.  False: there is no such row. */
static bool mark_rows(struct selection *p, struct column user, struct column item, int64_t per)
{
    bool any = false;
    vec_clear(&p->keep);
    for (size_t i = 0; i < user.len; i++) {
        bool kept = is_user(p, column_i32(user)[i]) ||
                    has_item(p, column_i32(item) + i * (size_t)per, (size_t)per);
        vec_push(&p->keep, kept);
        any = any || kept;
    }
    p->kept += any;
    return any;
}

static int take_ranks(struct selection *p, struct ranks *r, struct err *e)
{
    if (!mark_rows(p, r->user, r->target, 1))
        return 0;
    ranks_keep(r, p->keep.at);
    p->ranked += (int64_t)r->loss.len;
    for (size_t i = 0; i < r->loss.len; i++)
        p->loss += (double)column_f32(r->loss)[i];
    return write_ranks(&p->out, r, e);
}

static int take_tops(struct selection *p, struct tops *t, struct err *e)
{
    if (!mark_rows(p, t->user, t->item, t->k))
        return 0;
    tops_keep(t, p->keep.at);
    return write_tops(&p->out, t, e);
}

static int take_intents(struct selection *p, struct intents *n, struct err *e)
{
    if (!mark_rows(p, n->user, (struct column){0}, 0))
        return 0;
    intents_keep(n, p->keep.at);
    return write_intents(&p->out, n, e);
}

static int take_attention(struct selection *p, const struct attention *a, struct err *e)
{
    bool hit = is_user(p, a->user) || has_item(p, column_i32(a->item), a->item.len) ||
               has_item(p, column_i32(a->target), a->target.len) ||
               has_item(p, column_i32(a->top), a->top.len);
    if (!hit)
        return 0;
    p->kept++;
    return write_attention(&p->out, a, e);
}

/* Keeps the sessions of a schedule that are shown, with the numbers that they have in the input. */
static int take_numbers(struct selection *p, struct batches_record *r, struct err *e)
{
    int32_t *number = column_i32(r->number), *slot = column_i32(r->slot);
    size_t kept = 0;
    for (size_t i = 0; i < r->number.len; i++) {
        if (!p->shown.at[number[i]])
            continue;
        if (slot)
            slot[kept] = slot[i];
        number[kept++] = number[i];
    }
    if (!kept)
        return 0;
    p->kept++;
    return slot ? write_parallel(&p->out, slot, number, kept, e)
                : write_batch(&p->out, number, kept, r->learn, e);
}

static int take_epoch(struct selection *p, struct epoch epoch, struct err *e)
{
    p->seen = p->ranked = 0;
    p->loss = 0;
    return write_epoch(&p->out, epoch, e);
}

/* A pass some of whose ranks were left out is shown with the count and mean loss of the others. */
static int take_pass(struct selection *p, struct pass *pass, struct err *e)
{
    if (p->ranked != p->seen) {
        pass->events = p->ranked;
        pass->loss = p->ranked ? p->loss / (double)p->ranked : 0;
    }
    return write_pass(&p->out, pass, e);
}

static int take(struct selection *p, union any_record *r, struct err *e)
{
    struct predictions_record *record =
        &r->predictions; /* the structs of all kinds begin with the kind */
    if (record->kind == RECORD_RANK)
        p->seen += (int64_t)record->ranks.user.len;
    switch (record->kind) {
    case RECORD_USER:
    case RECORD_ITEM:
        return take_named(p, record->kind, &record->named, e);
    case RECORD_SESSION:
        return p->kind == STREAM_SESSIONS ? take_session(p, &r->sessions.session, e)
                                          : take_numbered(p, &r->batches.session, e);
    case RECORD_EPOCH:
        return take_epoch(p, p->kind == STREAM_BATCHES ? r->batches.epoch : record->epoch, e);
    case RECORD_BATCH:
    case RECORD_PARALLEL:
        return take_numbers(p, &r->batches, e);
    case RECORD_AGAIN:
        return write_again(&p->out, r->batches.again, e);
    case RECORD_RANK:
        return take_ranks(p, &record->ranks, e);
    case RECORD_TOP:
        return take_tops(p, &record->tops, e);
    case RECORD_ATTENTION:
        return take_attention(p, &record->attention, e);
    case RECORD_INTENT:
        return take_intents(p, &record->intents, e);
    case RECORD_PASS:
        return take_pass(p, &record->pass, e);
    }
    return 0;
}

int select_run(struct selection *p, struct any_in *in, struct err *e)
{
    union any_record record;
    enum read_result result = READ_RECORD;
    p->kind = in->kind;
    if (in->sessions) {
        p->relabel.users.names = sessions_in_users(in->sessions);
        p->relabel.items.names = sessions_in_items(in->sessions);
    }
    if (open_part(p, any_in_meta(in), e))
        return e->status;
    while (p->kept < p->options->head && (result = any_in_next(in, &record, e)) > READ_END) {
        int status = result == READ_RECORD ? take(p, &record, e)
                     : write_text(p, e)    ? e->status
                                           : open_part(p, any_in_meta(in), e);
        if (status)
            return status;
    }
    if (result != READ_ERROR)
        return write_text(p, e);
    struct err later; /* what was found is shown before the error */
    write_text(p, &later);
    return e->status;
}

void select_release(struct selection *p)
{
    frame_out_release(&p->out);
    reindex_release(&p->relabel);
    vec_release(&p->keep);
    vec_release(&p->shown);
    buf_release(&p->text);
}
