/* scorer: predictions -> recall and MRR, each epoch as it ends, the best one, runs compared. */
#include <string.h>

#include "base/sink.h"
#include "cli/cli.h"
#include "eval/report.h"
#include "stream/chain.h"
#include "stream/record.h"

static struct report report;
static struct scoring scoring;
static VEC(const char *) streams;
static const char *at = "5,10,20", *best_by = "recall@20", *by = "position", *format = "table";
static const char *output;
static const char *against;
static int64_t resamples = 2000, seed = 1;
static bool json;

static int set_name(void *to, const char *value, struct err *e)
{
    (void)to;
    (void)e;
    vec_push(&report.names, value);
    return 0;
}

static const struct option options[] = {
    {OPTION_TEXT, .name = "against", .argument = "BASE", .to = &against,
     .help = "compare with the model of the predictions in BASE, paired by user"},
    {OPTION_TEXT, .name = "at", .argument = "LIST", .to = &at,
     .help = "the k of recall@k and mrr@k"},
    {OPTION_TEXT, .name = "best-by", .argument = "SCORE", .to = &best_by,
     .help = "what the best epoch is chosen by: recall@K, mrr@K, precision@K or loss"},
    {OPTION_TEXT, .name = "by", .argument = "LIST", .to = &by,
     .help =
         "break the scores down: position, history, length, phase, popularity, seen; all; none"},
    {OPTION_FLAG, .name = "precision", .to = &scoring.cuts.precision,
     .help = "show precision@k too, in the tables (TSV and JSON always have it)"},
    {OPTION_FLAG, .name = "best", .to = &report.best_only, .help = "show the best epochs only"},
    {OPTION_CALL, .name = "name", .argument = "NAME", .call = set_name,
     .help = "call the first model NAME; again for the second, and so on"},
    {OPTION_CHOICE, .name = "format", .choices = "table|tsv|json", .to = &format,
     .help = "how the scores are written"},
    {OPTION_FLAG, .name = "json", .to = &json, .help = "the same as --format json"},
    {OPTION_INT, .name = "resamples", .argument = "N", .to = &resamples, .low = 1, .high = 1e6,
     .help = "draws of the bootstrap of --against"},
    {OPTION_INT, .name = "seed", .argument = "N", .to = &seed, .low = 0, .high = 0x1p53,
     .help = "of its draws"},
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
    if (breakdown_list_parse(&scoring.by, by, &e))
        cli_usage("--by %s: %s", by, e.text);
    if (json && cli_given("format") && strcmp(format, "json"))
        cli_usage("--json and --format %s exclude each other", format);
    report.format = json || !strcmp(format, "json") ? REPORT_JSON
                    : !strcmp(format, "tsv")        ? REPORT_TSV
                                                    : REPORT_TABLE;
    scoring.cuts.precision |= report.format != REPORT_TABLE;
    report.break_down = cli_given("by");
    report.how = &scoring;
    report.compare = scoring.by_user = against != NULL;
    report.resamples = (size_t)resamples;
    report.seed = (uint64_t)seed;
    report.best_by = best_by;
}

static void visit_chain(void *to, int number, struct bytes option, struct bytes value)
{
    chain_add(to, number, option, value);
}

/* What the reading works on. */
struct state {
    struct run *run;
    struct sink sink;
    struct buf out;
};

/* Writes what is ready, so that an epoch shows when it ends. */
static int show(struct state *s, struct err *e)
{
    int status = s->out.len ? sink_write(&s->sink, s->out.at, s->out.len, e) : 0;
    buf_clear(&s->out);
    return status;
}

static int begin_run(void *to, const struct meta *meta, struct err *e)
{
    struct state *s = to;
    struct chain chain = {0};
    if (chain_each(meta, visit_chain, &chain, e)) {
        chain_release(&chain);
        return e->status;
    }
    s->run = report_run_begin(&report, &chain, &s->out);
    return show(s, e);
}

static int take(void *to, const struct predictions_record *r, struct err *e)
{
    struct state *s = to;
    if (r->kind == RECORD_USER)
        report_user(&report, r->named.name);
    if (r->kind == RECORD_ITEM)
        run_item(s->run, attributes_find(r->named.attributes, "train"));
    if (r->kind == RECORD_RANK)
        run_ranks(s->run, &r->ranks);
    if (r->kind != RECORD_PASS)
        return 0;
    if (run_pass(s->run, &r->pass, e))
        return e->status;
    report_pass(&report, &s->out);
    return show(s, e);
}

static int end_run(void *to, struct err *e)
{
    return run_end(((struct state *)to)->run, e);
}

/* The streams to read: the base comes first, and once, so that `--against base.mp *.mp` may name it
 * twice. */
static void order_streams(struct operands files)
{
    if (against)
        vec_push(&streams, against);
    for (int i = 0; i < files.count; i++)
        if (!against || strcmp(files.at[i], against))
            vec_push(&streams, files.at[i]);
    if (against && !files.count)
        vec_push(&streams, "-");
}

int main(int argc, char **argv)
{
    static const struct predictions_visitor visitor = {begin_run, take, end_run};
    struct operands files = cli_parse(&program, argc, argv);
    struct predictions_in *in = NULL;
    struct state s = {0};
    struct err e = {0};
    check_options();
    order_streams(files);
    if (predictions_in_open(&in, streams.at, (int)streams.len, &e) ||
        sink_open(&s.sink, output, &e))
        cli_fail(&e);
    if (predictions_in_each(in, &visitor, &s, &e) || report_end(&report, &s.out, &e) ||
        show(&s, &e) || sink_commit(&s.sink, &e))
        cli_fail(&e);
    if (predictions_in_skipped(in))
        cli_warn("%llu records of unknown kinds were skipped",
                 (unsigned long long)predictions_in_skipped(in));
    predictions_in_close(in);
    report_release(&report);
    vec_release(&streams);
    buf_release(&s.out);
    return 0;
}
