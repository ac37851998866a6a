/* WaveNet against itself written plainly, in double, from its equations, and how far it sees. */
#include "context_batch.h"

struct form {
    int layers, kernel, dilation;
    bool gated;
    const char *decoder;
    struct sizes size;
    double dropout;
};

/* The sum of a convolution's row for event t, whose events are `apart`. */
static double sum_of(const double *weight, const double *bias, int out, const struct form *s,
                     int apart, double x[][REF_WIDE], int t)
{
    int E = s->size.item;
    double sum = bias[out];
    for (int k = 0; k < s->kernel && t - k * apart >= 0; k++)
        for (int i = 0; i < E; i++)
            sum += weight[(out * s->kernel + k) * E + i] * x[t - k * apart][i];
    return sum;
}

static int states(const struct reference *r, const void *form, const struct ref_inputs *of,
                  double x[][REF_WIDE], double out[][REF_WIDE])
{
    const struct form *s = form;
    static double from[LONG][REF_WIDE];
    int E = s->size.item, apart = 1;
    memcpy(out, x, (size_t)of->count * sizeof *out);
    for (int l = 0; l < s->layers; l++, apart *= s->dilation) {
        char name[32];
        snprintf(name, sizeof name, "convolution%d", l);
        const double *weight = ref_w(r, name, ".weight"), *bias = ref_w(r, name, ".bias");
        memcpy(from, out, (size_t)of->count * sizeof *out);
        for (int t = 0; t < of->count; t++)
            for (int i = 0; i < E; i++) {
                double y = sum_of(weight, bias, i, s, apart, from, t);
                out[t][i] =
                    !s->gated
                        ? fmax(0, y)
                        : from[t][i] +
                              tanh(y) / (1 + exp(-sum_of(weight, bias, E + i, s, apart, from, t)));
            }
    }
    for (int t = 0; t < of->count; t++)
        drop_row(r, 1, of->row + t, E, out[t]);
    return E;
}

static double reference_batch(const struct reference *r, const void *form, const struct batch *b)
{
    return sessions_loss(r, ((const struct form *)form)->size, states, form, b);
}

static struct model_shape shape_of(const struct form *s)
{
    return (struct model_shape){.layers = s->layers,
                                .kernel = s->kernel,
                                .dilation = s->dilation,
                                .gated = s->gated,
                                .decoder = s->decoder,
                                .embedding = s->size.item,
                                .dropout = s->dropout};
}

static void check_equations(const struct form *s)
{
    struct model_shape shape = shape_of(s);
    char text[100];
    snprintf(text, sizeof text, "%d layers, kernel %d, dilation %d%s, %s, %d wide", s->layers,
             s->kernel, s->dilation, s->gated ? ", gated" : "", s->decoder, s->size.item);
    check_context_model("wavenet", &shape, reference_batch, s, text);
}

/* How many of the newest events the last prediction of the long session sees: the first that
 * changes nothing is further back than all that do. */
static void check_reach(const struct form *s, int reach)
{
    struct model_shape shape = shape_of(s);
    struct made made;
    struct pair p;
    int all, seen = 0;
    bool beyond = false;
    make_batch(&made);
    pair_open(&p, "wavenet", &shape);
    float *whole = test_losses(&p, &made.batch, &all);
    int last = LONG - 1; /* of the targets: one is of the session before */
    for (int back = 1; back < LONG; back++) {
        int32_t *item = &made.item.at[2 + LONG - 1 - back], was = *item;
        *item = (was + 1) % PAIR_ITEMS;
        float *other = test_losses(&p, &made.batch, &all);
        bool changed = memcmp(whole + last, other + last, sizeof *whole);
        seen = changed ? back : seen;
        beyond |= changed && back > reach;
        mem_free(other);
        *item = was;
    }
    tap_ok(seen == reach && !beyond, "%d layers, kernel %d, dilation %d: sees %d events", s->layers,
           s->kernel, s->dilation, seen);
    mem_free(whole);
    pair_close(&p);
    made_release(&made);
}

int main(void)
{
    const struct form forms[] = {{1, 1, 1, false, "tied", {6, 0, 0}, 0.25},
                                 {1, 5, 1, false, "tied", {6, 0, 0}, 0.25},
                                 {3, 2, 2, false, "dense", {5, 0, 0}, 0.25},
                                 {2, 3, 3, true, "tied", {6, 0, 0}, 0.25},
                                 {2, 3, 2, true, "dense", {33, 0, 0}, 0}};
    static const int reach[] = {1, 5, 8, 9, 7}; /* 1 + Σ (K - 1) D^l */
    for (size_t i = 0; i < sizeof forms / sizeof *forms; i++) {
        struct model_shape shape = shape_of(&forms[i]);
        check_equations(&forms[i]);
        check_no_future("wavenet", &shape);
        check_reach(&forms[i], reach[i]);
    }
    return tap_done();
}
