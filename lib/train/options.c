#include "train/options.h"

#include <stdio.h>

#include "base/num.h"
#include "train/model_file.h"
#include "nn/blas.h"
#include "nn/device_open.h"

static struct learn_options given = {
    .model = "ii-rnn",
    .shape = {.session_rep = "mean", .embedding = 100, .dropout = 0.2, .feature_dropout = 0.5},
    .loss = "cross-entropy",
    .negatives = -1,
    .alpha = 1,
    .unroll = 1,
    .optimizer = "adam",
    .lr = 0.001,
    .max_steps = -1,
    .seed = 1,
    .device = "auto",
    .precision = "f32",
    .workspace = 128,
    .save_by = "recall@20",
    .attention = "0",
};

static const struct option model_table[] = {
    {OPTION_TEXT, .name = "model", .to = &given.model, .letter = 'm', .argument = "NAME",
     .recorded = true, .help = "which model to train"},
    {OPTION_CHOICE, .name = "session-rep", .to = &given.shape.session_rep,
     .choices = "mean|last|attention", .recorded = true,
     .help = "what stands for an earlier session"},
    {OPTION_CHOICE, .name = "user-rep", .to = &given.shape.user_rep,
     .choices = "mean|last|attention", .recorded = true,
     .help = "hierarchical: what stands for a user; last"},
    {OPTION_TEXT, .name = "inter", .to = &given.shape.inter, .argument = "LIST", .recorded = true,
     .help = "attend to earlier sessions: hidden,delta,week,age"},
    {OPTION_CHOICE, .name = "intra", .to = &given.shape.intra, .choices = "cat|sum",
     .recorded = true, .help = "ii-rnn: attend to them at every step too"},
    {OPTION_CHOICE, .name = "attend-to", .to = &given.shape.attend_to, .choices = "output|input",
     .recorded = true, .help = "hierarchical: what is averaged, of the GRUs; output"},
    {OPTION_TEXT, .name = "per-user", .to = &given.shape.per_user, .argument = "LIST",
     .recorded = true, .help = "attention weights of each user's own: levels"},
    {OPTION_TEXT, .name = "clusters", .to = &given.shape.clusters, .argument = "K|FILE",
     .recorded = true, .help = "the same for clusters of users instead"},
    {OPTION_FLAG, .name = "bidirectional", .to = &given.shape.bidirectional, .recorded = true,
     .help = "read earlier sessions both ways"},
    {OPTION_INT, .name = "embedding", .to = &given.shape.embedding, .letter = 'e', .argument = "N",
     .recorded = true, .low = 1, .high = 65536, .help = "size of embeddings and states"},
    {OPTION_REAL, .name = "dropout", .to = &given.shape.dropout, .argument = "RATE",
     .recorded = true, .high = 0.999, .help = "share of values dropped in training"},
    {OPTION_INT, .name = "hidden", .to = &given.shape.hidden, .argument = "N", .recorded = true,
     .high = 65536, .help = "narm, hrnn, rnn: size of states; 0: as --embedding"},
    {OPTION_CHOICE, .name = "encoder", .to = &given.shape.encoder, .choices = "global|local|hybrid",
     .recorded = true, .help = "narm: what it takes of the states; hybrid"},
    {OPTION_CHOICE, .name = "decoder", .to = &given.shape.decoder, .choices = "bilinear|dense",
     .recorded = true, .help = "narm: how it scores the items; bilinear"},
    {OPTION_REAL, .name = "feature-dropout", .to = &given.shape.feature_dropout, .argument = "RATE",
     .recorded = true, .high = 0.999, .help = "narm: dropout before its decoder"},
    {OPTION_CHOICE, .name = "propagate", .to = &given.shape.propagate, .choices = "init|all",
     .recorded = true, .help = "hrnn: where the user's state goes; init"},
    {OPTION_REAL, .name = "user-dropout", .to = &given.shape.user_dropout, .argument = "RATE",
     .recorded = true, .high = 0.999, .help = "hrnn: dropout of the user's state"},
    {OPTION_REAL, .name = "start-dropout", .to = &given.shape.start_dropout, .argument = "RATE",
     .recorded = true, .high = 0.999, .help = "hrnn: dropout of a session's first state"},
    {OPTION_FLAG, .name = "join-sessions", .to = &given.shape.join_sessions, .recorded = true,
     .help = "rnn: read each user's sessions as one"},
    {OPTION_CHOICE, .name = "gru", .to = &given.shape.gru, .choices = "reset-after|reset-before",
     .recorded = true, .help = "where reset gates act; -after, hrnn, rnn: -before"},
    {0},
};

