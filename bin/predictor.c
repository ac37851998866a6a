/* predictor: batches -> predictions, by a model that trainer has saved. */
#include "base/threads.h"
#include "cli/progress.h"
#include "train/run.h"
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
    const struct option *const tables[] = {options,
                                           learn_lists_table(),
                                           learn_seed_table(),
                                           learn_device_table(),
                                           cli_output_options(&output),
                                           progress_options(false),
                                           NULL};
    const struct program program = {
        .name = "predictor",
        .purpose = "Rank the test part of batches by a trained model.",
        .usage = "--model FILE [option ...] [file ...]",
        .example = "batcher --epochs 1 split.mp | predictor --model lastfm.safetensors | scorer",
        .tables = tables,
        .built_in = learn_built_in,
    };
    struct operands files = cli_parse(&program, argc, argv);
    struct saved_model trained = {.file = {.fd = -1}};
    struct training run = {0};
    struct err e = {0};
    if (!model)
        cli_usage("--model FILE is needed: trainer --save writes one");
    if (saved_model_open(&trained, model, &e) || learn_check_trained(learn_options(), model, &e))
        cli_fail(&e);
    if (training_open(&run, program.name, learn_options(), &trained, files, &output, &e) ||
        training_run(&run, &e)) {
        training_abort(&run, &e);
        cli_fail(&e);
    }
    training_close(&run);
    saved_model_close(&trained);
    return 0;
}
