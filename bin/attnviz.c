/* attnviz: predictions -> pictures of what a model attends to, as TSV, text, SVG files or a page.
 */

#include "base/num.h"
#include "base/output_file.h"
#include "cli/cli.h"
#include "viz/attention_reader.h"

static const char *best_by = "recall@20", *epoch = "best", *format = "auto";
static const char *output;
static int64_t seed = 1;
static bool html;
static struct attention_reader reader = {.render = {.terminal = {.columns = 80}, .examples = 4}};
static struct render *const render = &reader.render;

static int add_name(void *to, const char *name, struct err *e)
{
    word_vec *names = to;
    (void)e;
    vec_push(names, name);
    return 0;
}

static const struct option options[] = {
    {OPTION_CHOICE, .name = "format", .choices = "auto|tsv|text|html", .to = &format,
     .help = "auto: text on a terminal, else tsv; with --svg nothing"},
    {OPTION_FLAG, .name = "html", .to = &html,
     .help = "the same as --format html: one page with everything"},
    {OPTION_TEXT, .name = "svg", .argument = "DIR", .to = &reader.render.folder,
     .help = "write each picture to a file in DIR, which is made if it is missing"},
    {OPTION_TEXT, .name = "epoch", .argument = "EPOCH", .to = &epoch,
     .help = "epoch to show: best, last or a number"},
    {OPTION_TEXT, .name = "best-by", .argument = "SCORE", .to = &best_by,
     .help = "score that chooses the best epoch: recall@K, mrr@K, precision@K, ndcg@K or "
             "loss"},
    {OPTION_CALL, .name = "name", .argument = "NAME", .call = add_name, .to = &reader.report.names,
     .help = "name the first model NAME; repeat for the second, and so on"},
    {OPTION_TEXT, .name = "log", .argument = "NAME", .to = &reader.render.page.log,
     .help = "name of the log, for the title of the page"},
    {OPTION_INT, .name = "examples", .argument = "N", .to = &reader.render.examples, .low = 1,
     .high = 1000, .help = "how many single examples to draw of each level"},
    {OPTION_INT, .name = "seed", .argument = "N", .to = &seed, .low = 0, .high = 0x1p53,
     .help = "seed of the choice of examples"},
    {OPTION_TEXT, 'o', "output", "FILE", .to = &output,
     .help = "write to FILE, which appears only when it is complete"},
    {0},
};

static const struct program program = {
    .name = "attnviz",
    .purpose = "Draw what a model attends to: single sessions, and means over many.",
    .usage = "[option ...] [file ...]",
    .example = "trainer --inter hidden,delta --attention 200 b.mp | attnviz --html >page.html",
    .notes = "Reads what trainer --attention N writes, at every level of attention, and shows\n"
             "one epoch of each run. Means are of the weight relative to even attention,\n"
             "which is 1.",
    .tables = (const struct option *const[]){options, NULL},
};

/* Chooses what goes to the output. */
static void choose_form(struct cli *cli)
{
    bool terminal = !output && terminal_of_stdout(&render->terminal);
    if (html && cli_given(cli, "format") && strcmp(format, "html"))
        cli_usage(cli, "--html and --format %s exclude each other", format);
    if (html || !strcmp(format, "html"))
        render->form = RENDER_HTML;
    else if (!strcmp(format, "text"))
        render->form = RENDER_TEXT;
    else if (!strcmp(format, "tsv"))
        render->form = RENDER_TSV;
    else if (!render->folder)
        render->form = terminal ? RENDER_TEXT : RENDER_TSV;
    if (output && render->form == RENDER_NONE)
        cli_usage(cli, "-o %s with --svg needs --html, --format tsv or --format text", output);
    if (cli_given(cli, "log") && render->form != RENDER_HTML)
        cli_usage(cli, "--log names the page of --html: give it too");
}

static void check_options(struct cli *cli)
{
    struct err e = {0};
    if (cuts_parse(&reader.scoring.cuts, "5,10,20", &e))
        cli_fail(cli, &e);
    if (criterion_parse(&reader.scoring.criterion, best_by, &e))
        cli_usage(cli, "--best-by %s: %s", best_by, e.text);
    if (!strcmp(epoch, "last"))
        render->epoch = -1;
    else if (strcmp(epoch, "best") &&
             (!num_i64(epoch, strlen(epoch), &render->epoch) || render->epoch < 1))
        cli_usage(cli, "--epoch: '%s' is no epoch: give best, last or a number from 1", epoch);
    choose_form(cli);
    render->seed = (uint64_t)seed;
    render->page.maker = "attnviz (sesspipe) " SESSPIPE_VERSION;
    reader.report.best_by = render->page.selected_by = best_by;
}

static void warn_of(struct cli *cli, uint64_t n, const char *what)
{
    if (n)
        cli_warn(cli, "%llu %s", (unsigned long long)n, what);
}

int main(int argc, char **argv)
{
    struct cli *cli = cli_parse(&program, argc, argv);
    struct operands files = cli_operands(cli);
    struct predictions_in *in = NULL;
    struct output_file sink;
    struct buf out = {0};
    struct err e = {0};
    check_options(cli);
    if (predictions_in_open(&in, files.at, files.count, &e) ||
        output_file_open(&sink, output, &e) || attention_reader_read(&reader, in, &e) ||
        render_end(render, &out, &e) || output_file_write(&sink, out.at, out.len, &e) ||
        output_file_commit(&sink, &e))
        cli_fail(cli, &e);
    warn_of(cli, predictions_in_skipped(in), "records of unknown kinds were skipped");
    warn_of(cli, !render_has_figures(render),
            "page without pictures: no attention weights in the input");
    predictions_in_close(in);
    attention_reader_release(&reader);
    buf_release(&out);
    return 0;
}
