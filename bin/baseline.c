/* baseline: ranks items by counts and neighbours, for comparison with trained models. */
#include <inttypes.h>

#include "base/threads.h"
#include "cli/cli.h"
#include "baseline/run.h"

#define MODELS "pop|s-pop|ppop|ppop-decay|markov|item-knn|session-knn|vstan|wide"

static const char *model, *online = "none", *mix_how = "weighted";
static double age_days = 5;
static struct counting counting = {.memory = (int64_t)1 << 30};
static struct baseline_options options = {.neighbours = 100,
                                          .sample = 1000,
                                          .regularization = 20,
                                          .decays = {.position = 0.7, .item = 5, .idf = 1},
                                          .decay = 0.8,
                                          .mix_weight = 0.5};

static const struct option own_options[] = {
    {OPTION_CHOICE, 0, "model", .help = "what to count", .to = &model, .recorded = true,
     .choices = MODELS},
    {OPTION_CHOICE, 0, "online", "WHOSE", "learn also what ended before: own sessions, or all",
     &online, true, .choices = "none|user|all"},
    {OPTION_FLAG, 0, "no-remind", .help = "put the items of the session so far after all others",
     .to = &options.no_remind, .recorded = true},
    {OPTION_INT, 0, "window", "SECONDS", "pop: count what ended in the last SECONDS; 0: all",
     &options.window, true, .high = 0x1p36},
    {OPTION_REAL, 0, "decay", "R", "ppop-decay: weight beside the session after it", &options.decay,
     true, .high = 1},
    {OPTION_REAL, 0, "position-decay", "N", "vstan: N events ago weighs 1/e; 0: all alike",
     &options.decays.position, true, .high = 1e9},
    {OPTION_REAL, 0, "item-decay", "N", "vstan: so does N events from the shared item",
     &options.decays.item, true, .high = 1e9},
    {OPTION_REAL, 0, "age-decay", "DAYS", "vstan: so does a session of DAYS ago", &age_days, true,
     .high = 1e9},
    {OPTION_REAL, 0, "idf", "W", "vstan: extra weight of the rarest item; 0: none",
     &options.decays.idf, true, .high = 1e9},
    {OPTION_INT, 0, "neighbours", "K", "*-knn, vstan: how many are looked at; vstan 200",
     .to = &options.neighbours, .recorded = true, .low = 1, .high = INT32_MAX},
    {OPTION_INT, 0, "sample", "M",
     "session-knn, vstan: among how many, the newest sessions with an item of this one; 0: all",
     .to = &options.sample, .recorded = true, .high = INT32_MAX},
    {OPTION_REAL, 0, "regularization", "R", "item-knn: added to how often an item occurs",
     .to = &options.regularization, .recorded = true, .high = 1e9},
    {OPTION_TEXT, 0, "mix", "FILE", "mix with another run's lists of best items (its --top)",
     .to = &counting.mix_path},
    {OPTION_CHOICE, 0, "mix-how", .help = "add its scores, or order its lists by the own",
     .to = &mix_how, .recorded = true, .choices = "weighted|cascade"},
    {OPTION_REAL, 0, "mix-weight", "W", "weight of the other run, from 0 to 1",
     .to = &options.mix_weight, .recorded = true, .high = 1},
    {OPTION_INT, 0, "top", "K", "also write the K best items of each position", .to = &counting.top,
     .recorded = true, .high = 10000},
    {OPTION_INT, 0, "rank-among", "N", "rank among the N most supported items; 0: all",
     .to = &counting.rank_among, .recorded = true, .high = INT32_MAX},
    {OPTION_CALL, 0, "memory", "SIZE", "memory for sessions; what is beyond goes to a file [1G]",
     &counting.memory, .call = option_memory},
    {OPTION_INT, 'j', "threads", "N", "threads; 0: one a core", .to = &counting.threads,
     .high = 4096},
    {0},
};

/* Whether a list "a, b, c" has the word. */
static bool has_word(const char *list, const char *word)
{
    size_t n = strlen(word);
    for (const char *at = list; (at = strstr(at, word)); at += n)
        if ((at == list || at[-1] == ' ') && (!at[n] || at[n] == ','))
            return true;
    return false;
}

