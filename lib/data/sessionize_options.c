#include "data/sessionize_options.h"

#include <inttypes.h>
#include <string.h>

#include "base/num.h"
#include "data/reports.h"

const struct option *sessionize_options(struct sessionize_options *o)
{
    struct session_rules *rules = &o->job.rules;
    const struct option rows[] = {
        {OPTION_INT, 0, "gap", "SECONDS", "a session begins SECONDS or more after the event before",
         &rules->gap, true, .low = 1, .high = 0x1p36},
        {OPTION_INT, 0, "min-events", "N", "drop sessions of fewer events, 0 = none",
         &rules->min_events, true, .high = INT32_MAX},
        {OPTION_INT, 0, "max-events", "N", "drop sessions of more events, 0 = none",
         &rules->max_events, true, .high = INT32_MAX},
        {OPTION_INT, 0, "cut", "N", "cut longer sessions into pieces of N events, 0 = never",
         &rules->cut, true, .high = INT32_MAX},
        {OPTION_FLAG, 0, "keep-repeats", NULL, "keep an item that follows itself",
         &rules->keep_repeats, .recorded = true},
        {OPTION_CHOICE, 0, "order", "ORDER", "order of rows of equal time in the log",
         &rules->order, true, .choices = "auto|newest-first|oldest-first"},
        {OPTION_FLAG, 0, "skip-bad", NULL, "skip and count rows that cannot be parsed",
         &o->job.skip_bad, .recorded = true},
        {OPTION_FLAG, 0, "open-end", NULL, "from a pipe, too, the last line may lack its end",
         .to = &o->job.open_end},
        {OPTION_FLAG, 0, "allow-empty", NULL, "let a log of which no session is left pass",
         .to = &o->job.allow_empty},
        {OPTION_FLAG, 0, "grouped", NULL,
         o->job.ungrouped ? "each user's rows are together"
                          : "each user's rows are together (the default)",
         .to = &o->grouped},
        {OPTION_FLAG, 0, "ungrouped", NULL,
         o->job.ungrouped ? "rows are in any order (the default)" : "rows are in any order",
         &o->ungrouped, .recorded = true},
        {OPTION_CALL, 0, "memory", "SIZE",
         "memory to stay within with --ungrouped; other rows go to a file [256M]", &o->memory,
         .call = option_memory},
        {OPTION_FLAG, 'v', "verbose", NULL, "write to stderr how much was read, kept and dropped",
         .to = &o->verbose},
        {0},
    };
    _Static_assert(sizeof rows <= sizeof o->rows, "room for the rows");
    memcpy(o->rows, rows, sizeof rows);
    return o->rows;
}

static void report_rows(struct cli *cli, const struct sessionize_report *r)
{
    const struct session_counts *c = &r->counts;
    cli_warn(cli, "read %" PRIu64 " rows of %" PRId32 " users", r->rows, r->log_users);
    cli_warn(cli,
             "%" PRIu64 " rows come after a later row of their user, %" PRIu64
             " have the time of the row before, %" PRIu64 " its item too",
             c->unordered, c->ties, c->duplicates);
}

/* A unit that was guessed is said, unless it is the usual one and gives usual times. */
static void report_clock(struct cli *cli, const struct raw_clock *clock, uint64_t rows, bool well)
{
    struct buf early = {0};
    if (!clock || !clock->guessed || (clock->numbers == RAW_SECONDS && !(well && clock->early)))
        return;
    if (clock->early)
        buf_format(&early, ", which puts %" PRIu64 " of %" PRIu64 " rows before 1995", clock->early,
                   rows);
    cli_note(cli,
             "times are read as %s since 1970, by the digits of the first%.*s: --time-unit settles "
             "the unit",
             raw_unit_name(clock->numbers), (int)early.len, early.len ? early.at : "");
    buf_release(&early);
}

/* So is what separates the items of lists. */
static void report_list(struct cli *cli, const char *delimiter)
{
    if (!delimiter || !*delimiter)
        return;
    char byte[] = {'"', *delimiter, '"', '\0'};
    cli_note(cli, "lists are split at %s, as the first of them says: --list-delimiter settles it",
             *delimiter == ' '    ? "a blank"
             : *delimiter == '\t' ? "a tab"
                                  : byte);
}

static void report_run(struct cli *cli, const struct sessionize_report *r, bool verbose)
{
    if (r->bad)
        cli_note(cli, "skipped %" PRIu64 " bad of %" PRIu64 " rows; the first: %s", r->bad, r->rows,
                 r->first_bad.text);
    report_drops(cli, &r->drops);
    if (!verbose)
        return;
    report_rows(cli, r);
    cli_warn(cli,
             "kept %" PRIu64 " sessions of %" PRId32 " users: %" PRIu64 " events, %" PRId32
             " items",
             r->counts.sessions, r->users, r->counts.kept_events, r->items);
}

int sessionize(struct cli *cli, const struct program *program, struct sessionize_options *o,
               struct meta *meta, struct err *e)
{
    struct sessionize_report report = {0};
    struct operands files = cli_operands(cli);
    struct buf options = {0};
    if (session_rules_check(&o->job.rules, e))
        return e->status;
    if (o->grouped && o->ungrouped)
        return err_set(e, STATUS_USAGE, "--grouped and --ungrouped exclude each other: choose one");
    o->ungrouped = o->job.ungrouped = o->ungrouped || (o->job.ungrouped && !o->grouped);
    o->grouped = !o->ungrouped;
    o->job.memory = o->memory ? (size_t)o->memory : (size_t)256 << 20;
    cli_options_packed(cli, &options);
    o->job.paths = files.at;
    o->job.count = files.count;
    o->job.meter = cli_input_meter(cli);
    o->job.output = o->output.path;
    o->job.flush = o->output.flush;
    o->job.program = program->name;
    o->job.version = SESSPIPE_VERSION;
    o->job.options = (struct bytes){options.at, options.len};
    int status = sessionize_run(&o->job, meta, &report, e);
    report_clock(cli, o->job.format.clock, report.rows, !status);
    report_list(cli, o->job.format.list_delimiter);
    if (!status) {
        report_run(cli, &report, o->verbose);
        if (o->ungrouped)
            report_memory(cli, (int64_t)o->job.memory);
    }
    drops_release(&report.drops);
    buf_release(&options);
    meta_release(meta);
    return status;
}
