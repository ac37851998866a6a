#include "model/model.h"

#include <inttypes.h>
#include <stddef.h>
#include <string.h>

#include "base/buf.h"
#include "model/contexts.h"
#include "model/evidence_kinds.h"
#include "model/wide_part.h"
#include "nn/shards.h"

/* ---- options ---- */

const struct option model_size_rows[] = {
    {OPTION_INT, .name = "embedding", .letter = 'e', .argument = "N", .recorded = true, .low = 1,
     .high = 65536, .at = offsetof(struct model_options, embedding),
     .help = "size of embeddings and states"},
    {OPTION_REAL, .name = "dropout", .argument = "RATE", .recorded = true, .high = 0.999,
     .at = offsetof(struct model_options, dropout),
     .help = "dropout rate of embeddings and states"},
    {0},
};

const struct option model_item_dropout_rows[] = {
    {OPTION_REAL, .name = "item-dropout", .argument = "RATE", .recorded = true, .high = 0.999,
     .at = offsetof(struct model_options, item_dropout),
     .help = "how likely training leaves out an event"},
    {0},
};

const struct option model_decoder_rows[] = {
    {OPTION_CHOICE, .name = "decoder", .choices = "dense|tied|bilinear", .recorded = true,
     .labels = LABEL_VALUE, .at = offsetof(struct model_options, decoder),
     .help = "score items by a dense layer, or by their embeddings"},
    {0},
};

const struct option model_gru_rows[] = {
    {OPTION_CHOICE, .name = "gru", .choices = "reset-after|reset-before", .recorded = true,
     .at = offsetof(struct model_options, gru),
     .help = "whether reset gates act after or before the product"},
    {0},
};

const struct option model_intra_rows[] = {
    {OPTION_CHOICE, .name = "intra", .choices = "cat|sum", .recorded = true, .labels = LABEL_VALUE,
     .at = offsetof(struct model_options, intra),
     .help = "attend to earlier sessions at every step too"},
    {0},
};

const struct option model_user_weight_rows[] = {
    {OPTION_TEXT, .name = "per-user", .argument = "LIST", .recorded = true,
     .at = offsetof(struct model_options, per_user),
     .help = "levels of attention with weights for each user"},
    {OPTION_TEXT, .name = "clusters", .argument = "K|FILE", .recorded = true, .file = true,
     .at = offsetof(struct model_options, clusters),
     .help = "share these weights within clusters of users"},
    {OPTION_TEXT, .name = "cluster-encoders", .argument = "LIST", .recorded = true,
     .at = offsetof(struct model_options, cluster_encoders),
     .help = "levels with a GRU for each cluster"},
    {0},
};

const struct option model_unroll_rows[] = {
    {OPTION_INT, .name = "unroll", .argument = "N", .recorded = true, .low = 1, .high = 1 << 20,
     .at = offsetof(struct model_options, unroll), .help = "number of steps in an update"},
    {0},
};

const struct option model_context_rows[] = {
    {OPTION_TEXT, .name = "context", .argument = "KEYS", .recorded = true, .labels = LABEL_NAMED,
     .at = offsetof(struct model_options, context),
     .help = "read columns of codes, dwell or hour beside items: KEY[:SIZE],..."},
    {OPTION_CHOICE, .name = "dwell-of", .choices = "before|own", .recorded = true,
     .labels = LABEL_NAMED, .at = offsetof(struct model_options, dwell_of),
     .help = "the dwell time: before an event, or its own"},
    {0},
};

const struct option model_teacher_rows[] = {
    {OPTION_TEXT, .name = "teacher", .argument = "FILE", .recorded = true, .file = true,
     .at = offsetof(struct model_options, teacher),
     .help = "learn from this model too, which reads sessions from their end"},
    {OPTION_REAL, .name = "teacher-weight", .argument = "L", .recorded = true, .high = 1,
     .at = offsetof(struct model_options, teacher_weight),
     .help = "its share of a target, from 0 to 1"},
    {OPTION_REAL, .name = "teacher-temperature", .argument = "T", .recorded = true, .low = 0.01,
     .high = 1000, .at = offsetof(struct model_options, teacher_temperature),
     .help = "divide its scores by T, so that it is less sure"},
    {0},
};

