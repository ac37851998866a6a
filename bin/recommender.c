/* recommender: sessions and a model -> the items that come next. */
#include <inttypes.h>

#include "base/threads.h"
#include "cli/progress.h"
#include "train/options.h"
#include "nn/blas.h"
#include "nn/device_open.h"
#include "recommend/run.h"

static const char *model, *output, *exclude = "none";
static int64_t top = 20, batch = 100, keep;
static bool json, why;

static const struct option options[] = {
    {OPTION_TEXT, .name = "model", .letter = 'm', .argument = "FILE", .to = &model,
     .help = "the model, as trainer --save writes it"},
    {OPTION_INT, .name = "top", .letter = 'k', .to = &top, .low = 1, .high = 1 << 20,
     .help = "how many items for each user"},
    {OPTION_CHOICE, .name = "exclude", .to = &exclude, .choices = "none|session|history",
     .help = "leave out items that the user has had"},
    {OPTION_FLAG, .name = "why", .to = &why,
     .help = "add what weighed most in the model's attention"},
    {OPTION_FLAG, .name = "json", .to = &json, .help = "a JSON object for each user"},
    {OPTION_INT, .name = "batch", .letter = 'b', .to = &batch, .low = 1, .high = 1 << 16,
     .help = "users answered together, at most"},
    {OPTION_INT, .name = "keep", .to = &keep, .high = 1 << 30,
     .help = "newest sessions kept of each user; 0: all"},
    {OPTION_TEXT, .name = "output", .letter = 'o', .argument = "FILE", .to = &output,
     .help = "write to FILE, which appears once whole"},
    {0},
};

static void say_unknown(const struct recommending *r)
{
    const struct users *p = &r->people;
    if (p->unknown)
        cli_warn("%s does not know %" PRId64 " of the %zu items: %" PRId64 " of %" PRId64
                 " events were skipped, and %" PRId64 " answers are empty",
                 model, p->items_unknown, p->row.len, p->unknown, p->events, r->unanswered);
    if (sessions_in_skipped(r->in))
        cli_warn("%" PRIu64 " records of unknown kinds were skipped", sessions_in_skipped(r->in));
}

int main(int argc, char **argv)
{
    threads_wait_asleep(argv, blas_fit_processor());
    struct run_options given = run_defaults;
    const struct option *const tables[] = {options, run_bind(run_device_rows, &given),
                                           progress_options(true), NULL};
    const struct program program = {
        .name = "recommender",
        .purpose = "recommend what comes next in each user's newest session",
        .usage = "--model FILE [option ...] [file ...]",
        .example = "recommender --model lastfm.safetensors --top 5 new.mp",
        .tables = tables,
        .built_in = run_built_in,
    };
    struct operands files = cli_parse(&program, argc, argv);
    struct saved_model trained = {.file = {.fd = -1}};
    struct output_file sink;
    struct err e = {0};
    struct recommending r = {
        .sink = &sink,
        .trained = &trained,
        .advisor = {.top = (int32_t)top,
                    .batch = (int32_t)batch,
                    .exclude = !strcmp(exclude, "none")      ? EXCLUDE_NONE
                               : !strcmp(exclude, "session") ? EXCLUDE_SESSION
                                                             : EXCLUDE_HISTORY,
                    .why = why},
        .people = {.keep = keep},
        .json = json,
    };
    if (!model)
        cli_usage("--model FILE is needed: trainer --save writes one");
    if (saved_model_open(&trained, model, &e) || run_device_open(&given, &r.device, &e) ||
        sessions_in_open(&r.in, files.at, files.count, &e) || output_file_open(&sink, output, &e))
        cli_fail(&e);
    if (why && !model_attends(trained.class, trained.options))
        cli_warn("--why: the model in %s attends to nothing, so no reasons are given", model);
    if (recommending_run(&r, &e)) {
        output_file_discard(&sink);
        cli_fail(&e);
    }
    say_unknown(&r);
    if (output_file_commit(&sink, &e))
        cli_fail(&e);
    recommending_release(&r);
    sessions_in_close(r.in);
    saved_model_close(&trained);
    device_close(r.device);
    return 0;
}
