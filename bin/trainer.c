/* trainer: batches -> predictions, and a model file. */
#include "base/signals.h"
#include "base/threads.h"
#include "cli/progress.h"
#include "train/run.h"
#include "nn/blas.h"

int main(int argc, char **argv)
{
    threads_wait_asleep(argv, blas_fit_processor());
    struct output_options output = {0};
    const struct option *const tables[] = {
        learn_model_table(),         learn_training_table(),  learn_seed_table(),
        learn_device_table(),        learn_result_table(),    learn_lists_table(),
        cli_output_options(&output), progress_options(false), NULL};
    const struct program program = {
        .name = "trainer",
        .purpose = "Train a model on batches, and write how it ranks the test part.",
        .usage = "[option ...] [file ...]",
        .example = "batcher --epochs 5 split.mp | trainer --inter hidden,delta | scorer",
        .notes = "Without a validation part the best epoch is chosen on the test part, and the\n"
                 "model file says selected_on: test.",
        .tables = tables,
        .built_in = learn_built_in,
    };
    const struct learn_options *options = learn_options();
    struct operands files = cli_parse(&program, argc, argv);
    struct training training = {0};
    struct err e = {0};
    if (learn_check(options, &e))
        cli_fail(&e);
    if (training_open(&training, program.name, options, NULL, files, &output, &e) ||
        training_run(&training, &e)) {
        training_abort(&training, &e);
        cli_fail(&e);
    }
    training_close(&training);
    if (!training.finished)
        cli_die(signals_first());
    return 0;
}
