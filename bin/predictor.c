/* predictor: batches -> predictions, by a model that trainer has saved. */
#include "base/threads.h"
#include "cli/progress.h"
#include "train/predict_run.h"
#include "nn/blas.h"

static const char *model;

static const struct option options[] = {
    {OPTION_TEXT, .name = "model", .letter = 'm', .argument = "FILE", .to = &model,
     .help = "the model, as trainer --save writes it"},
    {0},
};

int main(int argc, char **argv)
{
    threads_wait_asleep(argv, blas_fit_processor());
    struct output_options output = {0};
    struct run_options given = run_defaults;
    const struct option *const tables[] = {options,
                                           run_bind(run_lists_rows, &given),
                                           run_bind(run_seed_rows, &given),
                                           run_bind(run_device_rows, &given),
                                           cli_output_options(&output),
                                           progress_options(false),
                                           NULL};
    const struct program program = {
        .name = "predictor",
        .purpose = "rank the test part of batches by a trained model",
        .usage = "--model FILE [option ...] [file ...]",
        .example = "batcher --epochs 1 split.mp | predictor --model lastfm.safetensors | scorer",
        .tables = tables,
        .built_in = run_built_in,
    };
    struct operands files = cli_parse(&program, argc, argv);
    struct saved_model trained = {.file = {.fd = -1}};
    struct predict_run run = {0};
    struct err e = {0};
    if (!model)
        cli_usage("--model FILE is needed: trainer --save writes one");
    if (saved_model_open(&trained, model, &e))
        cli_fail(&e);
    given.class = trained.class;
    given.shape = trained.options;
    if (!cli_given("seed"))
        given.seed = trained.seed; /* it names the run */
    if (run_check_saved(&given, model, &e))
        cli_fail(&e);
    if (predict_run_open(&run, program.name, &given, &trained, files, &output, &e) ||
        predict_run_all(&run, &e)) {
        predict_run_abort(&run, &e);
        cli_fail(&e);
    }
    predict_run_close(&run);
    saved_model_close(&trained);
    return 0;
}
