/* scorer: predictions -> recall and MRR of each epoch, of the best epoch, and of runs compared. */
#include <string.h>

#include "base/output_file.h"
#include "cli/cli.h"
#include "cli/progress.h"
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
static bool json;

static int set_name(void *to, const char *value, struct err *e)
{
    (void)to;
    (void)e;
    vec_push(&report.names, value);
    return 0;
}

static int add_text(void *to, const char *value, struct err *e)
{
    (void)to;
    (void)e;
    vec_push(&inputs.texts, value);
    return 0;
}

static const struct option options[] = {
    {OPTION_TEXT, .name = "against", .argument = "BASE", .to = &inputs.against,
     .help = "compare with the model of the predictions in BASE, paired by user"},
    {OPTION_TEXT, .name = "at", .argument = "LIST", .to = &at,
     .help = "values of k for recall@k and mrr@k"},
    {OPTION_TEXT, .name = "best-by", .argument = "SCORE", .to = &best_by,
     .help = "score that chooses the best epoch: recall@K, mrr@K, precision@K or loss"},
    {OPTION_TEXT, .name = "by", .argument = "LIST", .to = &by,
     .help = "break scores down by position, history, length, phase, popularity, seen; all; none"},
    {OPTION_FLAG, .name = "precision", .to = &scoring.cuts.precision,
     .help = "show precision@k too, in the tables (TSV and JSON always have it)"},
    {OPTION_FLAG, .name = "best", .to = &report.best_only, .help = "show the best epochs only"},
    {OPTION_CALL, .name = "name", .argument = "NAME", .call = set_name,
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
    {OPTION_CALL, .name = "tsv", .argument = "FILE", .call = add_text,
     .help = "score the ranks in FILE too: lines of user, position, target, rank"},
    {OPTION_TEXT, 'o', "output", "FILE", .to = &output,
     .help = "write to FILE, which appears only when it is complete"},
    {0},
};

/* main adds the options of progress. */
static const struct option *tables[3] = {options};

static const struct program program = {
    .name = "scorer",
    .purpose = "Score predictions: recall@k and MRR@k, overall and by position.",
    .usage = "[option ...] [file ...]",
    .example = "baseline --model markov split.mp | scorer --at 5,10,20",
    .notes = "Each stream is a run. Runs that differ only in seeds are one model, shown as\n"
             "mean and sample standard deviation. Without a validation part, the test part\n"
             "chooses the best epoch, and the output says selected_on: test.",
    .input_option = "tsv",
    .tables = tables,
};

static void check_options(void)
{
    struct err e = {0};
    if (cuts_parse(&scoring.cuts, at, &e))
        cli_usage("--at %s: %s", at, e.text);
    if (criterion_parse(&scoring.criterion, best_by, &e))
        cli_usage("--best-by %s: %s", best_by, e.text);
    if (breakdown_list_parse(&scoring.by, by, &e))
        cli_usage("--by %s: %s", by, e.text);
    if (json && cli_given("format") && strcmp(format, "json"))
        cli_usage("--json and --format %s exclude each other", format);
    if (json)
        format = "json";
    report.format = !strcmp(format, "json")  ? REPORT_JSON
                    : !strcmp(format, "tsv") ? REPORT_TSV
                                             : REPORT_TABLE;
    scoring.cuts.precision |= report.format != REPORT_TABLE;
    report.break_down = cli_given("by");
    report.how = &scoring;
    report.compare = scoring.by_user = inputs.against != NULL;
    report.resamples = (size_t)resamples;
    report.seed = (uint64_t)seed;
    report.best_by = best_by;
}

int main(int argc, char **argv)
{
    tables[1] = progress_options(true);
    struct operands files = cli_parse(&program, argc, argv);
    struct output_file out;
    struct report_reader reader = {.report = &report, .output = &out};
    struct err e = {0};
    check_options();
    inputs.streams = files.at;
    inputs.count = files.count;
    if ((svg && folder_make(svg, &e)) || output_file_open(&out, output, &e) ||
        report_reader_inputs(&reader, &inputs, &e) || report_end(&report, &e))
        cli_fail(&e);
    report_write(&report, &reader.rows);
    if (report_reader_flush(&reader, &e) || (svg && score_plots_write(&report, svg, &e)) ||
        output_file_commit(&out, &e))
        cli_fail(&e);
    if (inputs.skipped)
        cli_warn("%llu records of unknown kinds were skipped", (unsigned long long)inputs.skipped);
    report_reader_release(&reader);
    report_release(&report);
    vec_release(&inputs.texts);
    return 0;
}
