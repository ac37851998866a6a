/* Self-attentive sequential recommendation (Kang & McAuley 2018).  Each input of a session is its
 * item's embedding plus that of its position, counted from the first input; before them there may
 * be events of the user's earlier sessions, whose inputs have the session's age too.  Blocks of
 * self-attention, in which a row attends to the rows up to itself, and of a feed-forward layer
 * follow, each with a residual connection and layer normalization behind it:
 *
 *     x  = D(norm(emb(item_j) + position_j))
 *     x' = norm(x + D(W_o [head_1 ; head_2 ; ...] + b_o))            (eq. 1 to 4)
 *     x  = norm(x' + D(W_2 relu(W_1 x' + b_1) + b_2))               (eq. 5, 6)
 *
 * with Q, K, V = W x and head_t = Σ_{j<=t} D(α_tj) V_j, α_tj = softmax_{j<=t}(Q_t · K_j / √(E /
 * heads)) and D the dropout.  The output layer scores the items by the state x_t of the last block.
 * Every position of a session is trained from the items up to it, at most the last --max-positions.
 * The paper normalizes before each layer, not behind it, and compares each target with one drawn
 * item, not with all. */
#include <math.h>
#include <stddef.h>

#include "model/item_output.h"
#include "model/windows.h"

/* One block; the names of its parameters are those of PyTorch's TransformerEncoderLayer. */
struct norm {
    const struct parameter *gain, *bias; /* [E] */
};

struct linear {
    const struct parameter *weight, *bias; /* [out, in], [out]; bias NULL: none */
};

struct block {
    struct linear in, out;      /* query, key and value [3E, E]; what joins the heads [E, E] */
    struct linear inner, outer; /* of the feed-forward layer [F, E], [E, F] */
    struct norm attended, fed;
};

struct sasrec {
    struct item_output output;
    const struct parameter *position; /* [positions, E] */
    const struct parameter *age; /* of an earlier session, by bucket [D, E]; NULL: none is seen */
    struct norm first;
    int blocks;
    struct block *block;
};

/* ---- options ---- */

struct sasrec_options {
    struct model_options shared;
    int64_t blocks, heads, positions, earlier;
    int64_t feed_forward; /* size of the inner layer; 0: the embedding's */
};

static const struct sasrec_options defaults = {
    .shared = {.embedding = 100, .dropout = 0.5, .decoder = "tied", .postings = EVIDENCE_POSTINGS},
    .blocks = 2,
    .heads = 2,
    .positions = 50,
};

static const struct option own_rows[] = {
    {OPTION_INT, .name = "blocks", .argument = "N", .recorded = true, .low = 1, .high = 64,
     .at = offsetof(struct sasrec_options, blocks),
     .help = "blocks of self-attention and feed-forward layers"},
    {OPTION_INT, .name = "heads", .argument = "N", .recorded = true, .low = 1, .high = 1024,
     .at = offsetof(struct sasrec_options, heads),
     .help = "heads of attention, which divide --embedding"},
    {OPTION_INT, .name = "max-positions", .argument = "N", .recorded = true, .low = 1,
     .high = 65536, .at = offsetof(struct sasrec_options, positions),
     .help = "how many of the newest events a prediction sees"},
    {OPTION_INT, .name = "earlier", .argument = "N", .recorded = true, .high = 65535,
     .at = offsetof(struct sasrec_options, earlier),
     .help = "how many of these may be of the user's earlier sessions"},
    {OPTION_INT, .name = "feed-forward", .argument = "N", .recorded = true, .high = 65536,
     .at = offsetof(struct sasrec_options, feed_forward),
     .help = "size of feed-forward layers; 0: as --embedding"},
    {0},
};

static const struct option *const options[] = {
    model_size_rows, model_item_dropout_rows, own_rows, model_decoder_rows,
    model_wide_rows, model_evidence_rows,     NULL};

static const struct sasrec_options *own_options(const struct model_options *o)
{
    return (const struct sasrec_options *)o;
}

