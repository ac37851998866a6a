/* Short-term attention/memory priority (Liu et al. 2018): what a session is about, from all of its
 * inputs, times what it is about now, from the last one.  With x_j the embedding of input j,
 *
 *     m_t = 1/t Σ_{j<=t} x_j
 *     a_t = Σ_{j<=t} α_tj x_j,  α_tj = w₀ · σ(W₁ x_j + W₂ x_t + W₃ m_t + b_a)
 *     s_t = tanh(W_s a_t + b_s),  l_t = tanh(W_t x_t + b_t)
 *
 *     STAMP   score_i = x_i · (s_t ∘ l_t)
 *     STMP    the same with m_t in place of a_t
 *     STMO    score_i = x_i · l_t
 *
 * Every position of a session is trained from the items up to it, at most the last --max-positions.
 * The paper's σ over scores is left out, as in the authors' code: a softmax over numbers between 0
 * and 1 could give no item more than e / (e + N - 1). */
#include <stddef.h>

#include "model/windows.h"

extern const struct model_class stamp_class, stmp_class, stmo_class;

struct mlp_cell {
    const struct parameter *weight, *bias; /* [E, E], [E] */
};

struct stamp {
    const struct parameter *item;                  /* [N, E], also the output layer */
    struct mlp_cell memory, last;                  /* memory: STAMP and STMP */
    const struct parameter *key, *query, *of_mean; /* W₁, W₂, W₃ [E, E]; STAMP */
    const struct parameter *query_bias, *energy;   /* b_a [E], w₀ [1, E]; STAMP */
};

/* ---- options ---- */

struct stamp_options {
    struct model_options shared;
    int64_t positions;
    bool add_mean;
};

static const struct stamp_options defaults = {
    .shared = {.embedding = 100, .postings = EVIDENCE_POSTINGS},
    .positions = 50,
};

static const struct option position_rows[] = {
    {OPTION_INT, .name = "max-positions", .argument = "N", .recorded = true, .low = 1,
     .high = 65536, .at = offsetof(struct stamp_options, positions),
     .help = "how many of the newest events a prediction sees"},
    {0},
};

static const struct option mean_rows[] = {
    {OPTION_FLAG, .name = "add-mean", .recorded = true, .labels = LABEL_NAMED,
     .at = offsetof(struct stamp_options, add_mean),
     .help = "add the mean of the events to their weighted sum"},
    {0},
};

static const struct option *const stamp_tables[] = {
    model_size_rows, model_item_dropout_rows, position_rows, mean_rows,
    model_wide_rows, model_evidence_rows,     NULL};
static const struct option *const stmp_tables[] = {model_size_rows,     model_item_dropout_rows,
                                                   position_rows,       model_wide_rows,
                                                   model_evidence_rows, NULL};
static const struct option *const stmo_tables[] = {model_size_rows, model_item_dropout_rows,
                                                   model_wide_rows, model_evidence_rows, NULL};

static bool stamp_attends(const struct model_options *o)
{
    (void)o;
    return true;
}

/* ---- opening ---- */

/* Uniform values with the standard deviations of the authors' code: 0.002 and 0.05. */
static const float item_bound = 0.0035f, matrix_bound = 0.087f;

static const struct parameter *declare_matrix(struct model *m, const char *name, int64_t rows)
{
    return parameters_add_matrix(&m->parameters, name, rows, m->options->embedding, matrix_bound);
}

static void declare_attention(struct stamp *r, struct model *m)
{
    int64_t size = m->options->embedding;
    r->key = declare_matrix(m, "attention_item.weight", size);
    r->query = declare_matrix(m, "attention_last.weight", size);
    r->of_mean = declare_matrix(m, "attention_mean.weight", size);
    r->query_bias = parameters_add_vector(&m->parameters, "attention.bias", size, 0);
    r->energy = declare_matrix(m, "attention_energy.weight", 1);
}

