/* spcat: any stream as JSON lines, and back; parts of it; its check; its summary. */
#include "cli/cli.h"
#include "data/select.h"
#include "stream/from_json.h"
#include "stream/summary.h"
#include "stream/to_json.h"

static const char *output, *grep;
static bool check, summary, from_json, stream;
static int64_t head = -1;

static const struct option options[] = {
    {OPTION_FLAG, 'c', "check", .help = "read everything by every rule; say nothing if all is well",
     .to = &check},
    {OPTION_FLAG, 's', "summary",
     .help = "what the stream holds and how it was made, instead of its records", .to = &summary},
    {OPTION_INT, 'n', "head", "N", "the first N records only", &head, .recorded = true, .low = 0,
     .high = 1e15},
    {OPTION_TEXT, 'g', "grep", "WHAT=NAME",
     "the records of one user or item only: user=NAME, item=NAME", &grep, .recorded = true},
    {OPTION_FLAG, 'S', "stream", .help = "write a stream, not lines", .to = &stream},
    {OPTION_FLAG, 'j', "from-json", .help = "read such lines and write the stream that they show",
     .to = &from_json},
    {OPTION_TEXT, 'o', "output", "FILE", "write here, whole or not at all", .to = &output},
    {.kind = OPTION_END},
};

static const struct program program = {
    .name = "spcat",
    .purpose = "shows a stream as JSON lines, or a part of it; makes a stream of such lines",
    .usage = "[option ...] [file ...]",
    .example = "lfm-sessionize log.tsv | spcat --head 3",
    .notes = "Reads standard input where no file is named.  A stream with errors is shown\n"
             "up to the first error of its frame; --check, --summary, --grep and --stream\n"
             "hold the records to their rules too.",
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

static int pick(struct any_in *in, struct output_file *sink, struct err *e)
{
    struct buf packed = {0};
    struct select_options chosen = {.head = head < 0 ? UINT64_MAX : (uint64_t)head,
                                    .lines = !stream};
    if (grep && select_grep(&chosen, grep, e))
        return e->status;
    cli_options_packed(&packed);
    struct selection p = {.options = &chosen,
                          .to = {sink, program.name, SESSPIPE_VERSION, {packed.at, packed.len}}};
    int status = select_run(&p, in, e);
    if (status)
        select_abort(&p, e);
    else if (grep && !p.found)
        cli_warn("no %s is named \"%.*s\"", chosen.user ? "user" : "item", (int)chosen.name.len,
                 chosen.name.at);
    select_release(&p);
    buf_release(&packed);
    return status;
}

static int read_records(struct operands files, struct output_file *sink, struct err *e)
{
    struct any_in in;
    if (any_in_open(&in, files.at, files.count, e))
        return e->status;
    int status = check || summary ? read_strictly(&in, sink, e) : pick(&in, sink, e);
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

static int build(struct operands files, struct output_file *sink, struct err *e)
{
    struct from_json b = {.sink = sink};
    int status = from_json_inputs(&b, files.at, files.count, e);
    if (status)
        from_json_abort(&b, e);
    from_json_release(&b);
    return status;
}

static void check_options(void)
{
    bool part = head >= 0 || grep || stream;
    struct select_options unused;
    struct err e = {0};
    if (check && summary)
        cli_usage("--check and --summary exclude each other: --summary checks too");
    if ((check || summary) && part)
        cli_usage("--check and --summary look at whole streams: use them behind another spcat");
    if (from_json && (check || summary || part))
        cli_usage("--from-json goes with no other choice: put another spcat behind it");
    if (grep && select_grep(&unused, grep, &e))
        cli_usage("--grep: %s", e.text);
}

int main(int argc, char **argv)
{
    struct operands files = cli_parse(&program, argc, argv);
    struct output_file sink;
    struct err e;
    check_options();
    if (output_file_open(&sink, output, &e))
        cli_fail(&e);
    bool records = check || summary || grep || stream;
    int status = from_json ? build(files, &sink, &e)
                 : records ? read_records(files, &sink, &e)
                           : show(files, &sink, &e);
    if (status) {
        output_file_discard(&sink);
        cli_fail(&e);
    }
    if (output_file_commit(&sink, &e))
        cli_fail(&e);
}
