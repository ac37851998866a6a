/* baseline: ranks items by counts and neighbours, for comparison with trained models. */
#include "base/threads.h"
#include "cli/cli.h"
#include "cli/progress.h"
#include "baseline/run.h"

static const char *model;
static struct counting counting;
static struct baseline_options options = {
    .neighbours = 100, .sample = 1000, .regularization = 20, .mix_weight = 0.5};

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
     .to = &counting.mix_path},
    {OPTION_REAL, 0, "mix-weight", "W", "weight of the other run, from 0 to 1",
     .to = &options.mix_weight, .recorded = true, .high = 1},
    {OPTION_INT, 0, "top", "K", "also write the K best items of each position", .to = &counting.top,
     .recorded = true, .high = 10000},
    {OPTION_INT, 0, "rank-among", "N", "rank among the N most supported items; 0: all",
     .to = &counting.rank_among, .recorded = true, .high = INT32_MAX},
    {OPTION_INT, 'j', "threads", "N", "threads; 0: one a core", .to = &counting.threads,
     .high = 4096},
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
            found = strstr(found + 1, model); /* "pop" is part of "s-pop" */
        if (cli_given(uses[i].option) && !found)
            cli_usage("--%s changes nothing in --model %s: it is for %s", uses[i].option, model,
                      uses[i].models);
    }
    if (cli_given("mix-weight") && !counting.mix_path)
        cli_usage("--mix-weight is the weight of another run: give its file by --mix");
}

int main(int argc, char **argv)
{
    threads_wait_asleep(argv, false);
    struct output_options to = {0};
    struct buf notes = {0}, packed = {0};
    for (const struct baseline_kind *k = baseline_kinds; k->name; k++)
        buf_format(&notes, "%-12s %s\n", k->name, k->help);
    buf_text(&notes, "Items of equal score are ordered by popularity, then by id.");
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
    struct output out = {0};
    struct meta meta = {0};
    struct counting *c = &counting;
    if (c->mix_path)
        options.mix = &c->mix;
    c->out = &out;
    c->baseline = baseline_new(baseline_find(model), &options);
    cli_options_packed(&packed);
    if (sessions_in_open(&c->in, files.at, files.count, &e))
        cli_fail(&e);
    meta_copy(&meta, sessions_in_meta(c->in));
    meta.kind = STREAM_PREDICTIONS;
    item_support_describe(&meta, c->rank_among);
    if (output_open(&out, to.path, to.flush, &meta, program.name, SESSPIPE_VERSION,
                    (struct bytes){packed.at, packed.len}, &e) ||
        counting_run(c, &e) || output_finish(&out, &e)) {
        output_abort(&out, &e);
        cli_fail(&e);
    }
    if (!c->parts[PART_TEST])
        cli_warn("the input has no test session: nothing was predicted");
    if (c->mix_path && c->answers.mixed < c->answers.predicted)
        cli_warn("--mix: %s has no list for %lld of %lld positions", c->mix_path,
                 (long long)(c->answers.predicted - c->answers.mixed),
                 (long long)c->answers.predicted);

    sessions_in_close(c->in);
    baseline_free(c->baseline);
    counting_release(c);
    meta_release(&meta);
    buf_release(&packed);
    buf_release(&notes);
    return 0;
}
