#include "baseline/run.h"

#include "cli/progress.h"

static int take(struct counting *c, const struct sessions_record *record, struct err *e)
{
    const struct named *n = &record->named;
    if (record->kind == RECORD_USER)
        return write_user(&c->out->out, n->id, n->name, n->attributes, e);
    if (record->kind == RECORD_ITEM) {
        item_support_note(&c->support, n->attributes);
        return write_item(&c->out->out, n->id, n->name, n->attributes, e);
    }
    int status = session_store_take(&c->store, &record->session, e);
    return status == STATUS_DATA ? sessions_in_at(c->in, e) : status;
}

static int learn(struct counting *c, struct err *e)
{
    struct sessions_record record;
    enum read_result got;
    while ((got = sessions_in_next(c->in, &record, e)) == READ_RECORD)
        if (take(c, &record, e))
            return e->status;
    if (got == READ_ERROR || session_store_end(&c->store, e))
        return e->status;
    int32_t items = names_count(sessions_in_items(c->in));
    unsigned char *candidates;
    if (item_support_most(&c->support, c->rank_among, items, &candidates, e))
        return e->status;
    baseline_learn(c->baseline, &c->store, items, candidates);
    answers_open(&c->answers, &c->store, items, baseline_is_online(c->baseline) == ONLINE_ALL);
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
        size_t session = (size_t)c->answers.questions.at[i];
        int32_t user = session_store_user(&c->store, session);
        int32_t number = (int32_t)session - c->store.first.at[user];
        for (size_t event = 1; event < session_store_length(&c->store, session);
             event++, positions++) {
            struct mix_position at = {user, number, (int32_t)event - 1};
            int32_t target = session_store_items(&c->store, session)[event];
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
        progress_count(c->cli, part == PART_TEST ? "test" : "validation", (double)pass.events,
                       "targets");
        status = write_ranks(&c->out->out, &ranks, e);
        if (!status && k)
            status = write_tops(&c->out->out, &tops, e);
    }
    pass.loss /= pass.events ? (double)pass.events : 1;
    return status ? status : write_pass(&c->out->out, &pass, e);
}

int counting_run(struct counting *c, struct err *e)
{
    c->store.keeps_times = baseline_reads_sessions(c->baseline);
    session_store_limit(&c->store, (size_t)c->memory);
    int status = learn(c, e);
    if (!status && c->mix_path)
        status = read_lists(c, e);
    if (!status && session_store_part_count(&c->store, PART_VALIDATION))
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
    session_store_release(&c->store);
}
