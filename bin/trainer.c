/* trainer: trains a model on batches, writes its predictions, and saves it. */
#include <stdio.h>
#include <unistd.h>

#include "base/mem.h"
#include "base/signals.h"
#include "base/threads.h"
#include "cli/cli.h"
#include "train/train_run.h"
#include "nn/blas.h"
#include "nn/shards.h"

/* Of ranks other than 0, which have no command line. */
static void out_of_memory(const char *what)
{
    dprintf(STDERR_FILENO, "trainer: a rank other than 0: %s\n", what);
    _exit(STATUS_MEMORY);
}

int main(int argc, char **argv)
{
    threads_wait_asleep(argv, blas_fit_processor());
    struct rank_group *ranks;
    struct err e = {0};
    int joined = ranks_open(&ranks, &e);
    if (ranks && ranks_rank(ranks)) {
        mem_on_failure(out_of_memory);
        shards_serve(ranks);
        ranks_close(ranks);
        return 0;
    }
    struct output_options output = {0};
    struct run_options options = run_defaults;
    struct model_choice models;
    struct run_rows rows;
    run_rows_open(&rows, &options);
    const struct option *const tables[] = {
        rows.model, rows.training, rows.seed,  rows.device,
        rows.input, rows.result,   rows.lists, cli_output_options(&output),
        NULL};
    model_choice_open(&models);
    const struct program program = {
        .name = "trainer",
        .purpose = "Train a model on batches, and rank the items of the test part with it.",
        .usage = "[option ...] [file ...]",
        .example = "batcher --epochs 5 split.mp | trainer --inter hidden,delta | scorer",
        .notes = "Without a validation part trainer chooses the best epoch on the test part; the\n"
                 "model file then says selected_on: test.",
        .tables = tables,
        .progress = PROGRESS_OF_WORK,
        .chooser = "model",
        .groups = models.groups,
        .built_in = run_built_in,
    };
    struct cli *cli = cli_parse(&program, argc, argv);
    struct train_run run = {0};
    if (joined)
        cli_fail(cli, &e);
    if (run_check(cli, &options, &models, &e) ||
        run_check_outputs(&options, output.path, cli_operands(cli).at, &e))
        cli_fail(cli, &e);
    if (train_run_open(&run, cli, program.name, &options, &output, ranks, &e) ||
        train_run_all(&run, &e)) {
        train_run_abort(&run, &e);
        cli_fail(cli, &e);
    }
    train_run_close(&run);
    model_choice_release(&models);
    run_rows_release(&rows);
    ranks_close(ranks);
    if (!run.finished)
        cli_die(cli, signals_first());
    return 0;
}