static const struct option training_table[] = {
    {OPTION_CHOICE, .name = "loss", .to = &given.loss, .argument = "NAME",
     .choices = "cross-entropy|top1|bpr|top1-max|bpr-max", .recorded = true,
     .help = "what is minimized; bpr-mf, fpmc: bpr"},
    {OPTION_INT, .name = "negatives", .to = &given.negatives, .argument = "N", .recorded = true,
     .high = 1 << 24, .help = "score the batch's targets and N items, not all"},
    {OPTION_REAL, .name = "negatives-alpha", .to = &given.alpha, .argument = "X", .recorded = true,
     .high = 32, .help = "draw them by popularity to this power"},
    {OPTION_FLAG, .name = "logq", .to = &given.log_q, .recorded = true,
     .help = "correct scores for how items were drawn"},
    {OPTION_INT, .name = "unroll", .to = &given.unroll, .argument = "N", .recorded = true, .low = 1,
     .high = 1 << 20, .help = "hrnn, rnn: steps of an update"},
    {OPTION_CHOICE, .name = "optimizer", .to = &given.optimizer, .choices = "adam|adagrad|sgd",
     .recorded = true, .help = "how weights move"},
    {OPTION_REAL, .name = "lr", .to = &given.lr, .letter = 'l', .argument = "RATE",
     .recorded = true, .high = 1e30, .help = "learning rate"},
    {OPTION_REAL, .name = "momentum", .to = &given.momentum, .argument = "RATE", .recorded = true,
     .high = 1, .help = "of adagrad and sgd"},
    {OPTION_REAL, .name = "weight-decay", .to = &given.weight_decay, .argument = "X",
     .recorded = true, .high = 1e30, .help = "weights drawn to 0"},
    {OPTION_REAL, .name = "clip", .to = &given.clip, .argument = "NORM", .recorded = true,
     .high = 1e30, .help = "largest norm of the gradients; 0: any"},
    {OPTION_INT, .name = "max-steps", .to = &given.max_steps, .argument = "N", .recorded = true,
     .high = 1e19, .help = "update the weights N times only"},
    {OPTION_INT, .name = "stop-after", .to = &given.stop_after, .argument = "N", .recorded = true,
     .high = 1e19, .help = "stop after N tests without a better one; 0: never"},
    {0},
};

static const struct option seed_table[] = {
    {OPTION_INT, .name = "seed", .to = &given.seed, .letter = 's', .argument = "N",
     .recorded = true, .high = 1e19, .help = "seed of all that is drawn"},
    {0},
};

static const struct option device_table[] = {
    {OPTION_TEXT, .name = "device", .to = &given.device, .argument = "NAME",
     .help = "auto, cpu, cuda or cuda:N"},
    {OPTION_CHOICE, .name = "precision", .to = &given.precision, .argument = "NAME",
     .choices = "f32|tf32|bf16", .recorded = true, .help = "of wide products' factors"},
    {OPTION_INT, .name = "threads", .to = &given.threads, .letter = 'j', .argument = "N",
     .high = 4096, .help = "threads; 0: one a core"},
    {OPTION_INT, .name = "workspace", .to = &given.workspace, .argument = "N", .low = 1,
     .high = 1 << 20, .help = "megabytes for scores of items"},
    {0},
};

static const struct option result_table[] = {
    {OPTION_TEXT, .name = "save", .to = &given.save, .argument = "FILE",
     .help = "write the model to FILE at the end"},
    {OPTION_CHOICE, .name = "save-by", .to = &given.save_by, .choices = "recall@20|last",
     .recorded = true, .help = "which weights"},
    {OPTION_TEXT, .name = "init", .to = &given.init, .argument = "FILE", .recorded = true,
     .help = "start from the weights in FILE"},
    {OPTION_TEXT, .name = "checkpoint", .to = &given.checkpoint, .argument = "FILE",
     .help = "write to FILE what --resume needs, after every pass"},
    {OPTION_INT, .name = "checkpoint-every", .to = &given.checkpoint_every, .argument = "N",
     .high = 1e18, .help = "and every N batches; 0: not"},
    {OPTION_TEXT, .name = "resume", .to = &given.resume, .argument = "FILE",
     .help = "go on from the checkpoint in FILE"},
    {0},
};

static const struct option lists_table[] = {
    {OPTION_INT, .name = "top", .to = &given.top, .letter = 'k', .argument = "N", .recorded = true,
     .high = 1 << 20, .help = "write the N best items of each position"},
    {OPTION_INT, .name = "rank-among", .to = &given.rank_among, .argument = "N", .recorded = true,
     .high = INT32_MAX, .help = "rank among the N most supported items; 0: all"},
    {OPTION_TEXT, .name = "attention", .to = &given.attention, .argument = "N|all",
     .recorded = true, .help = "write the attention of N sessions a test"},
    {0},
};

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

const struct option *learn_seed_table(void)
{
    return seed_table;
}

const struct option *learn_device_table(void)
{
    return device_table;
}

const struct option *learn_result_table(void)
{
    return result_table;
}

const struct option *learn_lists_table(void)
{
    return lists_table;
}

int learn_device_open(const struct learn_options *o, struct device **d, struct err *e)
{
    struct device_options options = {.threads = (int)o->threads,
                                     .workspace = (size_t)o->workspace << 20,
                                     .precision = precision_of(o->precision),
                                     .on_failure = cli_fail};
    if (device_choose(o->device, &options, d, e))
        return e->status;
    if (!strcmp(o->device, "auto"))
        cli_note("%s", e->text);
    if ((*d)->host && blas_advice())
        cli_note("%s", blas_advice());
    return 0;
}

