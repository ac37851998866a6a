/* The intent encoder-decoder against itself written plainly, in double, from its equations: losses
 * and gradients of both encoders, with dropout, in sessions longer than it looks back; and of the
 * second output. */
#include "context_batch.h"

enum { BACK = 19 };

struct form {
    const char *encoder, *decoder, *gru;
    int size, hidden;
    double dropout;
    double weight; /* of the second output's loss; 0: there is none */
};

/* Whether each session of the batch holds the action; the sum of the second output's losses. */
static unsigned char labels[] = {1, 0, 0, 1};
static double second;

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

/* The second output's loss after the last of n steps, before which the decoder's state was d. */
static double second_loss(const struct reference *r, const struct weights *w, int n,
                          double h[][REF_WIDE], const double *d, int label)
{
    const double *hidden = ref_w(r, "intent_hidden", ".weight");
    const double *output = ref_w(r, "intent", ".weight"), *bias = ref_w(r, "intent", ".bias");
    double last[2 * REF_WIDE], mixed[REF_WIDE], score[2];
    memcpy(last, h[n - 1], (size_t)w->S * sizeof *last);
    attend(w, n, h, d, last + w->S);
    for (int i = 0; i < w->H; i++)
        mixed[i] = tanh(row_dot(2 * w->S, hidden, i, last));
    for (int i = 0; i < 2; i++)
        score[i] = bias[i] + row_dot(w->H, output, i, mixed);
    return log(exp(score[0]) + exp(score[1])) - score[label];
}

