/* RIB against itself written plainly, in double, from its equations: losses and gradients with and
 * without contexts, with both forms of weights. */
#include "context_batch.h"

struct form {
    const char *context, *normalize, *decoder, *gru;
    struct sizes size;
    int hidden;
    double dropout;
};

/* ---- the equations ---- */

struct weights {
    const double *weight, *bias, *energy;
    struct ref_gru gru;
};

static struct weights bind(const struct reference *r, const struct form *s)
{
    return (struct weights){
        .weight = ref_w(r, "attention", ".weight"),
        .bias = ref_w(r, "attention", ".bias"),
        .energy = ref_w(r, "attention_energy", ".weight"),
        .gru = ref_bind_gru(r, "gru", "", s->size.item + s->size.action + s->size.bin, s->hidden)};
}

static double energy(const struct weights *w, const struct form *s, const double *h)
{
    double sum = 0;
    for (int i = 0; i < s->hidden; i++)
        sum += w->energy[i] * tanh(row_dot(s->hidden, w->weight, i, h) + w->bias[i]);
    return sum;
}

/* o_t [H] from the states of the inputs 0 .. t */
static void attend(const struct weights *w, const struct form *s, double h[][REF_STATE], int t,
                   double *o)
{
    bool sigmoid = !strcmp(s->normalize, "sigmoid");
    double all = 0;
    memset(o, 0, (size_t)s->hidden * sizeof *o);
    for (int j = 0; j <= t; j++)
        all += exp(energy(w, s, h[j]));
    for (int j = 0; j <= t; j++) {
        double e = energy(w, s, h[j]), a = sigmoid ? 1 / (1 + exp(-e)) : exp(e) / all;
        for (int i = 0; i < s->hidden; i++)
            o[i] += a * h[j][i];
    }
}

static int states(const struct reference *r, const void *form, const struct ref_inputs *of,
                  double x[][REF_WIDE], double out[][REF_WIDE])
{
    const struct form *s = form;
    struct weights w = bind(r, s);
    double h[LONG][REF_STATE];
    for (int t = 0; t < of->count; t++) {
        for (int i = 0; i < s->hidden; i++)
            h[t][i] = t ? h[t - 1][i] : 0;
        ref_step(r, &w.gru, x[t], h[t]);
        attend(&w, s, h, t, out[t]);
        drop_row(r, 1, of->row + t, s->hidden, out[t]);
    }
    return s->hidden;
}

static double reference_batch(const struct reference *r, const void *form, const struct batch *b)
{
    return sessions_loss(r, ((const struct form *)form)->size, states, form, b);
}

/* ---- held against the model ---- */

static void check_rib(const struct form *s)
{
    struct model_shape shape = {.context = s->context,
                                .normalize = s->normalize,
                                .decoder = s->decoder,
                                .embedding = s->size.item,
                                .hidden = s->hidden,
                                .dropout = s->dropout,
                                .gru = s->gru};
    char text[100];
    snprintf(text, sizeof text, "context %s, %s, %s, %s, %d and %d wide",
             s->context ? s->context : "none", s->normalize, s->decoder, s->gru, s->size.item,
             s->hidden);
    check_context_model("rib", &shape, reference_batch, s, text);
}

/* Energies of 0: the mean of the states, or half of their sum; a session's first weight is 1. */
static void check_even(const char *normalize)
{
    struct model_shape shape = {.normalize = normalize,
                                .decoder = "dense",
                                .embedding = 5,
                                .hidden = 4,
                                .gru = "reset-after"};
    struct made made;
    struct pair p;
    make_batch(&made);
    pair_open(&p, "rib", &shape);
    const struct parameter *v = parameters_find(&p.model.parameters, "attention_energy.weight");
    p.device->op->fill(p.device, v->value, 0, v->count);
    tap_ok(weights_are(&p, &made.batch, strcmp(normalize, "softmax") ? 0.5f : 0),
           "rib, %s: even weights without energies", normalize);
    pair_close(&p);
    made_release(&made);
}

/* Sessions of one input: NARM's global encoder with the same weights. */
static void check_short(void)
{
    struct model_shape shape = {.normalize = "softmax",
                                .encoder = "global",
                                .decoder = "dense",
                                .embedding = 5,
                                .hidden = 4,
                                .gru = "reset-after"};
    struct made made = {0};
    struct pair rib, narm;
    for (int s = 0; s < 6; s++) {
        vec_push(&made.user, s);
        vec_push(&made.session, 0);
        vec_push(&made.start, 1000);
        vec_push(&made.length, 2);
        vec_push(&made.history, 0);
        vec_push(&made.item, s);
        vec_push(&made.item, 2 * s);
    }
    close_batch(&made);
    pair_open(&rib, "rib", &shape);
    pair_open(&narm, "narm", &shape);
    copy_weights(&narm, &rib);
    learner_begin(&rib.learner, (struct epoch){1, PART_TEST});
    learner_begin(&narm.learner, (struct epoch){1, PART_TEST});
    double one = batch_loss(&rib, &made.batch), other = batch_loss(&narm, &made.batch);
    tap_ok(fabs(one - other) < 1e-6 && one < 100, "sessions of one input: as narm global dense");
    pair_close(&rib);
    pair_close(&narm);
    made_release(&made);
}

int main(void)
{
    static const char *const normalize[] = {"softmax", "sigmoid"};
    for (int i = 0; i < 2; i++) {
        const struct form forms[] = {
            {NULL, normalize[i], "dense", "reset-after", {6, 0, 0}, 4, 0.25},
            {"action:2,dwell:3", normalize[i], "dense", "reset-before", {5, 2, 3}, 7, 0.25},
            {"action:3", normalize[i], "tied", "reset-after", {6, 3, 0}, 6, 0.25},
            {"action:1,dwell:4", normalize[i], "dense", "reset-after", {33, 1, 4}, 31, 0}};
        for (size_t j = 0; j < sizeof forms / sizeof *forms; j++)
            check_rib(&forms[j]);
        check_no_future("rib", &(struct model_shape){.context = "action:2,dwell:3",
                                                     .normalize = normalize[i],
                                                     .embedding = 5});
    }
    check_even("softmax");
    check_even("sigmoid");
    check_short();
    return tap_done();
}
