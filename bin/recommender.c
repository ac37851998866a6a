/* recommender: the items that may come next, from sessions or on request, by a trained model. */
#include <inttypes.h>

#include "base/threads.h"
#include "cli/cli.h"
#include "train/options.h"
#include "nn/blas.h"
#include "nn/device_open.h"
#include "recommend/run.h"
#include "recommend/service.h"

static const char *model, *index_path, *output_path, *vectors, *exclude = "none";
static int64_t top = 20, batch, keep, memory = (int64_t)1 << 30;
static double explore = 1;
static bool json, why, frozen, requests;
static struct item_sets candidates;

static const struct option options[] = {
    {OPTION_TEXT, .name = "model", .letter = 'm', .argument = "FILE", .to = &model,
     .help = "a model that trainer --save wrote [a ready-made one, which only counts]"},
    {OPTION_TEXT, .name = "index", .argument = "FILE", .to = &index_path, .file = true,
     .help = "a wide part counts in these sessions, not in those of the model"},
    {OPTION_FLAG, .name = "frozen", .to = &frozen,
     .help = "do not count in sessions that come in, but in those of the index alone"},
    {OPTION_INT, .name = "top", .letter = 'k', .to = &top, .low = 1, .high = 1 << 20,
     .help = "number of items recommended to each user"},
    {OPTION_CHOICE, .name = "exclude", .to = &exclude, .choices = "none|session|history",
     .help = "leave out items of the newest session, or of all sessions"},
    {OPTION_REAL, .name = "explore", .to = &explore, .low = 1, .high = 1e6,
     .help = "rank items that are new to the user as if they were so many times as likely"},
    {OPTION_FLAG, .name = "why", .to = &why,
     .help = "add what speaks for an item, or what attention weighed most"},
    {OPTION_FLAG, .name = "json", .to = &json, .help = "write a JSON object for each user"},
    {OPTION_FLAG, .name = "requests", .to = &requests,
     .help = "answer requests on standard input, each a line of JSON; the files are history"},
    {OPTION_CALL, .name = "candidates", .to = &candidates, .argument = "NAME=FILE",
     .call = item_sets_option,
     .help = "items, one a line, to which a request can limit its answer"},
    {OPTION_TEXT, .name = "vectors", .argument = "PREFIX", .to = &vectors,
     .help = "write vectors of items and users too, for an index of nearest neighbours"},
    {OPTION_INT, .name = "batch", .letter = 'b', .to = &batch, .low = 1, .high = 1 << 16,
     .help = "largest number of users computed together [800; of requests 100]"},
    {OPTION_INT, .name = "keep", .to = &keep, .high = 1 << 30,
     .help = "newest sessions kept of each user; 0: all"},
    {OPTION_CALL, .name = "memory", .to = &memory, .argument = "SIZE", .call = option_memory,
     .help = "memory for events; what is beyond goes to a file [1G]"},
    {OPTION_TEXT, .name = "output", .letter = 'o', .argument = "FILE", .to = &output_path,
     .help = "write to FILE, which appears once whole"},
    {0},
};

static void say_unknown(struct cli *cli, const struct recommending *r)
{
    const struct users *p = &r->users;
    if (p->unknown)
        cli_note(cli,
                 "%s does not know %" PRId64 " of the %zu items: %" PRId64 " of %" PRId64
                 " events were skipped, and %" PRId64 " answers are empty (%.1f %% of the events)",
                 model, p->items_unknown, p->row.len, p->unknown, p->events, r->unanswered,
                 100 * (double)p->unknown / (double)p->events);
    if (sessions_in_skipped(r->in))
        cli_warn(cli, "%" PRIu64 " records of unknown kinds were skipped",
                 sessions_in_skipped(r->in));
}

static enum exclude excluded(void)
{
    return !strcmp(exclude, "none")      ? EXCLUDE_NONE
           : !strcmp(exclude, "session") ? EXCLUDE_SESSION
                                         : EXCLUDE_HISTORY;
}

