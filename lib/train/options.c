#include "train/options.h"

#include <stddef.h>
#include <stdio.h>
#include <sys/stat.h>

#include "base/num.h"
#include "base/output_file.h"
#include "base/output_path.h"
#include "model/item_output.h"
#include "nn/blas.h"
#include "nn/device_open.h"
#include "nn/shards.h"
#include "train/model_file.h"

const struct run_options run_defaults = {
    .model = "ii-rnn",
    .loss = "cross-entropy",
    .negatives = -1,
    .alpha = 1,
    .negatives_from = "all",
    .optimizer = "adam",
    .lr = 0.001,
    .lr_decay = "none",
    .max_steps = -1,
    .seed = 1,
    .device = "auto",
    .precision = "f32",
    .workspace = 128,
    .memory = (int64_t)1 << 30,
    .save_by = "recall@20",
    .attention = "0",
    .stop_by = "recall@20",
};

static const struct option model_rows[] = {
    {OPTION_TEXT, .name = "model", .at = offsetof(struct run_options, model), .letter = 'm',
     .argument = "NAME", .recorded = true, .help = "which model to train"},
    {0},
};

static const struct option training_rows[] = {
    {OPTION_CHOICE, .name = "loss", .at = offsetof(struct run_options, loss), .argument = "NAME",
     .choices = "cross-entropy|top1|bpr|top1-max|bpr-max|hinge", .recorded = true, .help = "loss"},
    {OPTION_INT, .name = "negatives", .at = offsetof(struct run_options, negatives),
     .argument = "N", .recorded = true, .high = 1 << 24,
     .help = "score the batch's targets and N drawn items only"},
    {OPTION_REAL, .name = "negatives-alpha", .at = offsetof(struct run_options, alpha),
     .argument = "X", .recorded = true, .high = 32,
     .help = "draw these items by popularity to this power"},
    {OPTION_CHOICE, .name = "negatives-from", .at = offsetof(struct run_options, negatives_from),
     .choices = "all|batch", .recorded = true,
     .help = "draw them from all training events, or from those of the batch"},
    {OPTION_FLAG, .name = "logq", .at = offsetof(struct run_options, log_q), .recorded = true,
     .help = "correct scores by how likely items are drawn"},
    {OPTION_FLAG, .name = "spare-history", .at = offsetof(struct run_options, spare_history),
     .recorded = true, .help = "compare no target with items that its user has had"},
    {OPTION_CHOICE, .name = "optimizer", .at = offsetof(struct run_options, optimizer),
     .choices = "adam|adagrad|sgd", .recorded = true, .help = "optimizer"},
    {OPTION_REAL, .name = "lr", .at = offsetof(struct run_options, lr), .letter = 'l',
     .argument = "RATE", .recorded = true, .high = 1e30, .help = "learning rate"},
    {OPTION_INT, .name = "warm-up", .at = offsetof(struct run_options, warm_up), .argument = "N",
     .recorded = true, .high = 1e12, .help = "let the learning rate rise over the first N updates"},
    {OPTION_CHOICE, .name = "lr-decay", .at = offsetof(struct run_options, lr_decay),
     .argument = "NAME", .choices = "none|cosine", .recorded = true,
     .help = "let the learning rate fall to a twentieth at the end"},
    {OPTION_REAL, .name = "momentum", .at = offsetof(struct run_options, momentum),
     .argument = "RATE", .recorded = true, .high = 1, .help = "momentum of adagrad and sgd"},
    {OPTION_REAL, .name = "weight-decay", .at = offsetof(struct run_options, weight_decay),
     .argument = "X", .recorded = true, .high = 1e30,
     .help = "weight decay: pull of all weights towards 0"},
    {OPTION_REAL, .name = "clip", .at = offsetof(struct run_options, clip), .argument = "NORM",
     .recorded = true, .high = 1e30, .help = "largest norm of the gradients; 0: no limit"},
    {OPTION_TEXT, .name = "freeze", .at = offsetof(struct run_options, freeze), .argument = "NAMES",
     .recorded = true, .help = "what does not learn: network, wide, or weights"},
    {OPTION_INT, .name = "max-steps", .at = offsetof(struct run_options, max_steps),
     .argument = "N", .recorded = true, .high = 1e19, .help = "update the weights only N times"},
    {OPTION_INT, .name = "stop-after", .at = offsetof(struct run_options, stop_after),
     .argument = "N", .recorded = true, .high = 1e19,
     .help = "stop after N tests without improvement; 0: never"},
    {OPTION_CHOICE, .name = "stop-by", .at = offsetof(struct run_options, stop_by),
     .choices = "recall@20|loss", .recorded = true, .help = "what has to improve"},
    {0},
};

