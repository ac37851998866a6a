/* STAMP, STMP and STMO against themselves written plainly, in double, from their equations: losses
 * and gradients with dropout and with sessions longer than they look back; and what their states
 * must not depend on. */
#include "pair.h"

enum { MOST = 16, LONG = 11, TARGETS = 1 + LONG - 1 + 4 };

struct form {
    const char *model;
    int size, positions;
    bool add_mean;
    double dropout, item_dropout;
};

/* Three sessions of 2, LONG and 5 events. */
static void make_batch(struct made *m)
{
    static const int length[] = {2, LONG, 5};
    drawn = random_of(5, 9);
    *m = (struct made){0};
    for (int s = 0; s < 3; s++) {
        vec_push(&m->user, s);
        vec_push(&m->session, 0);
        vec_push(&m->start, 1000);
        vec_push(&m->length, length[s]);
        vec_push(&m->history, 0);
        for (int i = 0; i < length[s]; i++)
            vec_push(&m->item, (int32_t)random_below(&drawn, PAIR_ITEMS));
    }
    close_batch(m);
}

/* ---- the equations ---- */

typedef double vectors[MOST][REF_SIZE];

static bool is(const struct form *s, const char *model)
{
    return !strcmp(s->model, model);
}

static double row_dot(const struct reference *r, const char *weight, int row, const double *x)
{
    return ref_dot(r->size, ref_w(r, weight, ".weight") + row * r->size, x);
}

/* tanh(W x + b) */
static double cell(const struct reference *r, const char *layer, int row, const double *x)
{
    return tanh(row_dot(r, layer, row, x) + ref_w(r, layer, ".bias")[row]);
}

/* w₀ · σ(W₁ x_j + W₂ x_t + W₃ m_t + b_a) */
static double weight_of(const struct reference *r, const double *x_j, const double *x_t,
                        const double *mean)
{
    double sum = 0;
    for (int i = 0; i < r->size; i++) {
        double z = row_dot(r, "attention_item", i, x_j) + row_dot(r, "attention_last", i, x_t) +
                   row_dot(r, "attention_mean", i, mean) + ref_w(r, "attention", ".bias")[i];
        sum += ref_w(r, "attention_energy", ".weight")[i] / (1 + exp(-z));
    }
    return sum;
}

/* What the session is about, from the rows x_0 .. x_t. */
static void memory(const struct reference *r, const struct form *s, vectors x, int t, double *out)
{
    double mean[REF_SIZE];
    for (int i = 0; i < r->size; i++) {
        mean[i] = 0;
        for (int j = 0; j <= t; j++)
            mean[i] += x[j][i] / (t + 1);
        out[i] = is(s, "stmp") || s->add_mean ? mean[i] : 0;
    }
    for (int j = 0; j <= t && is(s, "stamp"); j++) {
        double weight = weight_of(r, x[j], x[t], mean);
        for (int i = 0; i < r->size; i++)
            out[i] += weight * x[j][i];
    }
}

/* -log softmax of the target, from the rows x_0 .. x_t */
static double loss_of(const struct reference *r, const struct form *s, vectors x, int t, int target)
{
    double about[REF_SIZE] = {0}, state[REF_SIZE], score[PAIR_ITEMS], sum = 0;
    memory(r, s, x, t, about);
    for (int i = 0; i < r->size; i++)
        state[i] = cell(r, "last", i, x[t]) * (is(s, "stmo") ? 1 : cell(r, "memory", i, about));
    for (int i = 0; i < PAIR_ITEMS; i++)
        sum += exp(score[i] = ref_dot(r->size, r->item + i * r->size, state));
    return log(sum) - score[target];
}

/* The inputs of a session that are not left out, in their order; event: its first among the
 * batch's.  Returns how many of those up to t there are; the last of them predicts. */
static int inputs_up_to(const struct reference *r, const int32_t *item, int event, int t,
                        int32_t *kept)
{
    int n = 0;
    for (int j = 0; j <= t; j++)
        if (!j || ref_keeps_item(r, (size_t)(event + j)))
            kept[n++] = item[j];
    return n;
}

