/* scorer: predictions -> recall and MRR of each epoch, of the best epoch, and of runs compared. */
#include <string.h>

#include "base/output_file.h"
#include "cli/cli.h"
#include "cli/cli.h"
#include "viz/score_plots.h"
#include "eval/report_reader.h"
#include "eval/report_write.h"
#include "viz/folder.h"

static struct report report;
static struct scoring scoring;
static struct report_inputs inputs;
static const char *at = "5,10,20", *best_by = "recall@20", *by = "position", *format = "table";
static const char *output, *svg;
static int64_t resamples = 2000, seed = 1;
static bool json, pick;

static int add_word(void *to, const char *value, struct err *e)
{
    word_vec *words = to;
    (void)e;
    vec_push(words, value);
    return 0;
}

static const struct option options[] = {
    {OPTION_CALL, .name = "against", .argument = "BASE", .call = add_word, .to = &inputs.against,
     .help = "compare with the model of the predictions in BASE, paired by user; can be repeated"},
    {OPTION_TEXT, .name = "at", .argument = "LIST", .to = &at,
     .help = "values of k for recall@k, mrr@k and the others; K,all: no end; all: 1 to 20"},
    {OPTION_TEXT, .name = "best-by", .argument = "SCORE", .to = &best_by,
     .help = "score that chooses the best epoch: recall@K, mrr@K, precision@K, ndcg@K or loss"},
    {OPTION_TEXT, .name = "by", .argument = "LIST", .to = &by,
     .help =
         "break scores down by position, history, cold, length, phase, popularity, seen, day, "
         "repeat, history-quarters, length-quarters; all; none; user: a line of TSV for each user"},
    {OPTION_FLAG, .name = "precision", .to = &scoring.cuts.precision,
     .help = "show precision@k too, in the tables (TSV and JSON always have it)"},
    {OPTION_FLAG, .name = "ndcg", .to = &scoring.cuts.ndcg, .help = "show ndcg@k too, likewise"},
    {OPTION_FLAG, .name = "lists", .to = &scoring.cuts.lists,
     .help = "show coverage@k and popularity@k of lists too, likewise"},
    {OPTION_FLAG, .name = "pick", .to = &pick,
     .help = "print only the name of the file of the run that is best on validation"},
    {OPTION_FLAG, .name = "best", .to = &report.best_only, .help = "show the best epochs only"},
    {OPTION_CALL, .name = "name", .argument = "NAME", .call = add_word, .to = &report.names,
     .help = "name the first model NAME; repeat for the second, and so on"},
    {OPTION_CHOICE, .name = "format", .choices = "table|tsv|json", .to = &format,
     .help = "how to write the scores"},
    {OPTION_FLAG, .name = "json", .to = &json, .help = "the same as --format json"},
    {OPTION_TEXT, .name = "svg", .argument = "DIR", .to = &svg,
     .help = "write the learning curves and the breakdowns to DIR too, as SVG"},
    {OPTION_INT, .name = "resamples", .argument = "N", .to = &resamples, .low = 1, .high = 1e6,
     .help = "draws of the bootstrap of --against"},
    {OPTION_INT, .name = "seed", .argument = "N", .to = &seed, .low = 0, .high = 0x1p53,
     .help = "seed of these draws; the same seed gives the same intervals"},
    {OPTION_CALL, .name = "tsv", .argument = "FILE", .call = add_word, .to = &inputs.texts,
     .help = "score the ranks in FILE too: lines of user, position, target, rank"},
    {OPTION_TEXT, 'o', "output", "FILE", .to = &output,
     .help = "write to FILE, which appears only when it is complete"},
    {0},
};

