/* The intent encoder-decoder against itself written plainly, in double, from its equations: losses
 * and gradients of both encoders, with dropout, in sessions longer than it looks back. */
#include "context_batch.h"

enum { BACK = 19 };

struct form {
    const char *encoder, *decoder, *gru;
    int size, hidden;
    double dropout;
};

struct weights {
    const double *query, *key, *energy;
    struct ref_gru forward, backward, decoder;
    int H, S, E; /* of states, of encoded states, of embeddings */
};

static struct weights bind(const struct reference *r, const struct form *s)
{
    bool both = !strcmp(s->encoder, "both");
    int H = s->hidden, E = s->size, S = both ? 2 * H : H;
    return (struct weights){.query = ref_w(r, "attention_query", ".weight"),
                            .key = ref_w(r, "attention_key", ".weight"),
                            .energy = ref_w(r, "attention_energy", ".weight"),
                            .forward = ref_bind_gru(r, "encoder_gru", "", E, H),
                            .backward = ref_bind_gru(r, "encoder_gru", "_reverse", E, H),
                            .decoder = ref_bind_gru(r, "decoder_gru", "", E + 2 * S, H),
                            .H = H,
                            .S = S,
                            .E = E};
}

/* h [n][S] of the items x [n] of a window, read both ways. */
static void encode(const struct reference *r, const struct weights *w, int n, double x[][REF_WIDE],
                   double h[][REF_WIDE])
{
    double s[REF_WIDE] = {0};
    for (int j = 0; j < n; j++) {
        ref_step(r, &w->forward, x[j], s);
        memcpy(h[j], s, (size_t)w->H * sizeof *s);
    }
    memset(s, 0, sizeof s);
    for (int j = n - 1; j >= 0 && w->S > w->H; j--) {
        ref_step(r, &w->backward, x[j], s);
        memcpy(h[j] + w->H, s, (size_t)w->H * sizeof *s);
    }
}

/* c [S], of all states of the window, by the decoder's state d. */
static void attend(const struct weights *w, int n, double h[][REF_WIDE], const double *d, double *c)
{
    double e[BACK], all = 0;
    memset(c, 0, (size_t)w->S * sizeof *c);
    for (int j = 0; j < n; j++) {
        e[j] = 0;
        for (int i = 0; i < w->H; i++)
            e[j] +=
                w->energy[i] * tanh(row_dot(w->H, w->query, i, d) + row_dot(w->S, w->key, i, h[j]));
        all += exp(e[j]);
    }
    for (int j = 0; j < n; j++)
        for (int i = 0; i < w->S; i++)
            c[i] += exp(e[j]) / all * h[j][i];
}

/* d [H] after the last of n steps. */
static void decode(const struct reference *r, const struct weights *w, int n, double x[][REF_WIDE],
                   double h[][REF_WIDE], double *d)
{
    memset(d, 0, (size_t)w->H * sizeof *d);
    for (int i = 0; i < n; i++) {
        double in[REF_WIDE], c[REF_WIDE];
        attend(w, n, h, d, c);
        memcpy(in, x[i], (size_t)w->E * sizeof *in);
        memcpy(in + w->E, h[i], (size_t)w->S * sizeof *in);
        memcpy(in + w->E + w->S, c, (size_t)w->S * sizeof *in);
        ref_step(r, &w->decoder, in, d);
    }
}

static int states(const struct reference *r, const void *form, const struct ref_inputs *of,
                  double x[][REF_WIDE], double out[][REF_WIDE])
{
    static double h[LONG][REF_WIDE];
    struct weights w = bind(r, form);
    bool both = w.S > w.H;
    if (!both) /* once for all positions, from the session's begin */
        encode(r, &w, of->count, x, h);
    for (int t = 0; t < of->count; t++) {
        int n = t + 1 < BACK ? t + 1 : BACK, from = t + 1 - n;
        if (both)
            encode(r, &w, n, x + from, h + from);
        decode(r, &w, n, x + from, h + from, out[t]);
        drop_row(r, 1, of->row + t, w.H, out[t]);
    }
    return w.H;
}

static double reference_batch(const struct reference *r, const void *form, const struct batch *b)
{
    return sessions_loss(r, (struct sizes){.item = ((const struct form *)form)->size}, states, form,
                         b);
}

static struct model_shape shape_of(const struct form *s)
{
    return (struct model_shape){.encoder = s->encoder,
                                .decoder = s->decoder,
                                .gru = s->gru,
                                .embedding = s->size,
                                .hidden = s->hidden,
                                .dropout = s->dropout};
}

/* The weights of each target are over the newest inputs up to it, and add up to 1. */
static void check_attention(const struct form *s)
{
    struct model_shape shape = shape_of(s);
    struct made made;
    struct pair p;
    bool right = true;
    make_batch(&made);
    pair_open(&p, "intent", &shape);
    struct forward f = run_forward(&p, &made.batch, 1);
    float *weight =
        to_host(p.device, f.weight[LEVEL_ITEM], (size_t)f.weights[LEVEL_ITEM] * sizeof *weight);
    for (int i = 0; i < f.targets; i++) {
        double sum = 0;
        for (int j = 0; j < f.item_count[i]; j++)
            sum += (double)weight[f.item_at[i] + j];
        right &= fabs(sum - 1) < 1e-5;
    }
    tap_ok(right && f.targets == LONG + 4 && f.item_count[0] == 1 && f.item_count[1] == 1 &&
               f.item_count[6] == 6 && f.item_count[LONG - 1] == BACK,
           "intent, %s: weights of the newest inputs", s->encoder);
    mem_free(weight);
    pair_close(&p);
    made_release(&made);
}

int main(void)
{
    const struct form forms[] = {{"both", "dense", "reset-after", 5, 4, 0.25},
                                 {"both", "tied", "reset-before", 6, 6, 0.25},
                                 {"forward", "dense", "reset-before", 5, 7, 0.25},
                                 {"forward", "bilinear", "reset-after", 13, 17, 0}};
    for (size_t i = 0; i < sizeof forms / sizeof *forms; i++) {
        const struct form *s = &forms[i];
        struct model_shape shape = shape_of(s);
        char text[100];
        snprintf(text, sizeof text, "%s, %s, %s, %d and %d wide", s->encoder, s->decoder, s->gru,
                 s->size, s->hidden);
        check_context_model("intent", &shape, reference_batch, s, text);
        check_no_future("intent", &shape);
    }
    check_attention(&forms[0]);
    check_attention(&forms[2]);
    return tap_done();
}
