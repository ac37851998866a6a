/* trainer: batches → predictions, and a model file. */
#include <inttypes.h>
#include <stdio.h>
#include <unistd.h>

#include "base/num.h"
#include "cli/cli.h"
#include "model/best.h"
#include "model/file.h"
#include "model/report.h"
#include "model/watch.h"
#include "nn/choose.h"
#include "stream/json.h"
#include "stream/stage.h"

static struct output_options output;
static struct model_options shape = {
    .session_rep = "mean", .embedding = 100, .dropout = 0.2, .gru = "reset-after"};
static const char *model_name = "ii-rnn", *optimizer = "adam", *loss = "cross-entropy";
static const char *device = "auto", *save, *save_by = "recall@20", *init, *attention = "0";
static const char *progress;
static double lr = 0.001, momentum, weight_decay, clip;
static int64_t max_steps = -1, seed = 1, threads, workspace = 128, stop_after, top;
static bool quiet;

/* clang-format off */
static const struct option model_table[] = {
    {OPTION_TEXT, 'm', "model", "NAME", "which model to train", &model_name, .recorded = true},
    {OPTION_CHOICE, .name = "session-rep", .choices = "mean|last", .to = &shape.session_rep, .recorded = true,
     .help = "what stands for a session: the mean of its embeddings, or the GRU's last output"},
    {OPTION_TEXT, .name = "inter", .argument = "LIST", .to = &shape.inter, .recorded = true,
     .help = "attend to earlier sessions by some of hidden,delta,week"},
    {OPTION_INT, 'e', "embedding", "N", "size of embeddings and states", &shape.embedding, .recorded = true,
     .low = 1, .high = 65536},
    {OPTION_REAL, .name = "dropout", .argument = "RATE", .to = &shape.dropout, .recorded = true,
     .high = 0.999, .help = "share of values dropped while training"},
    {OPTION_CHOICE, .name = "gru", .choices = "reset-after|reset-before", .to = &shape.gru, .recorded = true,
     .help = "where the reset gate of the GRUs acts"},
    {0},
};

static const struct option training_table[] = {
    {OPTION_CHOICE, .name = "loss", .choices = "cross-entropy", .to = &loss, .recorded = true,
     .help = "what is minimized"},
    {OPTION_CHOICE, .name = "optimizer", .choices = "adam|adagrad|sgd", .to = &optimizer, .recorded = true,
     .help = "how weights are updated"},
    {OPTION_REAL, 'l', "lr", "RATE", "learning rate", &lr, .recorded = true, .high = 1e30},
    {OPTION_REAL, .name = "momentum", .argument = "RATE", .to = &momentum, .recorded = true, .high = 1,
     .help = "share of the last update in the next (adagrad, sgd)"},
    {OPTION_REAL, .name = "weight-decay", .argument = "RATE", .to = &weight_decay, .recorded = true,
     .high = 1e30, .help = "times the weights, added to the gradients"},
    {OPTION_REAL, .name = "clip", .argument = "NORM", .to = &clip, .recorded = true, .high = 1e30,
     .help = "largest norm of all gradients together; 0: any"},
    {OPTION_INT, .name = "max-steps", .argument = "K", .to = &max_steps, .recorded = true, .high = 1e19,
     .help = "no update after K batches; the passes go on"},
    {OPTION_INT, .name = "stop-after", .argument = "N", .to = &stop_after, .recorded = true, .high = 1e19,
     .help = "stop when N tests in a row brought no improvement; 0: never"},
    {OPTION_INT, 's', "seed", "N", "seed of all that is drawn", &seed, .recorded = true, .high = 1e19},
    {OPTION_TEXT, .name = "device", .argument = "NAME", .to = &device, .help = "auto, cpu, cuda or cuda:N"},
    {OPTION_INT, 'j', "threads", "N", "threads; 0: one a core", &threads, .high = 4096},
    {OPTION_INT, .name = "workspace", .argument = "MB", .to = &workspace, .low = 1, .high = 1 << 20,
     .help = "memory for scores"},
    {0},
};

static const struct option result_table[] = {
    {OPTION_TEXT, .name = "save", .argument = "FILE", .to = &save, .help = "write the model to FILE at the end"},
    {OPTION_CHOICE, .name = "save-by", .choices = "recall@20|last", .to = &save_by, .recorded = true,
     .help = "which weights: of the best epoch, or the last"},
    {OPTION_TEXT, .name = "init", .argument = "FILE", .to = &init, .recorded = true,
     .help = "start from the weights in FILE"},
    {OPTION_INT, 'k', "top", "K", "write the K best items of each position", &top, .recorded = true, .high = 1 << 20},
    {OPTION_TEXT, .name = "attention", .argument = "N", .to = &attention, .recorded = true,
     .help = "write the attention of N sessions of each test, or of \"all\""},
    {OPTION_FLAG, 'q', "quiet", .help = "no line an epoch on stderr", .to = &quiet},
    {OPTION_CHOICE, .name = "progress", .choices = "json", .to = &progress,
     .help = "a JSON line a pass on stderr, for machines"},
    {0},
};
/* clang-format on */

static const struct program program = {
    .name = "trainer",
    .purpose = "train a model on batches and write how it ranks the test part",
    .usage = "[option ...] [file ...]",
    .example = "batcher --epochs 5 split.mp | trainer --inter hidden,delta --embedding 50 | scorer",
    .notes = "Without a validation part the best epoch is chosen on the test part; the model file\n"
             "then says selected_on: test.",
    .tables = (const struct option *const[]){model_table, training_table, result_table,
                                             cli_output_options(&output), NULL},
};
