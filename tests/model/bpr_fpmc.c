/* bpr-mf and fpmc against themselves written plainly, in double, from their equations: losses and
 * gradients of training, the scores of a test, where users without training stand for what their
 * sessions tell, and losses in closed form on three items. */
#include "pair.h"

enum { SESSIONS = 4, EVENTS = 6, NEGATIVES = 7, UNTRAINED = 0 };

/* User 2 comes twice, user UNTRAINED has no factors. */
static const int32_t whose[SESSIONS] = {2, UNTRAINED, 2, 5}, lengths[SESSIONS] = {2, EVENTS, 1, 4};

struct weights {
    int size;
    bool chained;
    const double *user, *last, *output, *bias;
};

static void make_batch(struct made *m)
{
    drawn = random_of(5, 13);
    *m = (struct made){0};
    for (int s = 0; s < SESSIONS; s++) {
        vec_push(&m->user, whose[s]);
        vec_push(&m->session, s);
        vec_push(&m->start, 1000);
        vec_push(&m->length, lengths[s]);
        vec_push(&m->history, 0);
        for (int i = 0; i < lengths[s]; i++)
            vec_push(&m->item, (int32_t)random_below(&drawn, PAIR_ITEMS));
    }
    close_batch(m);
}

/* ---- the equations ---- */

static struct weights bind(const struct reference *r)
{
    const double *last = ref_w(r, "item_embedding", ".weight");
    return (struct weights){.size = r->size,
                            .chained = last,
                            .user = ref_w(r, "user_embedding", ".weight"),
                            .last = last,
                            .output = ref_w(r, "output", ".weight"),
                            .bias = ref_w(r, "output", ".bias")};
}

static double score_of(const struct weights *w, const double *state, int item)
{
    int width = w->chained ? 2 * w->size : w->size;
    return ref_dot(width, w->output + item * width, state) + (w->bias ? w->bias[item] : 0);
}

/* What the items are scored by, before event j of a session. */
static void state_of(const struct weights *w, int user, const int32_t *item, int j, bool training,
                     double *state)
{
    const double *p = w->user + user * w->size;
    for (int i = 0; i < w->size; i++) {
        state[i] = p[i];
        if (w->chained)
            state[w->size + i] = w->last[item[j - 1] * w->size + i];
        for (int k = 0; k < j && !w->chained && !training && user == UNTRAINED; k++)
            state[i] += w->output[item[k] * w->size + i] / j;
    }
}

/* Mean loss of a training batch over the candidates, of which the first are its targets. */
static double reference_batch(const struct reference *r, const struct batch *b,
                              const struct candidates *c)
{
    struct weights w = bind(r);
    const int32_t *item = column_i32(b->item);
    int targets = 0, width = w.chained ? 2 * w.size : w.size;
    double total = 0, state[2 * REF_SIZE];
    for (size_t s = 0; s < b->length.len; s++) {
        int length = column_i32(b->length)[s];
        for (int j = w.chained; j < length; j++, targets++) {
            state_of(&w, column_i32(b->user)[s], item, j, true, state);
            for (int i = 0; i < width; i++)
                state[i] = ref_drop(r, 0, (size_t)(targets * width + i), state[i]);
            double sum = 0, own = score_of(&w, state, item[j]);
            int negatives = 0;
            for (int k = 0; k < c->count; k++)
                if (c->item[k] != item[j] && c->owner[k] != (int)s) {
                    sum += log(1 + exp(score_of(&w, state, c->item[k]) - own));
                    negatives++;
                }
            total += sum / negatives;
        }
        item += length;
    }
    return total / targets;
}

/* The cross-entropy of each target of a test; how many they are. */
static int reference_test(const struct reference *r, const struct batch *b, double *loss)
{
    struct weights w = bind(r);
    const int32_t *item = column_i32(b->item);
    int targets = 0;
    for (size_t s = 0; s < b->length.len; s++) {
        int length = column_i32(b->length)[s];
        for (int j = 1; j < length; j++) {
            double state[2 * REF_SIZE], sum = 0;
            state_of(&w, column_i32(b->user)[s], item, j, false, state);
            for (int i = 0; i < PAIR_ITEMS; i++)
                sum += exp(score_of(&w, state, i));
            loss[targets++] = log(sum) - score_of(&w, state, item[j]);
        }
        item += length;
    }
    return targets;
}

