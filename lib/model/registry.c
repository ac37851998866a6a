#include "model/model.h"

#include <string.h>

#include "base/buf.h"

extern const struct model_class ii_rnn_class, hierarchical_class, narm_class, hrnn_class, rnn_class,
    bpr_mf_class, fpmc_class;

const struct model_class *const model_classes[] = {
    &ii_rnn_class, &hierarchical_class, &narm_class, &hrnn_class,
    &rnn_class,    &bpr_mf_class,       &fpmc_class, NULL};

static const struct model_class *class_of(const char *name)
{
    for (int i = 0; model_classes[i]; i++)
        if (!strcmp(model_classes[i]->name, name))
            return model_classes[i];
    return NULL;
}

static int no_such_model(const char *name, struct err *e)
{
    struct buf possible = {0};
    for (int i = 0; model_classes[i]; i++)
        buf_format(&possible, "%s%s", i ? ", " : "", model_classes[i]->name);
    err_set(e, STATUS_USAGE, "--model %s: no such model: choose from %s", name, possible.at);
    buf_release(&possible);
    return e->status;
}

/* What is the same for all. */
static int check_sizes(const struct model_options *o, struct err *e)
{
    if (o->embedding < 1 || o->embedding > 65536)
        return err_set(e, STATUS_USAGE, "--embedding %lld: give a size from 1 to 65536",
                       (long long)o->embedding);
    if (!(o->dropout >= 0 && o->dropout < 1))
        return err_set(e, STATUS_USAGE, "--dropout %g: give a rate from 0 to below 1", o->dropout);
    if (o->clusters && !o->per_user)
        return err_set(e, STATUS_USAGE,
                       "--clusters goes with --per-user, which says of which levels");
    return 0;
}

/* ---- options that some models take ---- */

enum kind { TEXT, FLAG, NUMBER, RATE };
static const struct optional {
    const char *name;
    enum kind kind;
    size_t at;
} optional[] = {
#define OPTIONAL(name, kind, member)                                                               \
    {                                                                                              \
        name, kind, offsetof(struct model_options, member)                                         \
    }
    OPTIONAL("inter", TEXT, inter),
    OPTIONAL("intra", TEXT, intra),
    OPTIONAL("user-rep", TEXT, user_rep),
    OPTIONAL("attend-to", TEXT, attend_to),
    OPTIONAL("per-user", TEXT, per_user),
    OPTIONAL("clusters", TEXT, clusters),
    OPTIONAL("bidirectional", FLAG, bidirectional),
    OPTIONAL("gru", TEXT, gru),
    OPTIONAL("hidden", NUMBER, hidden),
    OPTIONAL("encoder", TEXT, encoder),
    OPTIONAL("decoder", TEXT, decoder),
    OPTIONAL("propagate", TEXT, propagate),
    OPTIONAL("user-dropout", RATE, user_dropout),
    OPTIONAL("start-dropout", RATE, start_dropout),
    OPTIONAL("join-sessions", FLAG, join_sessions),
#undef OPTIONAL
};

static bool is_given(const struct optional *n, const struct model_options *o)
{
    const char *at = (const char *)o + n->at;
    const char *text;
    int64_t number;
    double rate;
    bool flag;
    switch (n->kind) {
    case TEXT:
        memcpy(&text, at, sizeof text);
        return text;
    case FLAG:
        memcpy(&flag, at, sizeof flag);
        return flag;
    case NUMBER:
        memcpy(&number, at, sizeof number);
        return number != 0;
    default:
        memcpy(&rate, at, sizeof rate);
        return rate != 0;
    }
}

/* Whether the word stands in a list of words with spaces between. */
static bool takes(const struct model_class *class, const char *name)
{
    size_t n = strlen(name);
    for (const char *at = class->takes; (at = strstr(at, name)); at += n)
        if ((at == class->takes || at[-1] == ' ') && (at[n] == ' ' || !at[n]))
            return true;
    return false;
}