static const struct option seed_rows[] = {
    {OPTION_INT, .name = "seed", .at = offsetof(struct run_options, seed), .letter = 's',
     .argument = "N", .recorded = true, .high = 1e19, .help = "seed of every random choice"},
    {0},
};

static const struct option device_rows[] = {
    {OPTION_TEXT, .name = "device", .at = offsetof(struct run_options, device), .argument = "NAME",
     .help = "device: auto, cpu, cuda or cuda:N"},
    {OPTION_CHOICE, .name = "precision", .at = offsetof(struct run_options, precision),
     .argument = "NAME", .choices = "f32|tf32|bf16", .recorded = true,
     .help = "number format of large matrix products"},
    {OPTION_INT, .name = "threads", .at = offsetof(struct run_options, threads), .letter = 'j',
     .argument = "N", .high = 4096, .help = "number of threads; 0: one for each core"},
    {OPTION_INT, .name = "workspace", .at = offsetof(struct run_options, workspace),
     .argument = "N", .low = 1, .high = 1 << 20, .help = "megabytes of memory for scores of items"},
    {0},
};

static const struct option input_rows[] = {
    {OPTION_CALL, .name = "memory", .at = offsetof(struct run_options, memory), .argument = "SIZE",
     .call = option_memory, .help = "memory for sessions; what is beyond goes to a file [1G]"},
    {0},
};

static const struct option result_rows[] = {
    {OPTION_TEXT, .name = "save", .at = offsetof(struct run_options, save), .argument = "FILE",
     .help = "write the model to FILE at the end"},
    {OPTION_TEXT, .name = "card", .at = offsetof(struct run_options, card), .argument = "FILE",
     .help = "write what the saved model is and how it did to FILE, in Markdown"},
    {OPTION_FLAG, .name = "no-index", .at = offsetof(struct run_options, no_index),
     .help = "do not save the training sessions that a wide part counts"},
    {OPTION_CHOICE, .name = "save-by", .at = offsetof(struct run_options, save_by),
     .choices = "recall@20|last", .recorded = true,
     .help = "weights to save: of the best recall, or the last"},
    {OPTION_TEXT, .name = "init", .at = offsetof(struct run_options, init), .argument = "FILE",
     .recorded = true, .help = "start from the weights in FILE"},
    {OPTION_TEXT, .name = "init-some", .at = offsetof(struct run_options, init_some),
     .argument = "FILE", .recorded = true, .help = "the same of those weights that fit"},
    {OPTION_TEXT, .name = "checkpoint", .at = offsetof(struct run_options, checkpoint),
     .argument = "FILE", .help = "write a checkpoint to FILE after every pass"},
    {OPTION_INT, .name = "checkpoint-every", .at = offsetof(struct run_options, checkpoint_every),
     .argument = "N", .high = 1e18, .help = "write it every N batches too; 0: do not"},
    {OPTION_TEXT, .name = "resume", .at = offsetof(struct run_options, resume), .argument = "FILE",
     .help = "continue from the checkpoint in FILE"},
    {0},
};

