/* ASARS, the attention session-aware recommender: a recurrent network over the items of a session,
 * with the user or the time spent on events.  h_t are its states, g_t those of a second one that
 * reads the embeddings τ_t of the contexts of events (dwell, in the paper) alone, e_u the user's.
 * The variants differ in what z_t is made from,
 *
 *     user-cat   z_t = W [h_t; e_u] + b
 *     time-cat   z_t = W h_t + b, where the items' network reads [x_t; τ_t]
 *     user-att   z_t = W q_t + b,        e_j = tanh(W_s h_j + b_s) · e_u
 *     time-att   z_t = W q_t + b,        e_j = tanh(W_s g_j + b_s) · h_j
 *     time-user  z_t = W [q_t; e_u] + b, e_j as in time-att
 *
 * with q_t = Σ_{j<=t} α_tj h_j and α_tj = softmax_{j<=t}(e_j), and item i has the score
 * z_t · x_i + b_i.  In the paper a row of the triangle of energies (eq. 18) has zeros for what
 * comes after t, which a softmax would give the weight e^0: here it ends at t.
 *
 * With --dynamics users drift, and items go with times (temporal_dynamics.h). */
#include <math.h>
#include <stddef.h>
#include <string.h>

#include "model/contexts.h"
#include "model/item_decoder.h"
#include "model/recurrent.h"
#include "model/temporal_dynamics.h"
#include "model/user_embedding.h"

/* How a variant has times or the user: beside what goes on, or as that which attends. */
enum use { UNUSED, BESIDE, ATTENDS };

struct variant {
    const char *name;
    enum use time, user;
};

static const struct variant variants[] = {{"user-att", UNUSED, ATTENDS},
                                          {"user-cat", UNUSED, BESIDE},
                                          {"time-att", ATTENDS, UNUSED},
                                          {"time-cat", BESIDE, UNUSED},
                                          {"time-user", ATTENDS, BESIDE}};

struct asars {
    const struct variant *variant;
    struct item_decoder decoder;
    struct contexts contexts;
    struct recurrent items, times;
    const struct parameter *user; /* [users, .] e_u; NULL: none */
    struct linear {
        const struct parameter *weight, *bias;
    } attention, fuse;                  /* W_s, b_s; W, b */
    struct temporal_dynamics *dynamics; /* NULL: without */
    struct tensor *all;                 /* of the batch: the states of all inputs [T, width] */
};

/* ---- options ---- */

struct asars_options {
    struct model_options shared;
    int64_t hidden; /* size of states; 0: the embedding's */
    const char *variant;
    bool dynamics;
};

static const struct asars_options defaults = {
    .shared = {.embedding = 64,
               .dropout = 0.2,
               .decoder = "tied",
               .gru = "reset-after",
               .cell = "lstm",
               .users = 32,
               .dwell_of = "before",
               .postings = EVIDENCE_POSTINGS},
    .hidden = 100,
    .variant = "time-user",
};

static const struct option own_rows[] = {
    {OPTION_CHOICE, .name = "variant", .choices = "user-att|user-cat|time-att|time-cat|time-user",
     .recorded = true, .labels = LABEL_VALUE, .at = offsetof(struct asars_options, variant),
     .help = "what has the user or times: attention, or concatenation"},
    {OPTION_INT, .name = "hidden", .argument = "N", .recorded = true, .high = 65536,
     .at = offsetof(struct asars_options, hidden), .help = "size of states; 0: as --embedding"},
    {OPTION_FLAG, .name = "dynamics", .recorded = true, .labels = LABEL_NAMED,
     .at = offsetof(struct asars_options, dynamics),
     .help = "let users drift from session to session, and items go with times"},
    {0},
};

static const struct option *const options[] = {model_size_rows,
                                               own_rows,
                                               user_embedding_rows,
                                               model_context_rows,
                                               model_cell_rows,
                                               model_gru_rows,
                                               model_wide_rows,
                                               model_evidence_rows,
                                               NULL};

static const struct asars_options *own_options(const struct model_options *o)
{
    return (const struct asars_options *)o;
}

static const struct variant *variant_of(const struct model_options *o)
{
    const struct variant *v = variants;
    while (strcmp(v->name, own_options(o)->variant) != 0)
        v++;
    return v;
}

