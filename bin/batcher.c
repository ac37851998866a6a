/* batcher: sessions → batches. */
#include <inttypes.h>

#include "cli/cli.h"
#include "data/scheme.h"
#include "stream/stage.h"

static struct output_options output;
static const char *scheme_name = "longest-first";
static int64_t batch = 100, history = 15, min_batch = 51, epochs = 10, test_from = 1, seed = 1;

static struct option options[] = {
    {OPTION_CHOICE, 's', "scheme", "NAME", "which sessions come together", &scheme_name,
     .recorded = true},
    {OPTION_INT, 'b', "batch", "N", "sessions a batch, at most", &batch, .recorded = true, .low = 1,
     .high = 1 << 20},
    {OPTION_INT, 'n', "history", "N", "earlier sessions of the user given with each, at most",
     &history, .recorded = true, .low = 0, .high = 1 << 20},
    {OPTION_INT, 0, "min-batch", "N",
     "learn from training batches of N sessions and more only; follows --batch: half of it and one",
     &min_batch, .recorded = true, .low = 0, .high = 1 << 20},
    {OPTION_INT, 'e', "epochs", "N", "how often to go through the training part", &epochs,
     .recorded = true, .low = 1, .high = 1 << 30},
    {OPTION_INT, 0, "test-from", "N", "the first epoch that ends with a test pass", &test_from,
     .recorded = true, .low = 1, .high = 1 << 30},
    {OPTION_INT, 0, "seed", "N", "seed of what is drawn", &seed, .recorded = true},
    {.kind = OPTION_END},
};

static const struct program program = {
    .name = "batcher",
    .purpose = "put sessions together to batches, epoch by epoch",
    .usage = "[option ...] [file ...]",
    .example = "tfilter --split user:0.8 sessions.mp | batcher --epochs 2 | spcat --summary",
};

struct run {
    struct sessions_in *in;
    struct stage stage;
    struct corpus corpus;
    struct batching batching;
    i64_vec edges;
};

static int emit(void *to, const struct batch *b, struct err *e)
{
    struct frame_out *out = to;
    return write_batch(out, b, e) != 0 ? e->status : frame_out_pause(out, e);
}

/* The header: the input's, with what a reader of batches has to know. */
static int open_output(struct run *r, const struct scheme *scheme, struct err *e)
{
    struct meta m;
    meta_copy(&m, sessions_in_meta(r->in));
    m.kind = STREAM_BATCHES;
    meta_set_text(&m, "scheme", scheme->name);
    meta_set_bool(&m, "keeps_order", scheme->keeps_order);
    meta_set_int(&m, "batch", batch);
    meta_set_int(&m, "history", history);
    meta_set_int(&m, "epochs", epochs);
    struct buf packed = {0};
    cli_options_packed(&packed);
    int status = stage_open(&r->stage, output.path, output.flush, &m, program.name,
                            SESSPIPE_VERSION, (struct bytes){packed.at, packed.len}, e);
    buf_release(&packed);
    meta_release(&m);
    return status;
}

static int read_sessions(struct run *r, struct err *e)
{
    const struct meta *m = sessions_in_meta(r->in);
    int64_t week_shift = 0;
    if (meta_get_i64s(m, "delta_edges", &r->edges, e) != 0 ||
        meta_get_int(m, "week_shift", &week_shift, e) != 0 ||
        corpus_read(&r->corpus, r->in, &r->stage.out, e) != 0)
        return e->status;
    if (r->edges.len == 0)
        return err_set(e, STATUS_DATA, "header: no delta_edges, which say the ages of sessions");
    if (sessions_in_skipped(r->in) > 0)
        cli_warn("%" PRIu64 " records of unknown kinds were left out", sessions_in_skipped(r->in));
    r->batching = (struct batching){
        .corpus = &r->corpus,
        .size = batch,
        .history = history,
        .min_batch = min_batch,
        .seed = (uint64_t)seed,
        .edges = r->edges.at,
        .edge_count = r->edges.len,
        .week_shift = week_shift,
        .emit = emit,
        .to = &r->stage.out,
    };
    return 0;
}

/* Once, after the first training pass: what the trainer will not learn from. */
static void report_left_out(const struct run *r)
{
    if (r->batching.left_out > 0)
        cli_warn("%" PRIu64 " of %zu training sessions come in batches of fewer than %" PRId64
                 " and are not learned from: --min-batch 1 learns from all",
                 r->batching.left_out, corpus_part(&r->corpus, PART_TRAIN), min_batch);
}

static int write_passes(struct run *r, const struct scheme *scheme, struct err *e)
{
    for (int64_t number = 1; number <= epochs; number++)
        for (enum part part = PART_TRAIN; part <= PART_TEST; part++) {
            struct epoch epoch = {number, part};
            if (part != PART_TRAIN && corpus_part(&r->corpus, part) == 0)
                continue;
            if (part == PART_TEST && number < test_from)
                continue;
            if (write_epoch(&r->stage.out, epoch, e) != 0 ||
                scheme->pass(&r->batching, epoch, e) != 0)
                return e->status;
            if (part == PART_TRAIN && number == 1)
                report_left_out(r);
        }
    return 0;
}

static int batcher(struct run *r, struct operands files, struct err *e)
{
    const struct scheme *scheme = scheme_find(scheme_name);
    if (sessions_in_open(&r->in, files.at, files.count, e) != 0 || open_output(r, scheme, e) != 0 ||
        read_sessions(r, e) != 0 || write_passes(r, scheme, e) != 0)
        return e->status;
    return stage_finish(&r->stage, e);
}

int main(int argc, char **argv)
{
    struct buf schemes = {0};
    scheme_names(&schemes);
    options[0].choices = schemes.at;
    const struct option *const tables[] = {options, cli_output_options(&output), NULL};
    struct program p = program;
    p.tables = tables;
    struct operands files = cli_parse(&p, argc, argv);
    if (!cli_given("min-batch"))
        min_batch = batch / 2 + 1;
    if (min_batch > batch)
        cli_usage("--min-batch %" PRId64 ": no batch of --batch %" PRId64 " is as large", min_batch,
                  batch);
    struct run run = {0};
    struct err e = {0};
    if (batcher(&run, files, &e) != 0) {
        stage_abort(&run.stage, &e);
        cli_fail(&e);
    }
    sessions_in_close(run.in);
    corpus_release(&run.corpus);
    batching_release(&run.batching);
    vec_release(&run.edges);
    buf_release(&schemes);
    return 0;
}
