/* The intent encoder-decoder (Loyola et al. 2017).  A GRU, by default one in each direction,
 * encodes a session's items; a second GRU decodes them step by step, from each item x_i, its
 * encoded state h_i and a sum c_i of all states, weighted by attention:
 *
 *     α_ij = softmax_j(aᵀ tanh(W d_{i-1} + U h_j)),  c_i = Σ_j α_ij h_j
 *     d_i = GRU([x_i; h_i; c_i], d_{i-1}),           d_0 = 0
 *
 * The output layer scores the items from the last d.  Encoded at once, as in the paper's figure, a
 * session's states hold the items that are to be predicted; so each position has the items up to it
 * for a session of its own, at most the last 19.
 *
 * With --intent a second output says from the last states whether the session holds one of some
 * actions, such as a purchase, at any of its events:
 *
 *     l = softmax(V tanh(U' [h_i; c_i]) + b)
 *
 * Its cross-entropy, times --intent-weight, is added to the loss. */
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
    const struct parameter *mixed, *label, *bias; /* U', V, b; NULL: no second output */
};

/* ---- options ---- */

struct intent_options {
    struct model_options shared;
    int64_t hidden;      /* size of states, of each direction; 0: the embedding's */
    const char *encoder; /* "both", "forward" */
    double weight;       /* of the second output's loss */
};

static const struct intent_options defaults = {
    .shared = {.embedding = 100,
               .dropout = 0.2,
               .decoder = "dense",
               .gru = "reset-after",
               .postings = EVIDENCE_POSTINGS},
    .encoder = "both",
    .weight = 1,
};

