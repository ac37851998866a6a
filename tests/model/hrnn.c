/* Models of lanes against themselves written plainly, in double, lane by lane: losses step after
 * step and over all steps at once, gradients through all of them, what is kept of users from pass
 * to pass. */
#include <unistd.h>

#include "pair.h"

enum { LANES = 3, STEPS = 9, SIZE = 7, IN = 5 };

/* Lane 0: users 0 and 1; lane 1: user 2 with three sessions, lane 2: user 3, then idle. */
static const unsigned char reset[STEPS * LANES] = {2, 2, 2, 0, 0, 0, 0, 1, 1, 1, 0, 0, 0, 0,
                                                   3, 2, 1, 3, 0, 0, 3, 0, 0, 3, 1, 0, 3};
static const int32_t user[STEPS * LANES] = {0, 2, 3, 0, 2, 3, 0, 2, 3, 0, 2, 3, 0, 2,
                                            0, 1, 2, 0, 1, 2, 0, 1, 2, 0, 1, 2, 0};
static int32_t item[STEPS * LANES], target[STEPS * LANES];

struct form {
    const char *model, *propagate;
    bool joined;
    const char *gru;
};

/* ---- the equations ---- */

struct weights {
    const double *item, *start, *start_bias, *output, *output_bias;
    struct ref_gru session, usr;
};

struct state {
    double s[LANES][REF_STATE], c[LANES][REF_STATE], kept[REF_USERS][REF_STATE];
    int user[LANES];
    int newest[LANES], unread[REF_USERS]; /* joined sessions' last items; -1: none */
};

static struct weights bind(const struct reference *r, bool all, double *wide)
{
    struct weights w = {.item = ref_w(r, "item_embedding", ".weight"),
                        .start = ref_w(r, "user_to_session", ".weight"),
                        .start_bias = ref_w(r, "user_to_session", ".bias"),
                        .output = ref_w(r, "output", ".weight"),
                        .output_bias = ref_w(r, "output", ".bias"),
                        .session = ref_bind_gru(r, "session_gru", "", IN, SIZE),
                        .usr = ref_bind_gru(r, "user_gru", "", SIZE, SIZE)};
    const double *more = ref_w(r, "user_to_input", ".weight");
    for (int i = 0; i < 3 * SIZE && all; i++)
        for (int j = 0; j < IN + SIZE; j++)
            wide[i * (IN + SIZE) + j] = j < IN ? w.session.ih[i * IN + j] : more[i * SIZE + j - IN];
    if (all)
        w.session.ih = wide, w.session.in = IN + SIZE;
    return w;
}

/* The lane's session has ended: its user takes it in. */
static void absorb(const struct reference *r, const struct weights *w, struct state *z, int lane)
{
    ref_step(r, &w->usr, z->s[lane], z->c[lane]);
}

static void begin(const struct reference *r, const struct weights *w, const struct form *form,
                  struct state *z, int lane, int how, int whose)
{
    bool users = !strcmp(form->model, "hrnn");
    bool ends = z->user[lane] >= 0 && how >= RESET_USER;
    if (users && (ends || how == RESET_SESSION))
        absorb(r, w, z, lane);
    if (ends) {
        memcpy(z->kept[z->user[lane]], users ? z->c[lane] : z->s[lane], sizeof z->c[lane]);
        z->unread[z->user[lane]] = z->newest[lane];
        z->user[lane] = -1;
    }
    if (how == RESET_USER) {
        z->user[lane] = whose;
        memcpy(z->c[lane], z->kept[whose], sizeof z->c[lane]);
        z->newest[lane] = z->unread[whose];
    }
    if (how != RESET_USER && (how != RESET_SESSION || form->joined))
        return;
    for (int i = 0; i < SIZE; i++)
        z->s[lane][i] =
            form->joined ? z->kept[whose][i]
            : users      ? tanh(ref_dot(SIZE, w->start + i * SIZE, z->c[lane]) + w->start_bias[i])
                         : 0;
}

