/* spcat: any stream as JSON lines; its check; its summary. */
#include "base/sink.h"
#include "cli/cli.h"
#include "stream/build.h"
#include "stream/show.h"

static const char *output;
static bool check, summary, from_json;

static const struct option options[] = {
    {.kind = OPTION_FLAG,
     .letter = 'c',
     .name = "check",
     .help = "read everything by every rule; say nothing if all is well",
     .to = &check},
    {.kind = OPTION_FLAG,
     .letter = 's',
     .name = "summary",
     .help = "what the stream holds and how it was made, instead of its records",
     .to = &summary},
    {.kind = OPTION_FLAG,
     .letter = 'j',
     .name = "from-json",
     .help = "read such lines and write the stream that they show",
     .to = &from_json},
    {.kind = OPTION_TEXT,
     .letter = 'o',
     .name = "output",
     .argument = "FILE",
     .help = "write here, whole or not at all",
     .to = &output},
    {.kind = OPTION_END},
};

static const struct program program = {
    .name = "spcat",
    .purpose = "shows a stream as JSON lines",
    .usage = "[option ...] [file ...]",
    .example = "lfm-sessionize log.tsv | spcat | head -n 3",
    .notes = "Reads standard input where no file is named.  A stream with errors is shown\n"
             "up to the first error of its frame; --check and --summary hold the records\n"
             "to their rules too.",
    .tables = (const struct option *const[]){options, NULL},
};

static int write_out(void *sink, struct buf *text, struct err *e)
{
    int status = sink_write(sink, text->at, text->len, e);
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
static int read_strictly(struct operands files, struct sink *sink, struct err *e)
{
    struct any_in in;
    struct buf text = {0};
    if (any_in_open(&in, files.at, files.count, e))
        return e->status;
    int status = summary ? show_summary(&in, &text, e) : read_all(&in, e);
    any_in_close(&in);
    if (!status)
        status = write_out(sink, &text, e);
    buf_release(&text);
    return status;
}

static int show(struct operands files, struct sink *sink, struct err *e)
{
    struct frame_in *in;
    struct buf text = {0};
    if (frame_in_open(&in, files.at, files.count, -1, true, e))
        return e->status;
    int status = show_lines(in, UINT64_MAX, &text, write_out, sink, e);
    frame_in_close(in);
    buf_release(&text);
    return status;
}

static int build(struct operands files, struct sink *sink, struct err *e)
{
    struct build b = {.sink = sink};
    int status = build_inputs(&b, files.at, files.count, e);
    if (status)
        build_abort(&b, e);
    build_release(&b);
    return status;
}

int main(int argc, char **argv)
{
    struct operands files = cli_parse(&program, argc, argv);
    struct sink sink;
    struct err e;
    if (check && summary)
        cli_usage("--check and --summary exclude each other: --summary checks too");
    if (from_json && (check || summary))
        cli_usage("--from-json writes a stream: look at it by another spcat --check or --summary");
    if (sink_open(&sink, output, &e))
        cli_fail(&e);
    int status = from_json          ? build(files, &sink, &e)
                 : check || summary ? read_strictly(files, &sink, &e)
                                    : show(files, &sink, &e);
    if (status) {
        sink_discard(&sink);
        cli_fail(&e);
    }
    if (sink_commit(&sink, &e))
        cli_fail(&e);
}