static int check_users(const struct variant *v, int64_t users, struct err *e)
{
    if (v->user && !users)
        return err_set(e, STATUS_USAGE, "--users 0: --variant %s has embeddings of users", v->name);
    if (!v->user && users != defaults.shared.users)
        return err_set(e, STATUS_USAGE, "--users: --variant %s has no embeddings of users",
                       v->name);
    return 0;
}

/* A variant without times has a context only for the dynamics, which know dwell times. */
static int check_context(const struct variant *v, const struct asars_options *o, struct err *e)
{
    const char *keys = o->shared.context;
    if (v->time && !keys)
        return err_set(e, STATUS_USAGE, "--variant %s reads times of events: give --context dwell",
                       v->name);
    if (!v->time && keys && !o->dynamics)
        return err_set(e, STATUS_USAGE, "--context: --variant %s reads no contexts", v->name);
    if (!v->time && keys && strcmp(keys, "dwell") != 0)
        return err_set(e, STATUS_USAGE,
                       "--context %s: --variant %s with --dynamics reads dwell alone", keys,
                       v->name);
    return 0;
}

static int asars_check(const struct model_options *o, struct err *e)
{
    const struct variant *v = variant_of(o);
    if (check_context(v, own_options(o), e) || check_users(v, o->users, e))
        return e->status;
    return recurrent_check(o, &defaults.shared, e);
}

static const char *dynamics_option(const struct model_options *o)
{
    return own_options(o)->dynamics ? "--dynamics" : NULL;
}

static bool asars_attends(const struct model_options *o)
{
    const struct variant *v = variant_of(o);
    return v->time == ATTENDS || v->user == ATTENDS;
}

/* ---- opening ---- */

static struct linear declare_linear(struct model *m, const char *weight, const char *bias, int out,
                                    int in)
{
    float bound = 1 / sqrtf((float)in);
    return (struct linear){parameters_add_matrix(&m->parameters, weight, out, in, bound),
                           parameters_add_vector(&m->parameters, bias, out, bound)};
}

/* The recurrent networks, over items of width `size` and contexts of width `times`, and what the
 * attention has. */
static void declare_states(struct asars *r, struct model *m, int size, int times, int state)
{
    const struct variant *v = r->variant;
    recurrent_declare(&r->items, m, "session", 1, v->time == BESIDE ? size + times : size, state);
    if (v->time == ATTENDS)
        recurrent_declare(&r->times, m, "time", 1, times, state);
    if (asars_attends(m->options))
        r->attention = declare_linear(m, "attention.weight", "attention.bias",
                                      v->time ? state : (int)m->options->users, state);
}

/* Returns the width of their embeddings; a variant without times has none. */
static int declare_contexts(struct asars *r, struct model *m)
{
    struct err unused; /* the options are checked */
    if (r->variant->time)
        return contexts_declare(&r->contexts, m);
    contexts_parse(&r->contexts, m->options->context, &unused);
    return 0;
}

static void asars_open(struct model *m)
{
    const struct asars_options *o = own_options(m->options);
    struct asars *r = mem_zero(1, sizeof *r);
    int size = (int)o->shared.embedding, state = (int)(o->hidden ? o->hidden : size);
    m->own = r;
    r->variant = variant_of(m->options);
    item_decoder_declare_items(&r->decoder, m);
    if (r->variant->user)
        r->user = user_embedding_declare(m, o->shared.users);
    declare_states(r, m, size, declare_contexts(r, m), state);
    r->fuse = declare_linear(m, "fuse.weight", "fuse.bias", size,
                             state + (r->variant->user == BESIDE ? (int)o->shared.users : 0));
    item_output_declare(&r->decoder.output, m, size);
    if (!o->dynamics)
        return;
    r->dynamics = mem_zero(1, sizeof *r->dynamics);
    temporal_dynamics_open(r->dynamics, m, &r->contexts, size, state, r->items.width);
    m->remembers = m->data.history > 0;
}

static void asars_close(struct model *m)
{
    struct asars *r = m->own;
    contexts_release(&r->contexts);
    if (r->dynamics)
        temporal_dynamics_release(r->dynamics, m->device);
    mem_free(r->dynamics);
    mem_free(r);
}

/* ---- the forward pass ---- */