/* The lane takes an item in; the loss of the next, all items scored. */
static double item_loss(const struct reference *r, const struct weights *w, struct state *z,
                        int lane, int input, int next)
{
    double x[IN + SIZE], score[PAIR_ITEMS], total = 0;
    memcpy(x, w->item + input * IN, IN * sizeof *x);
    memcpy(x + IN, z->c[lane], SIZE * sizeof *x);
    ref_step(r, &w->session, x, z->s[lane]);
    for (int j = 0; j < PAIR_ITEMS; j++) {
        score[j] = ref_dot(SIZE, w->output + j * SIZE, z->s[lane]) + w->output_bias[j];
        total += exp(score[j]);
    }
    return log(total) - score[next];
}

/* Mean loss of some steps; the state goes on. */
static double reference_steps(const struct reference *r, const struct form *form, struct state *z,
                              int from, int count, bool training)
{
    double wide[3 * SIZE * (IN + SIZE)], sum = 0;
    struct weights w = bind(r, ref_is(form->propagate, "all"), wide);
    int targets = 0;
    for (int i = from * LANES; i < (from + count) * LANES; i++) {
        int lane = i % LANES;
        begin(r, &w, form, z, lane, reset[i], user[i]);
        if (reset[i] == RESET_IDLE)
            continue;
        if (form->joined && reset[i] != RESET_NONE && z->newest[lane] >= 0) {
            double loss = item_loss(r, &w, z, lane, z->newest[lane], item[i]);
            sum += training ? loss : 0;
            targets += training;
        }
        sum += item_loss(r, &w, z, lane, item[i], target[i]);
        z->newest[lane] = target[i];
        targets++;
    }
    return targets ? sum / targets : 0;
}

static void clear(struct state *z)
{
    *z = (struct state){0};
    for (int i = 0; i < LANES; i++)
        z->user[i] = z->newest[i] = -1;
    for (int i = 0; i < REF_USERS; i++)
        z->unread[i] = -1;
}

/* ---- held against the model ---- */

static struct slot_steps steps_of(int from, int count)
{
    return (struct slot_steps){.slots = LANES,
                               .count = count,
                               .item = item + from * LANES,
                               .target = target + from * LANES,
                               .user = user + from * LANES,
                               .reset = reset + from * LANES};
}

static struct steps all_steps(void)
{
    static int32_t session[STEPS * LANES], position[STEPS * LANES], length[STEPS * LANES];
    enum { N = STEPS * LANES };
    return (struct steps){.lanes = LANES,
                          .item = {item, N},
                          .target = {target, N},
                          .user = {(void *)(uintptr_t)user, N},
                          .session = {session, N},
                          .position = {position, N},
                          .reset = {(void *)(uintptr_t)reset, N},
                          .length = {length, N}};
}

static double slope(struct pair *p, const struct form *form, size_t i)
{
    struct reference *r = &p->reference;
    struct state z;
    double was = r->w[i], step = 1e-5, side[2];
    for (int k = 0; k < 2; k++) {
        r->w[i] = was + (k ? -step : step);
        clear(&z);
        side[k] = reference_steps(r, form, &z, 0, STEPS, true);
    }
    r->w[i] = was;
    return (side[0] - side[1]) / (2 * step);
}

/* Gradients of the mean loss of all steps, which is left in *loss position by position; all are to
 * be freed. */
static float *gradients(struct pair *p, const struct slot_steps *steps, float **loss, int *targets)
{
    struct tape *t = p->learner.tape;
    struct forward f;
    clear_gradients(p);
    tape_begin(t, true, 1, 1);
    p->model.class->plan(&p->model, t, steps, &f);
    p->model.class->steps(&p->model, t, &f);
    const float *all = tape_output_loss(t, f.state, model_output(t, &f), model_output_bias(t, &f),
                                        tape_ints(t, f.target, (size_t)f.targets));
    tape_backward(t);
    *targets = f.targets;
    *loss = to_host(p->device, all, (size_t)f.targets * sizeof *all);
    return all_gradients(p);
}

