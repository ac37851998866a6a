/* Streams and text of several runs, read into a report. */
#include "eval/report_reader.h"

#include "../files.h"
#include "../streams.h"
#include "../tap.h"

static const struct scoring scoring = {.cuts = {.count = 1, .at = {1}},
                                       .criterion = {.measure = MEASURE_RECALL, .at = 1}};

/* Appends to a file a stream of one test pass: user ann, items x and y, the target x at the rank.
 */
static void append_run(const char *path, const char *program, const char *options,
                       const char *label, int rank)
{
    struct buf packed = {0}, text = {0}, stream = {0};
    struct meta m = {.kind = STREAM_PREDICTIONS};
    notation_value(options, &packed);
    meta_add_program(&m, program, "1", (struct bytes){packed.at, packed.len});
    if (label)
        meta_set_text(&m, "label", label);
    buf_format(&text,
               "[\"user\",0,\"ann\"] [\"item\",0,\"x\",{\"train\":\"5\"}] [\"item\",1,\"y\"] "
               "[\"epoch\",1,3] [\"rank\",{\"user\":i[0],\"session\":i[0],\"position\":i[0],"
               "\"target\":i[0],\"rank\":i[%d],\"ties\":i[0],\"history\":i[0],\"length\":i[2],"
               "\"loss\":f[1]}] "
               "[\"unknown\"] [\"pass\",1,3,{\"loss\":1,\"events\":1,\"left_out\":0}]",
               rank);
    buf_byte(&text, 0);
    stream_with(&m, false, notated_records, text.at, &stream);
    FILE *f = fopen(path, "ab");
    tap_ok(f && fwrite(stream.at, 1, stream.len, f) == stream.len && !fclose(f), "%s", path);
    buf_release(&packed);
    buf_release(&text);
    buf_release(&stream);
    meta_release(&m);
}

/* ---- a watcher that writes down what it sees ---- */

static int begin_run(void *to, const struct meta *meta, struct err *e)
{
    (void)e;
    buf_format(to, "begin %zu: ", meta->pipeline.len);
    return 0;
}

static void see_record(void *to, const struct predictions_record *r)
{
    static const char letter[] = {
        [RECORD_USER] = 'u', [RECORD_ITEM] = 'i', [RECORD_EPOCH] = 'e', [RECORD_RANK] = 'r'};
    buf_byte(to, letter[r->kind]);
}

static void see_pass(void *to, const struct pass_score *score)
{
    buf_format(to, " recall %g, ", score->overall.value[1]);
}

static void end_run(void *to, const struct scored_run *run)
{
    buf_format(to, "end %zu; ", run->passes.len);
}

static const struct report_watcher watcher = {begin_run, see_record, see_pass, end_run};

/* ---- reading ---- */

static bool is_named(const struct report *r, size_t model, const char *expected)
{
    const struct buf *name = &r->models.at[model].name;
    return bytes_equal((struct bytes){name->at, name->len}, bytes_of(expected));
}

static void inputs(void)
{
    struct report r = {.format = REPORT_TSV, .how = &scoring, .best_by = "recall@1"};
    struct buf seen = {0};
    struct err e = {0};
    struct report_reader reader = {.report = &r, .watcher = &watcher, .to = &seen};
    struct report_inputs from = {.streams = (const char *const[]){"pop.mp", "gru.mp"}, .count = 2};
    vec_push(&from.against, "gru.mp");
    vec_push(&from.texts, "theirs.tsv");
    must(report_reader_inputs(&reader, &from, &e), &e);
    tap_ok(r.runs.len == 4, "the base, which is among the streams too, is read once");
    tap_ok(!strcmp(r.runs.at[0].from.file, "gru.mp") && r.runs.at[0].from.base &&
               !strcmp(r.runs.at[2].from.file, "pop.mp") && !r.runs.at[2].from.base &&
               !strcmp(r.runs.at[3].from.file, "theirs.tsv") && r.runs.at[3].from.text,
           "first the base, then the other streams, then text");
    tap_ok(r.bases.len == 1 && r.bases.at[0] == 0, "the base is the first model of its file");
    tap_ok(from.skipped == 3, "records of unknown kinds are counted");
    tap_ok(is_named(&r, 0, "gru 50") && is_named(&r, 1, "narm") && is_named(&r, 2, "pop"),
           "names are the headers' labels, or the model's");
    tap_ok(r.runs.at[0].run.train.at[0] == 5 && r.runs.at[0].run.train.at[1] == -1,
           "items come with their counts in training");
    buf_byte(&seen, 0);
    tap_ok(!strcmp(seen.at, "begin 1: uiier recall 1, end 1; begin 1: uiier recall 1, end 1; begin "
                            "1: uiier recall 0, end 1; "
                            "begin 1: euir recall 1, end 1; "),
           "a watcher sees all: %s", seen.at);
    vec_release(&from.against);
    vec_release(&from.texts);
    report_reader_release(&reader);
    report_release(&r);
    buf_release(&seen);
}

/* Rows of passes are written as they end. */
static void rows(void)
{
    struct report r = {.format = REPORT_TABLE, .how = &scoring, .best_by = "recall@1"};
    struct err e = {0};
    struct output_file output;
    struct report_reader reader = {.report = &r, .output = &output};
    struct report_inputs from = {.streams = (const char *const[]){"pop.mp"}, .count = 1};
    int status = output_file_open(&output, "rows", &e) ||
                 report_reader_inputs(&reader, &from, &e) || output_file_commit(&output, &e);
    struct buf text = bytes_of_file("rows");
    buf_byte(&text, 0);
    tap_ok(!status && !strncmp(text.at, "pop, run 0, seed 1\nepoch", 24) && !reader.rows.len,
           "rows are written as passes end %s", e.text);
    buf_release(&text);
    report_reader_release(&reader);
    report_release(&r);
}

static void refused(void)
{
    struct report r = {.format = REPORT_TSV, .how = &scoring, .best_by = "recall@1"};
    struct err e = {0};
    struct report_reader reader = {.report = &r};
    struct report_inputs from = {.streams = (const char *const[]){"pop.mp", "again.mp"},
                                 .count = 2};
    tap_ok(report_reader_inputs(&reader, &from, &e) == STATUS_DATA && strstr(e.text, "again.mp"),
           "an error says where: %s", e.text);
    report_reader_release(&reader);
    report_release(&r);
}

int main(void)
{
    append_run("gru.mp", "trainer", "{\"model\":\"gru\",\"seed\":1}", "gru 50", 1);
    append_run("gru.mp", "trainer", "{\"model\":\"narm\",\"seed\":1}", NULL, 1);
    append_run("pop.mp", "baseline", "{\"model\":\"pop\",\"seed\":1}", NULL, 2);
    append_run("again.mp", "baseline", "{\"model\":\"pop\",\"seed\":1}", NULL, 1);
    text_to_file("theirs.tsv", "ann\t0\tx\t1\n");
    inputs();
    rows();
    refused();
    return tap_done();
}
