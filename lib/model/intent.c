/* The intent encoder-decoder (Loyola et al. 2017).  A GRU, by default one in each direction,
 * encodes a session's items; a second GRU decodes them step by step, from each item x_i, its
 * encoded state h_i and a sum c_i of all states, weighted by attention:
 *
 *     α_ij = softmax_j(aᵀ tanh(W d_{i-1} + U h_j)),  c_i = Σ_j α_ij h_j
 *     d_i = GRU([x_i; h_i; c_i], d_{i-1}),           d_0 = 0
 *
 * The output layer scores the items from the last d.  Encoded at once, as in the paper's figure, a
 * session's states hold the items that are to be predicted; so each position has the items up to it
 * for a session of its own, at most the last 19. */
#include <math.h>
#include <stddef.h>
#include <string.h>

#include "model/gru_encoder.h"
#include "model/item_decoder.h"
#include "model/windows.h"

enum { INTENT_STEPS = 19 };

struct intent {
    struct item_decoder decoder; /* its GRU is that of d */
    struct gru_encoder encoder;
    const struct parameter *query, *key, *energy; /* W, U, a */
};

/* ---- options ---- */

struct intent_options {
    struct model_options shared;
    int64_t hidden;      /* size of states, of each direction; 0: the embedding's */
    const char *encoder; /* "both", "forward" */
};

static const struct intent_options defaults = {
    .shared = {.embedding = 100,
               .dropout = 0.2,
               .decoder = "dense",
               .gru = "reset-after",
               .postings = EVIDENCE_POSTINGS},
    .encoder = "both",
};

static const struct option own_rows[] = {
    {OPTION_INT, .name = "hidden", .argument = "N", .recorded = true, .high = 65536,
     .at = offsetof(struct intent_options, hidden), .help = "size of states; 0: as --embedding"},
    {OPTION_CHOICE, .name = "encoder", .choices = "both|forward", .recorded = true,
     .labels = LABEL_VALUE, .at = offsetof(struct intent_options, encoder),
     .help = "read each position's items both ways, or a session once"},
    {0},
};

static const struct option *const options[] = {
    model_size_rows,     own_rows, model_gru_rows, model_decoder_rows, model_wide_rows,
    model_evidence_rows, NULL};

static bool intent_attends(const struct model_options *o)
{
    (void)o;
    return true;
}

/* ---- opening ---- */

static void intent_open(struct model *m)
{
    const struct intent_options *o = (const struct intent_options *)m->options;
    struct parameters *p = &m->parameters;
    struct intent *r = mem_zero(1, sizeof *r);
    int size = (int)o->shared.embedding, state = (int)(o->hidden ? o->hidden : size);
    bool both = !strcmp(o->encoder, "both");
    m->own = r;
    item_decoder_declare_items(&r->decoder, m);
    gru_encoder_declare(&r->encoder, p, "encoder_gru", size, state, both, model_reset_before(m), 0);
    int encoded = r->encoder.state;
    parameters_add_gru(p, &r->decoder.gru, "decoder_gru", size + 2 * encoded, state,
                       model_reset_before(m));
    r->query =
        parameters_add_matrix(p, "attention_query.weight", state, state, 1 / sqrtf((float)state));
    r->key =
        parameters_add_matrix(p, "attention_key.weight", state, encoded, 1 / sqrtf((float)encoded));
    r->energy =
        parameters_add_matrix(p, "attention_energy.weight", 1, state, 1 / sqrtf((float)state));
    item_output_declare(&r->decoder.output, m, state);
}

static void intent_close(struct model *m)
{
    mem_free(m->own);
}

/* ---- the forward pass ---- */

/* Which of the batch's inputs each row of the windows is.  Each session before has one event, its
 * last, that is no input. */
static const struct rows *inputs_of(struct tape *t, const struct windows *w)
{
    int32_t *input = tape_host_ints(t, (size_t)w->total);
    for (int i = 0, row = 0; i < w->targets; i++)
        for (; row <= w->row[i]; row++)
            input[row] = w->event[row] - w->owner[i];
    tape_share(t, input, w->total, NULL, input);
    return tape_rows(t, input, w->total);
}

/* d_i of all rows of the windows, [total, H]: x and h are the rows' own. */
static struct tensor *decoded(const struct intent *r, struct tape *t, struct tensor *x,
                              struct tensor *h, const struct ragged *rows,
                              struct attention_weights *weights)
{
    const struct tape_memory memory = {
        .rows = rows,
        .key = tape_linear(t, h, tape_parameter(t, r->key), NULL),
        .value = h,
        .query = tape_parameter(t, r->query),
        .scale = tape_parameter(t, r->energy),
    };
    struct tensor *in = tape_concat(t, (struct tensor *[]){x, h}, 2);
    return tape_gru_attend(t, &r->decoder.gru, in, NULL, rows, &memory, weights);
}

static void intent_forward(struct model *m, struct tape *t, const struct batch *b,
                           struct forward *f)
{
    struct intent *r = m->own;
    struct attention_weights weights;
    *f = (struct forward){0};
    item_decoder_read(&r->decoder, m, t, b, false, f);
    struct windows w = windows_of_prefixes(t, b, INTENT_STEPS);
    const struct ragged *rows = tape_ragged(t, w.length, w.count);
    const struct rows *inputs = inputs_of(t, &w);
    struct tensor *all = r->decoder.input, *x = tape_gather(t, all, inputs);
    struct tensor *h =
        r->encoder.both
            ? gru_encoder_run(&r->encoder, t, x, rows, NULL).states
            : tape_gather(t, gru_encoder_run(&r->encoder, t, all, r->decoder.steps, NULL).states,
                          inputs);
    struct tensor *d = decoded(r, t, x, h, rows, &weights);
    item_decoder_output(&r->decoder, m, t, windows_targets(t, &w, d), f);
    windows_weights(t, &w, &weights, f);
}

extern const struct model_class intent_class;
const struct model_class intent_class = {
    .name = "intent",
    .purpose = "one session: an encoder of both directions, and a decoder that attends to it",
    .options_size = sizeof defaults,
    .defaults = &defaults,
    .options = options,
    .attends = intent_attends,
    .open = intent_open,
    .forward = intent_forward,
    .close = intent_close,
};
