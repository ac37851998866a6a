/* tfilter: keeps some of the sessions and splits them into training, validation and test. */
#include "cli/cli.h"
#include "data/reports.h"
#include "stream/output.h"

enum { ROWS = 32 };

/* The argument of an option's call: one for each filter. */
struct choice {
    struct filter_chain *chain;
    const struct filter *filter;
};

static int choose(void *to, const char *value, struct err *e)
{
    struct choice *choice = to;
    return filter_chain_add(choice->chain, choice->filter, value, e);
}

static const struct option *filter_options(struct filter_chain *chain)
{
    static struct choice choices[ROWS];
    static struct option table[ROWS + 1];
    for (size_t i = 0; i < ROWS && filter_rows[i].name; i++) {
        const struct filter *f = &filter_rows[i];
        choices[i] = (struct choice){chain, f};
        table[i] = (struct option){
            OPTION_CALL,   0, f->name, f->argument, f->help, .to = &choices[i], .recorded = true,
            .call = choose};
    }
    return table;
}

static const char notes[] =
    "Filters apply in the order of the command line.\n"
    "A split by user trains the model on the future of one user and tests it on the\n"
    "past of another: its scores may be better than those of the model in use.";

/* --strict: fails where the report finds anything. */
static int check_report(const struct split_report *r, struct err *e)
{
    struct buf leaks = {0};
    int status = 0;
    split_report_leaks(r, &leaks);
    if (leaks.len)
        status = err_set(e, STATUS_DATA, "--strict: %.*s", (int)leaks.len, leaks.at);
    buf_release(&leaks);
    return status;
}

/* 65: no session is left, and nobody said that this is well. */
static int check_left(const struct drops *d, struct err *e)
{
    struct buf text = {0};
    if (d->users.of > d->users.dropped)
        return 0;
    drops_text(d, &text);
    if (!text.len)
        buf_text(&text, "the input has none");
    err_set(e, STATUS_DATA, "no session is left, which --allow-empty takes: %.*s", (int)text.len,
            text.at);
    buf_release(&text);
    return e->status;
}

/* The output, whose header says what filters have found in all of the input. */
struct filtered {
    struct cli *cli;
    const struct program *program;
    const struct filter_chain *chain;
    const struct filter_result *result;
    const struct output_options *to;
    const struct meta *input;
    struct buf options;
    struct output output;
};

static int begin(void *of, struct err *e)
{
    struct filtered *f = of;
    struct meta meta;
    meta_copy(&meta, f->input);
    int status = filter_chain_note(f->chain, &meta, e);
    if (!status)
        status = drops_note(&f->result->drops, f->program->name, &meta, e);
    if (!status)
        status = output_open(&f->output, f->to->path, f->to->flush, &meta, f->program->name,
                             SESSPIPE_VERSION, (struct bytes){f->options.at, f->options.len}, e);
    meta_release(&meta);
    return status;
}

/* Aborts the output, behind a header if there is none yet. */
static void fail(struct filtered *f, const struct err *e)
{
    struct err ignored = {0};
    if (f->input && !f->output.begun)
        begin(f, &ignored);
    output_abort(&f->output, e);
    cli_fail(f->cli, e);
}

int main(int argc, char **argv)
{
    struct output_options to = {0};
    struct filter_chain chain = {0};
    bool strict = false, allow_empty = false;
    int64_t memory = (int64_t)1 << 30;
    const struct option own[] = {
        {OPTION_FLAG, 0, "merge", .help = "first join the sessions of users of several streams",
         .to = &chain.merges, .recorded = true},
        {OPTION_FLAG, 0, "strict", .help = "fail (65) where the split's report finds anything",
         .to = &strict},
        {OPTION_FLAG, 0, "allow-empty", .help = "let a stream of which no session is left pass",
         .to = &allow_empty},
        {OPTION_CALL, 0, "memory", "SIZE", "memory to stay within; the rest goes to files [1G]",
         &memory, .call = option_memory},
        {0},
    };
    const struct option *const tables[] = {filter_options(&chain), own, cli_output_options(&to),
                                           NULL};
    const struct program program = {
        .name = "tfilter",
        .purpose = "Keep some of the sessions of a stream, and split them for training and test.",
        .usage = "[option ...] [file ...]",
        .example = "tfilter --min-sessions 3 --split user:0.8 sessions.mp > split.mp",
        .notes = notes,
        .tables = tables,
        .progress = PROGRESS_OF_INPUT,
    };
    struct cli *cli = cli_parse(&program, argc, argv);
    struct operands files = cli_operands(cli);
    if (strict && !filter_chain_splits(&chain))
        cli_usage(cli, "--strict looks at a split: give --split or --validation as well");

    struct err e = {0};
    struct sessions_in *in = NULL;
    struct filter_result result = {0};
    struct filtered f = {
        .cli = cli, .result = &result, .program = &program, .chain = &chain, .to = &to};
    cli_options_packed(cli, &f.options);
    if (sessions_in_open(&in, files.at, files.count, &e))
        fail(&f, &e);
    sessions_in_meter(in, cli_input_meter(cli));
    f.input = sessions_in_meta(in);
    if (filter_run(&chain, in, &f.output.out, (struct filter_begin){begin, &f, to.flush},
                   (size_t)memory, &result, &e))
        fail(&f, &e);
    if (sessions_in_skipped(in))
        cli_warn(cli, "%llu records of unknown kinds were left out",
                 (unsigned long long)sessions_in_skipped(in));
    if ((!allow_empty && check_left(&result.drops, &e)) ||
        (strict && check_report(&result.split, &e)) || output_finish(&f.output, &e))
        fail(&f, &e);
    report_filtering(cli, &chain, &result);
    report_memory(cli, memory);

    sessions_in_close(in);
    buf_release(&f.options);
    drops_release(&result.drops);
    filter_chain_release(&chain);
    return 0;
}
