#include "learn/options.h"

#include "base/num.h"
#include "model/file.h"

static struct learn_options given = {
    .model = "ii-rnn",
    .shape = {.session_rep = "mean", .embedding = 100, .dropout = 0.2, .gru = "reset-after"},
    .loss = "cross-entropy",
    .optimizer = "adam",
    .lr = 0.001,
    .max_steps = -1,
    .seed = 1,
    .device = "auto",
    .workspace = 128,
    .save_by = "recall@20",
    .attention = "0",
};

/* clang-format off */
static const struct option model_table[] = {
    {OPTION_TEXT, 'm', "model", "NAME", "which model to train", &given.model, .recorded = true},
    {OPTION_CHOICE, .name = "session-rep", .choices = "mean|last", .to = &given.shape.session_rep, .recorded = true,
     .help = "what stands for a session: the mean of its embeddings, or the GRU's last output"},
    {OPTION_TEXT, .name = "inter", .argument = "LIST", .to = &given.shape.inter, .recorded = true,
     .help = "attend to earlier sessions by some of hidden,delta,week"},
    {OPTION_INT, 'e', "embedding", "N", "size of embeddings and states", &given.shape.embedding, .recorded = true,
     .low = 1, .high = 65536},
    {OPTION_REAL, .name = "dropout", .argument = "RATE", .to = &given.shape.dropout, .recorded = true,
     .high = 0.999, .help = "share of values dropped while training"},
    {OPTION_CHOICE, .name = "gru", .choices = "reset-after|reset-before", .to = &given.shape.gru, .recorded = true,
     .help = "where the reset gate of the GRUs acts"},
    {0},
};

static const struct option training_table[] = {
    {OPTION_CHOICE, .name = "loss", .choices = "cross-entropy", .to = &given.loss, .recorded = true,
     .help = "what is minimized"},
    {OPTION_CHOICE, .name = "optimizer", .choices = "adam|adagrad|sgd", .to = &given.optimizer, .recorded = true,
     .help = "how weights are updated"},
    {OPTION_REAL, 'l', "lr", "RATE", "learning rate", &given.lr, .recorded = true, .high = 1e30},
    {OPTION_REAL, .name = "momentum", .argument = "RATE", .to = &given.momentum, .recorded = true, .high = 1,
     .help = "share of the last update in the next (adagrad, sgd)"},
    {OPTION_REAL, .name = "weight-decay", .argument = "RATE", .to = &given.weight_decay, .recorded = true,
     .high = 1e30, .help = "times the weights, added to the gradients"},
    {OPTION_REAL, .name = "clip", .argument = "NORM", .to = &given.clip, .recorded = true, .high = 1e30,
     .help = "largest norm of all gradients together; 0: any"},
    {OPTION_INT, .name = "max-steps", .argument = "K", .to = &given.max_steps, .recorded = true, .high = 1e19,
     .help = "no update after K batches; the passes go on"},
    {OPTION_INT, .name = "stop-after", .argument = "N", .to = &given.stop_after, .recorded = true, .high = 1e19,
     .help = "stop when N tests in a row brought no improvement; 0: never"},
    {OPTION_INT, 's', "seed", "N", "seed of all that is drawn", &given.seed, .recorded = true, .high = 1e19},
    {OPTION_TEXT, .name = "device", .argument = "NAME", .to = &given.device, .help = "auto, cpu, cuda or cuda:N"},
    {OPTION_INT, 'j', "threads", "N", "threads; 0: one a core", &given.threads, .high = 4096},
    {OPTION_INT, .name = "workspace", .argument = "MB", .to = &given.workspace, .low = 1, .high = 1 << 20,
     .help = "memory for scores"},
    {0},
};

static const struct option result_table[] = {
    {OPTION_TEXT, .name = "save", .argument = "FILE", .to = &given.save, .help = "write the model to FILE at the end"},
    {OPTION_CHOICE, .name = "save-by", .choices = "recall@20|last", .to = &given.save_by, .recorded = true,
     .help = "which weights: of the best epoch, or the last"},
    {OPTION_TEXT, .name = "init", .argument = "FILE", .to = &given.init, .recorded = true,
     .help = "start from the weights in FILE"},
    {OPTION_INT, 'k', "top", "K", "write the K best items of each position", &given.top, .recorded = true, .high = 1 << 20},
    {OPTION_TEXT, .name = "attention", .argument = "N", .to = &given.attention, .recorded = true,
     .help = "write the attention of N sessions of each test, or of \"all\""},
    {OPTION_FLAG, 'q', "quiet", .help = "no line an epoch on stderr", .to = &given.quiet},
    {OPTION_CHOICE, .name = "progress", .choices = "json", .to = &given.progress,
     .help = "a JSON line a pass on stderr, for machines"},
    {0},
};
/* clang-format on */

const struct learn_options *learn_options(void)
{
    return &given;
}

const struct option *learn_model_table(void)
{
    return model_table;
}

const struct option *learn_training_table(void)
{
    return training_table;
}

const struct option *learn_result_table(void)
{
    return result_table;
}

int64_t learn_attention(const struct learn_options *o)
{
    int64_t n;
    if (!strcmp(o->attention, "all"))
        return -1;
    return num_i64(o->attention, strlen(o->attention), &n) && n >= 0 ? n : -2;
}

int learn_check(const struct learn_options *o, struct err *e)
{
    if (learn_attention(o) == -2)
        return err_set(e, STATUS_USAGE, "--attention %s: give a number of sessions, or all",
                       o->attention);
    if (model_check(o->model, &o->shape, e))
        return e->status;
    if (learn_attention(o) && !o->shape.inter)
        return err_set(e, STATUS_USAGE,
                       "--attention %s: this model attends to nothing: give --inter too",
                       o->attention);
    if (o->momentum > 0 && !strcmp(o->optimizer, "adam"))
        return err_set(e, STATUS_USAGE,
                       "--momentum goes with --optimizer adagrad or sgd: adam has its own");
    if (cli_given("save-by") && !o->save)
        return err_set(e, STATUS_USAGE,
                       "--save-by says which weights --save FILE writes: give --save too");
    return o->save ? model_file_check(o->save, e) : 0;
}

struct train_options learn_train_options(const struct learn_options *o)
{
    enum optimizer_kind kind = !strcmp(o->optimizer, "adam")      ? OPTIMIZER_ADAM
                               : !strcmp(o->optimizer, "adagrad") ? OPTIMIZER_ADAGRAD
                                                                  : OPTIMIZER_SGD;
    struct update update = {.kind = kind,
                            .rate = (float)o->lr,
                            .momentum = (float)o->momentum,
                            .weight_decay = (float)o->weight_decay,
                            .scale = 1};
    return (struct train_options){.seed = (uint64_t)o->seed,
                                  .max_steps = o->max_steps,
                                  .optimizer = {.update = update, .clip = (float)o->clip},
                                  .top = (int)o->top};
}
