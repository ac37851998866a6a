#include "data/filter_run.h"

#include "data/merge_users.h"

struct filtering {
    struct filter_chain *chain;
    struct frame_out *out;
    struct filter_begin begin;
    struct reindex relabel;
    struct merge_users merging;       /* of a chain that merges: what was read */
    uint64_t adjoined;                /* by it */
    struct user_sessions now;         /* the user being read */
    VEC(bool) seen;                   /* by user id: has begun */
    struct all_user_sessions held;    /* users that wait for the end of the input */
    bool any, split;                  /* whether one user is through; whether it is split */
    bool surveys;                     /* whether a filter needs all users */
    bool holds;                       /* whether all wait for the end of the input */
    size_t memory;                    /* as filter_run has it */
    uint64_t users, sessions, events; /* read */
    i64_vec train;                    /* by item id: events in the training part */
};

/* ---- a user is complete ---- */

static int check_part(struct filtering *r, enum part part, struct err *e)
{
    if (!r->any)
        r->split = part != PART_NONE;
    r->any = true;
    return (part != PART_NONE) == r->split
               ? 0
               : err_set(e, STATUS_DATA,
                         "some sessions are split and others are not: split them together");
}

static int of_user(const struct filtering *r, int32_t user, struct err *e)
{
    struct bytes name = names_at(r->relabel.users.names, user);
    return err_at(e, "user %.*s", (int)name.len, name.at);
}

static int hold(struct filtering *r, struct err *e)
{
    int status = all_user_sessions_add(&r->held, &r->now, e);
    user_sessions_clear(&r->now);
    return status;
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
    for (size_t i = 0; i < r->now.sessions.len && !r->surveys && !status; i++)
        status = check_part(r, r->now.sessions.at[i]->part, e);
    if (status)
        return of_user(r, r->now.user, e);
    if (!r->now.sessions.len)
        return 0;
    return r->holds || r->split ? hold(r, e) : write_user_now(r, e);
}

/* Bytes that what comes after reading takes for each user and item: a second store's users, and
 * three counts of each item, which grow by halves (vec_push). */
enum { LATER_PER_USER = 12, LATER_PER_ITEM = 36 };

/* Sessions that are read leave room for that. */
static int leave_room(struct filtering *r, struct err *e)
{
    size_t later = all_user_sessions_count(&r->held) * LATER_PER_USER +
                   (size_t)names_count(r->relabel.items.names) * LATER_PER_ITEM;
    if (!r->memory)
        return 0;
    return all_user_sessions_within(&r->held, r->memory > later ? r->memory - later : 1, e);
}

/* Applies the filters that need all users. */
static int finish(struct filtering *r, struct err *e)
{
    const struct session_store *c = &r->held.store;
    int status = all_user_sessions_end(&r->held, e);
    if (!status)
        status = leave_room(r, e);
    if (!status && r->surveys)
        status = filter_chain_finish(r->chain, &r->held, &r->relabel.users, e);
    for (size_t s = 0; !status && s < session_store_sessions(c); s++) {
        if (check_part(r, session_store_part(c, s), e))
            status = of_user(r, r->held.user.at[session_store_user(c, s)], e);
        all_user_sessions_passed(&r->held, s, s + 1);
    }
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
    r->users++;
    r->now.user = user;
    r->now.edges = (struct edges){0};
    return 0;
}

static int take_session(struct filtering *r, const struct session *s, struct err *e)
{
    if (!r->now.sessions.len || r->now.user != s->user)
        if (user_end(r, e) || user_begin(r, s->user, e))
            return e->status;
    user_sessions_add(&r->now, s);
    r->sessions++;
    r->events += s->count;
    return 0;
}

static int take(struct filtering *r, uint64_t part, const struct sessions_record *record,
                struct err *e)
{
    switch (record->kind) {
    case RECORD_USER:
        new_ids_note(&r->relabel.users, &record->named);
        return 0;
    case RECORD_ITEM:
        new_ids_note(&r->relabel.items, &record->named);
        return 0;
    default:
        return r->chain->merges ? merge_users_add(&r->merging, part, &record->session, e)
                                : take_session(r, &record->session, e);
    }
}

static int begin_output(const struct filter_begin *b, struct err *e)
{
    return b->begin ? b->begin(b->to, e) : 0;
}