const struct option model_wide_rows[] = {
    {OPTION_FLAG, .name = "wide", .recorded = true, .labels = LABEL_NAMED,
     .at = offsetof(struct model_options, wide), .help = "add what counts say of each item"},
    {0},
};

const struct option model_evidence_rows[] = {
    {OPTION_INT, .name = "postings", .argument = "M", .recorded = true, .labels = LABEL_NAMED,
     .low = 1, .high = 1 << 20, .at = offsetof(struct model_options, postings),
     .help = "how many of an item's newest sessions to look at"},
    {OPTION_TEXT, .name = "without", .argument = "KINDS", .recorded = true, .labels = LABEL_NAMED,
     .at = offsetof(struct model_options, without),
     .help = "leave kinds of evidence out: next, near, similar, own, habit, session, popular, "
             "fresh"},
    {0},
};

struct model_options *model_options_new(const struct model_class *class)
{
    struct model_options *o = mem_zero(1, class->options_size);
    memcpy(o, class->defaults, class->options_size);
    return o;
}

static bool value_differs(const struct option *a, const struct option *b)
{
    if (a->kind == OPTION_FLAG)
        return *(const bool *)a->to != *(const bool *)b->to;
    if (a->kind == OPTION_INT)
        return *(const int64_t *)a->to != *(const int64_t *)b->to;
    const char *x = *(const char **)a->to, *y = *(const char **)b->to;
    return x && y ? strcmp(x, y) != 0 : x || y;
}

static void append_label(const struct option *o, struct buf *to)
{
    if (o->labels == LABEL_NAMED)
        buf_format(to, " %s", o->name);
    if (o->kind == OPTION_INT)
        buf_format(to, " %" PRId64, *(const int64_t *)o->to);
    else if (o->kind != OPTION_FLAG) {
        const char *text = *(const char **)o->to; /* NULL: an empty one of a model file */
        buf_format(to, " %s", text && *text ? text : "none");
    }
}

void model_label(const struct model_class *class, const struct model_options *o, struct buf *to)
{
    struct model_options *plain = model_options_new(class);
    struct option *given = option_bind(class->options, (void *)(uintptr_t)o);
    struct option *unset = option_bind(class->options, plain);
    buf_text(to, class->name);
    for (int i = 0; given[i].kind != OPTION_END; i++) {
        if (given[i].labels && value_differs(&given[i], &unset[i]))
            append_label(&given[i], to);
    }
    mem_free(given);
    mem_free(unset);
    mem_free(plain);
}

static int check_evidence(const struct model_class *class, const struct model_options *o,
                          struct err *e)
{
    const struct model_options *plain = class->defaults;
    uint32_t unused;
    if (!o->wide && (o->without || o->postings != plain->postings))
        return err_set(e, STATUS_USAGE, "--%s is for a wide part: give --wide",
                       o->without ? "without" : "postings");
    return o->without ? evidence_kinds_parse(o->without, &unused, e) : 0;
}

static int check_contexts(const struct model_options *o, struct err *e)
{
    struct contexts c;
    int status = contexts_parse(&c, o->context, e);
    if (!status && o->dwell_of && strcmp(o->dwell_of, "before") && contexts_find(&c, "dwell") < 0)
        status = err_set(e, STATUS_USAGE, "--dwell-of %s is for --context dwell", o->dwell_of);
    contexts_release(&c);
    return status;
}

uint32_t model_without(const struct model_options *o)
{
    uint32_t features = 0;
    struct err unused;
    if (o->without)
        evidence_kinds_parse(o->without, &features, &unused);
    return features;
}

int model_check_wide(const struct model_options *o, const char *index, double explore,
                     const char *path, struct err *e)
{
    uint32_t had =
        evidence_kinds[EVIDENCE_OWN].features | evidence_kinds[EVIDENCE_SESSION].features;
    if (index && !o->wide)
        return err_set(e, STATUS_USAGE,
                       "--index: the model in %s has no wide part, which counts in sessions", path);
    if (explore > 1 && !o->wide)
        return err_set(e, STATUS_USAGE,
                       "--explore: the model in %s has no wide part, which knows what is new",
                       path);
    if (explore > 1 && (model_without(o) & had) == had)
        return err_set(e, STATUS_USAGE,
                       "--explore: the model in %s is one --without %s, and so does not know what "
                       "is new",
                       path, o->without);
    return 0;
}