const char *learn_built_in(void)
{
    static char text[1500];
    const char *advice = blas_advice();
    snprintf(text, sizeof text, "BLAS: %s%s%s\nCUDA: %s", blas_name(), advice ? ": " : "",
             advice ? advice : "", device_about_cuda());
    return text;
}

int64_t learn_attention(const struct learn_options *o)
{
    int64_t n;
    if (!strcmp(o->attention, "all"))
        return -1;
    return num_i64(o->attention, strlen(o->attention), &n) && n >= 0 ? n : -2;
}

static int check_attention(const struct learn_options *o, struct err *e)
{
    if (learn_attention(o) == -2)
        return err_set(e, STATUS_USAGE, "--attention %s: give a number of sessions, or all",
                       o->attention);
    return 0;
}

int learn_check_trained(const struct learn_options *o, const char *path, struct err *e)
{
    if (check_attention(o, e))
        return e->status;
    if (learn_attention(o) && !model_attends(o->model, &o->shape))
        return err_set(e, STATUS_USAGE, "--attention %s: the model in %s attends to nothing",
                       o->attention, path);
    return 0;
}

static int check_checkpoint(const struct learn_options *o, struct err *e)
{
    const char *path = o->checkpoint ? o->checkpoint : o->resume;
    if (cli_given("checkpoint-every") && !path)
        return err_set(e, STATUS_USAGE,
                       "--checkpoint-every says how often --checkpoint FILE is written: give that "
                       "too");
    if (!path)
        return 0;
    if (!strcmp(path, "-"))
        return err_set(e, STATUS_CANTCREATE, "--%s -: name a file",
                       o->checkpoint ? "checkpoint" : "resume");
    if (o->save && !strcmp(o->save, path))
        return err_set(e, STATUS_USAGE, "--save and --%s name the same file",
                       o->checkpoint ? "checkpoint" : "resume");
    return 0;
}

static enum loss_kind loss_of(const char *name)
{
    static const char *const names[] = {"cross-entropy", "top1", "bpr", "top1-max", "bpr-max"};
    int kind = LOSS_BPR_MAX;
    while (kind > 0 && strcmp(names[kind], name))
        kind--;
    return (enum loss_kind)kind;
}

/* The model, and that it takes what was given of options that have a value for all models. */
static int check_model(const struct learn_options *o, struct err *e)
{
    static const char *const valued[] = {"session-rep", "feature-dropout", "unroll"};
    int status = model_check(o->model, &o->shape, e);
    for (size_t i = 0; i < sizeof valued / sizeof *valued && !status; i++)
        status = cli_given(valued[i]) ? model_check_option(o->model, valued[i], e) : 0;
    return status;
}

static bool is_sampled(const struct learn_options *o)
{
    return model_samples(o->model) || loss_of(o->loss) || o->negatives >= 0;
}

static int check_loss(const struct learn_options *o, struct err *e)
{
    if (o->log_q && strcmp(o->loss, "cross-entropy"))
        return err_set(e, STATUS_USAGE, "--logq corrects --loss cross-entropy, not %s", o->loss);
    if (o->log_q && !is_sampled(o))
        return err_set(e, STATUS_USAGE,
                       "--logq corrects a loss over some of the items: give --negatives too");
    if (cli_given("negatives-alpha") && o->negatives <= 0)
        return err_set(e, STATUS_USAGE,
                       "--negatives-alpha says how --negatives N are drawn: give that too");
    return 0;
}

int learn_check(const struct learn_options *o, struct err *e)
{
    if (check_attention(o, e) || check_model(o, e))
        return e->status;
    if (!cli_given("loss"))
        given.loss = model_loss(o->model);
    if (check_loss(o, e))
        return e->status;
    if (learn_attention(o) && !model_attends(o->model, &o->shape))
        return err_set(e, STATUS_USAGE, "--attention %s: this model attends to nothing%s",
                       o->attention,
                       !strcmp(o->model, "ii-rnn") ? ": give --inter or --intra too"
                       : !strcmp(o->model, "hierarchical")
                           ? ": give --session-rep attention or --user-rep attention too"
                           : "");
    if (o->momentum > 0 && !strcmp(o->optimizer, "adam"))
        return err_set(e, STATUS_USAGE,
                       "--momentum goes with --optimizer adagrad or sgd: adam has its own");
    if (cli_given("save-by") && !o->save)
        return err_set(e, STATUS_USAGE,
                       "--save-by says which weights --save FILE writes: give --save too");
    if (check_checkpoint(o, e))
        return e->status;
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
                                  .loss = loss_of(o->loss),
                                  .sampled = is_sampled(o),
                                  .negatives = o->negatives > 0 ? (int)o->negatives : 0,
                                  .alpha = o->alpha,
                                  .log_q = o->log_q,
                                  .unroll = (int)o->unroll,
                                  .top = (int)o->top};
}
