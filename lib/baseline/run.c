#include "baseline/run.h"

#include "cli/progress.h"

static int take_session(struct counting *c, const struct session *s, struct err *e)
{
    if (s->part == PART_NONE)
        return err_set(e, STATUS_DATA,
                       "the sessions are not split: pipe them through tfilter "
                       "--split user:0.8 first");
    while (c->sessions.len <= (size_t)s->user)
        vec_push(&c->sessions, 0);
    int32_t number = c->sessions.at[s->user]++;
    c->parts[s->part]++;
    if (s->part == PART_TRAIN)
        baseline_learn(c->baseline, s);
    else
        answers_keep(&c->answers, s, number);
    return 0;
}

static int take(struct counting *c, const struct sessions_record *record, struct err *e)
{
    const struct named *n = &record->named;
    if (record->kind == RECORD_USER)
        return write_user(&c->out->out, n->id, n->name, n->attributes, e);
    if (record->kind == RECORD_ITEM) {
        item_support_note(&c->support, n->attributes);
        return write_item(&c->out->out, n->id, n->name, n->attributes, e);
    }
    return take_session(c, &record->session, e);
}

static int learn(struct counting *c, struct err *e)
{
    struct sessions_record record;
    enum read_result got;
    while ((got = sessions_in_next(c->in, &record, e)) == READ_RECORD)
        if (take(c, &record, e))
            return e->status;
    if (got == READ_ERROR)
        return e->status;
    int32_t items = names_count(sessions_in_items(c->in));
    unsigned char *candidates;
    if (item_support_most(&c->support, c->rank_among, items, &candidates, e))
        return e->status;
    baseline_ready(c->baseline, items, candidates);
    mem_free(candidates);
    return 0;
}

/* ---- predicting ---- */

static int predict(struct counting *c, enum part part, struct err *e)
{
    struct pass pass = {.epoch = {1, part}};
    struct ranks ranks;
    struct tops tops;
    int64_t items = names_count(sessions_in_items(c->in));
    int64_t ranked = c->rank_among && c->rank_among < items ? c->rank_among : items;
    int32_t k = (int32_t)(c->top < ranked ? c->top : ranked);
    int status = write_epoch(&c->out->out, pass.epoch, e);
    while (!status &&
           answers_next(&c->answers, c->baseline, part, k, (int)c->threads, &ranks, &tops, &pass)) {
        progress_count(part == PART_TEST ? "test" : "validation", (double)pass.events, "targets");
        status = write_ranks(&c->out->out, &ranks, e);
        if (!status && k)
            status = write_tops(&c->out->out, &tops, e);
    }
    pass.loss /= pass.events ? (double)pass.events : 1;
    return status ? status : write_pass(&c->out->out, &pass, e);
}

int counting_run(struct counting *c, struct err *e)
{
    int status = learn(c, e);
    if (!status && c->mix_path)
        status =
            lists_read(&c->mix, c->mix_path, sessions_in_users(c->in), sessions_in_items(c->in), e);
    if (!status && c->parts[PART_VALIDATION])
        status = predict(c, PART_VALIDATION, e);
    if (!status)
        status = predict(c, PART_TEST, e);
    return status;
}

void counting_release(struct counting *c)
{
    answers_release(&c->answers);
    mix_release(&c->mix);
    item_support_release(&c->support);
    vec_release(&c->sessions);
}
