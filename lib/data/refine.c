#include "data/refine.h"

#include "data/relabel.h"

struct run {
    const struct filter_chain *chain;
    struct frame_out *out;
    struct relabel relabel;
    struct history now;       /* the user being read */
    VEC(bool) seen;           /* by user id: has begun */
    VEC(struct history) held; /* split users, until the counts are known */
    bool any, split;          /* whether one user is through; whether it is split */
    i64_vec train, test;      /* by item id: events in the training, in the test part */
    struct refine_report *report;
};

/* ---- a user is complete ---- */

static void count_items(i64_vec *counts, const struct run *r, const struct session *s)
{
    while (counts->len < r->relabel.items.id.len)
        vec_push(counts, 0);
    for (size_t i = 0; i < s->count; i++)
        counts->at[s->items[i]]++;
}

static void count_user(struct run *r, const struct history *h)
{
    int64_t trained = r->report->sessions[PART_TRAIN];
    for (size_t i = 0; i < h->sessions.len; i++) {
        const struct session *s = h->sessions.at[i];
        r->report->sessions[s->part]++;
        r->report->events[s->part] += (int64_t)s->count;
        if (s->part == PART_TRAIN)
            count_items(&r->train, r, s);
        else if (s->part == PART_TEST)
            count_items(&r->test, r, s);
    }
    r->report->users++;
    r->report->users_untrained += r->report->sessions[PART_TRAIN] == trained;
}

static int check_split(struct run *r, const struct history *h, struct err *e)
{
    if (!r->any)
        r->split = h->sessions.at[0]->part != PART_NONE;
    r->any = true;
    for (size_t i = 0; i < h->sessions.len; i++)
        if ((h->sessions.at[i]->part != PART_NONE) != r->split)
            return err_set(e, STATUS_DATA,
                           "some sessions are split and others are not: split them together");
    return 0;
}

static int user_end(struct run *r, struct err *e)
{
    if (!r->now.sessions.len)
        return 0;
    int status = filter_chain_apply(r->chain, &r->now, e);
    if (!status && !r->now.sessions.len)
        return 0;
    if (!status)
        status = check_split(r, &r->now, e);
    if (status) {
        struct bytes name = names_at(r->relabel.users.names, r->now.user);
        return err_at(e, "user %.*s", (int)name.len, name.at);
    }
    count_user(r, &r->now);
    if (r->split) {
        vec_push(&r->held, r->now);
        r->now = (struct history){0};
        return 0;
    }
    status = relabel_write(&r->relabel, r->out, &r->now, e);
    history_clear(&r->now);
    return status ? status : frame_out_pause(r->out, e);
}

/* ---- reading and writing ---- */

static int user_begin(struct run *r, int32_t user, struct err *e)
{
    while (r->seen.len <= (size_t)user)
        vec_push(&r->seen, false);
    if (r->seen.at[user]) {
        struct bytes name = names_at(r->relabel.users.names, user);
        return err_set(e, STATUS_DATA,
                       "user %.*s comes back after another one: a user's sessions have to stand "
                       "together",
                       (int)name.len, name.at);
    }
    r->seen.at[user] = true;
    r->report->users_in++;
    r->now.user = user;
    return 0;
}

static int take(struct run *r, const struct sessions_record *record, struct err *e)
{
    int status = 0;
    switch (record->kind) {
    case RECORD_USER:
        labels_note(&r->relabel.users, &record->named);
        return 0;
    case RECORD_ITEM:
        labels_note(&r->relabel.items, &record->named);
        return 0;
    default:
        break;
    }
    if (!r->now.sessions.len || r->now.user != record->session.user) {
        status = user_end(r, e);
        if (!status)
            status = user_begin(r, record->session.user, e);
    }
    if (status)
        return status;
    r->report->sessions_in++;
    history_add(&r->now, &record->session);
    return 0;
}

static int write_held(struct run *r, struct err *e)
{
    int status = 0;
    r->relabel.train = r->train.at;
    for (size_t i = 0; i < r->held.len && !status; i++) {
        status = relabel_write(&r->relabel, r->out, &r->held.at[i], e);
        history_release(&r->held.at[i]);
        if (!status)
            status = frame_out_pause(r->out, e);
    }
    return status;
}

static void count_unseen(const struct run *r)
{
    for (size_t i = 0; i < r->test.len; i++) {
        bool unseen = r->test.at[i] && (i >= r->train.len || !r->train.at[i]);
        r->report->test_items += r->test.at[i] > 0;
        r->report->test_items_unseen += unseen;
        r->report->test_events_unseen += unseen ? r->test.at[i] : 0;
    }
}

int refine(const struct filter_chain *chain, struct sessions_in *in, struct frame_out *out,
           struct refine_report *report, struct err *e)
{
    struct run r = {.chain = chain, .out = out, .report = report};
    struct sessions_record record;
    enum read_result got;
    int status = 0;
    r.relabel.users.names = sessions_in_users(in);
    r.relabel.items.names = sessions_in_items(in);
    while (!status && (got = sessions_in_next(in, &record, e)) != READ_END)
        status = got == READ_ERROR ? e->status : take(&r, &record, e);
    if (!status)
        status = user_end(&r, e);
    count_unseen(&r);
    while (r.train.len < r.relabel.items.id.len)
        vec_push(&r.train, 0);
    if (!status)
        status = write_held(&r, e);

    for (size_t i = 0; i < r.held.len; i++)
        history_release(&r.held.at[i]);
    history_release(&r.now);
    vec_release(&r.held);
    vec_release(&r.seen);
    vec_release(&r.train);
    vec_release(&r.test);
    relabel_release(&r.relabel);
    return status;
}

int refine_note(struct meta *m, const struct filter_chain *chain, struct err *e)
{
    static const char key[] = "filters";
    struct bytes before = meta_find(m, key);
    struct cursor c = cursor_of(before);
    uint32_t count = 0;
    if (before.at && !cursor_array(&c, &count))
        return err_set(e, STATUS_DATA, "header: %s: a list is expected", key);

    struct buf list = {0}, text = {0};
    msgpack_packer pk;
    msgpack_packer_init(&pk, &list, buf_write);
    msgpack_pack_array(&pk, count + chain->settings.len);
    buf_append(&list, c.at, (size_t)(c.end - c.at));
    for (size_t i = 0; i < chain->settings.len; i++) {
        const struct filter_setting *s = &chain->settings.at[i];
        buf_clear(&text);
        buf_format(&text, "%s=%s", s->filter->name, s->text);
        pack_text(&pk, (struct bytes){text.at, text.len});
    }
    if (count + chain->settings.len)
        meta_set(m, key, (struct bytes){list.at, list.len});
    buf_release(&list);
    buf_release(&text);
    return 0;
}
