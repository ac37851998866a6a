#include "recommend/run.h"

#include "recommend/text.h"

/* ---- answers ---- */

/* Those who have a session, in the order in which they were asked. */
static void pick(struct recommending *r)
{
    vec_clear(&r->with);
    for (size_t i = 0; i < r->asked.len; i++)
        if (r->people.at.at[r->asked.at[i]].visits.len)
            vec_push(&r->with, r->asked.at[i]);
}

/* Answers all who were asked, and writes it. */
static int make(struct recommending *r, struct err *e)
{
    const struct text_names names = {sessions_in_users(r->in), &r->trained->items};
    pick(r);
    if (r->with.len && engine_make(&r->advisor, &r->people, r->with.at, r->with.len, e))
        return e->status;
    for (size_t i = 0, at = 0; i < r->asked.len; i++) {
        const struct recommendation *answer = &(struct recommendation){.user = r->asked.at[i]};
        if (at < r->with.len && r->with.at[at] == r->asked.at[i])
            answer = &r->advisor.list.at[at++];
        else
            r->unanswered++;
        if (r->json)
            text_json(&r->out, &r->advisor, &r->people, answer, &names);
        else
            text_tsv(&r->out, &r->advisor, &r->people, answer, &names);
    }
    vec_clear(&r->asked);
    r->batch++;
    int status = r->out.len ? output_file_write(r->sink, r->out.at, r->out.len, e) : 0;
    buf_clear(&r->out);
    return status;
}

/* ---- questions ---- */

static bool is_asked(const struct recommending *r, int32_t user)
{
    return r->turn.at[user] == r->batch;
}

/* The sessions of the user in hand have ended. */
static int ask(struct recommending *r, struct err *e)
{
    if (r->current < 0)
        return 0;
    vec_push(&r->asked, r->current);
    r->turn.at[r->current] = r->batch;
    r->current = -1;
    return r->asked.len < (size_t)r->advisor.batch ? 0 : make(r, e);
}

static int take_session(struct recommending *r, const struct session *s, struct err *e)
{
    if (s->user != r->current) {
        if (ask(r, e))
            return e->status;
        /* who comes again is answered first for what he had done until then */
        if (is_asked(r, s->user) && make(r, e))
            return e->status;
        r->current = s->user;
    }
    users_session(&r->people, s);
    return 0;
}

static int take(struct recommending *r, const struct sessions_record *record, struct err *e)
{
    int status = 0;
    if (record->kind == RECORD_ITEM) {
        users_item(&r->people, record->named.name, &r->trained->items);
    } else if (record->kind == RECORD_USER) {
        users_user(&r->people, record->named.name, &r->trained->users);
        vec_push(&r->turn, 0);
    } else {
        status = take_session(r, &record->session, e);
    }
    if (!status && sessions_in_flushed(r->in))
        status = ask(r, e) || make(r, e) ? e->status : 0;
    return status;
}

int recommending_run(struct recommending *r, struct err *e)
{
    struct sessions_record record;
    enum read_result got;
    int status = meta_get_i64s(sessions_in_meta(r->in), "delta_edges", &r->edges, e);
    r->current = -1;
    r->batch = 1;
    if (!status)
        status = engine_open(&r->advisor, r->trained, &r->edges, r->device, e);
    while (!status && (got = sessions_in_next(r->in, &record, e)) != READ_END)
        status = got == READ_ERROR ? e->status : take(r, &record, e);
    if (!status)
        status = ask(r, e) || make(r, e) ? e->status : 0;
    return status;
}

void recommending_release(struct recommending *r)
{
    engine_release(&r->advisor);
    users_release(&r->people);
    vec_release(&r->edges);
    vec_release(&r->asked);
    vec_release(&r->with);
    vec_release(&r->turn);
    buf_release(&r->out);
}