static const struct program program = {
    .name = "scorer",
    .purpose = "Score predictions: recall@k, MRR@k and others, overall and by groups.",
    .usage = "[option ...] [file ...]",
    .example = "baseline --model markov split.mp | scorer --at 5,10,20",
    .notes = "Each stream is a run. Runs that differ only in seeds are one model, shown as\n"
             "mean and sample standard deviation; they must have the same targets. Without\n"
             "a validation part, the test part chooses the best epoch, and the output says\n"
             "selected_on: test.",
    .input_option = "tsv",
    .tables = (const struct option *const[]){options, NULL},
    .progress = PROGRESS_OF_INPUT,
};

static enum report_format choose_format(struct cli *cli)
{
    if (json && cli_given(cli, "format") && strcmp(format, "json"))
        cli_usage(cli, "--json and --format %s exclude each other", format);
    if (report.users_only && cli_given(cli, "format") && !strcmp(format, "table"))
        cli_usage(cli, "--by user is written as TSV or JSON, not as a table");
    if (json || !strcmp(format, "json"))
        return REPORT_JSON;
    return report.users_only || !strcmp(format, "tsv") ? REPORT_TSV : REPORT_TABLE;
}

static void check_options(struct cli *cli)
{
    struct err e = {0};
    report.users_only = !strcmp(by, "user");
    if (cuts_parse(&scoring.cuts, at, &e))
        cli_usage(cli, "--at %s: %s", at, e.text);
    if (criterion_parse(&scoring.criterion, best_by, &e))
        cli_usage(cli, "--best-by %s: %s", best_by, e.text);
    if (!report.users_only && breakdown_list_parse(&scoring.by, by, &e))
        cli_usage(cli, "--by %s: %s", by, e.text);
    if (report.users_only && inputs.against.len)
        cli_usage(cli, "--by user and --against exclude each other");
    if (pick && (json || cli_given(cli, "format") || inputs.against.len))
        cli_usage(cli, "--pick prints a name alone: it excludes --format, --json and --against");
    if (!inputs.against.len && (cli_given(cli, "resamples") || cli_given(cli, "seed")))
        cli_usage(cli, "--resamples and --seed are of the intervals of --against BASE");
    report.format = choose_format(cli);
    if (report.format != REPORT_TABLE)
        scoring.cuts.precision = scoring.cuts.ndcg = scoring.cuts.lists = true;
    report.break_down = cli_given(cli, "by");
    report.how = &scoring;
    report.compare = inputs.against.len > 0;
    scoring.by_user = report.compare || report.users_only;
    report.best_only |= pick;
    report.resamples = (size_t)resamples;
    report.seed = (uint64_t)seed;
    report.best_by = best_by;
}

/* Appends what is to be written after the end of the input. */
static int write_report(struct buf *to, struct err *e)
{
    const char *file;
    if (!pick) {
        report_write(&report, to);
        return 0;
    }
    if (report_pick(&report, &file, e))
        return e->status;
    buf_text(to, file);
    buf_byte(to, '\n');
    return 0;
}

int main(int argc, char **argv)
{
    struct cli *cli = cli_parse(&program, argc, argv);
    struct operands files = cli_operands(cli);
    struct output_file out;
    struct report_reader reader = {.report = &report, .output = &out};
    struct err e = {0};
    check_options(cli);
    inputs.streams = files.at;
    inputs.count = files.count;
    inputs.meter = cli_input_meter(cli);
    if ((svg && folder_make(svg, &e)) || output_file_open(&out, output, &e) ||
        report_reader_inputs(&reader, &inputs, &e) || report_end(&report, &e) ||
        write_report(&reader.rows, &e))
        cli_fail(cli, &e);
    if (report_reader_flush(&reader, &e) || (svg && score_plots_write(&report, svg, &e)) ||
        output_file_commit(&out, &e))
        cli_fail(cli, &e);
    if (inputs.skipped)
        cli_warn(cli, "%llu records of unknown kinds were skipped",
                 (unsigned long long)inputs.skipped);
    report_reader_release(&reader);
    report_release(&report);
    vec_release(&inputs.texts);
    vec_release(&inputs.against);
    return 0;
}