static const struct option lists_rows[] = {
    {OPTION_INT, .name = "top", .at = offsetof(struct run_options, top), .letter = 'k',
     .argument = "N", .recorded = true, .high = 1 << 20,
     .help = "write the N best items of each tested position"},
    {OPTION_INT, .name = "rank-among", .at = offsetof(struct run_options, rank_among),
     .argument = "N", .recorded = true, .high = INT32_MAX,
     .help = "rank among the N most frequent items; 0: all"},
    {OPTION_TEXT, .name = "attention", .at = offsetof(struct run_options, attention),
     .argument = "N|all", .recorded = true,
     .help = "write attention weights of N sessions of each test"},
    {OPTION_FLAG, .name = "online", .at = offsetof(struct run_options, online), .recorded = true,
     .help = "in tests count all sessions that have ended, not training alone"},
    {0},
};

static struct option *bound(const struct option *rows, struct run_options *o)
{
    return option_bind((const struct option *const[]){rows, NULL}, o);
}

void run_rows_open(struct run_rows *r, struct run_options *o)
{
    *r = (struct run_rows){.model = bound(model_rows, o),
                           .training = bound(training_rows, o),
                           .seed = bound(seed_rows, o),
                           .device = bound(device_rows, o),
                           .input = bound(input_rows, o),
                           .result = bound(result_rows, o),
                           .lists = bound(lists_rows, o)};
}

void run_rows_release(struct run_rows *r)
{
    mem_free(r->model);
    mem_free(r->training);
    mem_free(r->seed);
    mem_free(r->device);
    mem_free(r->input);
    mem_free(r->result);
    mem_free(r->lists);
}

/* ---- the models' options ---- */

static int count_models(void)
{
    int n = 0;
    while (model_classes[n])
        n++;
    return n;
}

/* A model may have a loss and rates of its own, which hold where the command line gives none. */
static struct run_options defaults_of(const struct model_class *class)
{
    struct run_options o = run_defaults;
    const struct model_rates *own = class->rates;
    o.loss = model_loss(class);
    if (own) {
        o.lr = own->lr;
        o.clip = own->clip;
        o.warm_up = own->warm_up;
        o.lr_decay = own->lr_decay;
    }
    return o;
}

void model_choice_open(struct model_choice *c)
{
    size_t n = (size_t)count_models();
    c->values = mem_zero(n, sizeof *c->values);
    c->rows = mem_zero(n, sizeof *c->rows);
    c->own = mem_zero(n, sizeof *c->own);
    c->defaults = mem_zero(n, sizeof *c->defaults);
    c->groups = mem_zero(n + 1, sizeof *c->groups);
    for (size_t i = 0; i < n; i++) {
        c->values[i] = model_options_new(model_classes[i]);
        c->rows[i] = option_bind(model_classes[i]->options, c->values[i]);
        c->own[i] = defaults_of(model_classes[i]);
        c->defaults[i] = bound(training_rows, &c->own[i]);
        c->groups[i] = (struct option_group){model_classes[i]->name, c->rows[i], c->defaults[i]};
    }
}

const struct model_options *model_choice_of(const struct model_choice *c,
                                            const struct model_class *class)
{
    int i = 0;
    while (model_classes[i] != class)
        i++;
    return c->values[i];
}

void model_choice_release(struct model_choice *c)
{
    for (int i = 0; i < count_models(); i++) {
        mem_free(c->values[i]);
        mem_free(c->rows[i]);
        mem_free(c->defaults[i]);
    }
    mem_free(c->values);
    mem_free(c->rows);
    mem_free(c->defaults);
    mem_free(c->own);
    mem_free(c->groups);
}

static void fail(void *cli, const struct err *why)
{
    cli_fail(cli, why);
}

static struct device_options device_options_of(struct cli *cli, const struct run_options *o)
{
    return (struct device_options){.threads = (int)o->threads,
                                   .workspace = (size_t)o->workspace << 20,
                                   .precision = precision_of(o->precision),
                                   .on_failure = fail,
                                   .on_failure_to = cli};
}

