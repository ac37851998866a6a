/* RIB: a session as micro-behaviours, events with an action and a dwell time (Zhou et al. 2018).
 * Embeddings of an event's item and contexts, side by side, are the input of a GRU; attention that
 * looks at each state alone sums the states so far:
 *
 *     e_j = vᵀ tanh(W h_j + b),  α_tj = softmax_{j <= t}(e_j),  o_t = Σ_{j<=t} α_tj h_j
 *
 * or with weights of their own, α_tj = σ(e_j).  The output layer scores the items from o_t.
 */
#include <math.h>
#include <stddef.h>
#include <string.h>

#include "model/contexts.h"
#include "model/item_decoder.h"

struct rib {
    bool sigmoid;
    struct item_decoder decoder;
    struct contexts contexts;
    const struct parameter *weight, *bias, *energy; /* W, b, v */
};

/* ---- options ---- */

struct rib_options {
    struct model_options shared;
    int64_t hidden;        /* size of states; 0: the embedding's */
    const char *normalize; /* "softmax", "sigmoid" */
};

static const struct rib_options defaults = {
    .shared = {.embedding = 100,
               .dropout = 0.2,
               .decoder = "dense",
               .gru = "reset-after",
               .dwell_of = "before",
               .postings = EVIDENCE_POSTINGS},
    .normalize = "softmax",
};

static const struct option own_rows[] = {
    {OPTION_INT, .name = "hidden", .argument = "N", .recorded = true, .high = 65536,
     .at = offsetof(struct rib_options, hidden), .help = "size of states; 0: as --embedding"},
    {OPTION_CHOICE, .name = "normalize", .choices = "softmax|sigmoid", .recorded = true,
     .labels = LABEL_VALUE, .at = offsetof(struct rib_options, normalize),
     .help = "weights of states that add up to 1, or each on its own"},
    {0},
};

static const struct option *const options[] = {
    model_size_rows,    own_rows,        model_context_rows,  model_gru_rows,
    model_decoder_rows, model_wide_rows, model_evidence_rows, NULL};

static const struct rib_options *own_options(const struct model_options *o)
{
    return (const struct rib_options *)o;
}

static bool rib_attends(const struct model_options *o)
{
    (void)o;
    return true;
}

/* ---- opening ---- */

static void rib_open(struct model *m)
{
    const struct rib_options *o = own_options(m->options);
    struct parameters *p = &m->parameters;
    struct rib *r = mem_zero(1, sizeof *r);
    int size = (int)o->shared.embedding, state = (int)(o->hidden ? o->hidden : size);
    float bound = 1 / sqrtf((float)state);
    m->own = r;
    r->sigmoid = !strcmp(o->normalize, "sigmoid");
    item_decoder_declare_items(&r->decoder, m);
    size += contexts_declare(&r->contexts, m);
    parameters_add_gru(p, &r->decoder.gru, "gru", size, state, model_reset_before(m));
    r->weight = parameters_add_matrix(p, "attention.weight", state, state, bound);
    r->bias = parameters_add_vector(p, "attention.bias", state, bound);
    r->energy = parameters_add_matrix(p, "attention_energy.weight", 1, state, bound);
    item_output_declare(&r->decoder.output, m, state);
}

static void rib_close(struct model *m)
{
    struct rib *r = m->own;
    contexts_release(&r->contexts);
    mem_free(r);
}

/* ---- the forward pass ---- */

/* o_t of all rows: [T, H] */
static struct tensor *attended(const struct rib *r, struct tape *t, struct tensor *h,
                               const struct ragged *rows, struct attention_weights *weights)
{
    struct tensor *y = tape_linear(t, h, tape_parameter(t, r->weight), tape_parameter(t, r->bias));
    y = tape_activate(t, ACTIVATION_TANH, y);
    struct tensor *e = tape_linear(t, y, tape_parameter(t, r->energy), NULL);
    return r->sigmoid ? tape_sigmoid_up_to(t, e, h, rows, weights)
                      : tape_soften_up_to(t, e, h, rows, weights);
}

static void rib_forward(struct model *m, struct tape *t, const struct batch *b, struct forward *f)
{
    struct rib *r = m->own;
    struct attention_weights weights;
    *f = (struct forward){0};
    item_decoder_read(&r->decoder, m, t, b, false, f);
    const struct ragged *rows = r->decoder.steps;
    struct tensor *x = contexts_beside(&r->contexts, t, b, r->decoder.event, r->decoder.input);
    struct tensor *h = tape_gru(t, &r->decoder.gru, x, NULL, rows);
    item_decoder_output(&r->decoder, m, t, attended(r, t, h, rows, &weights), f);
    item_decoder_weights(&r->decoder, t, &weights, f);
}

extern const struct model_class rib_class;
const struct model_class rib_class = {
    .name = "rib",
    .purpose = "one session: a GRU over items with their contexts, and attention over its states",
    .options_size = sizeof defaults,
    .defaults = &defaults,
    .options = options,
    .attends = rib_attends,
    .open = rib_open,
    .forward = rib_forward,
    .close = rib_close,
};
