/* baseline: ranks by counting, a yardstick for what is trained. */
#include "baseline/answers.h"
#include "cli/cli.h"
#include "stream/stage.h"

struct run {
    struct sessions_in *in;
    struct stage out;
    struct baseline *baseline;
    struct answers answers;
    i32_vec sessions; /* of each user so far */
    int64_t parts[4]; /* sessions of each part */
};

static int take_session(struct run *r, const struct session *s, struct err *e)
{
    if (s->part == PART_NONE)
        return err_set(e, STATUS_DATA,
                       "the sessions are not split: pipe them through tfilter "
                       "--split user:0.8 first");
    while (r->sessions.len <= (size_t)s->user)
        vec_push(&r->sessions, 0);
    int32_t number = r->sessions.at[s->user]++;
    r->parts[s->part]++;
    if (s->part == PART_TRAIN)
        baseline_learn(r->baseline, s);
    else
        answers_keep(&r->answers, s, number);
    return 0;
}

static int take(struct run *r, const struct sessions_record *record, struct err *e)
{
    const struct named *n = &record->named;
    if (record->kind == RECORD_USER)
        return write_user(&r->out.out, n->id, n->name, n->attributes, e);
    if (record->kind == RECORD_ITEM)
        return write_item(&r->out.out, n->id, n->name, n->attributes, e);
    return take_session(r, &record->session, e);
}

static int learn(struct run *r, struct err *e)
{
    struct sessions_record record;
    enum read_result got;
    while ((got = sessions_in_next(r->in, &record, e)) == READ_RECORD)
        if (take(r, &record, e))
            return e->status;
    if (got == READ_ERROR)
        return e->status;
    baseline_ready(r->baseline, names_count(sessions_in_items(r->in)));
    return 0;
}

static int predict(struct run *r, enum part part, int32_t top, struct err *e)
{
    struct pass pass = {.epoch = {1, part}};
    struct ranks ranks;
    struct tops tops;
    int status = write_epoch(&r->out.out, pass.epoch, e);
    while (!status && answers_next(&r->answers, r->baseline, part, top, &ranks, &tops, &pass)) {
        status = write_ranks(&r->out.out, &ranks, e);
        if (!status && top)
            status = write_tops(&r->out.out, &tops, e);
    }
    pass.loss /= pass.events ? (double)pass.events : 1;
    return status ? status : write_pass(&r->out.out, &pass, e);
}

static int run(struct run *r, int64_t top, struct err *e)
{
    int status = learn(r, e);
    int64_t items = names_count(sessions_in_items(r->in));
    if (!status && r->parts[PART_VALIDATION])
        status = predict(r, PART_VALIDATION, (int32_t)(top < items ? top : items), e);
    if (!status)
        status = predict(r, PART_TEST, (int32_t)(top < items ? top : items), e);
    return status;
}

static const char notes[] =
    "pop     how often the item stands in the training part\n"
    "ppop    how often it stands in the user's own training sessions\n"
    "markov  how often it comes right after the item before, within training sessions\n"
    "Each fills up by popularity, then by id.";

int main(int argc, char **argv)
{
    struct output_options to = {0};
    const char *model = NULL;
    int64_t top = 0;
    struct buf names = {0}, options = {0};
    for (const struct baseline_kind *k = baseline_kinds; k->name; k++)
        buf_format(&names, "%s%s", names.len ? "|" : "", k->name);
    buf_byte(&names, 0);
    const struct option own[] = {
        {OPTION_CHOICE, 0, "model", .help = "what to count", .to = &model, .recorded = true,
         .choices = names.at},
        {OPTION_INT, 0, "top", "K", "also write the K best items of each position", .to = &top,
         .recorded = true, .high = 10000},
        {0},
    };
    const struct option *const tables[] = {own, cli_output_options(&to), NULL};
    const struct program program = {
        .name = "baseline",
        .purpose = "Predict the test part of split sessions by counting their training part.",
        .usage = "--model pop|ppop|markov [option ...] [file ...]",
        .example = "baseline --model markov split.mp | scorer",
        .notes = notes,
        .tables = tables,
    };
    struct operands files = cli_parse(&program, argc, argv);
    if (!model)
        cli_usage("--model is needed: one of %s", names.at);

    struct err e = {0};
    struct run r = {.baseline = baseline_new(baseline_find(model))};
    struct meta meta = {0};
    cli_options_packed(&options);
    if (sessions_in_open(&r.in, files.at, files.count, &e))
        cli_fail(&e);
    meta_copy(&meta, sessions_in_meta(r.in));
    meta.kind = STREAM_PREDICTIONS;
    if (stage_open(&r.out, to.path, to.flush, &meta, program.name, SESSPIPE_VERSION,
                   (struct bytes){options.at, options.len}, &e) ||
        run(&r, top, &e) || stage_finish(&r.out, &e)) {
        stage_abort(&r.out, &e);
        cli_fail(&e);
    }
    if (!r.parts[PART_TEST])
        cli_warn("the input has no test session: nothing was predicted");

    sessions_in_close(r.in);
    baseline_free(r.baseline);
    answers_release(&r.answers);
    vec_release(&r.sessions);
    meta_release(&meta);
    buf_release(&options);
    buf_release(&names);
    return 0;
}
