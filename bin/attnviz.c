/* attnviz: predictions -> pictures of what a model attends to: TSV, terminal, SVG files, a page. */

#include "base/num.h"
#include "base/sink.h"
#include "cli/cli.h"
#include "eval/report.h"
#include "scoring/drawing.h"
#include "stream/chain.h"
#include "stream/record.h"
#include "viz/exhibit.h"

static const char *best_by = "recall@20", *epoch = "best", *format = "auto";
static const char *output;
static int64_t seed = 1;
static bool html;
static struct exhibit x = {.blocks = {.columns = 80},
                           .examples = 4,
                           .page = {.maker = "attnviz (sesspipe) " SESSPIPE_VERSION}};
static struct report report = {.format = REPORT_JSON};
static struct scoring scoring;

static const struct option options[] = {
    {OPTION_CHOICE, .name = "format", .choices = "auto|tsv|text|html", .to = &format,
     .help = "auto: text on a terminal, else tsv; with --svg nothing"},
    {OPTION_FLAG, .name = "html", .to = &html, .help = "one page that holds everything"},
    {OPTION_TEXT, .name = "svg", .argument = "DIR", .to = &x.folder,
     .help = "write each picture to a file in DIR, made if it is missing"},
    {OPTION_TEXT, .name = "epoch", .argument = "EPOCH", .to = &epoch,
     .help = "whose attention is shown: best, last or a number"},
    {OPTION_TEXT, .name = "best-by", .argument = "SCORE", .to = &best_by,
     .help = "what the best epoch is chosen by: recall@K, mrr@K or loss"},
    {OPTION_INT, .name = "examples", .argument = "N", .to = &x.examples, .low = 1, .high = 1000,
     .help = "sessions drawn one by one"},
    {OPTION_INT, .name = "seed", .argument = "N", .to = &seed, .low = 0, .high = 0x1p53,
     .help = "which sessions those are"},
    {OPTION_TEXT, 'o', "output", "FILE", .to = &output,
     .help = "write to FILE, which is there only when it is whole"},
    {0},
};

static const struct program program = {
    .name = "attnviz",
    .purpose = "Draw what a model attends to: single sessions, and means over many.",
    .usage = "[option ...] [file ...]",
    .example = "trainer --inter hidden,delta --attention 200 b.mp | attnviz --html >page.html",
    .notes = "Reads what trainer --attention N writes; each run shows one epoch.  Means are\n"
             "of weight times sessions attended to: 1 is even attention.",
    .tables = (const struct option *const[]){options, NULL},
};

/* What goes to the output, and how it looks there. */
static void choose_form(void)
{
    bool terminal = !output && blocks_of_stdout(&x.blocks);
    if (html && cli_given("format") && strcmp(format, "html"))
        cli_usage("--html and --format %s exclude each other", format);
    if (html || !strcmp(format, "html"))
        x.form = EXHIBIT_HTML;
    else if (!strcmp(format, "text"))
        x.form = EXHIBIT_TEXT;
    else if (!strcmp(format, "tsv"))
        x.form = EXHIBIT_TSV;
    else if (!x.folder)
        x.form = terminal ? EXHIBIT_TEXT : EXHIBIT_TSV;
    if (output && x.form == EXHIBIT_NONE)
        cli_usage("-o %s with --svg: give --html or --format tsv or text for it", output);
}

static void check_options(void)
{
    struct err e = {0};
    if (cuts_parse(&scoring.cuts, "5,10,20", &e))
        cli_fail(&e);
    if (criterion_parse(&scoring.criterion, best_by, &e))
        cli_usage("--best-by %s: %s", best_by, e.text);
    if (!strcmp(epoch, "last"))
        x.epoch = -1;
    else if (strcmp(epoch, "best") && (!num_i64(epoch, strlen(epoch), &x.epoch) || x.epoch < 1))
        cli_usage("--epoch: '%s' is no epoch: give best, last or a number from 1", epoch);
    choose_form();
    x.seed = (uint64_t)seed;
    report.how = &scoring;
    report.best_by = x.page.selected_by = best_by;
}

/* ---- reading ---- */

static void visit_chain(void *to, int number, struct bytes option, struct bytes value)
{
    chain_add(to, number, option, value);
    page_chain(&x.page.runs.at[x.page.runs.len - 1], option, value);
}

static int begin_run(void *run, const struct meta *meta, struct err *e)
{
    struct chain chain = {0};
    struct buf nothing = {0}; /* the report shows no row while it reads */
    exhibit_begin_run(&x);
    if (chain_each(meta, visit_chain, &chain, e) ||
        meta_get_i64s(meta, "delta_edges", &x.cast.edges, e)) {
        chain_release(&chain);
        return e->status;
    }
    *(struct run **)run = report_run_begin(&report, &chain, &nothing);
    buf_release(&nothing);
    return 0;
}

static int end_pass(struct run *run, const struct pass *pass, struct err *e)
{
    if (run_pass(run, pass, e))
        return e->status;
    const struct pass_score *p = &run->passes.at[run->passes.len - 1];
    struct result score = drawing_pass(p);
    exhibit_end_pass(&x, &score, p->leads, p->overall.merit);
    return 0;
}

static int take(void *run, const struct predictions_record *r, struct err *e)
{
    struct attributes a = r->named.attributes;
    if (r->kind == RECORD_USER)
        cast_add_user(&x.cast, r->named.name);
    else if (r->kind == RECORD_ITEM)
        cast_add_item(&x.cast, r->named.name, attributes_find(a, "title"),
                      attributes_find(a, "train"));
    else if (r->kind == RECORD_EPOCH)
        exhibit_begin_pass(&x, r->epoch);
    else if (r->kind == RECORD_RANK)
        run_ranks(*(struct run **)run, &r->ranks);
    else if (r->kind == RECORD_ATTENTION)
        gallery_add(&x.now, &r->attention);
    else if (r->kind == RECORD_PASS)
        return end_pass(*(struct run **)run, &r->pass, e);
    return 0;
}

static int end_run(void *to, struct err *e)
{
    struct run *run = *(struct run **)to;
    if (run_end(run, e))
        return e->status;
    exhibit_end_run(&x, run->best, run->selected_on);
    return 0;
}

static void warn_of(uint64_t n, const char *what)
{
    if (n)
        cli_warn("%llu %s", (unsigned long long)n, what);
}

int main(int argc, char **argv)
{
    static const struct predictions_visitor visitor = {begin_run, take, end_run};
    struct operands files = cli_parse(&program, argc, argv);
    struct predictions_in *in = NULL;
    struct run *run = NULL;
    struct sink sink;
    struct buf out = {0};
    struct err e = {0};
    check_options();
    if (predictions_in_open(&in, files.at, files.count, &e) || sink_open(&sink, output, &e) ||
        predictions_in_each(in, &visitor, &run, &e) || report_end(&report, &out, &e))
        cli_fail(&e);
    buf_clear(&out); /* the report was asked for its names alone */
    drawing_names(&report, &x.page.results);
    if (exhibit_end(&x, &out, &e) || sink_write(&sink, out.at, out.len, &e) ||
        sink_commit(&sink, &e))
        cli_fail(&e);
    warn_of(predictions_in_skipped(in), "records of unknown kinds were skipped");
    warn_of(x.other, "records of attention of levels that have no picture were skipped");
    warn_of(!exhibit_has_pictures(&x), "page without pictures: no attention weights in the input");
    predictions_in_close(in);
    report_release(&report);
    exhibit_release(&x);
    buf_release(&out);
    return 0;
}