static void check_options(struct cli *cli)
{
    static const struct {
        const char *option, *models; /* that it changes */
    } uses[] = {{"neighbours", "item-knn, session-knn, vstan"},
                {"sample", "session-knn, vstan"},
                {"regularization", "item-knn"},
                {"window", "pop"},
                {"decay", "ppop-decay"},
                {"position-decay", "vstan"},
                {"item-decay", "vstan"},
                {"age-decay", "vstan"},
                {"idf", "vstan"},
                {"no-remind", "pop, ppop, ppop-decay, markov, item-knn, session-knn, vstan"},
                {"mix", "s-pop, ppop, ppop-decay, markov, item-knn, session-knn, vstan"}};
    if (!model)
        cli_usage(cli, "--model is needed: one of %s", own_options[0].choices);
    for (size_t i = 0; i < sizeof uses / sizeof *uses; i++)
        if (cli_given(cli, uses[i].option) && !has_word(uses[i].models, model))
            cli_usage(cli, "--%s changes nothing in --model %s: it is for %s", uses[i].option,
                      model, uses[i].models);
    bool own = !strcmp(online, "user"), any = strcmp(online, "none") != 0;
    if ((any && !strcmp(model, "s-pop")) || (own && !strcmp(model, "pop")))
        cli_usage(cli, "--online %s changes nothing in --model %s", online, model);
    if (cli_given(cli, "mix-weight") && !counting.mix_path)
        cli_usage(cli, "--mix-weight is the weight of another run: give its file by --mix");
    if (cli_given(cli, "mix-how") && !counting.mix_path)
        cli_usage(cli, "--mix-how is about another run: give its file by --mix");
    if (cli_given(cli, "mix-weight") && !strcmp(mix_how, "cascade"))
        cli_usage(cli, "--mix-weight changes nothing in --mix-how cascade");
}

static void set_options(struct cli *cli)
{
    if (!strcmp(model, "vstan") && !cli_given(cli, "neighbours"))
        options.neighbours = 200;
    options.decays.age = age_days * 86400;
    options.online = !strcmp(online, "all")    ? ONLINE_ALL
                     : !strcmp(online, "user") ? ONLINE_USER
                                               : ONLINE_NONE;
    if (counting.mix_path)
        options.mix = &counting.mix;
    options.cascade = !strcmp(mix_how, "cascade");
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
    const struct option *const tables[] = {own_options, cli_output_options(&to), NULL};
    const struct program program = {
        .name = "baseline",
        .purpose = "Predict the test part of split sessions by counting their training part.",
        .usage = "--model MODEL [option ...] [file ...]",
        .example = "baseline --model markov split.mp | scorer",
        .notes = notes.at,
        .tables = tables,
        .progress = PROGRESS_OF_INPUT,
    };
    struct cli *cli = cli_parse(&program, argc, argv);
    struct operands files = cli_operands(cli);
    check_options(cli);
    set_options(cli);

    struct err e = {0};
    struct output out = {0};
    struct meta meta = {0};
    struct counting *c = &counting;
    c->cli = cli;
    c->out = &out;
    c->baseline = baseline_new(baseline_find(model), &options);
    cli_options_packed(cli, &packed);
    if (sessions_in_open(&c->in, files.at, files.count, &e))
        cli_fail(cli, &e);
    sessions_in_meter(c->in, cli_input_meter(cli));
    meta_copy(&meta, sessions_in_meta(c->in));
    meta.kind = STREAM_PREDICTIONS;
    item_support_describe(&meta, c->rank_among);
    if (!strcmp(model, "wide")) /* not the name of one that was trained on the log */
        meta_set_text(&meta, "label", "wide ready-made");
    if (output_open(&out, to.path, to.flush, &meta, program.name, SESSPIPE_VERSION,
                    (struct bytes){packed.at, packed.len}, &e) ||
        counting_run(c, &e) || output_finish(&out, &e)) {
        output_abort(&out, &e);
        cli_fail(cli, &e);
    }
    if (sessions_in_skipped(c->in))
        cli_warn(cli, "%" PRIu64 " records of unknown kinds were skipped",
                 sessions_in_skipped(c->in));
    if (!session_store_part_count(&c->store, PART_TEST))
        cli_warn(cli, "the input has no test session: nothing was predicted");
    if (c->mix_path && c->answers.mixed < c->answers.predicted)
        cli_warn(cli, "--mix: %s has no list for %lld of %lld positions", c->mix_path,
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