/* Takes the joined sessions of a chain that merges; the header now knows of all streams. */
static int take_merged(struct filtering *r, const struct meta *input, struct err *e)
{
    const struct session *s;
    int status = meta_get_int(input, "gap", &r->merging.gap, e);
    if (!status)
        status = merge_users_end(&r->merging, r->relabel.users.names, e);
    if (!status && !r->holds)
        status = begin_output(&r->begin, e);
    while (!status && (s = merge_users_next(&r->merging)))
        status = take_session(r, s, e);
    r->adjoined = r->merging.adjoined;
    merge_users_release(&r->merging);
    return status;
}

static int take_all(struct filtering *r, struct sessions_in *in, struct err *e)
{
    struct sessions_record record;
    enum read_result got;
    int status = 0;
    if (r->chain->merges)
        sessions_in_join_users(in);
    while (!status && (got = sessions_in_next(in, &record, e)) != READ_END)
        status = got == READ_ERROR ? e->status : take(r, sessions_in_part(in), &record, e);
    if (!status && r->chain->merges)
        status = take_merged(r, sessions_in_meta(in), e);
    return status ? status : user_end(r, e);
}

/* Items that the held sessions use. */
static uint64_t count_used(const struct filtering *r)
{
    const struct session_store *c = &r->held.store;
    item_mark_vec marks = {0};
    uint64_t used = 0;
    for (size_t s = 0; s < session_store_sessions(c); s++) {
        mark_items(&marks, session_store_items(c, s), session_store_length(c, s), 1);
        all_user_sessions_passed(&r->held, s, s + 1);
    }
    for (size_t i = 0; i < marks.len; i++)
        used += marks.at[i];
    vec_release(&marks);
    return used;
}

/* Of users and items, those that are not among the ones left. */
static void count_drops(const struct filtering *r, uint64_t users, uint64_t items, struct drops *d)
{
    uint64_t known = (uint64_t)names_count(r->relabel.items.names);
    *d = (struct drops){.events.of = r->events,
                        .sessions.of = r->sessions,
                        .users = {r->users - users, r->users},
                        .items = {known - items, known}};
    filter_chain_drops(r->chain, d);
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
    struct session_view v = {0};
    const int32_t *first = r->held.store.first.at;
    for (size_t u = 0; u < all_user_sessions_count(&r->held) && !status; u++) {
        for (size_t s = (size_t)first[u]; s < (size_t)first[u + 1] && !status; s++) {
            session_view_of(&v, &r->held, u, s);
            status = reindex_session(&r->relabel, r->out, &v.session, e);
            all_user_sessions_passed(&r->held, s, s + 1);
        }
        if (!status)
            status = frame_out_pause(r->out, e);
    }
    session_view_release(&v);
    return status;
}

int filter_run(struct filter_chain *chain, struct sessions_in *in, struct frame_out *out,
               struct filter_begin begin, size_t memory, struct filter_result *result,
               struct err *e)
{
    struct filtering r = {.chain = chain,
                          .out = out,
                          .begin = begin,
                          .surveys = filter_chain_surveys(chain),
                          .memory = memory};
    int status = 0;
    if (memory)
        mem_give_back();
    merge_users_open(&r.merging, memory);
    all_user_sessions_open(&r.held, memory);
    r.relabel.users.names = sessions_in_users(in);
    r.relabel.items.names = sessions_in_items(in);
    filter_chain_recall(chain, sessions_in_meta(in));
    r.holds = r.surveys ||
              (!begin.at_once && (filter_chain_may_drop(chain) || filter_chain_splits(chain)));
    if (!r.holds && !chain->merges)
        status = begin_output(&begin, e);
    if (!status)
        status = take_all(&r, in, e);
    if (!status)
        status = finish(&r, e);
    if (!status && r.holds) {
        count_drops(&r, all_user_sessions_count(&r.held), count_used(&r), &result->drops);
        status = begin_output(&begin, e);
    }
    if (!status)
        status = write_held(&r, &result->split, e);
    if (!status && !r.holds)
        count_drops(&r, (uint64_t)r.relabel.users.used, (uint64_t)r.relabel.items.used,
                    &result->drops);
    result->adjoined = r.adjoined;

    merge_users_release(&r.merging);
    all_user_sessions_release(&r.held);
    user_sessions_release(&r.now);
    vec_release(&r.seen);
    vec_release(&r.train);
    reindex_release(&r.relabel);
    return status;
}