static int refuse_option(const struct model_class *class, const char *name, struct err *e)
{
    struct buf others = {0};
    for (int k = 0; model_classes[k]; k++)
        if (takes(model_classes[k], name))
            buf_format(&others, "%s%s", others.len ? ", " : "", model_classes[k]->name);
    err_set(e, STATUS_USAGE, "--%s goes with --model %s, not with %s", name, others.at,
            class->name);
    buf_release(&others);
    return e->status;
}

/* Nothing that was asked for is passed over. */
static int check_taken(const struct model_class *class, const struct model_options *o,
                       struct err *e)
{
    for (size_t i = 0; i < sizeof optional / sizeof *optional; i++)
        if (is_given(&optional[i], o) && !takes(class, optional[i].name))
            return refuse_option(class, optional[i].name, e);
    return 0;
}

int model_check_option(const char *name, const char *option, struct err *e)
{
    const struct model_class *class = class_of(name);
    return takes(class, option) ? 0 : refuse_option(class, option, e);
}

int model_check(const char *name, const struct model_options *o, struct err *e)
{
    const struct model_class *class = class_of(name);
    if (!class)
        return no_such_model(name, e);
    if (check_sizes(o, e) || check_taken(class, o, e))
        return e->status;
    return class->check(o, e);
}

bool model_reset_before(const struct model *m)
{
    const char *gru = m->options->gru;
    return gru ? !strcmp(gru, "reset-before") : m->class->reset_before;
}

bool model_takes_slots(const char *name)
{
    return !class_of(name)->forward;
}

bool model_samples(const char *name)
{
    return class_of(name)->samples;
}

const char *model_loss(const char *name)
{
    const struct model_class *class = class_of(name);
    return class->loss ? class->loss : "cross-entropy";
}

struct tensor *model_output(struct tape *t, const struct forward *f)
{
    return tape_whole(t, f->output);
}

struct tensor *model_output_bias(struct tape *t, const struct forward *f)
{
    return f->output_bias ? tape_whole(t, f->output_bias)
                          : tape_zeros(t, 1, (int)f->output->shape[0]);
}

bool model_attends(const char *name, const struct model_options *o)
{
    return class_of(name)->attends(o);
}

int model_open(struct model *m, const char *name, const struct model_options *o,
               const struct model_data *data, struct device *d, struct err *e)
{
    *m = (struct model){0};
    if (model_check(name, o, e))
        return e->status;
    const struct model_class *class = class_of(name);
    bool ordered = class->needs_order || o->join_sessions;
    if (!class->forward != (data->lanes > 0))
        return err_set(e, STATUS_USAGE,
                       "the batches are %s, --model %s takes %s: use batcher --scheme %s",
                       data->lanes ? "steps of lanes" : "of whole sessions", name,
                       data->lanes ? "whole sessions" : "steps of lanes",
                       data->lanes ? "longest-first"
                       : ordered   ? "user-parallel"
                                   : "session-parallel");
    if (ordered && !data->keeps_order)
        return err_set(e, STATUS_USAGE,
                       "--scheme %s does not keep each user's order, which --model %s%s needs: use "
                       "%s",
                       data->scheme ? data->scheme : "of the input", name,
                       o->join_sessions ? " --join-sessions" : "",
                       data->lanes ? "user-parallel" : "longest-first");
    if (class->needs_items && !data->history_items)
        return err_set(
            e, STATUS_USAGE,
            "the batches hold no items of earlier sessions, which --model %s reads: make "
            "them with batcher --with-history-items",
            name);
    *m = (struct model){.class = class, .options = o, .data = *data, .device = d};
    if (!m->data.groups)
        m->data.groups = data->users;
    class->open(m);
    return 0;
}

void model_close(struct model *m)
{
    if (m->class)
        m->class->close(m);
    parameters_release(&m->parameters);
    *m = (struct model){0};
}
