/* predictor: ranks the test part of batches with a model that trainer saved. */
#include "base/threads.h"
#include "cli/cli.h"
#include "train/predict_run.h"
#include "nn/blas.h"

static const char *model, *index_path;
static double explore = 1;

static const struct option options[] = {
    {OPTION_TEXT, .name = "model", .letter = 'm', .argument = "FILE", .to = &model,
     .help = "a model that trainer --save wrote [a ready-made one, which only counts]"},
    {OPTION_TEXT, .name = "index", .argument = "FILE", .to = &index_path, .recorded = true,
     .file = true, .help = "a wide part counts in these sessions, not in those of training"},
    {OPTION_REAL, .name = "explore", .to = &explore, .low = 1, .high = 1e6, .recorded = true,
     .help = "rank items that are new to the user as if they were so many times as likely"},
    {0},
};

int main(int argc, char **argv)
{
    threads_wait_asleep(argv, blas_fit_processor());
    struct output_options output = {0};
    struct run_options given = run_defaults;
    struct run_rows rows;
    given.seed = -1; /* unless given, that of the model */
    run_rows_open(&rows, &given);
    rows.seed->help = "seed of the choice of --attention [that of the training]";
    const struct option *const tables[] = {
        options, rows.lists, rows.seed, rows.device, rows.input, cli_output_options(&output), NULL};
    const struct program program = {
        .name = "predictor",
        .purpose = "Rank the items of the test part of batches with a trained model.",
        .usage = "[option ...] [file ...]",
        .example = "batcher --epochs 1 split.mp | predictor --model lastfm.safetensors | scorer",
        .tables = tables,
        .progress = PROGRESS_OF_WORK,
        .built_in = run_built_in,
    };
    struct cli *cli = cli_parse(&program, argc, argv);
    struct saved_model saved = {.file = {.fd = -1}};
    struct predict_run run = {0};
    struct err e = {0};
    if (saved_model_open(&saved, model, &e))
        cli_fail(cli, &e);
    given.class = saved.class;
    given.shape = saved.options;
    given.index = index_path;
    given.explore = explore;
    given.dwell_edges = &saved.dwell_edges;
    if (given.seed < 0)
        given.seed = saved.seed; /* part of the run's name */
    if (run_check_saved(&given, saved.path, &e))
        cli_fail(cli, &e);
    if (predict_run_open(&run, cli, program.name, &given, &saved, &output, &e) ||
        predict_run_all(&run, &e)) {
        predict_run_abort(&run, &e);
        cli_fail(cli, &e);
    }
    predict_run_close(&run);
    saved_model_close(&saved);
    run_rows_release(&rows);
    return 0;
}