static const struct option own_rows[] = {
    {OPTION_INT, .name = "hidden", .argument = "N", .recorded = true, .high = 65536,
     .at = offsetof(struct intent_options, hidden), .help = "size of states; 0: as --embedding"},
    {OPTION_CHOICE, .name = "encoder", .choices = "both|forward", .recorded = true,
     .labels = LABEL_VALUE, .at = offsetof(struct intent_options, encoder),
     .help = "read each position's items both ways, or a session once"},
    {OPTION_TEXT, .name = "intent", .argument = "ACTIONS", .recorded = true, .labels = LABEL_VALUE,
     .at = offsetof(struct intent_options, shared.intent),
     .help = "say too whether a session holds one of these actions"},
    {OPTION_REAL, .name = "intent-weight", .argument = "L", .recorded = true, .high = 1e6,
     .at = offsetof(struct intent_options, weight), .help = "weight of the loss of --intent"},
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

/* Whether the list has a name between any two commas. */
static bool is_list(const char *text)
{
    size_t len = strlen(text);
    return len && text[0] != ',' && text[len - 1] != ',' && !strstr(text, ",,");
}

static int intent_check(const struct model_options *o, struct err *e)
{
    const struct intent_options *own = (const struct intent_options *)o;
    if (!o->intent && own->weight != defaults.weight)
        return err_set(e, STATUS_USAGE, "--intent-weight is for a second output: give --intent");
    return !o->intent || is_list(o->intent)
               ? 0
               : err_set(e, STATUS_USAGE,
                         "--intent %s: give actions with commas between, such as buy,order",
                         o->intent);
}

/* ---- opening ---- */

static void declare_second(struct intent *r, struct parameters *p, int state, int encoded)
{
    float far = 1 / sqrtf((float)state);
    r->mixed = parameters_add_matrix(p, "intent_hidden.weight", state, 2 * encoded,
                                     1 / sqrtf((float)(2 * encoded)));
    r->label = parameters_add_matrix(p, "intent.weight", 2, state, far);
    r->bias = parameters_add_matrix(p, "intent.bias", 1, 2, far);
}

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
    if (o->shared.intent)
        declare_second(r, p, state, encoded);
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

/* What the rows of the windows are made into: items x [total, E], encoded states h [total, C] with
 * key [total, H] = U h, decoded states d [total, H]. */
struct rows_of_windows {
    const struct windows *w;
    const struct ragged *rows;
    struct tensor *x, *h, *key, *d;
};

static struct tensor *decoded(const struct intent *r, struct tape *t,
                              const struct rows_of_windows *of, struct attention_weights *weights)
{
    const struct tape_memory memory = {
        .rows = of->rows,
        .key = of->key,
        .value = of->h,
        .query = tape_parameter(t, r->query),
        .scale = tape_parameter(t, r->energy),
    };
    struct tensor *in = tape_concat(t, (struct tensor *[]){of->x, of->h}, 2);
    return tape_gru_attend(t, &r->decoder.gru, in, NULL, of->rows, &memory, weights);
}

/* c_i of the last step of each window that predicts: [targets, C]. */
static struct tensor *last_sums(const struct intent *r, struct tape *t,
                                const struct rows_of_windows *of)
{
    const struct windows *w = of->w;
    int32_t *before = tape_host_ints(t, (size_t)w->count);
    int32_t *window = tape_host_ints(t, (size_t)w->total);
    int32_t *predicts = tape_host_ints(t, (size_t)w->targets);
    for (int i = 0, row = 0, target = 0; i < w->count; i++) {
        int end = row + w->length[i];
        if (w->length[i])
            predicts[target++] = i;
        before[i] = w->length[i] > 1 ? end - 2 : -1;
        while (row < end)
            window[row++] = i;
    }
    struct tensor *query = tape_linear(t, tape_gather(t, of->d, tape_rows(t, before, w->count)),
                                       tape_parameter(t, r->query), NULL);
    struct tensor *key =
        tape_add(t, of->key, tape_gather(t, query, tape_rows(t, window, w->total)));
    struct tensor *c =
        tape_attend(t, key, tape_parameter(t, r->energy), of->h, of->rows, NULL, NULL);
    return tape_gather(t, c, tape_rows(t, predicts, w->targets));
}

static void second_output(const struct model *m, struct tape *t, const struct batch *b,
                          const struct rows_of_windows *of, struct forward *f)
{
    const struct intent *r = m->own;
    int32_t *label = tape_host_ints(t, (size_t)f->targets);
    for (int i = 0; i < f->targets; i++)
        label[i] = column_u8(b->intent)[f->owner[i]];
    struct tensor *last[] = {windows_targets(t, of->w, of->h), last_sums(r, t, of)};
    struct tensor *mixed =
        tape_linear(t, tape_concat(t, last, 2), tape_parameter(t, r->mixed), NULL);
    f->intent.state = tape_activate(t, ACTIVATION_TANH, mixed);
    f->intent.weight = tape_parameter(t, r->label);
    f->intent.bias = tape_parameter(t, r->bias);
    f->intent.label = label;
    f->intent.factor = (float)((const struct intent_options *)m->options)->weight;
}

static void intent_forward(struct model *m, struct tape *t, const struct batch *b,
                           struct forward *f)
{
    struct intent *r = m->own;
    struct attention_weights weights;
    *f = (struct forward){0};
    item_decoder_read(&r->decoder, m, t, b, false, f);
    struct windows w = windows_of_prefixes(t, b, INTENT_STEPS);
    struct rows_of_windows of = {.w = &w, .rows = tape_ragged(t, w.length, w.count)};
    const struct rows *inputs = inputs_of(t, &w);
    struct tensor *all = r->decoder.input;
    of.x = tape_gather(t, all, inputs);
    of.h = r->encoder.both
               ? gru_encoder_run(&r->encoder, t, of.x, of.rows, NULL).states
               : tape_gather(t, gru_encoder_run(&r->encoder, t, all, r->decoder.steps, NULL).states,
                             inputs);
    of.key = tape_linear(t, of.h, tape_parameter(t, r->key), NULL);
    of.d = decoded(r, t, &of, &weights);
    item_decoder_output(&r->decoder, m, t, windows_targets(t, &w, of.d), f);
    windows_weights(t, &w, &weights, f);
    if (r->label && b->intent.at && f->targets)
        second_output(m, t, b, &of, f);
}

extern const struct model_class intent_class;
const struct model_class intent_class = {
    .name = "intent",
    .purpose = "one session: an encoder of both directions, and a decoder that attends to it",
    .options_size = sizeof defaults,
    .defaults = &defaults,
    .options = options,
    .check = intent_check,
    .attends = intent_attends,
    .open = intent_open,
    .forward = intent_forward,
    .close = intent_close,
};