int model_check(const struct model_class *class, const struct model_options *o, struct err *e)
{
    if (o->clusters && !o->per_user && !o->cluster_encoders)
        return err_set(e, STATUS_USAGE,
                       "--clusters needs --per-user, which names the levels of attention, or "
                       "--cluster-encoders, which names those of GRUs");
    if (o->cluster_encoders && !o->clusters)
        return err_set(e, STATUS_USAGE,
                       "--cluster-encoders %s: give the clusters of users: --clusters K or FILE",
                       o->cluster_encoders);
    if (check_evidence(class, o, e) || check_contexts(o, e))
        return e->status;
    return class->check ? class->check(o, e) : 0;
}

bool model_attends(const struct model_class *class, const struct model_options *o)
{
    return class->attends && class->attends(o);
}

/* The option for which it needs each user's order, "" where it always does; NULL: it does not. */
static const char *orders(const struct model_class *class, const struct model_options *o)
{
    return class->needs_order ? "" : class->ordered_by ? class->ordered_by(o) : NULL;
}

bool model_chains(const struct model_class *class, const struct model_options *o)
{
    return class->steps && orders(class, o);
}

int model_check_batches(const struct model_class *class, const struct model_options *o,
                        const struct model_batches *b, struct err *e)
{
    const char *ordered = orders(class, o);
    bool slots = class->steps != NULL;
    if (slots != b->slots)
        return err_set(e, STATUS_USAGE,
                       "the batches are %s, --model %s learns from %s: use batcher --scheme %s",
                       b->slots ? "parallel mini-batches" : "of whole sessions", class->name,
                       slots ? "parallel mini-batches" : "whole sessions",
                       !slots    ? "longest-first"
                       : ordered ? "user-parallel"
                                 : "session-parallel");
    if (ordered && !b->keeps_order)
        return err_set(e, STATUS_USAGE,
                       "%s%s does not keep each user's order, which --model %s%s%s needs: use %s",
                       b->scheme ? "--scheme " : "the scheme of the input",
                       b->scheme ? b->scheme : "", class->name, *ordered ? " " : "", ordered,
                       slots ? "user-parallel" : "longest-first");
    const char *looks_back = class->looks_back ? class->looks_back(o) : NULL;
    if (looks_back && !b->history)
        return err_set(e, STATUS_USAGE,
                       "%s reads the user's earlier sessions, and these batches give none: use "
                       "batcher --history 15",
                       looks_back);
    return 0;
}

const char *model_loss(const struct model_class *class)
{
    return class->loss ? class->loss : "cross-entropy";
}

bool model_reset_before(const struct model *m)
{
    return !strcmp(m->options->gru, "reset-before");
}

/* ---- a model ---- */

/* Items' weights in the output layer from their rows of its parameters; more NULL: of one. */
static struct tensor *items_of(const struct model *m, struct tape *t, struct tensor *rows,
                               struct tensor *more)
{
    struct tensor *part[] = {rows, more};
    return m->class->items ? m->class->items(m, t, rows) : tape_concat(t, part, more ? 2 : 1);
}

static struct tensor *all_items(const struct model *m, struct tape *t, const struct forward *f)
{
    struct tensor *more = f->output_more ? tape_parameter(t, f->output_more) : NULL;
    return items_of(m, t, tape_parameter(t, f->output), more);
}

struct made_items {
    float *weight; /* [N, cols] on the device, spread as the parameter; NULL: not made yet */
    int cols;
    bool valid;
};

/* A copy of x, which outlives the tape's step. */
static void keep_items(const struct model *m, const struct tensor *x)
{
    size_t n = (size_t)x->rows * (size_t)x->cols;
    if (!m->made->weight)
        m->made->weight = shards_zeros(m->device, x->rows, (size_t)x->cols * sizeof *x->value);
    m->device->op->copy(m->device, m->made->weight, x->value, n);
    m->made->cols = x->cols;
    m->made->valid = true;
}

struct tensor *model_output(const struct model *m, struct tape *t, const struct forward *f)
{
    if (f->item_weight)
        return f->item_weight;
    bool keeps = m->made && !tape_training(t);
    if (keeps && m->made->valid)
        return tape_constant(t, m->made->weight, (int)f->output->shape[0], m->made->cols);
    struct tensor *x = all_items(m, t, f);
    if (keeps && x->value != f->output->value)
        keep_items(m, x);
    return x;
}