static struct tensor *apply(struct tape *t, const struct linear *l, struct tensor *x)
{
    return tape_linear(t, x, tape_parameter(t, l->weight), tape_parameter(t, l->bias));
}

/* e_j of all inputs, [T, 1] */
static struct tensor *energies(const struct asars *r, struct tape *t, const struct batch *b,
                               struct tensor *h, struct tensor *user)
{
    bool by_time = r->variant->time == ATTENDS;
    struct tensor *from = h;
    if (by_time)
        from = recurrent_run(&r->times, t,
                             contexts_alone(&r->contexts, t, b, r->decoder.event, h->rows), NULL,
                             r->decoder.steps, 0, NULL);
    struct tensor *p = tape_activate(t, ACTIVATION_TANH, apply(t, &r->attention, from));
    return tape_row_products(t, p, by_time ? h : user);
}

/* h_t of all inputs: [T, H] */
static struct tensor *states(struct asars *r, struct tape *t, const struct batch *b)
{
    const struct item_decoder *d = &r->decoder;
    struct tensor *x = d->input, *start = NULL;
    if (r->variant->time == BESIDE)
        x = contexts_beside(&r->contexts, t, b, d->event, x);
    if (r->dynamics)
        start = temporal_dynamics_start(r->dynamics, t, b);
    return recurrent_run(&r->items, t, x, start, d->steps, 0, &r->all);
}

/* q_t of all inputs: [T, H] */
static struct tensor *attended(const struct asars *r, struct tape *t, const struct batch *b,
                               struct tensor *h, struct tensor *user, struct forward *f)
{
    struct attention_weights weights;
    struct tensor *e = energies(r, t, b, h, user);
    struct tensor *q = tape_soften_up_to(t, e, h, r->decoder.steps, &weights);
    item_decoder_weights(&r->decoder, t, &weights, f);
    return q;
}

static void asars_forward(struct model *m, struct tape *t, const struct batch *b, struct forward *f)
{
    struct asars *r = m->own;
    float rate = (float)m->options->dropout;
    bool beside = r->variant->user == BESIDE;
    *f = (struct forward){0};
    item_decoder_read(&r->decoder, m, t, b, false, f);
    struct tensor *user = r->user ? user_rows(t, r->user, b, f) : NULL, *h = states(r, t, b);
    struct tensor *q = asars_attends(m->options) ? attended(r, t, b, h, user, f) : h;
    struct tensor *part[] = {tape_dropout(t, q, rate), user};
    struct tensor *z = apply(t, &r->fuse, tape_concat(t, part, 1 + beside));
    if (r->dynamics)
        z = tape_add(t, z, temporal_dynamics_drift(r->dynamics, t, b, f, tape_dropout(t, h, rate)));
    item_output_state(&r->decoder.output, t, z, f);
    item_output_layer(&r->decoder.output, f);
    if (r->dynamics)
        temporal_dynamics_output(r->dynamics, t, b, r->decoder.event, f);
}

/* ---- what the dynamics remember ---- */

static void asars_finish(struct model *m, struct tape *t, const struct batch *b)
{
    struct asars *r = m->own;
    temporal_dynamics_finish(r->dynamics, t, b,
                             item_decoder_last(&r->decoder, t, r->all, (int)b->user.len));
}

static void asars_restart(struct model *m)
{
    struct asars *r = m->own;
    if (r->dynamics)
        temporal_dynamics_clear(r->dynamics);
}

static void asars_forget(struct model *m, int32_t user)
{
    struct asars *r = m->own;
    temporal_dynamics_forget(r->dynamics, user);
}

static void asars_state(struct model *m, struct state *s)
{
    struct asars *r = m->own;
    if (r->dynamics)
        temporal_dynamics_state(r->dynamics, s);
}

extern const struct model_class asars_class;
const struct model_class asars_class = {
    .name = "asars",
    .purpose = "one session: an LSTM over items, with the user, and attention by times of events",
    .options_size = sizeof defaults,
    .defaults = &defaults,
    .options = options,
    .check = asars_check,
    .attends = asars_attends,
    .ordered_by = dynamics_option,
    .looks_back = dynamics_option,
    .open = asars_open,
    .forward = asars_forward,
    .finish = asars_finish,
    .restart = asars_restart,
    .forget = asars_forget,
    .state = asars_state,
    .close = asars_close,
};
