/* batcher: makes batches of sessions. */
#include <inttypes.h>

#include "cli/cli.h"
#include "cli/progress.h"
#include "data/epochs.h"
#include "data/reports.h"
#include "stream/output.h"

static struct output_options output;
static const char *scheme_name = "longest-first", *recent = "1", *oldest = "1";
static struct epochs_options chosen = {.size = 20,
                                       .history = 15,
                                       .min_batch = 1,
                                       .epochs = 10,
                                       .test_from = 1,
                                       .test_every = 1,
                                       .seed = 1,
                                       .memory = (int64_t)1 << 30};

static struct option options[] = {
    {OPTION_CHOICE, 's', "scheme", "NAME", "which sessions a batch holds, and in which order",
     &scheme_name, .recorded = true},
    {OPTION_INT, 'b', "batch", "N", "sessions a batch, at most; slots of the parallel schemes",
     &chosen.size, .recorded = true, .low = 1, .high = 1 << 20},
    {OPTION_INT, 'n', "history", "N",
     "earlier sessions of the user that a model may look at, at most", &chosen.history,
     .recorded = true, .low = 0, .high = 1 << 20},
    {OPTION_INT, 0, "min-batch", "N", "learn only from training batches of N sessions and more",
     &chosen.min_batch, .recorded = true, .low = 0, .high = 1 << 20},
    {OPTION_TEXT, 0, "train-recent", "F", "learn only from the newest F of the training sessions",
     &recent, .recorded = true},
    {OPTION_TEXT, 0, "train-oldest", "F", "learn only from the oldest F of the training sessions",
     &oldest, .recorded = true},
    {OPTION_FLAG, 0, "reverse", NULL, "read each session from its end, for trainer --teacher",
     &chosen.reverse, .recorded = true},
    {OPTION_INT, 'e', "epochs", "N", "how often to go through the training part", &chosen.epochs,
     .recorded = true, .low = 1, .high = 1 << 30},
    {OPTION_INT, 0, "test-from", "N", "the first epoch that ends with a test pass",
     &chosen.test_from, .recorded = true, .low = 1, .high = 1 << 30},
    {OPTION_INT, 0, "test-every", "N", "validate and test every Nth epoch, and after the last",
     &chosen.test_every, .recorded = true, .low = 1, .high = 1 << 30},
    {OPTION_INT, 0, "seed", "N", "seed of every random choice; the same seed gives the same bytes",
     &chosen.seed, .recorded = true},
    {OPTION_CALL, 0, "memory", "SIZE", "memory to stay within; the rest goes to files [1G]",
     &chosen.memory, .call = option_memory},
    {.kind = OPTION_END},
};

static const struct program program = {
    .name = "batcher",
    .purpose = "Make batches of sessions, epoch by epoch.",
    .usage = "[option ...] [file ...]",
    .example = "tfilter --split user:0.8 sessions.mp | batcher --epochs 2 | spcat --summary",
    .progress = PROGRESS_OF_INPUT,
};

static void settle_share(struct cli *cli, const char *option, const char *text,
                         struct learned_share *to)
{
    to->newest = !strcmp(option, "train-recent");
    if (!learned_share_parse(text, to))
        cli_usage(cli,
                  "--%s: '%s' is not a fraction above 0 and up to 1, like 0.1, 1/64 or user:0.1",
                  option, text);
}

static void settle_options(struct cli *cli)
{
    chosen.scheme = scheme_find(scheme_name);
    if (chosen.scheme->parallel && cli_given(cli, "min-batch"))
        cli_usage(cli,
                  "--min-batch: --scheme %s makes parallel mini-batches, which learn from every "
                  "session",
                  scheme_name);
    if (!chosen.scheme->parallel && chosen.min_batch > chosen.size)
        cli_usage(cli, "--min-batch %" PRId64 ": no batch of --batch %" PRId64 " is as large",
                  chosen.min_batch, chosen.size);
    settle_share(cli, "train-recent", recent, &chosen.learned[0]);
    settle_share(cli, "train-oldest", oldest, &chosen.learned[1]);
}

/* The header: the input's, with what a reader of batches has to know, and what is not learned from.
 */