/* d [H] after the last of n steps; before [H]: before it. */
static void decode(const struct reference *r, const struct weights *w, int n, double x[][REF_WIDE],
                   double h[][REF_WIDE], double *before, double *d)
{
    memset(d, 0, (size_t)w->H * sizeof *d);
    for (int i = 0; i < n; i++) {
        double in[REF_WIDE], c[REF_WIDE];
        memcpy(before, d, (size_t)w->H * sizeof *d);
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
    static double h[LONG][REF_WIDE], before[REF_WIDE];
    struct weights w = bind(r, form);
    bool both = w.S > w.H;
    if (!both) /* once for all positions, from the session's begin */
        encode(r, &w, of->count, x, h);
    for (int t = 0; t < of->count; t++) {
        int n = t + 1 < BACK ? t + 1 : BACK, from = t + 1 - n;
        if (both)
            encode(r, &w, n, x + from, h + from);
        decode(r, &w, n, x + from, h + from, before, out[t]);
        if (((const struct form *)form)->weight > 0)
            second += second_loss(r, &w, n, h + from, before, labels[of->user]);
        drop_row(r, 1, of->row + t, w.H, out[t]);
    }
    return w.H;
}

static double reference_batch(const struct reference *r, const void *form, const struct batch *b)
{
    return sessions_loss(r, (struct sizes){.item = ((const struct form *)form)->size}, states, form,
                         b);
}

/* The sum of both losses. */
static double reference_both(const struct reference *r, const void *form, const struct batch *b)
{
    second = 0;
    double items = reference_batch(r, form, b);
    return items + ((const struct form *)form)->weight * second / (LONG + 4);
}

static struct model_shape shape_of(const struct form *s)
{
    return (struct model_shape){.encoder = s->encoder,
                                .decoder = s->decoder,
                                .gru = s->gru,
                                .embedding = s->size,
                                .hidden = s->hidden,
                                .dropout = s->dropout,
                                .intent = s->weight > 0 ? "buy,order" : NULL,
                                .intent_weight = s->weight > 0 ? s->weight : 1};
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

/* Both losses, each alone, and the gradients of their weighted sum. */
static void check_second(const struct form *s)
{
    struct model_shape shape = shape_of(s);
    struct made made;
    struct pair p;
    int none;
    make_batch(&made);
    made.batch.intent = (struct column){labels, sizeof labels};
    pair_open(&p, "intent", &shape);
    p.reference.step = 9;
    p.learner.steps = 8;
    learner_begin(&p.learner, (struct epoch){1, PART_TRAIN});
    double worst =
        worst_slope(&p, reference_both, s, &made.batch, shape.embedding > 10 ? 61 : 3, &none);
    struct forward f = run_forward(&p, &made.batch, 9);
    float *loss =
        to_host(p.device, model_intent_loss(p.learner.tape, &f), (size_t)f.targets * sizeof *loss);
    double sum = 0;
    for (int i = 0; i < f.targets; i++)
        sum += (double)loss[i];
    reference_both(&p.reference, s, &made.batch);
    double apart = fabs(sum - second) / f.targets;
    double items =
        fabs(batch_loss(&p, &made.batch) - reference_batch(&p.reference, s, &made.batch));
    tap_ok(apart < 1e-6 && items < 1e-6 && worst < 1e-6 && !none,
           "intent, %s, second output of weight %g: losses to %.1e and %.1e, gradients to %.1e",
           s->encoder, s->weight, items, apart, worst);
    mem_free(loss);
    pair_close(&p);
    made_release(&made);
}

/* The second output's scores of no and yes for a batch's targets [targets, 2]; to be freed. */
static float *second_scores(struct pair *p, const struct batch *b, int *targets)
{
    struct forward f;
    tape_begin(p->learner.tape, false, 0, 0);
    model_forward(&p->model, p->learner.tape, b, &f);
    *targets = f.targets;
    return to_host(p->device, model_intent_scores(p->learner.tape, &f)->value,
                   2 * (size_t)f.targets * sizeof(float));
}

/* The second output knows neither what comes later nor the label, and scores the begin of a session
 * as it scores a session that ends there. */
static void check_second_no_future(const struct form *s)
{
    enum { KEPT = 9 };
    unsigned char other[] = {0, 1, 1, 0}, one[] = {1};
    struct model_shape shape = shape_of(s);
    struct made made, prefix = {0};
    struct pair p;
    int all, some, same = 0, begins = 0;
    make_batch(&made);
    pair_open(&p, "intent", &shape);
    made.batch.intent = (struct column){labels, sizeof labels};
    float *whole = second_scores(&p, &made.batch, &all);
    make_prefix(&made, KEPT + 1, &prefix);
    for (int i = KEPT + 1; i < LONG; i++)
        made.item.at[2 + i] = (made.item.at[2 + i] + 1) % PAIR_ITEMS;
    made.batch.intent = (struct column){other, sizeof other};
    float *changed = second_scores(&p, &made.batch, &all);
    prefix.batch.intent = (struct column){one, sizeof one};
    float *short_one = second_scores(&p, &prefix.batch, &some);
    for (int i = 1; i <= KEPT; i++) {
        same += !memcmp(whole + 2 * i, changed + 2 * i, 2 * sizeof *whole);
        begins += fabsf(short_one[2 * i - 1] - whole[2 * i + 1]) < 1e-5f;
    }
    bool later = memcmp(whole + 2 * (KEPT + 2), changed + 2 * (KEPT + 2), 2 * sizeof *whole);
    tap_ok(same == KEPT && later && some == KEPT && begins == KEPT,
           "intent, %s: the second output does not know what comes later at %d of %d positions, "
           "%d are as in the prefix",
           s->encoder, same, KEPT, begins);
    mem_free(whole);
    mem_free(changed);
    mem_free(short_one);
    pair_close(&p);
    made_release(&made);
    made_release(&prefix);
}

int main(void)
{
    const struct form both[] = {{"both", "dense", "reset-after", 5, 4, 0.25, 0.7},
                                {"forward", "tied", "reset-before", 6, 6, 0.25, 2}};
    const struct form forms[] = {{"both", "dense", "reset-after", 5, 4, 0.25, 0},
                                 {"both", "tied", "reset-before", 6, 6, 0.25, 0},
                                 {"forward", "dense", "reset-before", 5, 7, 0.25, 0},
                                 {"forward", "bilinear", "reset-after", 13, 17, 0, 0}};
    for (size_t i = 0; i < sizeof forms / sizeof *forms; i++) {
        const struct form *s = &forms[i];
        struct model_shape shape = shape_of(s);
        char text[100];
        snprintf(text, sizeof text, "%s, %s, %s, %d and %d wide", s->encoder, s->decoder, s->gru,
                 s->size, s->hidden);
        check_context_model("intent", &shape, reference_batch, s, text);
        check_no_future("intent", &shape);
    }
    for (size_t i = 0; i < sizeof both / sizeof *both; i++) {
        check_second(&both[i]);
        check_second_no_future(&both[i]);
    }
    check_attention(&forms[0]);
    check_attention(&forms[2]);
    return tap_done();
}
