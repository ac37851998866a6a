/* Session-aware information embedding (Wu & Yan 2017): two layers make a session's vector of the
 * means of its items, one mean for each action, and two other layers an item's vector of its
 * embedding; an item's score is their product:
 *
 *     u_t = [mean of x_j, j <= t with action a, for each action a]     zeros where there is none
 *     s_t = W₁ relu(W₀ u_t + b₀) + b₁
 *     v_i = V₁ relu(V₀ e_i + c₀)
 *     score_i = s_t · v_i
 *
 * A bias c₁ would add the same number to all scores of a position.  The loss is the list's: the
 * cross-entropy of the softmax over all items or over candidates, which is the top-one probability
 * of ListNet with one relevant item. */
#include <math.h>
#include <stddef.h>
#include <string.h>

#include "model/contexts.h"
#include "model/item_decoder.h"

struct session_embedding {
    struct item_decoder decoder;
    struct contexts contexts; /* what tells actions apart: one, or none */
    int codes;                /* of it */
    /* W₀: [H, E], or [codes, H, E] in blocks of u's parts; b₀, W₁, b₁ */
    const struct parameter *first, *first_bias, *second, *second_bias;
    const struct parameter *item, *item_bias, *item_second; /* V₀, c₀, V₁; NULL: no layers */
};

/* ---- options ---- */

struct session_embedding_options {
    struct model_options shared;
    int64_t hidden; /* size of layers; 0: the embedding's */
};

static const struct session_embedding_options defaults = {
    .shared = {.embedding = 100,
               .dropout = 0.2,
               .decoder = "layers",
               .dwell_of = "before",
               .postings = EVIDENCE_POSTINGS},
};

static const struct option own_rows[] = {
    {OPTION_INT, .name = "hidden", .argument = "N", .recorded = true, .high = 65536,
     .at = offsetof(struct session_embedding_options, hidden),
     .help = "size of layers; 0: as --embedding"},
    {OPTION_CHOICE, .name = "decoder", .choices = "layers|dense", .recorded = true,
     .labels = LABEL_VALUE, .at = offsetof(struct model_options, decoder),
     .help = "score items by layers over their embeddings, or by a dense one"},
    {0},
};

static const struct option *const options[] = {
    model_size_rows, own_rows, model_context_rows, model_wide_rows, model_evidence_rows, NULL};

static int session_embedding_check(const struct model_options *o, struct err *e)
{
    if (!o->context || !strpbrk(o->context, ",:"))
        return 0;
    return err_set(e, STATUS_USAGE,
                   "--context %s: --model session-embedding tells events apart by one key, which "
                   "has no size: give action, or another one",
                   o->context);
}

/* ---- opening ---- */

/* A block of W₀ for each code, as rows of a table that has the codes' names. */
static const struct parameter *declare_blocks(struct session_embedding *r, struct model *m,
                                              int size, int state, float bound)
{
    const int64_t shape[] = {r->codes, state, size};
    char *name = contexts_parameter(r->contexts.key[0].name);
    const struct parameter *p = parameters_add(&m->parameters, name, 3, shape, bound);
    mem_free(name);
    return p;
}

static void declare_session(struct session_embedding *r, struct model *m, int size, int state)
{
    struct parameters *p = &m->parameters;
    float in = 1 / sqrtf((float)size), inner = 1 / sqrtf((float)state);
    struct err unused; /* the options are checked */
    contexts_parse(&r->contexts, m->options->context, &unused);
    r->codes = r->contexts.count ? m->data.context_codes[0] : 1;
    r->first = r->contexts.count ? declare_blocks(r, m, size, state, in)
                                 : parameters_add_matrix(p, "session0.weight", state, size, in);
    r->first_bias = parameters_add_vector(p, "session0.bias", state, in);
    r->second = parameters_add_matrix(p, "session1.weight", state, state, inner);
    r->second_bias = parameters_add_vector(p, "session1.bias", state, inner);
}

static void declare_items(struct session_embedding *r, struct model *m, int size, int state)
{
    struct parameters *p = &m->parameters;
    float in = 1 / sqrtf((float)size), inner = 1 / sqrtf((float)state);
    r->item = parameters_add_matrix(p, "item0.weight", state, size, in);
    r->item_bias = parameters_add_vector(p, "item0.bias", state, in);
    r->item_second = parameters_add_matrix(p, "item1.weight", state, state, inner);
    r->decoder.output.weight = r->decoder.output.item;
    parameter_spread((struct parameter *)r->decoder.output.item);
}

