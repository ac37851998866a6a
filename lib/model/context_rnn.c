/* The contextual recurrent network (Twardowski 2016): embeddings of an event's item and contexts,
 * side by side, are the inputs of a GRU or LSTM, or are averaged,
 *
 *     h_t = RNN(v_1 .. v_t)   or   h_t = 1/t Σ_{j<=t} v_j,   v_j = [x_j; contexts of j]
 *
 * which is the paper's session model by matrix factorization.  Dense layers over h_t give z_t, from
 * which the output layer scores the items.
 *
 * The improved recurrent network (Tan et al. 2016) is the same one with a GRU, without contexts and
 * layers, and with a dropout of items. */
#include <limits.h>
#include <stddef.h>
#include <string.h>

#include "model/contexts.h"
#include "model/dense_layers.h"
#include "model/item_output.h"
#include "model/recurrent.h"
#include "model/windows.h"

struct context_rnn {
    bool mean;
    struct item_output output;
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

static const struct context_rnn_options improved_defaults = {
    .shared = {.embedding = 50,
               .dropout = 0.25,
               .item_dropout = 0.25,
               .decoder = "dense",
               .gru = "reset-after",
               .teacher_weight = 0.5,
               .teacher_temperature = 1,
               .postings = EVIDENCE_POSTINGS},
    .hidden = 100,
    .recurrent = "rnn",
};

static const struct option hidden_rows[] = {
    {OPTION_INT, .name = "hidden", .argument = "N", .recorded = true, .high = 65536,
     .at = offsetof(struct context_rnn_options, hidden),
     .help = "size of states; 0: as --embedding"},
    {0},
};

static const struct option recurrent_rows[] = {
    {OPTION_CHOICE, .name = "recurrent", .choices = "rnn|mean", .recorded = true,
     .labels = LABEL_VALUE, .at = offsetof(struct context_rnn_options, recurrent),
     .help = "what sums up the events: a recurrent network, or their mean"},
    {0},
};

/* One form more than other models have. */
static const struct option improved_decoder_rows[] = {
    {OPTION_CHOICE, .name = "decoder", .choices = "dense|tied|bilinear|embedding", .recorded = true,
     .labels = LABEL_VALUE, .at = offsetof(struct model_options, decoder),
     .help = "score items by a dense layer, by their embeddings, or by the angle to one"},
    {0},
};

static const struct option *const options[] = {
    model_size_rows,    model_item_dropout_rows, hidden_rows,         recurrent_rows,
    model_context_rows, model_cell_rows,         model_gru_rows,      dense_layer_rows,
    model_decoder_rows, model_wide_rows,         model_evidence_rows, NULL};
static const struct option *const improved_options[] = {
    model_size_rows, model_item_dropout_rows, hidden_rows,
    model_gru_rows,  improved_decoder_rows,   model_teacher_rows,
    model_wide_rows, model_evidence_rows,     NULL};

static int context_rnn_check(const struct model_options *o, struct err *e)
{
    bool lstm = !strcmp(o->cell, "lstm"), gru = strcmp(o->gru, defaults.shared.gru) != 0;
    bool mean = !strcmp(((const struct context_rnn_options *)o)->recurrent, "mean");
    if (mean && (lstm || gru))
        return err_set(e, STATUS_USAGE, "--%s %s: --recurrent mean has no recurrent layer",
                       lstm ? "cell" : "gru", lstm ? o->cell : o->gru);
    int status = recurrent_check(o, &defaults.shared, e);
    return status ? status : dense_layers_check(o, e);
}

static int improved_check(const struct model_options *o, struct err *e)
{
    if (item_output_aims(o) && o->wide)
        return err_set(e, STATUS_USAGE,
                       "--decoder embedding has an angle for a score, and --wide adds to scores: "
                       "leave one of them out");
    if (item_output_aims(o) && o->teacher)
        return err_set(
            e, STATUS_USAGE,
            "--decoder embedding learns from an angle, of which --teacher knows nothing: "
            "leave one of them out");
    if (!o->teacher && o->teacher_weight != improved_defaults.shared.teacher_weight)
        return err_set(e, STATUS_USAGE, "--teacher-weight needs --teacher FILE");
    if (!o->teacher && o->teacher_temperature != improved_defaults.shared.teacher_temperature)
        return err_set(e, STATUS_USAGE, "--teacher-temperature needs --teacher FILE");
    return 0;
}

/* ---- opening ---- */

static void context_rnn_open(struct model *m)
{
    const struct context_rnn_options *o = (const struct context_rnn_options *)m->options;
    struct context_rnn *r = mem_zero(1, sizeof *r);
    int width = (int)o->shared.embedding, state = (int)(o->hidden ? o->hidden : width);
    m->own = r;
    r->mean = !strcmp(o->recurrent, "mean");
    item_output_declare_items(&r->output, m);
    width += contexts_declare(&r->contexts, m);
    if (!r->mean)
        recurrent_declare(&r->recurrent, m, "session", 1, width, state);
    item_output_declare(&r->output, m,
                        dense_layers_declare(&r->layers, m, r->mean ? width : state));
}

static void context_rnn_close(struct model *m)
{
    struct context_rnn *r = m->own;
    contexts_release(&r->contexts);
    mem_free(r);
}

/* ---- the forward pass ---- */

/* A session is one sequence, whatever its length. */
static void context_rnn_forward(struct model *m, struct tape *t, const struct batch *b,
                                struct forward *f)
{
    struct context_rnn *r = m->own;
    float rate = (float)m->options->dropout;
    struct windows w = windows_make(t, b, INT_MAX, 0, m->options->item_dropout);
    const struct ragged *rows = tape_ragged(t, w.length, w.count);
    struct tensor *x = tape_dropout(t, item_output_rows(&r->output, t, w.input, w.total), rate);
    struct tensor *v = contexts_beside(&r->contexts, t, b, w.event, x);
    struct tensor *h = r->mean ? tape_dropout_of(t, tape_mean_up_to(t, v, rows), rate)
                               : recurrent_run(&r->recurrent, t, v, NULL, rows, rate, NULL);
    windows_forward(&w, f);
    item_output_state(&r->output, t, windows_targets(t, &w, dense_layers_run(&r->layers, t, h)), f);
    item_output_layer(&r->output, f);
}

static struct tensor *improved_items(const struct model *m, struct tape *t, struct tensor *rows)
{
    const struct context_rnn *r = m->own;
    return item_output_items(&r->output, t, rows);
}

extern const struct model_class context_rnn_class, improved_class;
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
const struct model_class improved_class = {
    .name = "improved",
    .purpose = "one session: a GRU over items, some of which training leaves out",
    .options_size = sizeof improved_defaults,
    .defaults = &improved_defaults,
    .options = improved_options,
    .check = improved_check,
    .open = context_rnn_open,
    .forward = context_rnn_forward,
    .items = improved_items,
    .close = context_rnn_close,
};