static double worst_slope(struct pair *p, const struct form *form)
{
    const struct parameters *q = &p->model.parameters;
    struct slot_steps steps = steps_of(0, STEPS);
    float *loss, *g;
    double worst = 0;
    int targets;
    g = gradients(p, &steps, &loss, &targets);
    for (size_t n = 0; n < q->list.len; n++)
        for (size_t i = 0; i < q->list.at[n]->count; i += 2) {
            size_t at = q->list.at[n]->offset + i;
            double wanted = slope(p, form, at);
            worst = fmax(worst, fabs((double)g[at] - wanted) / (1 + fabs(wanted)));
        }
    mem_free(g);
    mem_free(loss);
    return worst;
}

/* The mean loss of a whole pass through the learner; infinite where it fails. */
static double pass_loss(struct pair *p, enum part part)
{
    struct steps steps = all_steps();
    struct outcome o;
    struct err e;
    learner_begin(&p->learner, (struct epoch){1, part});
    if (learner_steps(&p->learner, &steps, &o, &e) || learner_flush(&p->learner, &e))
        return INFINITY;
    return p->learner.stats.loss / (double)p->learner.stats.events;
}

static void check_lanes(const struct form *form)
{
    struct model_shape shape = {.embedding = IN,
                                .hidden = SIZE,
                                .propagate = form->propagate,
                                .join_sessions = form->joined,
                                .gru = form->gru};
    struct pair p;
    struct state z;
    pair_open(&p, form->model, &shape);
    clear(&z);
    double train = reference_steps(&p.reference, form, &z, 0, STEPS, true);
    double trained = pass_loss(&p, PART_TRAIN);
    double wide[3 * SIZE * (IN + SIZE)];
    struct weights w = bind(&p.reference, false, wide);
    for (int i = 0; i < LANES; i++) /* the pass has ended */
        begin(&p.reference, &w, form, &z, i, RESET_IDLE, 0);
    double test = reference_steps(&p.reference, form, &z, 0, STEPS, false);
    double tested = pass_loss(&p, PART_TEST);
    tap_ok(fabs(train - trained) < 1e-6 && fabs(test - tested) < 1e-6 &&
               (!strcmp(form->model, "rnn") && !form->joined) == !(fabs(test - train) > 1e-4),
           "%s %s%s, %s, step by step: training to %.1e, the test after it to %.1e", form->model,
           form->propagate ? form->propagate : "", form->joined ? "joined" : "", form->gru,
           fabs(train - trained), fabs(test - tested));
    pair_close(&p);
    pair_open(&p, form->model, &shape);
    double worst = worst_slope(&p, form);
    tap_ok(worst < 1e-6, "%s %s%s, %s, gradients through %d steps to %.1e", form->model,
           form->propagate ? form->propagate : "", form->joined ? "joined" : "", form->gru, STEPS,
           worst);
    pair_close(&p);
}

/* ---- one lane over one user ---- */

enum { LONG = 13 };

/* The mean loss of a GRU that reads x to its end; those of its positions. */
static double plain_losses(const struct reference *r, const int32_t x[LONG], double loss[LONG])
{
    struct weights w = bind(r, false, NULL);
    struct state z = {0};
    double sum = 0;
    for (int i = 0; i + 1 < LONG; i++)
        sum += loss[i] = item_loss(r, &w, &z, 0, x[i], x[i + 1]);
    return sum / (LONG - 1);
}

static double plain_slope(struct reference *r, const int32_t x[LONG], size_t i)
{
    double was = r->w[i], step = 1e-5, loss[LONG], side[2];
    for (int k = 0; k < 2; k++) {
        r->w[i] = was + (k ? -step : step);
        side[k] = plain_losses(r, x, loss);
    }
    r->w[i] = was;
    return (side[0] - side[1]) / (2 * step);
}

