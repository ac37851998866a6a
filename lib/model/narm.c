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
    .shared = {.embedding = 100, .dropout = 0.2, .decoder = "bilinear", .gru = "reset-after"},
    .encoder = "hybrid",
    .feature_dropout = 0.5,
};

static const struct option own_rows[] = {
    {OPTION_INT, .name = "hidden", .argument = "N", .recorded = true, .high = 65536,
     .at = offsetof(struct narm_options, hidden), .help = "size of states; 0: as --embedding"},
    {OPTION_CHOICE, .name = "encoder", .choices = "global|local|hybrid", .recorded = true,
     .labels = true, .at = offsetof(struct narm_options, encoder),
     .help = "newest state (global), attention over states (local), or both"},
    {OPTION_REAL, .name = "feature-dropout", .argument = "RATE", .recorded = true, .high = 0.999,
     .at = offsetof(struct narm_options, feature_dropout),
     .help = "dropout rate before the decoder"},
    {0},
};

static const struct option *const options[] = {model_size_rows,    own_rows,        model_gru_rows,
                                               model_decoder_rows, model_wide_rows, NULL};

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

/* The GRU's input.  The first NARM_STEPS inputs of a session are one sequence, and each of its rows
 * predicts the next item.  Each later position has its own sequence of the NARM_STEPS inputs up to
 * it, and only the last row predicts. */
struct windows {
    int count, total, targets;
    int32_t *length; /* host [count] */
    int32_t *input;  /* host [total] */
    int32_t *row;    /* host [targets] the row that predicts each */
    int32_t *target; /* host [targets] */
    int32_t *owner;  /* host [targets] the session of each */
};

static int windows_of(int inputs)
{
    return inputs > NARM_STEPS ? 1 + inputs - NARM_STEPS : 1;
}

static struct windows make_windows(struct tape *t, const struct batch *b)
{
    struct windows w = {0};
    int count = 0, total = 0;
    for (size_t i = 0; i < b->length.len; i++) {
        int inputs = column_i32(b->length)[i] - 1;
        count += windows_of(inputs);
        total += inputs > NARM_STEPS ? windows_of(inputs) * NARM_STEPS : inputs > 0 ? inputs : 0;
    }
    w.length = tape_host(t, (size_t)count * sizeof *w.length);
    w.input = tape_host(t, (size_t)total * sizeof *w.input);
    w.row = tape_host(t, b->item.len * sizeof *w.row);
    w.target = tape_host(t, b->item.len * sizeof *w.target);
    w.owner = tape_host(t, b->item.len * sizeof *w.owner);
    const int32_t *item = column_i32(b->item);
    for (size_t i = 0; i < b->length.len; i++) {
        int events = column_i32(b->length)[i], inputs = events > 0 ? events - 1 : 0;
        int first = inputs < NARM_STEPS ? inputs : NARM_STEPS;
        w.length[w.count++] = first;
        memcpy(w.input + w.total, item, (size_t)first * sizeof *item);
        for (int j = 0; j < first; j++)
            w.row[w.targets + j] = w.total + j;
        w.total += first;
        for (int j = first; j < inputs; j++) {
            w.length[w.count++] = NARM_STEPS;
            memcpy(w.input + w.total, item + j + 1 - NARM_STEPS, NARM_STEPS * sizeof *item);
            w.total += NARM_STEPS;
            w.row[w.targets + j] = w.total - 1;
        }
        memcpy(w.target + w.targets, item + 1, (size_t)inputs * sizeof *item);
        for (int j = 0; j < inputs; j++)
            w.owner[w.targets + j] = (int32_t)i;
        w.targets += inputs;
        item += events;
    }
    return w;
}

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

/* Sets the attention weights of each target in *f. */
static void show_weights(struct tape *t, const struct windows *w,
                         const struct attention_weights *attention, struct forward *f)
{
    int32_t *at = tape_host(t, (size_t)w->targets * sizeof *at);
    int32_t *count = tape_host(t, (size_t)w->targets * sizeof *count);
    for (int i = 0; i < w->targets; i++) {
        at[i] = attention->at[w->row[i]];
        count[i] = attention->at[w->row[i] + 1] - at[i];
    }
    f->weight[LEVEL_ITEM] = attention->weight;
    f->weights[LEVEL_ITEM] = attention->total;
    f->item_at = at;
    f->item_count = count;
}

static void narm_forward(struct model *m, struct tape *t, const struct batch *b, struct forward *f)
{
    struct narm *r = m->own;
    const struct narm_options *o = own_options(m->options);
    struct windows w = make_windows(t, b);
    struct attention_weights attention = {0};
    const struct ragged *rows = tape_ragged(t, w.length, w.count);
    struct tensor *x = tape_rows_of(t, r->output.item, w.input, w.total);
    struct tensor *h =
        tape_gru(t, &r->gru, tape_dropout(t, x, (float)o->shared.dropout), NULL, rows);
    struct tensor *c = features(r, t, h, rows, &attention);
    if (w.total > w.targets) /* leave out rows that predict nothing */
        c = tape_gather(t, c, tape_rows(t, w.row, w.targets));
    c = tape_dropout(t, c, (float)o->feature_dropout);
    *f = (struct forward){.targets = w.targets, .target = w.target, .owner = w.owner};
    if (r->local)
        show_weights(t, &w, &attention, f);
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