static void session_embedding_open(struct model *m)
{
    const struct session_embedding_options *o =
        (const struct session_embedding_options *)m->options;
    struct session_embedding *r = mem_zero(1, sizeof *r);
    int size = (int)o->shared.embedding, state = (int)(o->hidden ? o->hidden : size);
    m->own = r;
    item_decoder_declare_items(&r->decoder, m);
    declare_session(r, m, size, state);
    if (!strcmp(o->shared.decoder, "layers"))
        declare_items(r, m, size, state);
    else
        item_output_declare(&r->decoder.output, m, state);
}

static void session_embedding_close(struct model *m)
{
    struct session_embedding *r = m->own;
    contexts_release(&r->contexts);
    mem_free(r);
}

/* ---- the forward pass ---- */

/* Which inputs have an action: `row` their own number, -1 elsewhere; and what makes of the mean of
 * all inputs so far, with zeros for those of others, the mean of these: 0 where there is none. */
static void choose_action(const struct session_embedding *r, const struct batch *b, int32_t action,
                          int32_t *row, float *factor)
{
    const int32_t *code = column_i32(b->context[0]);
    int32_t input = 0;
    for (size_t s = 0; s < b->length.len; code += column_i32(b->length)[s++])
        for (int32_t j = 0, found = 0; j < r->decoder.length[s]; j++, input++) {
            found += code[j] == action;
            row[input] = code[j] == action ? input : -1;
            factor[input] = found ? (float)(j + 1) / (float)found : 0;
        }
}

/* The mean of the inputs so far that have the action: [T, E]. */
static struct tensor *mean_of_action(const struct session_embedding *r, struct tape *t,
                                     const struct batch *b, struct tensor *x, int32_t action)
{
    int32_t *row = tape_host_ints(t, (size_t)x->rows);
    float *factor = tape_host(t, (size_t)x->rows * sizeof *factor);
    choose_action(r, b, action, row, factor);
    struct tensor *own = tape_gather(t, x, tape_rows(t, row, x->rows));
    return tape_scale_rows(t, tape_mean_up_to(t, own, r->decoder.steps),
                           tape_numbers(t, factor, x->rows, 1));
}

/* W₀ u_t + b₀ [T, H], one block of W₀ after another. */
static struct tensor *first_layer(const struct session_embedding *r, struct tape *t,
                                  const struct batch *b, struct tensor *x)
{
    struct tensor *weight = tape_parameter(t, r->first), *bias = tape_parameter(t, r->first_bias);
    if (!r->contexts.count)
        return tape_linear(t, tape_mean_up_to(t, x, r->decoder.steps), weight, bias);
    struct tensor *y = NULL;
    for (int action = 0, state = bias->cols; action < r->codes; action++) {
        struct tensor *mean = mean_of_action(r, t, b, x, action);
        struct tensor *block = tape_part(t, weight, action * state, state);
        struct tensor *part = tape_linear(t, mean, block, y ? NULL : bias);
        y = y ? tape_add(t, y, part) : part;
    }
    return y;
}

static void session_embedding_forward(struct model *m, struct tape *t, const struct batch *b,
                                      struct forward *f)
{
    struct session_embedding *r = m->own;
    *f = (struct forward){0};
    item_decoder_read(&r->decoder, m, t, b, false, f);
    struct tensor *y = tape_activate(t, ACTIVATION_RELU, first_layer(r, t, b, r->decoder.input));
    y = tape_linear(t, y, tape_parameter(t, r->second), tape_parameter(t, r->second_bias));
    item_decoder_output(&r->decoder, m, t, y, f);
}

/* v_i of items from their embeddings. */
static struct tensor *session_embedding_items(const struct model *m, struct tape *t,
                                              struct tensor *rows)
{
    const struct session_embedding *r = m->own;
    if (!r->item)
        return rows;
    struct tensor *y =
        tape_linear(t, rows, tape_parameter(t, r->item), tape_parameter(t, r->item_bias));
    return tape_linear(t, tape_activate(t, ACTIVATION_RELU, y), tape_parameter(t, r->item_second),
                       NULL);
}

extern const struct model_class session_embedding_class;
const struct model_class session_embedding_class = {
    .name = "session-embedding",
    .purpose = "one session: layers over the means of its items by action, and over each item",
    .options_size = sizeof defaults,
    .defaults = &defaults,
    .options = options,
    .check = session_embedding_check,
    .open = session_embedding_open,
    .forward = session_embedding_forward,
    .items = session_embedding_items,
    .close = session_embedding_close,
};
