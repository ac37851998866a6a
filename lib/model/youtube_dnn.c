/* The candidate generation of YouTube (Covington et al. 2016): dense layers over the mean of the
 * items so far, the user's embedding, and the contexts of the newest event,
 *
 *     z_t = L(... relu(W_0 [1/t Σ_{j<=t} x_j; e_u; contexts of t] + b_0)),  score_i = z_t · e_i +
 * b_i
 *
 * Without layers it is a mean of embeddings. */
#include <stddef.h>

#include "model/contexts.h"
#include "model/dense_layers.h"
#include "model/item_decoder.h"
#include "model/user_embedding.h"

struct youtube_dnn {
    struct item_decoder decoder;
    struct contexts contexts;
    const struct parameter *user; /* NULL: none */
    struct dense_layers layers;
};

/* ---- options ---- */

static const struct model_options defaults = {
    .embedding = 100,
    .dropout = 0.2,
    .decoder = "tied",
    .layers = "256,128",
    .dwell_of = "before",
    .postings = EVIDENCE_POSTINGS,
};

static const struct option *const options[] = {
    model_size_rows,    user_embedding_rows, model_context_rows,  dense_layer_rows,
    model_decoder_rows, model_wide_rows,     model_evidence_rows, NULL};

/* ---- opening ---- */

static void youtube_dnn_open(struct model *m)
{
    struct youtube_dnn *r = mem_zero(1, sizeof *r);
    int users = (int)m->options->users;
    m->own = r;
    item_decoder_declare_items(&r->decoder, m);
    if (users)
        r->user = user_embedding_declare(m, users);
    int width = (int)m->options->embedding + users + contexts_declare(&r->contexts, m);
    item_output_declare(&r->decoder.output, m, dense_layers_declare(&r->layers, m, width));
}

static void youtube_dnn_close(struct model *m)
{
    struct youtube_dnn *r = m->own;
    contexts_release(&r->contexts);
    mem_free(r);
}

/* ---- the forward pass ---- */

static void youtube_dnn_forward(struct model *m, struct tape *t, const struct batch *b,
                                struct forward *f)
{
    struct youtube_dnn *r = m->own;
    *f = (struct forward){0};
    item_decoder_read(&r->decoder, m, t, b, false, f);
    struct tensor *x = tape_mean_up_to(t, r->decoder.input, r->decoder.steps);
    if (r->user)
        x = tape_concat(t, (struct tensor *[]){x, user_rows(t, r->user, b, f)}, 2);
    x = dense_layers_run(&r->layers, t, contexts_beside(&r->contexts, t, b, r->decoder.event, x));
    item_decoder_output(&r->decoder, m, t, x, f);
}

extern const struct model_class youtube_dnn_class;
const struct model_class youtube_dnn_class = {
    .name = "youtube-dnn",
    .purpose = "one session: dense layers over the mean of its items",
    .options_size = sizeof defaults,
    .defaults = &defaults,
    .options = options,
    .check = dense_layers_check,
    .open = youtube_dnn_open,
    .forward = youtube_dnn_forward,
    .close = youtube_dnn_close,
};
