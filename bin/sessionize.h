/* What the programs that make sessions of raw logs share: their options, and how they end. */
#ifndef BIN_SESSIONIZE_H
#define BIN_SESSIONIZE_H

#include <inttypes.h>

#include "cli/cli.h"
#include "data/log_to_sessions.h"

struct sessionize_options {
    struct sessions_job job; /* its rules and skip_bad */
    bool grouped, verbose;
    struct output_options output;
};

/* Their group for a program's `tables`; *o holds the defaults and takes the values. */
static inline const struct option *sessionize_options(struct sessionize_options *o)
{
    static struct option table[10];
    struct session_rules *rules = &o->job.rules;
    const struct option rows[] = {
        {OPTION_INT, 0, "gap", "SECONDS", "a session begins this long after the event before",
         &rules->gap, true, .low = 1, .high = 0x1p36},
        {OPTION_INT, 0, "min-events", "N", "drop sessions of fewer events, 0 = none",
         &rules->min_events, true, .high = INT32_MAX},
        {OPTION_INT, 0, "max-events", "N", "drop sessions of more events, 0 = none",
         &rules->max_events, true, .high = INT32_MAX},
        {OPTION_INT, 0, "cut", "N", "cut longer sessions into pieces of N events, 0 = never",
         &rules->cut, true, .high = INT32_MAX},
        {OPTION_FLAG, 0, "keep-repeats", NULL, "keep an item that follows itself",
         &rules->keep_repeats, .recorded = true},
        {OPTION_CHOICE, 0, "order", "ORDER", "how rows of equal time stand in the log",
         &rules->order, true, .choices = "auto|newest-first|oldest-first"},
        {OPTION_FLAG, 0, "skip-bad", NULL, "count rows that cannot be parsed and go on",
         &o->job.skip_bad, .recorded = true},
        {OPTION_FLAG, 0, "grouped", NULL, "each user's rows stand together (always so)",
         .to = &o->grouped},
        {OPTION_FLAG, 'v', "verbose", NULL, "say on stderr how much was read, kept and dropped",
         .to = &o->verbose},
        {0},
    };
    memcpy(table, rows, sizeof rows);
    return table;
}

static inline void sessionize_report(const struct sessions_report *r, bool verbose)
{
    if (r->bad)
        cli_warn("skipped %" PRIu64 " bad of %" PRIu64 " rows; the first: %s", r->bad, r->rows,
                 r->first_bad.text);
    if (!verbose)
        return;
    const struct session_counts *c = &r->counts;
    cli_warn("read %" PRIu64 " rows of %" PRId32 " users", r->rows, r->log_users);
    cli_warn("kept %" PRIu64 " sessions of %" PRId32 " users: %" PRIu64 " events, %" PRId32
             " items",
             c->sessions, r->users, c->kept_events, r->items);
    cli_warn("dropped %" PRIu64 " repeats, %" PRIu64 " sessions too short and %" PRIu64
             " too long, %" PRIu64 " last pieces of one event",
             c->repeats, c->too_short, c->too_long, c->single);
}

/* The run over the files; ends the program where it fails.  *meta holds what is the format's own.
 */
static inline void sessionize(const struct program *program, struct sessionize_options *o,
                              struct operands files, struct meta *meta)
{
    struct err e = {0};
    struct sessions_report report;
    struct buf options = {0};
    if (session_rules_check(&o->job.rules, &e))
        cli_usage("%s", e.text);
    cli_options_packed(&options);
    o->job.paths = files.at;
    o->job.count = files.count;
    o->job.output = o->output.path;
    o->job.flush = o->output.flush;
    o->job.program = program->name;
    o->job.version = SESSPIPE_VERSION;
    o->job.options = (struct bytes){options.at, options.len};
    if (log_to_sessions(&o->job, meta, &report, &e))
        cli_fail(&e);
    sessionize_report(&report, o->verbose);
    buf_release(&options);
    meta_release(meta);
}

#endif
