/* csv-sessionize: makes sessions of any delimited log. */

#include "cli/cli.h"
#include "data/csv.h"
#include "data/sessionize_options.h"

static int add_where(void *to, const char *value, struct err *e)
{
    return csv_where(&((struct csv *)to)->where, value, e);
}

static int add_carry(void *to, const char *value, struct err *e)
{
    return csv_carry(to, value, e);
}

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
    struct csv_layout *l = &csv.given;
    bool header = false, no_header = false;
    char *presets = csv_preset_names();
    const struct option own[] = {
        {OPTION_CHOICE, 0, "preset", "NAME", "a known layout of columns", &csv.preset, true,
         .choices = presets},
        {OPTION_TEXT, 0, "user", "COLUMN", "the user", &l->user, .recorded = true},
        {OPTION_TEXT, 0, "user-name", "NAME", "the one user whose log it is, in place of --user",
         &l->user_name, .recorded = true},
        {OPTION_TEXT, 0, "item", "COLUMN", "the item", &l->item, .recorded = true},
        {OPTION_TEXT, 0, "time", "COLUMN", "the time", &l->time, .recorded = true},
        {OPTION_TEXT, 0, "session", "COLUMN", "the name of the session, in place of --gap",
         &l->session, .recorded = true},
        {OPTION_TEXT, 0, "sequence", "COLUMN", "a whole number that orders rows of equal time",
         &l->sequence, .recorded = true},
        {OPTION_CHOICE, 0, "time-unit", "UNIT", "unit of the times; auto: iso, or by their digits",
         &l->time_unit, true, .choices = "auto|s|ms|us|ns|iso"},
        {OPTION_TEXT, 0, "time-format", "FORMAT",
         "form of the times, as strptime(3); %f: a fraction", &l->time_form, .recorded = true},
        {OPTION_CALL, 0, "where", "COLUMN=VALUE", "keep only such rows; COLUMN!=VALUE drops them",
         &csv, true, .call = add_where},
        {OPTION_CALL, 0, "carry", "[KEY=]COLUMN", "carry the column's values as codes", &csv, true,
         .call = add_carry},
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
    const struct option *const tables[] = {own, sessionize_options(&o),
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
    csv.by_gap = cli_given(cli, "gap");
    if (csv_open(&csv, &o.job.format, &e))
        cli_fail(cli, &e);
    if (sessionize(cli, &program, &o, &meta, &e))
        cli_fail(cli, &e);
    csv_release(&csv);
    mem_free(presets);
    return 0;
}
