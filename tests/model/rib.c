/* RIB against itself written plainly, in double, from its equations: losses and gradients with and
 * without contexts, with both forms of weights. */
#include "pair.h"

enum { LONG = 24, ACTIONS = 3, BINS = 5 };

struct form {
    const char *context, *normalize, *decoder, *gru;
    int size, hidden, action, bin; /* sizes of embeddings; 0: not read */
    double dropout;
};

static int32_t actions[LONG * 4], bins[LONG * 4];
static struct column contexts[2];

/* Four sessions of 2, LONG, 1 and 5 events. */
static void make_batch(struct made *m)
{
    static const int length[] = {2, LONG, 1, 5};
    drawn = random_of(5, 9);
    *m = (struct made){0};
    for (int s = 0; s < 4; s++) {
        vec_push(&m->user, s);
        vec_push(&m->session, 0);
        vec_push(&m->start, 1000);
        vec_push(&m->length, length[s]);
        vec_push(&m->history, 0);
        for (int i = 0; i < length[s]; i++) {
            actions[m->item.len] = (int32_t)random_below(&drawn, ACTIONS);
            bins[m->item.len] = (int32_t)random_below(&drawn, BINS);
            vec_push(&m->item, (int32_t)random_below(&drawn, PAIR_ITEMS));
        }
    }
    close_batch(m);
    contexts[0] = (struct column){actions, m->item.len};
    contexts[1] = (struct column){bins, m->item.len};
    m->batch.context = contexts;
}

/* ---- the equations ---- */

struct weights {
    const double *item, *action, *bin, *weight, *bias, *energy, *output, *output_bias;
    struct ref_gru gru;
};

static struct weights bind(const struct reference *r, const struct form *s)
{
    return (struct weights){
        .item = ref_w(r, "item_embedding", ".weight"),
        .action = ref_w(r, "context.action", ".weight"),
        .bin = ref_w(r, "context.dwell", ".weight"),
        .weight = ref_w(r, "attention", ".weight"),
        .bias = ref_w(r, "attention", ".bias"),
        .energy = ref_w(r, "attention_energy", ".weight"),
        .output = ref_w(r, "output", ".weight"),
        .output_bias = ref_w(r, "output", ".bias"),
        .gru = ref_bind_gru(r, "gru", "", s->size + s->action + s->bin, s->hidden)};
}

