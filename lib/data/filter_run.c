#include "data/filter_run.h"

#include "data/reindex.h"

struct filtering {
    struct filter_chain *chain;
    struct frame_out *out;
    struct reindex relabel;
    struct user_sessions now;      /* the user being read */
    VEC(bool) seen;                /* by user id: has begun */
    struct all_user_sessions held; /* users that wait for the end of the input */
    bool any, split;               /* whether one user is through; whether it is split */
    bool surveys;                  /* whether a filter needs all users */
    i64_vec train;                 /* by item id: events in the training part */
};

/* ---- a user is complete ---- */

static int check_split(struct filtering *r, const struct user_sessions *h, struct err *e)
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

static int of_user(const struct filtering *r, const struct user_sessions *h, struct err *e)
{
    struct bytes name = names_at(r->relabel.users.names, h->user);
    return err_at(e, "user %.*s", (int)name.len, name.at);
}

static void hold(struct filtering *r)
{
    vec_push(&r->held, r->now);
    r->now = (struct user_sessions){0};
}

static int write_user_now(struct filtering *r, struct err *e)
{
    int status = reindex_write(&r->relabel, r->out, &r->now, e);
    user_sessions_clear(&r->now);
    return status ? status : frame_out_pause(r->out, e);
}

static int user_end(struct filtering *r, struct err *e)
{
    if (!r->now.sessions.len)
        return 0;
    r->now.about = new_ids_attributes(&r->relabel.users, r->now.user);
    int status = filter_chain_apply(r->chain, &r->now, e);
    if (status)
        return of_user(r, &r->now, e);
    if (!r->now.sessions.len)
        return 0;
    if (r->surveys) {
        hold(r);
        return 0;
    }
    if (check_split(r, &r->now, e))
        return of_user(r, &r->now, e);
    if (!r->split)
        return write_user_now(r, e);
    hold(r);
    return 0;
}

/* Applies the filters that need all users. */
static int finish(struct filtering *r, struct err *e)
{
    int status = 0;
    for (size_t u = 0; u < r->held.len; u++)
        r->held.at[u].about = new_ids_attributes(&r->relabel.users, r->held.at[u].user);
    if (r->surveys)
        status = filter_chain_finish(r->chain, &r->held, e);
    for (size_t u = 0; u < r->held.len && !status; u++)
        if (check_split(r, &r->held.at[u], e))
            status = of_user(r, &r->held.at[u], e);
    return status;
}

/* ---- reading and writing ---- */

static int user_begin(struct filtering *r, int32_t user, struct err *e)
{
    while (r->seen.len <= (size_t)user)
        vec_push(&r->seen, false);
    if (r->seen.at[user]) {
        struct bytes name = names_at(r->relabel.users.names, user);
        return err_set(e, STATUS_DATA,
                       "user %.*s comes back after another one: a user's sessions have to be "
                       "together",
                       (int)name.len, name.at);
    }
    r->seen.at[user] = true;
    r->now.user = user;
    memset(r->now.edge, 0, sizeof r->now.edge);
    return 0;
}

static int take(struct filtering *r, const struct sessions_record *record, struct err *e)
{
    int status = 0;
    switch (record->kind) {
    case RECORD_USER:
        new_ids_note(&r->relabel.users, &record->named);
        return 0;
    case RECORD_ITEM:
        new_ids_note(&r->relabel.items, &record->named);
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
    user_sessions_add(&r->now, &record->session);
    return 0;
}

static int write_held(struct filtering *r, struct split_report *report, struct err *e)
{
    int status = 0;
    if (r->split) {
        split_report_count(report, &r->held, &r->train);
        while (r->train.len < r->relabel.items.id.len)
            vec_push(&r->train, 0);
        r->relabel.train = r->train.at;
        status = filter_chain_check(r->chain, report->sessions, e);
    }
    for (size_t i = 0; i < r->held.len && !status; i++) {
        status = reindex_write(&r->relabel, r->out, &r->held.at[i], e);
        user_sessions_release(&r->held.at[i]);
        if (!status)
            status = frame_out_pause(r->out, e);
    }
    return status;
}

int filter_run(struct filter_chain *chain, struct sessions_in *in, struct frame_out *out,
               struct split_report *report, struct err *e)
{
    struct filtering r = {.chain = chain, .out = out, .surveys = filter_chain_surveys(chain)};
    struct sessions_record record;
    enum read_result got;
    int status = 0;
    r.relabel.users.names = sessions_in_users(in);
    r.relabel.items.names = sessions_in_items(in);
    filter_chain_recall(chain, sessions_in_meta(in));
    while (!status && (got = sessions_in_next(in, &record, e)) != READ_END)
        status = got == READ_ERROR ? e->status : take(&r, &record, e);
    if (!status)
        status = user_end(&r, e);
    if (!status)
        status = finish(&r, e);
    if (!status)
        status = write_held(&r, report, e);

    all_user_sessions_release(&r.held);
    user_sessions_release(&r.now);
    vec_release(&r.seen);
    vec_release(&r.train);
    reindex_release(&r.relabel);
    return status;
}