static int open_output(struct cli *cli, struct output *stage, const struct meta *in,
                       const struct drops *drops, struct err *e)
{
    struct meta m;
    meta_copy(&m, in);
    epochs_meta(&m, &chosen);
    struct buf packed = {0};
    cli_options_packed(cli, &packed);
    int status = drops_note(drops, program.name, &m, e);
    if (!status)
        status = output_open(stage, output.path, output.flush, &m, program.name, SESSPIPE_VERSION,
                             (struct bytes){packed.at, packed.len}, e);
    buf_release(&packed);
    meta_release(&m);
    return status;
}

/* Reports once, after the first epoch, the sessions that the trainer will not learn from.  65: it
 * would learn from none. */
static int report_left_out(struct cli *cli, const struct epochs *p, struct err *e)
{
    uint64_t sessions = p->schedule.training;
    if (sessions > 0 && p->schedule.left_out == sessions)
        return err_set(e, STATUS_DATA,
                       "no training batch has --min-batch %" PRId64
                       " sessions: nothing would be learned; --min-batch 1 learns from all",
                       chosen.min_batch);
    if (p->schedule.left_out > 0)
        cli_note(cli,
                 "%" PRIu64 " of %" PRIu64
                 " training sessions come in batches of fewer than %" PRId64
                 " and are not learned from: --min-batch 1 learns from all",
                 p->schedule.left_out, sessions, chosen.min_batch);
    return 0;
}

/* The first epoch, and then, unless readers must not wait or nothing can be left out, the header,
 * which says what is not learned from. */
static int begin(struct cli *cli, struct sessions_in *in, struct output *stage, struct epochs *p,
                 struct err *e)
{
    struct drops drops = {0};
    bool waits = chosen.min_batch > 1 && !output.flush;
    if (waits ? output_hold(stage, output.path, e)
              : open_output(cli, stage, sessions_in_meta(in), &drops, e))
        return e->status;
    if (epochs_open(p, &chosen, in, &stage->out, e))
        return e->status;
    if (sessions_in_skipped(in) > 0)
        cli_warn(cli, "%" PRIu64 " records of unknown kinds were left out",
                 sessions_in_skipped(in));
    progress_epoch(cli, 1, chosen.epochs);
    if (epochs_write(p, 1, e) || report_left_out(cli, p, e))
        return e->status;
    if (!waits)
        return 0;
    epochs_drops(p, &drops);
    if (!open_output(cli, stage, sessions_in_meta(in), &drops, e))
        output_pour(stage, e);
    drops_release(&drops);
    return e->status;
}

static int batcher(struct cli *cli, struct sessions_in *in, struct output *stage, struct epochs *p,
                   struct err *e)
{
    sessions_in_meter(in, cli_input_meter(cli));
    if (begin(cli, in, stage, p, e))
        return e->status;
    for (int64_t number = 2; number <= chosen.epochs; number++) {
        progress_epoch(cli, number, chosen.epochs);
        if (epochs_write(p, number, e) != 0)
            return e->status;
    }
    return output_finish(stage, e);
}

/* Aborts the output, behind a header if there is none yet. */
static void fail(struct cli *cli, struct sessions_in *in, struct output *stage, const struct err *e)
{
    struct drops none = {0};
    struct err ignored = {0};
    if (in && !stage->begun)
        open_output(cli, stage, sessions_in_meta(in), &none, &ignored);
    output_abort(stage, e);
    cli_fail(cli, e);
}

int main(int argc, char **argv)
{
    struct buf schemes = {0};
    scheme_names(&schemes);
    options[0].choices = schemes.at;
    const struct option *const tables[] = {options, cli_output_options(&output), NULL};
    struct program p = program;
    p.tables = tables;
    struct cli *cli = cli_parse(&p, argc, argv);
    struct operands files = cli_operands(cli);
    settle_options(cli);
    struct sessions_in *in = NULL;
    struct output stage = {0};
    struct epochs passes = {0};
    struct err e = {0};
    if (sessions_in_open(&in, files.at, files.count, &e) != 0 ||
        batcher(cli, in, &stage, &passes, &e) != 0)
        fail(cli, in, &stage, &e);
    report_memory(cli, chosen.memory);
    sessions_in_close(in);
    epochs_release(&passes);
    buf_release(&schemes);
    return 0;
}
