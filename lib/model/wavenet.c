/* Causal convolutions over a session (van den Oord et al. 2016): layer l of kernel K reads the
 * newest event and K - 1 before it, D^l apart, zeros before the session's begin,
 *
 *     y_t = Σ_{k<K} W_k x_{t - k D^l} + b,   x'_t = relu(y_t),
 *     or gated: x'_t = x_t + tanh(y_t) ∘ σ(y'_t), with weights of their own for y'
 *
 * The last layer's x is the state, from which the output layer scores the items. */
#include <math.h>
#include <stddef.h>
#include <stdio.h>

#include "model/item_decoder.h"

enum { WAVENET_LAYERS = 16, WAVENET_KERNEL = 32 };

struct wavenet {
    struct item_decoder decoder;
    const struct parameter *weight[WAVENET_LAYERS], *bias[WAVENET_LAYERS];
};

/* ---- options ---- */

struct wavenet_options {
    struct model_options shared;
    int64_t layers, kernel, dilation;
    bool gated;
};

static const struct wavenet_options defaults = {
    .shared = {.embedding = 100, .dropout = 0.2, .decoder = "tied", .postings = EVIDENCE_POSTINGS},
    .layers = 1,
    .kernel = 5,
    .dilation = 1,
};

static const struct option own_rows[] = {
    {OPTION_INT, .name = "layers", .argument = "N", .recorded = true, .labels = LABEL_NAMED,
     .low = 1, .high = WAVENET_LAYERS, .at = offsetof(struct wavenet_options, layers),
     .help = "number of layers of convolutions"},
    {OPTION_INT, .name = "kernel", .argument = "K", .recorded = true, .labels = LABEL_NAMED,
     .low = 1, .high = WAVENET_KERNEL, .at = offsetof(struct wavenet_options, kernel),
     .help = "how many events a convolution reads"},
    {OPTION_INT, .name = "dilation", .argument = "D", .recorded = true, .labels = LABEL_NAMED,
     .low = 1, .high = 16, .at = offsetof(struct wavenet_options, dilation),
     .help = "how much further apart these are in each layer than in the one below"},
    {OPTION_FLAG, .name = "gated", .recorded = true, .labels = LABEL_NAMED,
     .at = offsetof(struct wavenet_options, gated),
     .help = "gates in place of relu, and each layer adds to its inputs"},
    {0},
};

static const struct option *const options[] = {
    model_size_rows, own_rows, model_decoder_rows, model_wide_rows, model_evidence_rows, NULL};

static const struct wavenet_options *own_options(const struct model *m)
{
    return (const struct wavenet_options *)m->options;
}

static int wavenet_check(const struct model_options *shared, struct err *e)
{
    const struct wavenet_options *o = (const struct wavenet_options *)shared;
    if (o->dilation != defaults.dilation && (o->layers == 1 || o->kernel == 1))
        return err_set(e, STATUS_USAGE,
                       "--dilation %d is between the events of the second layer and those above: "
                       "give --layers and --kernel of 2 or more",
                       (int)o->dilation);
    return 0;
}

/* ---- opening ---- */

static void wavenet_open(struct model *m)
{
    const struct wavenet_options *o = own_options(m);
    struct wavenet *r = mem_zero(1, sizeof *r);
    int64_t size = o->shared.embedding, in = o->kernel * size, out = o->gated ? 2 * size : size;
    float bound = 1 / sqrtf((float)in);
    m->own = r;
    item_decoder_declare_items(&r->decoder, m);
    for (int i = 0; i < o->layers; i++) {
        char weight[32], bias[32];
        snprintf(weight, sizeof weight, "convolution%d.weight", i);
        snprintf(bias, sizeof bias, "convolution%d.bias", i);
        r->weight[i] = parameters_add_matrix(&m->parameters, weight, out, in, bound);
        r->bias[i] = parameters_add_vector(&m->parameters, bias, out, bound);
    }
    item_output_declare(&r->decoder.output, m, (int)size);
}

static void wavenet_close(struct model *m)
{
    mem_free(m->own);
}

/* ---- the forward pass ---- */

/* x' of layer i, whose events are `apart`. */
static struct tensor *convolve(const struct model *m, struct tape *t, int i, int64_t apart,
                               struct tensor *x)
{
    const struct wavenet *r = m->own;
    const struct wavenet_options *o = own_options(m);
    struct tensor *part[WAVENET_KERNEL] = {x};
    for (int k = 1; k < o->kernel; k++)
        part[k] = tape_gather(t, x, tape_rows_before(t, r->decoder.steps, (int)(k * apart)));
    struct tensor *y = tape_linear(t, tape_concat(t, part, (int)o->kernel),
                                   tape_parameter(t, r->weight[i]), tape_parameter(t, r->bias[i]));
    if (!o->gated)
        return tape_activate(t, ACTIVATION_RELU, y);
    struct tensor *filter = tape_activate(t, ACTIVATION_TANH, tape_columns(t, y, 0, x->cols));
    struct tensor *gate =
        tape_activate(t, ACTIVATION_SIGMOID, tape_columns(t, y, x->cols, x->cols));
    return tape_add(t, x, tape_multiply(t, filter, gate));
}

static void wavenet_forward(struct model *m, struct tape *t, const struct batch *b,
                            struct forward *f)
{
    struct wavenet *r = m->own;
    const struct wavenet_options *o = own_options(m);
    int64_t apart = 1;
    *f = (struct forward){0};
    item_decoder_read(&r->decoder, m, t, b, false, f);
    struct tensor *x = r->decoder.input;
    for (int i = 0; i < o->layers; i++) {
        x = convolve(m, t, i, apart, x);
        apart *= o->dilation;
        if (apart > INT32_MAX / WAVENET_KERNEL) /* further than any session is long */
            apart = INT32_MAX / WAVENET_KERNEL;
    }
    item_decoder_output(&r->decoder, m, t, x, f);
}

extern const struct model_class wavenet_class;
const struct model_class wavenet_class = {
    .name = "wavenet",
    .purpose = "one session: convolutions over its newest items",
    .options_size = sizeof defaults,
    .defaults = &defaults,
    .options = options,
    .check = wavenet_check,
    .open = wavenet_open,
    .forward = wavenet_forward,
    .close = wavenet_close,
};