/* Where the window of the newest of n inputs begins among the session's rows, by which masks go:
 * the first `most` inputs share their rows. */
static int window_at(int n, int most)
{
    return n <= most ? 0 : (n - most) * most;
}

/* Mean loss of the batch: each position alone, from the items that it sees. */
static double reference_batch(const struct reference *r, const void *form, const struct batch *b)
{
    const struct form *s = form;
    const int32_t *item = column_i32(b->item);
    int most = is(s, "stmo") ? 1 : s->positions, event = 0, row = 0, n = 0;
    double total = 0;
    for (size_t q = 0; q < b->length.len; event += column_i32(b->length)[q++]) {
        for (int t = 0; t + 1 < column_i32(b->length)[q]; t++) {
            int32_t kept[LONG];
            n = inputs_up_to(r, item + event, event, t, kept);
            int rows = n < most ? n : most, at = row + window_at(n, most);
            vectors x;
            for (int j = 0; j < rows; j++)
                for (int i = 0; i < r->size; i++)
                    x[j][i] = ref_drop(r, 0, (size_t)((at + j) * r->size + i),
                                       r->item[kept[n - rows + j] * r->size + i]);
            total += loss_of(r, s, x, rows - 1, item[event + t + 1]);
        }
        row += window_at(n, most) + (n < most ? n : most);
    }
    return total / TARGETS;
}

/* ---- held against the model ---- */

/* Opens a pair whose weights are all of the size of 1, biases too: those that a model begins with
 * are so small that its scores are all 0. */
static void open_form(struct pair *p, const struct form *s)
{
    struct model_shape shape = {.embedding = s->size,
                                .positions = s->positions,
                                .add_mean = s->add_mean,
                                .dropout = s->dropout,
                                .item_dropout = s->item_dropout};
    pair_open(p, s->model, &shape);
    const struct parameters *q = &p->model.parameters;
    struct random random = random_of(3, 4);
    float *w = mem_alloc(q->count * sizeof *w);
    for (size_t i = 0; i < q->count; i++)
        w[i] = random_between(&random, -1, 1);
    p->device->op->upload(p->device, q->value, w, q->count * sizeof *w);
    mem_free(w);
    load_reference(p);
    learner_begin(&p->learner, (struct epoch){1, PART_TRAIN});
    p->learner.steps = 8;
    p->reference.step = 9;
}

static void check_form_of(const struct form *s)
{
    struct made made;
    struct pair p;
    make_batch(&made);
    open_form(&p, s);
    double expected = reference_batch(&p.reference, s, &made.batch);
    double worst = gradients_apart(&p, reference_batch, s, &made.batch, s->size > 10 ? 61 : 3);
    double apart = fabs(batch_loss(&p, &made.batch) - expected);
    tap_ok(apart < 1e-6 && worst < 2e-6,
           "%s%s, size %d, %d positions, dropout %g, of items %g: loss to %.1e, gradients to %.1e",
           s->model, s->add_mean ? " and the mean" : "", s->size, s->positions, s->dropout,
           s->item_dropout, apart, worst);
    pair_close(&p);
    made_release(&made);
}

/* ---- what states do not depend on ---- */

/* The states of the batch's targets outside training, on the host; to be freed. */
static float *test_states(struct pair *p, const struct batch *b)
{
    struct forward f;
    tape_begin(p->learner.tape, false, 0, 0);
    model_forward_deep(&p->model, p->learner.tape, b, &f);
    return to_host(p->device, f.state->value,
                   (size_t)f.targets * (size_t)f.state->cols * sizeof(float));
}

/* The largest difference of the states of targets from .. to-1. */
static double states_apart(const struct pair *p, const float *a, const float *b, int from, int to)
{
    double worst = 0;
    size_t size = (size_t)p->reference.size;
    for (size_t i = (size_t)from * size; i < (size_t)to * size; i++)
        worst = fmax(worst, fabs((double)a[i] - (double)b[i]));
    return worst;
}

