/* json-sessionize: makes sessions of logs of JSON, a record a line or an array of records. */

#include "cli/progress.h"
#include "data/json_lines.h"
#include "data/sessionize_options.h"

static const char notes[] =
    "PATH is a key, or keys with dots between: item.id.  Where an array is on it,\n"
    "each element is an event: events.item.id; a number is one element: tags.0.\n"
    "Without --user or --user-name each session is its own user.";

int main(int argc, char **argv)
{
    static struct sessionize_options o = {
        .job.rules = {.gap = 1800, .min_events = 2, .order = "oldest-first"},
        .job.ungrouped = true,
    };
    static struct json_lines json;
    const struct option *const tables[] = {log_columns_options(&json.columns, json_presets, "PATH"),
                                           sessionize_options(&o), cli_output_options(&o.output),
                                           NULL};
    const struct program program = {
        .name = "json-sessionize",
        .purpose = "Make sessions of a log of JSON: a record a line, or an array.",
        .usage = "[option ...] [file ...]",
        .example = "json-sessionize --user who --item what --time when log.jsonl | spcat",
        .notes = notes,
        .tables = tables,
        .progress = PROGRESS_OF_INPUT,
    };
    struct cli *cli = cli_parse(&program, argc, argv);
    struct err e = {0};
    struct meta meta = {.kind = STREAM_SESSIONS, .minor = STREAM_MINOR};
    json.columns.by_gap = cli_given(cli, "gap");
    json.columns.order = o.job.rules.order;
    if (json_lines_open(&json, &o.job.format, &e) || sessionize(cli, &program, &o, &meta, &e))
        cli_fail(cli, &e);
    json_lines_release(&json);
    return 0;
}
