/* csv-sessionize: makes sessions of any delimited log. */

#include "cli/cli.h"
#include "data/csv.h"
#include "data/sessionize_options.h"

static const char notes[] =
    "COLUMN is a name of the header, or a number from 1.  Without --user or\n"
    "--user-name each session is its own user.";

int main(int argc, char **argv)
{
    static struct sessionize_options o = {
        .job.rules = {.gap = 1800, .min_events = 2, .order = "oldest-first"},
        .job.ungrouped = true,
    };
    static struct csv csv;
    struct log_layout *l = &csv.columns.given;
    bool header = false, no_header = false;
    const struct option own[] = {
        {OPTION_TEXT, 0, "delimiter", "C", "what separates fields: a byte, tab, or :: [,]",
         &l->delimiter, .recorded = true},
        {OPTION_FLAG, 0, "header", NULL, "the first line names the columns (the default)",
         .to = &header},
        {OPTION_FLAG, 0, "no-header", NULL, "the first line is a row; columns go by number",
         &no_header, .recorded = true},
        {OPTION_FLAG, 0, "no-quotes", NULL, "a quote is an ordinary byte", &csv.no_quotes,
         .recorded = true},
        {0},
    };
    const struct option *const tables[] = {log_columns_options(&csv.columns, csv_presets, "COLUMN"),
                                           own, sessionize_options(&o),
                                           cli_output_options(&o.output), NULL};
    const struct program program = {
        .name = "csv-sessionize",
        .purpose = "Make sessions of a delimited log.",
        .usage = "[option ...] [file ...]",
        .example = "csv-sessionize --user who --item what --time when log.csv | spcat --summary",
        .notes = notes,
        .tables = tables,
        .progress = PROGRESS_OF_INPUT,
    };
    struct cli *cli = cli_parse(&program, argc, argv);
    struct err e = {0};
    struct meta meta = {.kind = STREAM_SESSIONS, .minor = STREAM_MINOR};
    if (header && no_header)
        cli_usage(cli, "--header and --no-header exclude each other: choose one");
    l->header = header ? "yes" : no_header ? "no" : NULL;
    csv.columns.by_gap = cli_given(cli, "gap");
    csv.columns.order = o.job.rules.order;
    if (csv_open(&csv, &o.job.format, &e))
        cli_fail(cli, &e);
    if (sessionize(cli, &program, &o, &meta, &e))
        cli_fail(cli, &e);
    csv_release(&csv);
    return 0;
}