static int answer_requests(struct cli *cli, struct output_file *output, struct device *device,
                           struct err *e)
{
    struct operands files = cli_operands(cli);
    struct service s = {.cli = cli,
                        .files = {.model = model,
                                  .index = index_path,
                                  .sessions = files.at,
                                  .count = files.count,
                                  .sets = candidates,
                                  .batch = (int32_t)batch,
                                  .why = why,
                                  .explore = explore,
                                  .keep = keep,
                                  .memory = memory},
                        .device = device,
                        .output = output,
                        .top = (int32_t)top,
                        .batch = (int32_t)batch,
                        .exclude = excluded()};
    if (service_run(&s, e))
        return e->status;
    service_release(&s);
    return 0;
}

/* Fails where options contradict the model. */
static void check_model(struct cli *cli, const struct saved_model *saved)
{
    if (frozen && !saved->options->wide)
        cli_usage(cli, "--frozen: the model in %s has no wide part to count in sessions", model);
    if (vectors && saved->options->wide)
        cli_usage(cli,
                  "--vectors: the model in %s has a wide part: counts are no products of vectors",
                  model);
    if (saved->reversed)
        cli_usage(cli,
                  "the model in %s learned from sessions from their end: it says what came before",
                  model);
    if (why && !saved->options->wide && !model_attends(saved->class, saved->options))
        cli_warn(cli,
                 "--why: the model in %s counts nothing and attends to nothing, so no reasons are "
                 "given",
                 model);
}

static int answer_sessions(struct cli *cli, struct output_file *output, struct device *device,
                           int threads, struct err *e)
{
    struct operands files = cli_operands(cli);
    struct saved_model saved = {.file = {.fd = -1}};
    struct recommending r = {
        .output = output,
        .saved = &saved,
        .device = device,
        .engine = {.batch = (int32_t)batch,
                   .why = why,
                   .explore = explore,
                   .memory = memory,
                   .grows = !frozen,
                   .index_path = index_path},
        .users = {.keep = keep, .kept.limit = (size_t)memory},
        .top = (int32_t)top,
        .exclude = excluded(),
        .json = json,
        .threads = threads,
        .vectors.prefix = vectors,
    };
    if (saved_model_open(&saved, model, e))
        return e->status;
    model = saved.path;
    if (sessions_in_open(&r.in, files.at, files.count, e))
        return e->status;
    sessions_in_meter(r.in, cli_input_meter(cli));
    check_model(cli, &saved);
    if (recommending_run(&r, e))
        return e->status;
    if (r.users.row.len && r.users.items_unknown == (int64_t)r.users.row.len)
        return err_set(e, STATUS_DATA,
                       "%s knows none of the %zu items: is it the model of another log?", model,
                       r.users.row.len);
    say_unknown(cli, &r);
    recommending_release(&r);
    sessions_in_close(r.in);
    saved_model_close(&saved);
    return 0;
}

int main(int argc, char **argv)
{
    threads_wait_asleep(argv, blas_fit_processor());
    struct run_options given = run_defaults;
    struct run_rows rows;
    run_rows_open(&rows, &given);
    const struct option *const tables[] = {options, rows.device, NULL};
    const struct program program = {
        .name = "recommender",
        .purpose = "Recommend what comes next in each user's newest session.",
        .usage = "[option ...] [file ...]",
        .example = "recommender --model lastfm.safetensors --top 5 new.mp",
        .tables = tables,
        .progress = PROGRESS_OF_INPUT,
        .built_in = run_built_in,
    };
    struct cli *cli = cli_parse(&program, argc, argv);
    struct device *device = NULL;
    struct output_file output;
    struct err e = {0};
    batch = batch ? batch : requests ? 100 : 800; /* sooner an answer; fewer reads of weights */
    if (candidates.at.len && !requests)
        cli_usage(cli, "--candidates: requests choose among sets of items: give --requests");
    if (requests && (frozen || vectors))
        cli_usage(cli, frozen
                           ? "--frozen: requests are never counted in, so it has no effect there"
                           : "--vectors: they are of the users of sessions: leave out --requests");
    if (run_device_open(cli, &given, &device, &e) || output_file_open(&output, output_path, &e))
        cli_fail(cli, &e);
    if (requests ? answer_requests(cli, &output, device, &e)
                 : answer_sessions(cli, &output, device, (int)given.threads, &e)) {
        output_file_discard(&output);
        cli_fail(cli, &e);
    }
    if (output_file_commit(&output, &e))
        cli_fail(cli, &e);
    device_close(device);
    run_rows_release(&rows);
    return 0;
}
