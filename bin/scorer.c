/* scorer: predictions -> recall and MRR, each epoch as it ends, the best one, runs compared. */
#include <string.h>

#include "base/sink.h"
#include "cli/cli.h"
#include "eval/report.h"
#include "stream/chain.h"
#include "stream/record.h"

static struct report report;
static struct scoring scoring;
static const char *at = "5,10,20", *best_by = "recall@20", *by = "position", *format = "table";
static const char *output;
static bool json;

static int set_name(void *to, const char *value, struct err *e)
{
    (void)to;
    (void)e;
    vec_push(&report.names, value);
    return 0;
}

static const struct option options[] = {
    {OPTION_TEXT, .name = "at", .argument = "LIST", .to = &at,
     .help = "the k of recall@k and mrr@k"},
    {OPTION_TEXT, .name = "best-by", .argument = "SCORE", .to = &best_by,
     .help = "what the best epoch is chosen by: recall@K, mrr@K or loss"},
    {OPTION_CHOICE, .name = "by", .choices = "position|none", .to = &by,
     .help = "break the scores down by position in the session"},
    {OPTION_FLAG, .name = "best", .to = &report.best_only, .help = "show the best epochs only"},
    {OPTION_CALL, .name = "name", .argument = "NAME", .call = set_name,
     .help = "call the first model NAME; again for the second, and so on"},
    {OPTION_CHOICE, .name = "format", .choices = "table|tsv|json", .to = &format,
     .help = "how the scores are written"},
    {OPTION_FLAG, .name = "json", .to = &json, .help = "the same as --format json"},
    {OPTION_TEXT, 'o', "output", "FILE", .to = &output,
     .help = "write to FILE, which is there only when it is whole"},
    {0},
};

static const struct program program = {
    .name = "scorer",
    .purpose = "Score predictions: recall@k and MRR@k, overall and by position.",
    .usage = "[option ...] [file ...]",
    .example = "baseline --model markov split.mp | scorer --at 5,10,20",
    .notes = "Each stream is a run; runs that differ by their seeds alone are one model and\n"
             "shown as mean and sample standard deviation. Without a validation part the\n"
             "best epoch is chosen on the test part, and the output says selected_on: test.",
    .tables = (const struct option *const[]){options, NULL},
};

static void check_options(void)
{
    struct err e = {0};
    if (cuts_parse(&scoring.cuts, at, &e))
        cli_usage("--at %s: %s", at, e.text);
    if (criterion_parse(&scoring.criterion, best_by, &e))
        cli_usage("--best-by %s: %s", best_by, e.text);
    if (json && cli_given("format") && strcmp(format, "json"))
        cli_usage("--json and --format %s exclude each other", format);
    scoring.by_position = !strcmp(by, "position");
    report.format = json || !strcmp(format, "json") ? REPORT_JSON
                    : !strcmp(format, "tsv")        ? REPORT_TSV
                                                    : REPORT_TABLE;
    report.how = &scoring;
    report.best_by = best_by;
}

static void visit_chain(void *to, int number, struct bytes option, struct bytes value)
{
    chain_add(to, number, option, value);
}

static int end_run(struct predictions_in *in, struct run *run, struct err *e)
{
    return run_end(run, e) ? predictions_in_at(in, e) : 0;
}

static int begin_run(struct predictions_in *in, struct run **run, struct buf *out, struct err *e)
{
    struct chain chain = {0};
    if (chain_each(predictions_in_meta(in), visit_chain, &chain, e)) {
        chain_release(&chain);
        return predictions_in_at(in, e);
    }
    *run = report_run_begin(&report, &chain, out);
    return 0;
}

static int take(struct predictions_in *in, struct run *run, const struct predictions_record *r,
                struct buf *out, struct err *e)
{
    if (r->kind == RECORD_RANK)
        run_ranks(run, &r->ranks);
    if (r->kind != RECORD_PASS)
        return 0;
    if (run_pass(run, &r->pass, e))
        return predictions_in_at(in, e);
    report_pass(&report, out);
    return 0;
}

/* Writes what is ready, so that an epoch shows when it ends. */
static int show(struct sink *sink, struct buf *out, struct err *e)
{
    int status = out->len ? sink_write(sink, out->at, out->len, e) : 0;
    buf_clear(out);
    return status;
}

static int score(struct predictions_in *in, struct sink *sink, struct buf *out, struct err *e)
{
    struct predictions_record record;
    struct run *run = NULL;
    enum read_result got;
    int status = begin_run(in, &run, out, e); /* the first header was read at open */
    while (!status && (got = predictions_in_next(in, &record, e)) != READ_END) {
        if (got == READ_ERROR)
            return e->status;
        if (got == READ_RECORD)
            status = take(in, run, &record, out, e);
        else
            status = end_run(in, run, e) || begin_run(in, &run, out, e) ? e->status : 0;
        if (!status)
            status = show(sink, out, e);
    }
    if (!status)
        status = end_run(in, run, e);
    if (!status)
        status = report_end(&report, out, e);
    return status ? status : show(sink, out, e);
}

int main(int argc, char **argv)
{
    struct operands files = cli_parse(&program, argc, argv);
    struct predictions_in *in = NULL;
    struct sink sink;
    struct buf out = {0};
    struct err e = {0};
    check_options();
    if (predictions_in_open(&in, files.at, files.count, &e) || sink_open(&sink, output, &e))
        cli_fail(&e);
    if (score(in, &sink, &out, &e) || sink_commit(&sink, &e))
        cli_fail(&e);
    if (predictions_in_skipped(in))
        cli_warn("%llu records of unknown kinds were skipped",
                 (unsigned long long)predictions_in_skipped(in));
    predictions_in_close(in);
    report_release(&report);
    buf_release(&out);
    return 0;
}