static void stamp_open(struct model *m)
{
    struct parameters *p = &m->parameters;
    struct stamp *r = mem_zero(1, sizeof *r);
    int64_t size = m->options->embedding;
    m->own = r;
    r->item = parameters_add_items(p, "item_embedding.weight", m->data.items, size, item_bound);
    parameter_spread((struct parameter *)r->item);
    if (m->class == &stamp_class)
        declare_attention(r, m);
    if (m->class != &stmo_class) {
        r->memory.weight = declare_matrix(m, "memory.weight", size);
        r->memory.bias = parameters_add_vector(p, "memory.bias", size, 0);
    }
    r->last.weight = declare_matrix(m, "last.weight", size);
    r->last.bias = parameters_add_vector(p, "last.bias", size, 0);
}

static void stamp_close(struct model *m)
{
    mem_free(m->own);
}

/* ---- the forward pass ---- */

/* tanh(W x + b) */
static struct tensor *apply(struct tape *t, const struct mlp_cell *c, struct tensor *x)
{
    return tape_activate(
        t, ACTIVATION_TANH,
        tape_linear(t, x, tape_parameter(t, c->weight), tape_parameter(t, c->bias)));
}

/* a_t of each row: [total, E] */
static struct tensor *attend(const struct stamp *r, struct tape *t, struct tensor *x,
                             struct tensor *mean, const struct ragged *rows,
                             struct attention_weights *weights)
{
    struct tensor *query = tape_linear(t, x, tape_parameter(t, r->query), NULL);
    struct tensor *key = tape_linear(t, x, tape_parameter(t, r->key), NULL);
    query = tape_add(
        t, query,
        tape_linear(t, mean, tape_parameter(t, r->of_mean), tape_parameter(t, r->query_bias)));
    return tape_attend_up_to(t, query, key, tape_parameter(t, r->energy), x, rows, weights);
}

/* What the session is about so far, a_t or m_t: [total, E] */
static struct tensor *memory(struct model *m, struct tape *t, struct tensor *x,
                             const struct windows *w, struct forward *f)
{
    const struct stamp_options *o = (const struct stamp_options *)m->options;
    const struct ragged *rows = tape_ragged(t, w->length, w->count);
    struct attention_weights weights;
    struct tensor *mean = tape_mean_up_to(t, x, rows);
    if (m->class == &stmp_class)
        return mean;
    struct tensor *sum = attend(m->own, t, x, mean, rows, &weights);
    windows_weights(t, w, &weights, f);
    return o->add_mean ? tape_add(t, sum, mean) : sum;
}

static void stamp_forward(struct model *m, struct tape *t, const struct batch *b, struct forward *f)
{
    const struct stamp *r = m->own;
    const struct stamp_options *o = (const struct stamp_options *)m->options;
    bool alone = m->class == &stmo_class; /* the last input */
    struct windows w = windows_make(t, b, alone ? 1 : (int)o->positions, 0, o->shared.item_dropout);
    struct tensor *x =
        tape_dropout(t, tape_rows_of(t, r->item, w.input, w.total), (float)o->shared.dropout);
    windows_forward(&w, f);
    f->state = apply(t, &r->last, windows_targets(t, &w, x));
    if (!alone) {
        struct tensor *s = windows_targets(t, &w, memory(m, t, x, &w, f));
        f->state = tape_multiply(t, apply(t, &r->memory, s), f->state);
    }
    f->output = r->item;
}

const struct model_class stamp_class = {
    .name = "stamp",
    .purpose = "one session: attention that knows its mean, times its last item",
    .options_size = sizeof defaults,
    .defaults = &defaults,
    .options = stamp_tables,
    .attends = stamp_attends,
    .open = stamp_open,
    .forward = stamp_forward,
    .close = stamp_close,
};

const struct model_class stmp_class = {
    .name = "stmp",
    .purpose = "one session: the mean of its items times its last item",
    .options_size = sizeof defaults,
    .defaults = &defaults,
    .options = stmp_tables,
    .open = stamp_open,
    .forward = stamp_forward,
    .close = stamp_close,
};

const struct model_class stmo_class = {
    .name = "stmo",
    .purpose = "the last item of a session alone",
    .options_size = sizeof defaults,
    .defaults = &defaults,
    .options = stmo_tables,
    .open = stamp_open,
    .forward = stamp_forward,
    .close = stamp_close,
};