void model_items_change(struct model *m)
{
    if (m->made)
        m->made->valid = false;
}

struct tensor *model_output_bias(struct tape *t, const struct forward *f)
{
    if (f->item_bias)
        return f->item_bias;
    return f->output_bias ? tape_parameter(t, f->output_bias)
                          : tape_no_bias(t, (int)f->output->shape[0]);
}

float *model_sampled_loss(const struct model *m, struct tape *t, const struct forward *f,
                          enum loss_kind kind, const struct planned_candidates *c)
{
    struct tensor *rows = tape_planned_rows(t, f->output, &c->weight);
    struct tensor *more = f->output_more ? tape_planned_rows(t, f->output_more, &c->weight) : NULL;
    struct tensor *bias = f->output_bias ? tape_planned_rows(t, f->output_bias, &c->bias) : NULL;
    return tape_sampled_loss(t, kind, f->state, items_of(m, t, rows, more), bias, c);
}

float *model_intent_loss(struct tape *t, const struct forward *f)
{
    struct tensor *state = f->intent.state;
    if (!state || !state->rows || !(f->intent.factor > 0))
        return NULL;
    const int32_t *label = tape_ints(t, f->intent.label, (size_t)state->rows);
    return tape_scaled_output_loss(t, state, f->intent.weight, f->intent.bias, label,
                                   f->intent.factor);
}

struct tensor *model_intent_scores(struct tape *t, const struct forward *f)
{
    return tape_linear(t, f->intent.state, f->intent.weight, f->intent.bias);
}

void model_open(struct model *m, const struct model_class *class, const struct model_options *o,
                const struct model_data *data, struct device *d)
{
    *m = (struct model){.class = class, .options = o, .data = *data, .device = d};
    if (!m->data.groups)
        m->data.groups = data->users;
    if (class->items)
        m->made = mem_zero(1, sizeof *m->made);
    class->open(m);
    if (!o->wide)
        return;
    m->wide = mem_zero(1, sizeof *m->wide);
    wide_part_open(m->wide, m, !class->wide_alone);
}

void model_forward_deep(struct model *m, struct tape *t, const struct batch *b, struct forward *f)
{
    m->class->forward(m, t, b, f);
}

void model_add_wide(struct model *m, struct tape *t, const struct batch *b, struct forward *f)
{
    if (m->wide)
        wide_part_add(m->wide, m, t, b->evidence, f);
}

/* The forward pass of a batch; NULL: of the steps that are planned. */
static void run_network(struct model *m, struct tape *t, const struct batch *b, struct forward *f)
{
    if (b)
        model_forward_deep(m, t, b, f);
    else
        m->class->steps(m, t, f);
}

/* The network of a model as numbers of which nothing is learned: its output layer too. */
static void run_frozen(struct model *m, struct tape *t, const struct batch *b, struct forward *f)
{
    tape_learn(t, false);
    run_network(m, t, b, f);
    f->item_weight = model_output(m, t, f);
    if (f->output_bias)
        f->item_bias = tape_parameter(t, f->output_bias);
    tape_learn(t, true);
}

static void run_part(struct model *m, struct tape *t, const struct batch *b, struct forward *f)
{
    if (m->frozen == FROZEN_NETWORK && tape_training(t))
        run_frozen(m, t, b, f);
    else if (model_is_absent(m, t))
        wide_part_targets(t, b, f);
    else
        run_network(m, t, b, f);
}

void model_forward(struct model *m, struct tape *t, const struct batch *b, struct forward *f)
{
    run_part(m, t, b, f);
    if (b->evidence)
        model_add_wide(m, t, b, f);
}

void model_steps(struct model *m, struct tape *t, const struct evidence *e, struct forward *f)
{
    run_part(m, t, NULL, f);
    if (!m->wide || !e)
        return;
    struct evidence all = wide_part_steps(t, e, f);
    wide_part_add(m->wide, m, t, &all, f);
}

void model_close(struct model *m)
{
    if (m->class)
        m->class->close(m);
    if (m->wide)
        wide_part_close(m->wide, m);
    if (m->made && m->made->weight)
        m->device->op->release(m->device, m->made->weight);
    mem_free(m->made);
    mem_free(m->wide);
    parameters_release(&m->parameters);
    *m = (struct model){0};
}