/* ---- held against the model ---- */

/* Sets a parameter: of users all but the untrained one, of others what draws give. */
static void set(struct pair *p, const char *name, float low, float high)
{
    struct parameter *q = parameters_find(&p->model.parameters, name);
    if (!q)
        return;
    float *host = mem_zero(q->count, sizeof *host);
    size_t skip = q->per_item ? q->count : UNTRAINED * (size_t)q->cols;
    for (size_t i = 0; i < q->count; i++)
        if (i < skip || i >= skip + (size_t)q->cols)
            host[i] = random_between(&drawn, low, high);
    p->device->op->upload(p->device, q->value, host, q->count * sizeof *host);
    mem_free(host);
}

static void open_pair(struct pair *p, const char *model, int size, double dropout)
{
    struct model_shape shape = {.embedding = size, .dropout = dropout};
    pair_open(p, model, &shape);
    set(p, "user_embedding.weight", -1, 1);
    set(p, "item_embedding.weight", -1, 1);
    set(p, "output.weight", -1, 1);
    set(p, "output.bias", -1, 1);
    load_reference(p);
    p->learner.options.sampled = true;
    p->learner.options.loss = LOSS_BPR;
    negatives_open(&p->learner.negatives, NEGATIVES, 1, false, &p->model.data);
}

static double worst_slope(struct pair *p, const struct batch *b, const struct candidates *c,
                          const float *g)
{
    const struct parameters *q = &p->model.parameters;
    struct reference *r = &p->reference;
    double worst = 0, step = 1e-5;
    for (size_t n = 0; n < q->list.len; n++)
        for (size_t i = 0; i < q->list.at[n]->count; i++) {
            size_t at = q->list.at[n]->offset + i;
            double was = r->w[at];
            r->w[at] = was + step;
            double above = reference_batch(r, b, c);
            r->w[at] = was - step;
            double below = reference_batch(r, b, c);
            r->w[at] = was;
            worst = fmax(worst, fabs((double)g[at] - (above - below) / (2 * step)));
        }
    return worst;
}

/* The losses of the batch's targets over those items. */
static float *losses_over(struct pair *p, const struct forward *f, const struct candidates *c)
{
    struct tape *t = p->learner.tape;
    return model_sampled_loss(
        &p->model, t, f, LOSS_BPR,
        tape_plan_candidates(t, f->output, f->output_bias, c, f->target, f->targets));
}

static void check_training(const char *model, int size, double dropout)
{
    struct made made;
    struct pair p;
    struct outcome o;
    struct err e;
    make_batch(&made);
    open_pair(&p, model, size, dropout);
    p.reference.step = 9;
    p.learner.steps = 8;
    learner_begin(&p.learner, (struct epoch){1, PART_TRAIN});
    struct forward f = run_forward(&p, &made.batch, 9);
    struct candidates c =
        negatives_draw(&p.learner.negatives, p.learner.tape, &f, (struct column){0}, 11, 9);
    losses_over(&p, &f, &c);
    tape_backward(p.learner.tape);
    float *g = all_gradients(&p);
    double expected = reference_batch(&p.reference, &made.batch, &c);
    double worst = worst_slope(&p, &made.batch, &c, g);
    int targets = f.targets, columns = c.count;
    mem_free(g);
    bool failed = learner_batch(&p.learner, &made.batch, &o, &e) || learner_flush(&p.learner, &e);
    double loss = failed ? INFINITY : p.learner.stats.loss / o.events;
    tap_ok(fabs(loss - expected) < 1e-6 && worst < 1e-6 && o.events == targets &&
               targets == (strcmp(model, "fpmc") ? 13 : 9) && columns == targets + NEGATIVES,
           "%s, %d wide, dropout %g: loss to %.1e, gradients to %.1e", model, size, dropout,
           fabs(loss - expected), worst);
    pair_close(&p);
    made_release(&made);
}

