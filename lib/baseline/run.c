#include "baseline/run.h"

#include "cli/progress.h"

/* A session is learned from or predicted with all sessions before it: its part must not be that of
 * an earlier time. */
static int check_part(struct counting *c, const struct session *s, struct err *e)
{
    if (s->part == PART_NONE)
        return err_set(e, STATUS_DATA,
                       "the sessions are not split: pipe them through tfilter "
                       "--split user:0.8 first");
    while (c->users.len <= (size_t)s->user)
        vec_push(&c->users, ((struct counted_user){0, PART_NONE}));
    enum part before = c->users.at[s->user].last;
    if (s->part >= before)
        return 0;
    err_set(e, STATUS_DATA, "a %s session comes after a %s session of the same user",
            part_name[s->part], part_name[before]);
    return sessions_in_at(c->in, e);
}

static int take_session(struct counting *c, const struct session *s, struct err *e)
{
    if (check_part(c, s, e))
        return e->status;
    struct counted_user *user = &c->users.at[s->user];
    user->last = s->part;
    c->parts[s->part]++;
    baseline_take(c->baseline, s);
    if (s->part != PART_TRAIN)
        answers_keep(&c->answers, s, user->sessions);
    user->sessions++;
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
    if (baseline_is_online(c->baseline) == ONLINE_ALL)
        answers_sort(&c->answers);
    mem_free(candidates);
    return 0;
}

/* ---- another run's lists ---- */

static int refuse_list(const struct counting *c, struct mix_position at, int32_t target,
                       const struct mix_target *theirs, struct err *e)
{
    const struct names *items = sessions_in_items(c->in);
    struct bytes user = names_at(sessions_in_users(c->in), at.user), own = names_at(items, target);
    struct bytes other =
        theirs && theirs->item >= 0 ? names_at(items, theirs->item) : bytes_of("another item");
    if (theirs)
        err_set(e, STATUS_DATA,
                "the target is %.*s, and in the sessions %.*s: both have to be of "
                "one log, made and split in one way",
                (int)other.len, other.at, (int)own.len, own.at);
    else
        err_set(e, STATUS_DATA, "the list is without its target: a rank record is expected");
    return err_at(e, "--mix %s: user %.*s, session %d, position %d", c->mix_path, (int)user.len,
                  user.at, at.session, at.position);
}

/* Whether the lists are those of our positions, each with our target. */
static int check_lists(const struct counting *c, struct err *e)
{
    int64_t found = 0, positions = 0;
    for (size_t i = 0; i < c->answers.questions.len; i++) {
        const struct question *q = &c->answers.questions.at[i];
        for (size_t event = 1; event < q->count; event++, positions++) {
            struct mix_position at = {q->user, q->number, (int32_t)event - 1};
            int32_t target = c->answers.items.at[q->start + event];
            if (!mix_list_at(&c->mix, at))
                continue;
            const struct mix_target *theirs = mix_target_at(&c->mix, at);
            if (!theirs || theirs->item != target)
                return refuse_list(c, at, target, theirs, e);
            found++;
        }
    }
    return found || !positions
               ? 0
               : err_set(e, STATUS_DATA,
                         "--mix %s: the file has no list for any of the %lld positions: it has to "
                         "be of the same log, made and split in one way",
                         c->mix_path, (long long)positions);
}

static int read_lists(struct counting *c, struct err *e)
{
    if (lists_read(&c->mix, c->mix_path, sessions_in_users(c->in), sessions_in_items(c->in), e))
        return e->status;
    return check_lists(c, e);
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
        status = read_lists(c, e);
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
    vec_release(&c->users);
}