static int sasrec_check(const struct model_options *o, struct err *e)
{
    const struct sasrec_options *own = own_options(o);
    if (o->embedding % own->heads)
        return err_set(e, STATUS_USAGE, "--heads %lld: does not divide --embedding %lld",
                       (long long)own->heads, (long long)o->embedding);
    if (own->earlier >= own->positions)
        return err_set(e, STATUS_USAGE, "--earlier %lld: is not below --max-positions %lld",
                       (long long)own->earlier, (long long)own->positions);
    return 0;
}

static const char *sasrec_looks_back(const struct model_options *o)
{
    return own_options(o)->earlier ? "--earlier" : NULL;
}

static bool sasrec_attends(const struct model_options *o)
{
    (void)o;
    return true;
}

/* ---- opening ---- */

/* A parameter's name: "layers.", the block's number, ".", `name`. */
static const char *name_of(struct buf *text, int block, const char *name)
{
    buf_clear(text);
    buf_format(text, "layers.%d.%s", block, name);
    buf_byte(text, 0);
    return text->at;
}

static struct norm declare_norm(struct parameters *p, struct buf *text, int block, const char *gain,
                                const char *bias, int size)
{
    struct parameter *g = parameters_add_vector(p, name_of(text, block, gain), size, 0);
    return (struct norm){parameters_from(g, 1),
                         parameters_add_vector(p, name_of(text, block, bias), size, 0)};
}

static struct linear declare_linear(struct parameters *p, struct buf *text, int block,
                                    const char *weight, const char *bias, int out, int in)
{
    float bound = 1 / sqrtf((float)in);
    const struct parameter *w =
        parameters_add_matrix(p, name_of(text, block, weight), out, in, bound);
    return (struct linear){
        w, bias ? parameters_add_vector(p, name_of(text, block, bias), out, bound) : NULL};
}

static void declare_block(struct parameters *p, struct block *b, int i, int size, int inner)
{
    struct buf text = {0};
    b->in = declare_linear(p, &text, i, "self_attn.in_proj_weight", NULL, 3 * size, size);
    b->out = declare_linear(p, &text, i, "self_attn.out_proj.weight", "self_attn.out_proj.bias",
                            size, size);
    b->inner = declare_linear(p, &text, i, "linear1.weight", "linear1.bias", inner, size);
    b->outer = declare_linear(p, &text, i, "linear2.weight", "linear2.bias", size, inner);
    b->attended = declare_norm(p, &text, i, "norm1.weight", "norm1.bias", size);
    b->fed = declare_norm(p, &text, i, "norm2.weight", "norm2.bias", size);
    buf_release(&text);
}

static void declare(struct sasrec *r, struct model *m)
{
    struct parameters *p = &m->parameters;
    const struct sasrec_options *o = own_options(m->options);
    int size = (int)o->shared.embedding, inner = (int)(o->feed_forward ? o->feed_forward : size);
    item_output_declare_items(&r->output, m);
    r->position = parameters_add_matrix(p, "position_embedding.weight", o->positions, size,
                                        r->output.item->high);
    if (o->earlier)
        r->age = parameters_add_matrix(p, "delta_embedding.weight", m->data.delta_buckets, size,
                                       r->output.item->high);
    r->first.gain = parameters_from(parameters_add_vector(p, "embedding_norm.weight", size, 0), 1);
    r->first.bias = parameters_add_vector(p, "embedding_norm.bias", size, 0);
    for (int i = 0; i < r->blocks; i++)
        declare_block(p, &r->block[i], i, size, inner);
    item_output_declare(&r->output, m, size);
}

static void sasrec_open(struct model *m)
{
    struct sasrec *r = mem_zero(1, sizeof *r);
    m->own = r;
    r->blocks = (int)own_options(m->options)->blocks;
    r->block = mem_zero((size_t)r->blocks, sizeof *r->block);
    declare(r, m);
}

static void sasrec_close(struct model *m)
{
    struct sasrec *r = m->own;
    mem_free(r->block);
    mem_free(r);
}

