/* The neural attentive recommendation machine (Li et al. 2017).  A GRU reads the session's items.
 * The global encoder takes its newest state h, the local encoder a weighted sum over all states so
 * far:
 *
 *     c_t = [h_t ; Σ_{j<=t} α_tj h_j],  α_tj = vᵀ σ(A₁ h_t + A₂ h_j)        (eq. 6 to 9)
 *
 * The decoder scores the items by their embeddings, score_i = emb_iᵀ B c_t (eq. 10), or by another
 * form of output layer.  Every position of a session is trained from the items up to it, at most
 * the last 19. */
#include <math.h>
#include <stddef.h>
#include <string.h>

#include "model/item_output.h"
#include "model/windows.h"

enum { NARM_STEPS = 19 };

struct narm {
    bool global, local; /* both: hybrid */
    struct item_output output;
    struct gru gru;
    const struct parameter *energy, *query, *key;
};

/* ---- options ---- */

struct narm_options {
    struct model_options shared;
    int64_t hidden;         /* size of states; 0: the embedding's */
    const char *encoder;    /* "global", "local", "hybrid" */
    double feature_dropout; /* of c_t, before the decoder */
};

static const struct narm_options defaults = {
    .shared = {.embedding = 100,
               .dropout = 0.2,
               .decoder = "bilinear",
               .gru = "reset-after",
               .postings = EVIDENCE_POSTINGS},
    .encoder = "hybrid",
    .feature_dropout = 0.5,
};

static const struct option own_rows[] = {
    {OPTION_INT, .name = "hidden", .argument = "N", .recorded = true, .high = 65536,
     .at = offsetof(struct narm_options, hidden), .help = "size of states; 0: as --embedding"},
    {OPTION_CHOICE, .name = "encoder", .choices = "global|local|hybrid", .recorded = true,
     .labels = LABEL_VALUE, .at = offsetof(struct narm_options, encoder),
     .help = "newest state (global), attention over states (local), or both"},
    {OPTION_REAL, .name = "feature-dropout", .argument = "RATE", .recorded = true, .high = 0.999,
     .at = offsetof(struct narm_options, feature_dropout),
     .help = "dropout rate before the decoder"},
    {0},
};

static const struct option *const options[] = {
    model_size_rows, model_item_dropout_rows, own_rows, model_gru_rows, model_decoder_rows,
    model_wide_rows, model_evidence_rows,     NULL};

static const struct narm_options *own_options(const struct model_options *o)
{
    return (const struct narm_options *)o;
}

static bool narm_attends(const struct model_options *o)
{
    return strcmp(own_options(o)->encoder, "global") != 0;
}

/* ---- opening ---- */

static void declare(struct narm *r, struct model *m)
{
    struct parameters *p = &m->parameters;
    const struct narm_options *o = own_options(m->options);
    int size = (int)o->shared.embedding, state = (int)(o->hidden ? o->hidden : size);
    int wide = r->global && r->local ? 2 * state : state;
    float bound = 1 / sqrtf((float)state);
    item_output_declare_items(&r->output, m);
    parameters_add_gru(p, &r->gru, "gru", size, state, model_reset_before(m));
    if (r->local) {
        r->query = parameters_add_matrix(p, "attention_query.weight", state, state, bound);
        r->key = parameters_add_matrix(p, "attention_key.weight", state, state, bound);
        r->energy = parameters_add_matrix(p, "attention_energy.weight", 1, state, bound);
    }
    item_output_declare(&r->output, m, wide);
}

static void narm_open(struct model *m)
{
    const struct narm_options *o = own_options(m->options);
    struct narm *r = mem_zero(1, sizeof *r);
    m->own = r;
    r->global = strcmp(o->encoder, "local") != 0;
    r->local = strcmp(o->encoder, "global") != 0;
    declare(r, m);
}

static void narm_close(struct model *m)
{
    mem_free(m->own);
}

/* ---- the forward pass ---- */

/* c_t of all rows: [rows, H or 2H] */
static struct tensor *features(const struct narm *r, struct tape *t, struct tensor *h,
                               const struct ragged *rows, struct attention_weights *attention)
{
    struct tensor *part[2];
    int parts = 0;
    if (r->global)
        part[parts++] = h;
    if (r->local) {
        struct tensor *query = tape_linear(t, h, tape_parameter(t, r->query), NULL);
        struct tensor *key = tape_linear(t, h, tape_parameter(t, r->key), NULL);
        part[parts++] =
            tape_attend_up_to(t, query, key, tape_parameter(t, r->energy), h, rows, attention);
    }
    return tape_concat(t, part, parts);
}

static void narm_forward(struct model *m, struct tape *t, const struct batch *b, struct forward *f)
{
    struct narm *r = m->own;
    const struct narm_options *o = own_options(m->options);
    struct windows w = windows_make(t, b, NARM_STEPS, 0, o->shared.item_dropout);
    struct attention_weights attention = {0};
    const struct ragged *rows = tape_ragged(t, w.length, w.count);
    struct tensor *x = tape_rows_of(t, r->output.item, w.input, w.total);
    struct tensor *h =
        tape_gru(t, &r->gru, tape_dropout(t, x, (float)o->shared.dropout), NULL, rows);
    struct tensor *c = features(r, t, h, rows, &attention);
    c = tape_dropout(t, windows_targets(t, &w, c), (float)o->feature_dropout);
    windows_forward(&w, f);
    if (r->local)
        windows_weights(t, &w, &attention, f);
    item_output_state(&r->output, t, c, f);
    item_output_layer(&r->output, f);
}

extern const struct model_class narm_class;
const struct model_class narm_class = {
    .name = "narm",
    .purpose = "one session: a GRU, and attention over its states without softmax",
    .options_size = sizeof defaults,
    .defaults = &defaults,
    .options = options,
    .attends = narm_attends,
    .open = narm_open,
    .forward = narm_forward,
    .close = narm_close,
};