static double row_dot(int n, const double *w, int row, const double *x)
{
    double sum = 0;
    for (int i = 0; i < n; i++)
        sum += w[row * n + i] * x[i];
    return sum;
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

/* -log softmax of the target from the state after dropout */
static double loss_of(const struct weights *w, const struct form *s, const double *o, int target)
{
    double score[PAIR_ITEMS], sum = 0;
    const double *rows = w->output ? w->output : w->item;
    for (int i = 0; i < PAIR_ITEMS; i++)
        sum += exp(score[i] = row_dot(s->hidden, rows, i, o) + w->output_bias[i]);
    return log(sum) - score[target];
}

/* The embedding of input `row` of the batch, which is its event `event`. */
static void input(const struct reference *r, const struct weights *w, const struct form *s,
                  const struct batch *b, size_t event, int row, double *x)
{
    for (int i = 0; i < s->size; i++)
        x[i] = ref_drop(r, 0, (size_t)(row * s->size + i),
                        w->item[column_i32(b->item)[event] * s->size + i]);
    for (int i = 0; i < s->action; i++)
        x[s->size + i] = w->action[actions[event] * s->action + i];
    for (int i = 0; i < s->bin; i++)
        x[s->size + s->action + i] = w->bin[bins[event] * s->bin + i];
}

static double reference_batch(const struct reference *r, const void *form, const struct batch *b)
{
    const struct form *s = form;
    struct weights w = bind(r, s);
    double total = 0;
    int row = 0;
    size_t event = 0;
    for (size_t q = 0; q < b->length.len; q++, event++) {
        double h[LONG][REF_STATE], x[REF_STATE], o[REF_STATE];
        for (int t = 0; t + 1 < column_i32(b->length)[q]; t++, event++, row++) {
            input(r, &w, s, b, event, row, x);
            for (int i = 0; i < s->hidden; i++)
                h[t][i] = t ? h[t - 1][i] : 0;
            ref_step(r, &w.gru, x, h[t]);
            attend(&w, s, h, t, o);
            for (int i = 0; i < s->hidden; i++)
                o[i] = ref_drop(r, 1, (size_t)(row * s->hidden + i), o[i]);
            total += loss_of(&w, s, o, column_i32(b->item)[event + 1]);
        }
    }
    return total / row;
}

/* ---- held against the model ---- */

static double worst_slope(struct pair *p, const struct form *s, const struct batch *b, int *none)
{
    const struct parameters *q = &p->model.parameters;
    clear_gradients(p);
    add_gradients(p, b, 9);
    float *g = all_gradients(p);
    double worst = 0;
    *none = 0;
    for (size_t n = 0; n < q->list.len; n++) {
        const struct parameter *x = q->list.at[n];
        double largest = 0;
        for (size_t i = 0; i < x->count; i++)
            largest = fmax(largest, fabs((double)g[x->offset + i]));
        *none += largest == 0;
        for (size_t i = 0; i<x->count; i += s->size> 10 ? 61 : 3) {
            double wanted = reference_slope(&p->reference, reference_batch, s, b, x->offset + i);
            worst = fmax(worst, fabs((double)g[x->offset + i] - wanted) / (1 + fabs(wanted)));
        }
    }
    mem_free(g);
    return worst;
}

static void check_rib(const struct form *s)
{
    static const int32_t both[] = {ACTIONS, BINS};
    struct model_shape shape = {.context = s->context,
                                .normalize = s->normalize,
                                .decoder = s->decoder,
                                .embedding = s->size,
                                .hidden = s->hidden,
                                .dropout = s->dropout,
                                .gru = s->gru};
    struct made made;
    struct pair p;
    int none;
    pair_context_codes = both;
    make_batch(&made);
    pair_open(&p, "rib", &shape);
    p.reference.step = 9;
    p.learner.steps = 8;
    learner_begin(&p.learner, (struct epoch){1, PART_TRAIN});
    double expected = reference_batch(&p.reference, s, &made.batch);
    double worst = worst_slope(&p, s, &made.batch, &none);
    double loss = batch_loss(&p, &made.batch);
    tap_ok(fabs(loss - expected) < 1e-6 && worst < 1e-6 && !none,
           "rib, context %s, %s, %s, %s, %d and %d wide, dropout %g: loss to %.1e, gradients to "
           "%.1e",
           s->context ? s->context : "none", s->normalize, s->decoder, s->gru, s->size, s->hidden,
           s->dropout, fabs(loss - expected), worst);
    pair_close(&p);
    made_release(&made);
}

/* Energies of 0: the mean of the states, or half of their sum; a session's first weight is 1. */
static void check_even(const char *normalize)
{
    struct model_shape shape = {.normalize = normalize,
                                .decoder = "dense",
                                .embedding = 5,
                                .hidden = 4,
                                .gru = "reset-after"};
    bool softmax = !strcmp(normalize, "softmax"), right = true;
    struct made made;
    struct pair p;
    make_batch(&made);
    pair_open(&p, "rib", &shape);
    const struct parameter *v = parameters_find(&p.model.parameters, "attention_energy.weight");
    p.device->op->fill(p.device, v->value, 0, v->count);
    struct forward f = run_forward(&p, &made.batch, 1);
    float *weight = mem_alloc((size_t)f.weights[LEVEL_ITEM] * sizeof *weight);
    p.device->op->download(p.device, weight, f.weight[LEVEL_ITEM],
                           (size_t)f.weights[LEVEL_ITEM] * sizeof *weight);
    for (int i = 0; i < f.targets; i++)
        for (int j = 0; j < f.item_count[i]; j++)
            right = right && fabsf(weight[f.item_at[i] + j] -
                                   (softmax ? 1.0f / (float)f.item_count[i] : 0.5f)) < 1e-6f;
    tap_ok(right && f.targets == LONG + 4 && f.item_count[0] == 1 &&
               f.item_count[LONG - 1] == LONG - 1,
           "rib, %s: even weights without energies", normalize);
    mem_free(weight);
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
        check_rib(&(struct form){NULL, normalize[i], "dense", "reset-after", 6, 4, 0, 0, 0.25});
        check_rib(&(struct form){"action:2,dwell:3", normalize[i], "dense", "reset-before", 5, 7, 2,
                                 3, 0.25});
        check_rib(
            &(struct form){"action:3", normalize[i], "tied", "reset-after", 6, 6, 3, 0, 0.25});
        check_rib(&(struct form){"action:1,dwell:4", normalize[i], "dense", "reset-after", 33, 31,
                                 1, 4, 0});
    }
    check_even("softmax");
    check_even("sigmoid");
    check_short();
    return tap_done();
}