/* ---- the forward pass ---- */

static struct tensor *norm(struct tape *t, const struct norm *n, struct tensor *x)
{
    return tape_layer_norm(t, x, tape_parameter(t, n->gain), tape_parameter(t, n->bias));
}

static struct tensor *linear(struct tape *t, const struct linear *l, struct tensor *x)
{
    return tape_linear(t, x, tape_parameter(t, l->weight),
                       l->bias ? tape_parameter(t, l->bias) : NULL);
}

/* Items plus positions: [total, E] */
static struct tensor *inputs(const struct sasrec *r, struct tape *t, const struct windows *w)
{
    struct tensor *x = tape_add(t, tape_rows_of(t, r->output.item, w->input, w->total),
                                tape_rows_of(t, r->position, w->place, w->total));
    return r->age ? tape_add(t, x, tape_rows_of(t, r->age, w->bucket, w->total)) : x;
}

/* The states behind a block; *weight: its attention weights, head after head. */
static struct tensor *block_over(const struct block *b, struct tape *t, const struct tape_heads *h,
                                 struct tensor *x, float rate, struct tensor **weight)
{
    struct tensor *in = linear(t, &b->in, x);
    *weight = tape_head_weights(t, h, in);
    struct tensor *y = tape_head_sums(t, h, tape_dropout_of(t, *weight, rate), in);
    y = tape_dropout_of(t, linear(t, &b->out, y), rate);
    x = norm(t, &b->attended, tape_add(t, x, y));
    y = linear(t, &b->outer, tape_activate(t, ACTIVATION_RELU, linear(t, &b->inner, x)));
    return norm(t, &b->fed, tape_add(t, x, tape_dropout_of(t, y, rate)));
}

/* The mean of the weights over the heads. */
static struct attention_weights mean_weights(struct tape *t, const struct tape_heads *h,
                                             const struct tensor *weight)
{
    struct device *d = tape_device(t);
    int heads = h->op.count, n = h->op.weights;
    float *share = tape_memory(t, (size_t)heads * sizeof *share);
    float *mean = tape_memory(t, (size_t)n * sizeof *mean);
    d->op->fill(d, share, 1 / (float)heads, (size_t)heads);
    d->op->gemm(d, false, false, 1, n, heads, share, heads, weight->value, n, 0, mean, n);
    return (struct attention_weights){.weight = mean, .at = h->at, .total = n};
}

static void sasrec_forward(struct model *m, struct tape *t, const struct batch *b,
                           struct forward *f)
{
    const struct sasrec *r = m->own;
    const struct sasrec_options *o = own_options(m->options);
    float rate = (float)o->shared.dropout;
    struct windows w =
        windows_make(t, b, (int)o->positions, (int)o->earlier, o->shared.item_dropout);
    const struct tape_heads *h =
        tape_heads(t, tape_ragged(t, w.length, w.count), (int)o->heads, (int)o->shared.embedding);
    struct tensor *weight = NULL;
    struct tensor *x = tape_dropout_of(t, norm(t, &r->first, inputs(r, t, &w)), rate);
    for (int i = 0; i < r->blocks; i++)
        x = block_over(&r->block[i], t, h, x, rate, &weight);
    windows_forward(&w, f);
    if (!tape_training(t)) { /* attention records are of tests */
        struct attention_weights a = mean_weights(t, h, weight);
        windows_weights(t, &w, &a, f);
    }
    item_output_state(&r->output, t, windows_targets(t, &w, x), f);
    item_output_layer(&r->output, f);
}

extern const struct model_class sasrec_class;
const struct model_class sasrec_class = {
    .name = "sasrec",
    .purpose = "a session, and earlier ones: blocks of self-attention over their items",
    .options_size = sizeof defaults,
    .defaults = &defaults,
    .options = options,
    .needs_items = true,
    .check = sasrec_check,
    .looks_back = sasrec_looks_back,
    .attends = sasrec_attends,
    .open = sasrec_open,
    .forward = sasrec_forward,
    .close = sasrec_close,
};