static void check_test(const char *model, int size)
{
    struct made made;
    struct pair p;
    struct outcome o;
    struct err e;
    double loss[SESSIONS * EVENTS], worst = 0;
    make_batch(&made);
    open_pair(&p, model, size, 0.5);
    int targets = reference_test(&p.reference, &made.batch, loss);
    learner_begin(&p.learner, (struct epoch){1, PART_TEST});
    bool failed = learner_batch(&p.learner, &made.batch, &o, &e);
    for (int i = 0; i < targets && !failed; i++)
        worst = fmax(worst, fabs((double)column_f32(o.ranks.loss)[i] - loss[i]));
    tap_ok(!failed && targets == o.events && targets == 9 && worst < 1e-5,
           "%s, %d wide, a test: losses of users with and without training to %.1e", model, size,
           worst);
    pair_close(&p);
    made_release(&made);
}

/* ---- closed forms ---- */

static void put(struct pair *p, const char *name, int row, float a, float b)
{
    struct parameter *q = parameters_find(&p->model.parameters, name);
    float two[2] = {a, b};
    p->device->op->upload(p->device, q->value + (size_t)row * (size_t)q->cols, two, sizeof two);
}

/* The loss of item 0 after item 1 over items 0, 1 and 2, for user 3. */
static double loss_of_three(struct pair *p)
{
    static const int32_t items[] = {0, 1, 2}, own[] = {1, 0}, owner[] = {-1, -1, -1};
    struct made m = {0};
    vec_push(&m.user, 3), vec_push(&m.session, 0), vec_push(&m.start, 0), vec_push(&m.history, 0);
    vec_push(&m.length, 2), vec_push(&m.item, 1), vec_push(&m.item, 0);
    close_batch(&m);
    struct forward f = run_forward(p, &m.batch, 1);
    struct candidates c = {.count = 3, .item = items, .own = own + 2 - f.targets, .owner = owner};
    float *loss = to_host(p->device, losses_over(p, &f, &c), (size_t)f.targets * sizeof *loss);
    double last = (double)loss[f.targets - 1];
    mem_free(loss);
    made_release(&m);
    return last;
}

static double pair_loss(double margin)
{
    return log(1 + exp(-margin));
}

static void check_closed(void)
{
    struct pair p;
    open_pair(&p, "bpr-mf", 2, 0);
    put(&p, "user_embedding.weight", 3, 1, 2);
    put(&p, "output.weight", 0, 2, 0.5f); /* 3 */
    put(&p, "output.weight", 1, 1, -1);   /* -1 */
    put(&p, "output.weight", 2, 0, 1);    /* 2 */
    float bias[3] = {0.5f, 0, 1};
    struct parameter *q = parameters_find(&p.model.parameters, "output.bias");
    p.device->op->upload(p.device, q->value, bias, sizeof bias);
    double expected = (pair_loss(3.5 + 1) + pair_loss(3.5 - 3)) / 2, loss = loss_of_three(&p);
    tap_ok(fabs(loss - expected) < 1e-6, "bpr-mf on three items: %.6f", loss);
    pair_close(&p);
    open_pair(&p, "fpmc", 1, 0);
    float user = 2, last = 3;
    q = parameters_find(&p.model.parameters, "user_embedding.weight");
    p.device->op->upload(p.device, q->value + 3, &user, sizeof user);
    q = parameters_find(&p.model.parameters, "item_embedding.weight");
    p.device->op->upload(p.device, q->value + 1, &last, sizeof last);
    put(&p, "output.weight", 0, 1, 0.5f);  /* 3.5 */
    put(&p, "output.weight", 1, -1, 1);    /* 1 */
    put(&p, "output.weight", 2, 0.5f, -1); /* -2 */
    expected = (pair_loss(2.5) + pair_loss(5.5)) / 2, loss = loss_of_three(&p);
    tap_ok(fabs(loss - expected) < 1e-6, "fpmc on three items: %.6f", loss);
    pair_close(&p);
}

int main(void)
{
    static const char *const models[] = {"bpr-mf", "fpmc"};
    for (int i = 0; i < 2; i++) {
        check_training(models[i], 5, 0);
        check_training(models[i], 8, 0.25);
        check_training(models[i], 33, 0.5);
        check_test(models[i], 5);
        check_test(models[i], 33);
    }
    check_closed();
    return tap_done();
}
