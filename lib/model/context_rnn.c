/* The contextual recurrent network (Twardowski 2016): embeddings of an event's item and contexts,
 * side by side, are the inputs of a GRU or LSTM, or are averaged,
 *
 *     h_t = RNN(v_1 .. v_t)   or   h_t = 1/t Σ_{j<=t} v_j,   v_j = [x_j; contexts of j]
 *
 * which is the paper's session model by matrix factorization.  Dense layers over h_t give z_t, from
 * which the output layer scores the items. */
#include <stddef.h>
#include <string.h>

#include "model/contexts.h"
#include "model/dense_layers.h"
#include "model/item_decoder.h"
#include "model/recurrent.h"

struct context_rnn {
    bool mean;
    struct item_decoder decoder;
    struct contexts contexts;
    struct recurrent recurrent;
    struct dense_layers layers;
};

/* ---- options ---- */

struct context_rnn_options {
    struct model_options shared;
    int64_t hidden;        /* size of states; 0: the embedding's */
    const char *recurrent; /* "rnn", "mean" */
};

static const struct context_rnn_options defaults = {
    .shared = {.embedding = 100,
               .dropout = 0.2,
               .decoder = "dense",
               .gru = "reset-after",
               .cell = "gru",
               .layers = "100",
               .dwell_of = "before",
               .postings = EVIDENCE_POSTINGS},
    .recurrent = "rnn",
};

static const struct option own_rows[] = {
    {OPTION_INT, .name = "hidden", .argument = "N", .recorded = true, .high = 65536,
     .at = offsetof(struct context_rnn_options, hidden),
     .help = "size of states; 0: as --embedding"},
    {OPTION_CHOICE, .name = "recurrent", .choices = "rnn|mean", .recorded = true,
     .labels = LABEL_VALUE, .at = offsetof(struct context_rnn_options, recurrent),
     .help = "what sums up the events: a recurrent network, or their mean"},
    {0},
};

static const struct option *const options[] = {
    model_size_rows,  own_rows,           model_context_rows, model_cell_rows,     model_gru_rows,
    dense_layer_rows, model_decoder_rows, model_wide_rows,    model_evidence_rows, NULL};

static int context_rnn_check(const struct model_options *o, struct err *e)
{
    int status = recurrent_check(o, &defaults.shared, e);
    return status ? status : dense_layers_check(o, e);
}

/* ---- opening ---- */

static void context_rnn_open(struct model *m)
{
    const struct context_rnn_options *o = (const struct context_rnn_options *)m->options;
    struct context_rnn *r = mem_zero(1, sizeof *r);
    int width = (int)o->shared.embedding, state = (int)(o->hidden ? o->hidden : width);
    m->own = r;
    r->mean = !strcmp(o->recurrent, "mean");
    item_decoder_declare_items(&r->decoder, m);
    width += contexts_declare(&r->contexts, m);
    if (!r->mean)
        recurrent_declare(&r->recurrent, m, "session", 1, width, state);
    item_output_declare(&r->decoder.output, m,
                        dense_layers_declare(&r->layers, m, r->mean ? width : state));
}

static void context_rnn_close(struct model *m)
{
    struct context_rnn *r = m->own;
    contexts_release(&r->contexts);
    mem_free(r);
}

/* ---- the forward pass ---- */

static void context_rnn_forward(struct model *m, struct tape *t, const struct batch *b,
                                struct forward *f)
{
    struct context_rnn *r = m->own;
    float rate = (float)m->options->dropout;
    *f = (struct forward){0};
    item_decoder_read(&r->decoder, m, t, b, false, f);
    const struct ragged *rows = r->decoder.steps;
    struct tensor *v = contexts_beside(&r->contexts, t, b, r->decoder.input);
    struct tensor *h = r->mean ? tape_dropout(t, tape_mean_up_to(t, v, rows), rate)
                               : recurrent_run(&r->recurrent, t, v, NULL, rows, rate, NULL);
    item_output_state(&r->decoder.output, t, dense_layers_run(&r->layers, t, h), f);
    item_output_layer(&r->decoder.output, f);
}

extern const struct model_class context_rnn_class;
const struct model_class context_rnn_class = {
    .name = "context-rnn",
    .purpose = "one session: a GRU, LSTM or mean over items with their contexts, dense layers",
    .options_size = sizeof defaults,
    .defaults = &defaults,
    .options = options,
    .check = context_rnn_check,
    .open = context_rnn_open,
    .forward = context_rnn_forward,
    .close = context_rnn_close,
};
