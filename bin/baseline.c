/* baseline: ranks by counting, a yardstick for what is trained. */
#include "base/threads.h"
#include "baseline/answers.h"
#include "baseline/lists.h"
#include "cli/cli.h"
#include "cli/progress.h"
#include "stream/stage.h"

struct run {
    struct sessions_in *in;
    struct stage out;
    struct baseline *baseline;
    struct answers answers;
    struct mix mix;
    i32_vec sessions; /* of each user so far */
    int64_t parts[4]; /* sessions of each part */
};

static const char *model, *mix_path;
static struct baseline_options options = {
    .neighbours = 100, .sample = 1000, .regularization = 20, .mix_weight = 0.5};
static int64_t top, threads;

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

/* ---- predicting ---- */

static int predict(struct run *r, enum part part, struct err *e)
{
    struct pass pass = {.epoch = {1, part}};
    struct ranks ranks;
    struct tops tops;
    int64_t items = names_count(sessions_in_items(r->in));
    int32_t k = (int32_t)(top < items ? top : items);
    int status = write_epoch(&r->out.out, pass.epoch, e);
    while (!status &&
           answers_next(&r->answers, r->baseline, part, k, (int)threads, &ranks, &tops, &pass)) {
        progress_count(part == PART_TEST ? "test" : "validation", (double)pass.events, "targets");
        status = write_ranks(&r->out.out, &ranks, e);
        if (!status && k)
            status = write_tops(&r->out.out, &tops, e);
    }
    pass.loss /= pass.events ? (double)pass.events : 1;
    return status ? status : write_pass(&r->out.out, &pass, e);
}

static int run(struct run *r, struct err *e)
{
    int status = learn(r, e);
    if (!status && mix_path)
        status =
            lists_read(&r->mix, mix_path, sessions_in_users(r->in), sessions_in_items(r->in), e);
    if (!status && r->parts[PART_VALIDATION])
        status = predict(r, PART_VALIDATION, e);
    if (!status)
        status = predict(r, PART_TEST, e);
    return status;
}

/* ---- the command line ---- */

static const struct option own_options[] = {
    {OPTION_CHOICE, 0, "model", .help = "what to count", .to = &model, .recorded = true,
     .choices = "pop|s-pop|ppop|markov|item-knn|session-knn"},
    {OPTION_INT, 0, "neighbours", "K", "item-knn, session-knn: how many are looked at",
     .to = &options.neighbours, .recorded = true, .low = 1, .high = INT32_MAX},
    {OPTION_INT, 0, "sample", "M",
     "session-knn: among how many, the newest sessions with an item of this one; 0: all",
     .to = &options.sample, .recorded = true, .high = INT32_MAX},
    {OPTION_REAL, 0, "regularization", "R", "item-knn: added to how often an item occurs",
     .to = &options.regularization, .recorded = true, .high = 1e9},
    {OPTION_TEXT, 0, "mix", "FILE", "mix with another run's lists of best items (its --top)",
     .to = &mix_path},
    {OPTION_REAL, 0, "mix-weight", "W", "weight of the other run, from 0 to 1",
     .to = &options.mix_weight, .recorded = true, .high = 1},
    {OPTION_INT, 0, "top", "K", "also write the K best items of each position", .to = &top,
     .recorded = true, .high = 10000},
    {OPTION_INT, 'j', "threads", "N", "threads; 0: one a core", .to = &threads, .high = 4096},
    {0},
};

static void check_options(void)
{
    static const struct {
        const char *option, *models; /* that it changes */
    } uses[] = {{"neighbours", "item-knn, session-knn"},
                {"sample", "session-knn"},
                {"regularization", "item-knn"},
                {"mix", "s-pop, ppop, markov, item-knn, session-knn"}};
    if (!model)
        cli_usage("--model is needed: one of %s", own_options[0].choices);
    for (size_t i = 0; i < sizeof uses / sizeof *uses; i++) {
        const char *found = strstr(uses[i].models, model);
        while (found && found > uses[i].models && found[-1] != ' ')
            found = strstr(found + 1, model); /* "pop" stands in "s-pop" */
        if (cli_given(uses[i].option) && !found)
            cli_usage("--%s changes nothing in --model %s: it is for %s", uses[i].option, model,
                      uses[i].models);
    }
    if (cli_given("mix-weight") && !mix_path)
        cli_usage("--mix-weight is the weight of another run: give its file by --mix");
}

int main(int argc, char **argv)
{
    threads_wait_asleep(argv);
    threads_wait_asleep(argv);
    struct output_options to = {0};
    struct buf notes = {0}, packed = {0};
    for (const struct baseline_kind *k = baseline_kinds; k->name; k++)
        buf_format(&notes, "%-12s %s\n", k->name, k->help);
    buf_text(&notes, "Each fills up by popularity, then by id.");
    buf_byte(&notes, 0);
    const struct option *const tables[] = {own_options, cli_output_options(&to),
                                           progress_options(true), NULL};
    const struct program program = {
        .name = "baseline",
        .purpose = "Predict the test part of split sessions by counting their training part.",
        .usage = "--model pop|s-pop|ppop|markov|item-knn|session-knn [option ...] [file ...]",
        .example = "baseline --model markov split.mp | scorer",
        .notes = notes.at,
        .tables = tables,
    };
    struct operands files = cli_parse(&program, argc, argv);
    check_options();

    struct err e = {0};
    struct run r = {0};
    struct meta meta = {0};
    if (mix_path)
        options.mix = &r.mix;
    r.baseline = baseline_new(baseline_find(model), &options);
    cli_options_packed(&packed);
    if (sessions_in_open(&r.in, files.at, files.count, &e))
        cli_fail(&e);
    meta_copy(&meta, sessions_in_meta(r.in));
    meta.kind = STREAM_PREDICTIONS;
    if (stage_open(&r.out, to.path, to.flush, &meta, program.name, SESSPIPE_VERSION,
                   (struct bytes){packed.at, packed.len}, &e) ||
        run(&r, &e) || stage_finish(&r.out, &e)) {
        stage_abort(&r.out, &e);
        cli_fail(&e);
    }
    if (!r.parts[PART_TEST])
        cli_warn("the input has no test session: nothing was predicted");
    if (mix_path && r.answers.mixed < r.answers.predicted)
        cli_warn("--mix: %s has no list for %lld of %lld positions", mix_path,
                 (long long)(r.answers.predicted - r.answers.mixed),
                 (long long)r.answers.predicted);

    sessions_in_close(r.in);
    baseline_free(r.baseline);
    answers_release(&r.answers);
    mix_release(&r.mix);
    vec_release(&r.sessions);
    meta_release(&meta);
    buf_release(&packed);
    buf_release(&notes);
    return 0;
}