int run_device_open(struct cli *cli, const struct run_options *o, struct device **d, struct err *e)
{
    struct device_options options = device_options_of(cli, o);
    if (device_choose(o->device, &options, d, e))
        return e->status;
    if (!strcmp(o->device, "auto"))
        cli_note(cli, "%s", e->text);
    if ((*d)->host && blas_advice())
        cli_note(cli, "%s", blas_advice());
    return 0;
}

int run_shards_open(struct cli *cli, const struct run_options *o, struct rank_group *ranks,
                    struct device *d, struct err *e)
{
    struct device_options options = device_options_of(cli, o);
    if (!ranks)
        return 0;
    ranks_on_failure(ranks, fail, cli);
    return shards_open(d, ranks, o->device, &options, e);
}

void run_built_in(struct buf *to)
{
    char name[BLAS_NAME];
    const char *advice = blas_advice();
    blas_name(name);
    buf_format(to, "BLAS: %s%s%s\nCUDA: ", name, advice ? ": " : "", advice ? advice : "");
    device_about_cuda(to);
    buf_text(to, "\nMPI: ");
    ranks_about(to);
    buf_byte(to, '\n');
}

int64_t run_attention(const struct run_options *o)
{
    int64_t n;
    if (!strcmp(o->attention, "all"))
        return -1;
    return num_i64(o->attention, strlen(o->attention), &n) && n >= 0 ? n : -2;
}

static int check_attention(const struct run_options *o, struct err *e)
{
    if (run_attention(o) == -2)
        return err_set(e, STATUS_USAGE, "--attention %s: give a number of sessions, or all",
                       o->attention);
    return 0;
}

static int check_frozen(const struct run_options *o, struct err *e)
{
    bool aims = item_output_aims(o->shape);
    if (o->init && o->init_some)
        return err_set(e, STATUS_USAGE, "--init and --init-some: give one of them");
    if (aims && !model_freezes(o->freeze, "item_embedding"))
        return err_set(e, STATUS_USAGE,
                       "--decoder embedding: embeddings that learn would all become the same: give "
                       "--freeze item_embedding, and their file as --init-some");
    if (!o->freeze)
        return 0;
    bool part = model_freezes(o->freeze, "network") || model_freezes(o->freeze, "wide");
    if (part && (!o->shape->wide || o->class->wide_alone))
        return err_set(e, STATUS_USAGE,
                       "--freeze %s is for a network with a wide part: give --wide", o->freeze);
    if (!o->init && !o->init_some)
        return err_set(e, STATUS_USAGE, "--freeze %s keeps what is learned already: give --init",
                       o->freeze);
    if (o->weight_decay > 0)
        return err_set(e, STATUS_USAGE,
                       "--freeze %s keeps weights, and --weight-decay pulls at all of them",
                       o->freeze);
    return 0;
}

int run_check_saved(const struct run_options *o, const char *path, struct err *e)
{
    if (check_attention(o, e))
        return e->status;
    if (run_attention(o) && !model_attends(o->class, o->shape))
        return err_set(e, STATUS_USAGE, "--attention %s: the model in %s attends to nothing",
                       o->attention, path);
    if (model_check_wide(o->shape, o->index, o->explore, path, e))
        return e->status;
    if (o->index && o->online)
        return err_set(e, STATUS_USAGE,
                       "--index and --online: what is counted is in the file, or in the stream");
    return 0;
}

static int check_checkpoint(const struct cli *cli, const struct run_options *o, struct err *e)
{
    const char *path = o->checkpoint ? o->checkpoint : o->resume;
    if (cli_given(cli, "checkpoint-every") && !path)
        return err_set(e, STATUS_USAGE, "--checkpoint-every needs --checkpoint FILE");
    if (!path)
        return 0;
    if (!strcmp(path, "-"))
        return err_set(e, STATUS_CANTCREATE, "--%s -: name a file",
                       o->checkpoint ? "checkpoint" : "resume");
    return 0;
}