/* The long session's input 6 is another item; its targets begin at 1. */
static void check_later(const struct form *s)
{
    struct made made;
    struct pair p;
    make_batch(&made);
    open_form(&p, s);
    float *before = test_states(&p, &made.batch);
    made.item.at[2 + 6] = (made.item.at[2 + 6] + 1) % PAIR_ITEMS;
    float *after = test_states(&p, &made.batch);
    double own = states_apart(&p, before, after, 1 + 6, 1 + 7);
    double next = states_apart(&p, before, after, 1 + 7, 1 + 8);
    tap_ok(states_apart(&p, before, after, 0, 1 + 6) == 0 && own > 0 &&
               (next > 0) == !is(s, "stmo"),
           "%s, %d positions: an event changes its state, none before it, %s", s->model,
           s->positions, is(s, "stmo") ? "and none after it" : "and the next");
    mem_free(before);
    mem_free(after);
    pair_close(&p);
    made_release(&made);
}

/* The long session's inputs 2 and 4 change places. */
static void check_order(const struct form *s)
{
    struct made made;
    struct pair p;
    make_batch(&made);
    open_form(&p, s);
    float *before = test_states(&p, &made.batch);
    int32_t *item = made.item.at + 2, was = item[2];
    item[2] = item[4], item[4] = was;
    float *after = test_states(&p, &made.batch);
    double later = states_apart(&p, before, after, 1 + 5, 1 + LONG - 1);
    double between = states_apart(&p, before, after, 1 + 2, 1 + 5);
    tap_ok(later < 1e-6 && between > 1e-3,
           "%s: the order of inputs before the last counts for %.0e", s->model, later);
    mem_free(before);
    mem_free(after);
    pair_close(&p);
    made_release(&made);
}

/* Weights of the attention that are 0 leave the mean. */
static void check_no_energy(void)
{
    struct made made;
    struct pair all, mean;
    make_batch(&made);
    open_form(&all, &(struct form){"stamp", 6, MOST, true, 0, 0});
    open_form(&mean, &(struct form){"stmp", 6, MOST, false, 0, 0});
    const struct parameter *energy =
        parameters_find(&all.model.parameters, "attention_energy.weight");
    all.device->op->fill(all.device, energy->value, 0, energy->count);
    for (size_t i = 0; i < mean.model.parameters.list.len; i++) {
        const struct parameter *p = mean.model.parameters.list.at[i];
        const struct parameter *from = parameters_find(&all.model.parameters, p->name);
        mean.device->op->copy(mean.device, p->value, from->value, p->count);
    }
    float *a = test_states(&all, &made.batch), *b = test_states(&mean, &made.batch);
    tap_ok(states_apart(&mean, a, b, 0, TARGETS) == 0,
           "stamp whose energies are 0, with the mean, is stmp");
    mem_free(a);
    mem_free(b);
    pair_close(&all);
    pair_close(&mean);
    made_release(&made);
}

int main(void)
{
    static const char *const models[] = {"stamp", "stmp", "stmo"};
    for (int i = 0; i < 3; i++) {
        check_form_of(&(struct form){models[i], 6, MOST, false, 0.25, 0});
        check_form_of(&(struct form){models[i], 5, 3, false, 0.25, 0});
        check_form_of(&(struct form){models[i], 33, 4, false, 0, 0});
        check_form_of(&(struct form){models[i], 6, MOST, false, 0.25, 0.4});
        check_form_of(&(struct form){models[i], 5, 3, false, 0, 0.3});
        check_later(&(struct form){models[i], 6, MOST, false, 0, 0});
        check_later(&(struct form){models[i], 6, 3, false, 0, 0});
        check_order(&(struct form){models[i], 6, MOST, false, 0, 0});
    }
    check_form_of(&(struct form){"stamp", 6, 4, true, 0.25, 0});
    check_no_energy();
    return tap_done();
}