/* Sessions of 4, 2, 5 and 2 items that are joined train as their concatenation does. */
static void check_concatenation(void)
{
    static const int length[] = {4, 2, 5, 2};
    struct model_shape shape = {
        .embedding = IN, .hidden = SIZE, .join_sessions = true, .gru = "reset-before"};
    int32_t x[LONG], input[LONG], next[LONG], whose[LONG] = {0};
    unsigned char how[LONG];
    struct slot_steps steps = {1, 0, input, next, whose, how};
    for (int i = 0; i < LONG; i++)
        x[i] = (int32_t)random_below(&drawn, PAIR_ITEMS);
    for (int s = 0, at = 0; s < 4; at += length[s++])
        for (int i = 0; i + 1 < length[s]; i++, steps.count++) {
            how[steps.count] = i ? RESET_NONE : s ? RESET_SESSION : RESET_USER;
            input[steps.count] = x[at + i];
            next[steps.count] = x[at + i + 1];
        }
    struct pair p;
    double plain[LONG], worst = 0, slopes = 0;
    float *loss, *g;
    int targets;
    pair_open(&p, "rnn", &shape);
    g = gradients(&p, &steps, &loss, &targets);
    plain_losses(&p.reference, x, plain);
    for (int i = 0; i < targets && i + 1 < LONG; i++)
        worst = fmax(worst, fabs((double)loss[i] - plain[i]));
    for (size_t i = 0; i < p.model.parameters.count; i++)
        slopes = fmax(slopes, fabs((double)g[i] - plain_slope(&p.reference, x, i)));
    tap_ok(targets == LONG - 1 && worst < 2e-6 && slopes < 1e-6,
           "joined sessions train as one: %d losses to %.1e, gradients to %.1e", targets, worst,
           slopes);
    mem_free(g);
    mem_free(loss);
    pair_close(&p);
}

/* ---- checkpoints ---- */

static void carried(void *of, struct state *s)
{
    struct pair *p = of;
    p->model.class->state(&p->model, s);
}

/* Restores the file for batches of so many lanes. */
static int restore(const struct model_shape *shape, int lanes, struct pair *p, struct err *e)
{
    struct safetensors file;
    pair_open(p, "rnn", shape);
    p->model.data.slots = lanes;
    if (safetensors_open(&file, "carried", e))
        return e->status;
    int status = state_read(&file, carried, p, e);
    safetensors_close(&file);
    return status;
}

static void check_carried(void)
{
    const struct model_shape shape = {
        .embedding = IN, .hidden = SIZE, .join_sessions = true, .gru = "reset-before"};
    struct pair p, q;
    struct output_file sink;
    struct err e = {0};
    pair_open(&p, "rnn", &shape);
    pass_loss(&p, PART_TRAIN);
    tap_ok(!output_file_open(&sink, "carried", &e) &&
               !state_write(&sink, NULL, 0, carried, &p, &e) && !output_file_commit(&sink, &e),
           "what lanes carry on is written");
    int status = restore(&shape, LANES, &q, &e);
    double on = pass_loss(&p, PART_TEST), restored = pass_loss(&q, PART_TEST);
    tap_ok(!status && on == restored, "and gone on from: %.6f, %.6f", on, restored);
    pair_close(&q);
    status = restore(&shape, LANES + 1, &q, &e);
    tap_ok(status == STATUS_DATA && strstr(e.text, "lanes: not those of the batches"),
           "but not in other lanes: %s", e.text);
    unlink("carried");
    pair_close(&q);
    pair_close(&p);
}

int main(void)
{
    drawn = random_of(5, 11);
    for (int i = 0; i < STEPS * LANES; i++) {
        item[i] = (int32_t)random_below(&drawn, PAIR_ITEMS);
        target[i] = (int32_t)random_below(&drawn, PAIR_ITEMS);
    }
    static const char *const gru[] = {"reset-before", "reset-after"};
    for (int i = 0; i < 2; i++) {
        check_lanes(&(struct form){"hrnn", "init", false, gru[i]});
        check_lanes(&(struct form){"hrnn", "all", false, gru[i]});
        check_lanes(&(struct form){"rnn", NULL, false, gru[i]});
        check_lanes(&(struct form){"rnn", NULL, true, gru[i]});
    }
    check_concatenation();
    check_carried();
    return tap_done();
}