static int check_card(const struct run_options *o, struct err *e)
{
    struct stat there;
    if (!o->card)
        return 0;
    if (!o->save)
        return err_set(e, STATUS_USAGE,
                       "--card needs --save FILE: it tells of the model that is saved");
    if (!strcmp(o->card, "-"))
        return err_set(e, STATUS_CANTCREATE,
                       "--card -: standard output holds the predictions: name a file");
    if (!stat(o->save, &there) && !S_ISREG(there.st_mode))
        return err_set(
            e, STATUS_CANTCREATE,
            "--save %s: not a regular file: --card reads the model again, to tell its hash",
            o->save);
    return output_file_check(o->card, e);
}

int run_check_outputs(const struct run_options *o, const char *output, const char *const *inputs,
                      struct err *e)
{
    const struct {
        const char *option, *path;
    } outputs[] = {{"output", output},
                   {"save", o->save},
                   {"card", o->card},
                   {"checkpoint", o->checkpoint},
                   {"resume", o->resume}};
    enum { SAVE = 1, CHECKPOINT = 3, COUNT = sizeof outputs / sizeof *outputs };
    for (int i = 0; i < CHECKPOINT; i++)
        for (int j = i + 1; j < COUNT; j++)
            if (output_path_same(outputs[i].path, outputs[j].path))
                return err_set(e, STATUS_USAGE, "--%s and --%s name the same file",
                               outputs[i].option, outputs[j].option);
    for (int i = SAVE; i < COUNT; i++)
        for (const char *const *input = inputs; *input; input++)
            if (output_path_same(outputs[i].path, *input))
                return err_set(e, STATUS_USAGE, "--%s names an input, %s", outputs[i].option,
                               *input);
    return 0;
}

static enum loss_kind loss_of(const char *name)
{
    static const char *const names[] = {"cross-entropy", "top1",    "bpr",
                                        "top1-max",      "bpr-max", "hinge"};
    int kind = LOSS_HINGE;
    while (kind > 0 && strcmp(names[kind], name))
        kind--;
    return (enum loss_kind)kind;
}

bool run_takes_turns(const struct run_options *o)
{
    bool freezes_part = model_freezes(o->freeze, "network") || model_freezes(o->freeze, "wide");
    return o->shape->wide && !o->class->wide_alone && !freezes_part;
}

/* Whether the network learns nothing: the wide part, all that learns, compares with all items. */
static bool wide_alone_learns(const struct run_options *o)
{
    return o->class->wide_alone || model_freezes(o->freeze, "network");
}

static bool is_sampled(const struct run_options *o)
{
    bool own = o->class->samples && !wide_alone_learns(o);
    return own || loss_of(o->loss) || o->negatives >= 0;
}

static bool from_batch(const struct run_options *o)
{
    return !strcmp(o->negatives_from, "batch");
}

static int check_from(const struct cli *cli, const struct run_options *o, struct err *e)
{
    if (from_batch(o) && o->negatives <= 0)
        return err_set(e, STATUS_USAGE, "--negatives-from batch needs --negatives N");
    if (from_batch(o) && cli_given(cli, "negatives-alpha"))
        return err_set(e, STATUS_USAGE,
                       "--negatives-alpha is for --negatives-from all: within the batch each event "
                       "is as likely as another");
    return 0;
}

static int check_loss(const struct cli *cli, const struct run_options *o, struct err *e)
{
    if (o->shape->teacher && is_sampled(o))
        return err_set(
            e, STATUS_USAGE,
            "--teacher has a share of the cross-entropy over all items: leave out --loss "
            "and --negatives");
    if (item_output_aims(o->shape) && is_sampled(o))
        return err_set(e, STATUS_USAGE,
                       "--decoder embedding learns from the angle to the target's embedding: leave "
                       "out --loss and --negatives");
    if (wide_alone_learns(o) && is_sampled(o))
        return err_set(e, STATUS_USAGE,
                       "%s learns from cross-entropy over all items: leave out --loss and "
                       "--negatives",
                       o->class->wide_alone ? "--model wide" : "--freeze network");
    if (o->log_q && strcmp(o->loss, "cross-entropy"))
        return err_set(e, STATUS_USAGE, "--logq corrects only --loss cross-entropy, not %s",
                       o->loss);
    if (o->log_q && !is_sampled(o))
        return err_set(e, STATUS_USAGE,
                       "--logq corrects a loss over drawn items: give --negatives too");
    if (o->spare_history && !is_sampled(o))
        return err_set(e, STATUS_USAGE,
                       "--spare-history is for a loss over some of the items: give --negatives or "
                       "another --loss");
    if (cli_given(cli, "negatives-alpha") && o->negatives <= 0)
        return err_set(e, STATUS_USAGE, "--negatives-alpha needs --negatives N");
    return check_from(cli, o, e);
}

