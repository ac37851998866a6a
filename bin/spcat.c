/* spcat: shows any stream as lines of JSON, and makes one of them; checks it, sums it up. */
#include "cli/cli.h"
#include "data/select.h"
#include "stream/from_json.h"
#include "stream/summary.h"
#include "stream/to_json.h"
#include "viz/user_points.h"

static const char *output, *grep, *users;
static bool check, summary, from_json;
static int64_t head = -1;

static const struct option options[] = {
    {OPTION_FLAG, 'c', "check", .help = "read everything by every rule; say nothing if all is well",
     .to = &check},
    {OPTION_FLAG, 's', "summary",
     .help = "show what the stream holds and how it was made, in place of its records",
     .to = &summary},
    {OPTION_INT, 'n', "head", "N", "show the first N records only", &head, .low = 0, .high = 1e15},
    {OPTION_TEXT, 'g', "grep", "WHAT=NAME",
     "show the records of one user or item only: user=NAME, item=NAME", .to = &grep},
    {OPTION_CHOICE, .name = "users", .choices = "tsv|svg", .to = &users,
     .help = "show how many sessions each user has, and how long they are"},
    {OPTION_FLAG, 'j', "from-json",
     .help = "read such lines, or what a filter left of them, as a stream", .to = &from_json},
    {OPTION_TEXT, 'o', "output", "FILE", "write to FILE, which appears once whole", .to = &output},
    {.kind = OPTION_END},
};

static const struct program program = {
    .name = "spcat",
    .purpose = "Show a stream as lines of JSON, or make a stream of such lines.",
    .usage = "[option ...] [file ...]",
    .example = "lfm-sessionize log.tsv | spcat --head 3",
    .notes = "Reads standard input where no file is named.  A stream with errors is shown\n"
             "up to the first error of its frame; --check, --summary and --grep check the\n"
             "rules of its records too.",
    .tables = (const struct option *const[]){options, NULL},
};

static int write_out(void *sink, struct buf *text, struct err *e)
{
    int status = output_file_write(sink, text->at, text->len, e);
    buf_clear(text);
    return status;
}

static int read_all(struct any_in *in, struct err *e)
{
    union any_record record;
    enum read_result result;
    while ((result = any_in_next(in, &record, e)) > READ_END)
        ;
    return result == READ_END ? 0 : e->status;
}

/* By the rules of the kind: --check and --summary. */
static int read_strictly(struct any_in *in, struct output_file *sink, struct err *e)
{
    struct buf text = {0};
    int status = summary ? summary_write(in, &text, e) : read_all(in, e);
    if (!status)
        status = write_out(sink, &text, e);
    buf_release(&text);
    return status;
}

static int search(struct cli *cli, struct any_in *in, struct output_file *sink, struct err *e)
{
    struct select_options chosen = {.head = head < 0 ? UINT64_MAX : (uint64_t)head};
    struct selection p = {.options = &chosen, .sink = sink};
    if (select_grep(&chosen, grep, e))
        return e->status;
    int status = select_run(&p, in, e);
    if (!status && !p.found)
        cli_warn(cli, "no %s is named \"%.*s\"", chosen.user ? "user" : "item",
                 (int)chosen.name.len, chosen.name.at);
    select_release(&p);
    return status;
}

static int read_records(struct cli *cli, struct operands files, struct output_file *sink,
                        struct err *e)
{
    struct any_in in;
    if (any_in_open(&in, files.at, files.count, e))
        return e->status;
    int status = check || summary ? read_strictly(&in, sink, e) : search(cli, &in, sink, e);
    any_in_close(&in);
    return status;
}

/* By the frame's rules alone. */
static int show(struct operands files, struct output_file *sink, struct err *e)
{
    struct frame_in *in;
    struct buf text = {0};
    if (frame_in_open(&in, files.at, files.count, -1, true, e))
        return e->status;
    int status =
        to_json_lines(in, head < 0 ? UINT64_MAX : (uint64_t)head, &text, write_out, sink, e);
    frame_in_close(in);
    buf_release(&text);
    return status;
}

/* Of a sessions stream. */
static int show_users(struct operands files, struct output_file *sink, struct err *e)
{
    struct sessions_in *in;
    struct user_points points = {0};
    struct buf text = {0};
    if (sessions_in_open(&in, files.at, files.count, e))
        return e->status;
    int status = user_points_read(&points, in, e);
    if (!status && !strcmp(users, "svg"))
        user_points_svg(&points, &text);
    else if (!status)
        user_points_tsv(&points, sessions_in_users(in), &text);
    if (!status)
        status = write_out(sink, &text, e);
    user_points_release(&points);
    buf_release(&text);
    sessions_in_close(in);
    return status;
}

static int build(struct operands files, struct output_file *sink, struct err *e)
{
    struct from_json b = {.sink = sink};
    int status = from_json_inputs(&b, files.at, files.count, e);
    if (status)
        from_json_abort(&b, program.name, e);
    from_json_release(&b);
    return status;
}

static void check_options(struct cli *cli)
{
    bool part = head >= 0 || grep;
    if (users && (part || check || summary || from_json))
        cli_usage(cli, "--users excludes the other choices");
    struct select_options unused;
    struct err e = {0};
    if (check && summary)
        cli_usage(cli, "--check and --summary exclude each other: --summary checks too");
    if ((check || summary) && part)
        cli_usage(cli, "--check and --summary read whole streams: they exclude --head and --grep");
    if (from_json && (check || summary || part))
        cli_usage(cli,
                  "--from-json excludes the other choices: pipe its stream into another spcat");
    if (from_json)
        cli_refuse_terminal(cli, output);
    if (grep && select_grep(&unused, grep, &e))
        cli_usage(cli, "--grep: %s", e.text);
}

int main(int argc, char **argv)
{
    struct cli *cli = cli_parse(&program, argc, argv);
    struct operands files = cli_operands(cli);
    struct output_file sink;
    struct err e;
    check_options(cli);
    if (output_file_open(&sink, output, &e))
        cli_fail(cli, &e);
    bool records = check || summary || grep;
    int status = from_json ? build(files, &sink, &e)
                 : users   ? show_users(files, &sink, &e)
                 : records ? read_records(cli, files, &sink, &e)
                           : show(files, &sink, &e);
    if (status) {
        output_file_discard(&sink);
        cli_fail(cli, &e);
    }
    if (output_file_commit(&sink, &e))
        cli_fail(cli, &e);
}