/* The class whose learning rates hold: where the network is frozen, that of the wide part alone. */
static const struct model_class *class_that_learns(const struct run_options *o)
{
    const struct model_class *wide = NULL;
    for (int i = 0; model_classes[i]; i++)
        if (model_classes[i]->wide_alone)
            wide = model_classes[i];
    return model_freezes(o->freeze, "network") ? wide : o->class;
}

static void settle_defaults(const struct cli *cli, struct run_options *o)
{
    const struct run_options own = defaults_of(class_that_learns(o));
    o->loss = cli_given(cli, "loss") ? o->loss : own.loss;
    o->lr = cli_given(cli, "lr") ? o->lr : own.lr;
    o->clip = cli_given(cli, "clip") ? o->clip : own.clip;
    o->warm_up = cli_given(cli, "warm-up") ? o->warm_up : own.warm_up;
    o->lr_decay = cli_given(cli, "lr-decay") ? o->lr_decay : own.lr_decay;
}

int run_check(const struct cli *cli, struct run_options *o, const struct model_choice *choice,
              struct err *e)
{
    if (check_attention(o, e) || model_find(o->model, &o->class, e))
        return e->status;
    o->shape = model_choice_of(choice, o->class);
    if (model_check(o->class, o->shape, e))
        return e->status;
    settle_defaults(cli, o);
    if (check_loss(cli, o, e) || check_frozen(o, e))
        return e->status;
    if (run_attention(o) && !model_attends(o->class, o->shape))
        return err_set(e, STATUS_USAGE, "--attention %s: this model attends to nothing%s",
                       o->attention,
                       !strcmp(o->model, "ii-rnn") ? ": give --inter or --intra too"
                       : !strcmp(o->model, "hierarchical")
                           ? ": give --session-rep attention or --user-rep attention too"
                           : "");
    if (o->momentum > 0 && !strcmp(o->optimizer, "adam"))
        return err_set(e, STATUS_USAGE,
                       "--momentum is for --optimizer adagrad or sgd: adam has its own");
    if (cli_given(cli, "stop-by") && !o->stop_after)
        return err_set(e, STATUS_USAGE, "--stop-by needs --stop-after N");
    if (cli_given(cli, "save-by") && !o->save)
        return err_set(e, STATUS_USAGE, "--save-by needs --save FILE");
    if (o->no_index && (!o->save || !o->shape->wide))
        return err_set(e, STATUS_USAGE, "--no-index %s",
                       o->save ? "is for a wide part: give --wide" : "needs --save FILE");
    if (check_checkpoint(cli, o, e))
        return e->status;
    return o->save && model_file_check(o->save, e) ? e->status : check_card(o, e);
}

struct train_options run_train_options(const struct run_options *o)
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
                                  .warm_up = o->warm_up,
                                  .decays = !strcmp(o->lr_decay, "cosine"),
                                  .optimizer = {.update = update, .clip = (float)o->clip},
                                  .loss = loss_of(o->loss),
                                  .sampled = is_sampled(o),
                                  .negatives = o->negatives > 0 ? (int)o->negatives : 0,
                                  .alpha = o->alpha,
                                  .from_batch = from_batch(o),
                                  .log_q = o->log_q,
                                  .unroll = (int)o->shape->unroll,
                                  .top = (int)o->top};
}
