/* Models of parallel mini-batches against their equations in double, slot by slot: losses and
 * gradients of steps; the same sessions run whole, whose states are those of the steps; what is
 * remembered of users for a test. */
#include <unistd.h>

#include "pair.h"

enum { SLOTS = PAIR_SLOTS, STEPS = 9, ROUNDS = 3, SIZE = 7, IN = 5, FORWARD = 4, LAYERS = 3 };

/* Slot 0: users 0 and 1; slot 1: user 2 with three sessions; slot 2: user 3, then idle. */
static const unsigned char reset[STEPS * SLOTS] = {2, 2, 2, 0, 0, 0, 0, 1, 1, 1, 0, 0, 0, 0,
                                                   3, 2, 1, 3, 0, 0, 3, 0, 0, 3, 1, 0, 3};
static const int32_t user[STEPS * SLOTS] = {0, 2, 3, 0, 2, 3, 0, 2, 3, 0, 2, 3, 0, 2,
                                            0, 1, 2, 0, 1, 2, 0, 1, 2, 0, 1, 2, 0};
static int32_t item[STEPS * SLOTS], target[STEPS * SLOTS];

struct form {
    const char *model, *propagate;
    bool joined;
    const char *gru, *decoder; /* NULL: dense */
    int layers, feed_forward;  /* 0: one; none */
    bool one_hot, lstm, separator;
};

static int layers_of(const struct form *form)
{
    return form->layers ? form->layers : 1;
}

/* How wide the state of a layer is. */
static int width_of(const struct form *form)
{
    return form->lstm ? 2 * SIZE : SIZE;
}

/* ---- the equations ---- */

struct weights {
    const double *item, *start, *start_bias, *output, *output_bias, *bilinear;
    const double *hidden, *hidden_bias, *separator;
    int layers, width, state; /* width: of a row of item; state: of a layer's state */
    struct ref_gru session[LAYERS], usr;
};

struct state {
    double s[SLOTS][REF_STATE], c[SLOTS][REF_STATE], kept[REF_USERS][REF_STATE];
    int user[SLOTS];
    int newest[SLOTS], unread[REF_USERS]; /* joined sessions' last items; -1: none */
};

static struct weights bind(const struct reference *r, const struct form *form, double *wide)
{
    bool all = ref_is(form->propagate, "all");
    struct weights w = {.item = ref_w(r, form->one_hot ? "input" : "item_embedding", ".weight"),
                        .separator = ref_w(r, "separator", ".weight"),
                        .hidden = ref_w(r, "hidden", ".weight"),
                        .hidden_bias = ref_w(r, "hidden", ".bias"),
                        .layers = layers_of(form),
                        .width = form->one_hot ? form->lstm ? 4 * SIZE : 3 * SIZE : IN,
                        .state = width_of(form),
                        .start = ref_w(r, "user_to_session", ".weight"),
                        .start_bias = ref_w(r, "user_to_session", ".bias"),
                        .output = ref_w(r, "output", ".weight"),
                        .output_bias = ref_w(r, "output", ".bias"),
                        .bilinear = ref_w(r, "bilinear", ".weight"),
                        .usr = ref_bind_gru(r, "user_gru", "", SIZE, SIZE)};
    const double *more = ref_w(r, "user_to_input", ".weight");
    for (int i = 0; i < w.layers; i++)
        w.session[i] = ref_bind_gru_layer(r, form->lstm ? "session_lstm" : "session_gru", i, "",
                                          i ? SIZE : IN, SIZE);
    for (int i = 0; i < 3 * SIZE && all; i++)
        for (int j = 0; j < IN + SIZE; j++)
            wide[i * (IN + SIZE) + j] =
                j < IN ? w.session->ih[i * IN + j] : more[i * SIZE + j - IN];
    if (all)
        w.session->ih = wide, w.session->in = IN + SIZE;
    return w;
}

/* The slot's session has ended: its user takes it in. */
static void absorb(const struct reference *r, const struct weights *w, struct state *z, int slot)
{
    ref_step(r, &w->usr, z->s[slot], z->c[slot]);
}

static void begin(const struct reference *r, const struct weights *w, const struct form *form,
                  struct state *z, int slot, int how, int whose)
{
    bool users = !strcmp(form->model, "hrnn");
    bool ends = z->user[slot] >= 0 && how >= RESET_USER;
    if (users && (ends || how == RESET_SESSION))
        absorb(r, w, z, slot);
    if (ends) {
        memcpy(z->kept[z->user[slot]], users ? z->c[slot] : z->s[slot], sizeof z->c[slot]);
        z->unread[z->user[slot]] = z->newest[slot];
        z->user[slot] = -1;
    }
    if (how == RESET_USER) {
        z->user[slot] = whose;
        memcpy(z->c[slot], z->kept[whose], sizeof z->c[slot]);
        z->newest[slot] = z->unread[whose];
    }
    if (how != RESET_USER && (how != RESET_SESSION || form->joined))
        return;
    for (int i = 0; i < layers_of(form) * width_of(form); i++)
        z->s[slot][i] =
            form->joined ? z->kept[whose][i]
            : users      ? tanh(ref_dot(SIZE, w->start + i * SIZE, z->c[slot]) + w->start_bias[i])
                         : 0;
}

/* The slot reads an item, or the separator (-1); the loss of the next, all items scored. */
static double item_loss(const struct reference *r, const struct weights *w, struct state *z,
                        int slot, int input, int next)
{
    double x[5 * SIZE], last[SIZE], mapped[IN], score[PAIR_ITEMS], total = 0, *s = z->s[slot];
    int size = w->hidden ? FORWARD : SIZE;
    memcpy(x, input < 0 ? w->separator : w->item + input * w->width, (size_t)w->width * sizeof *x);
    memcpy(x + w->width, z->c[slot], SIZE * sizeof *x);
    for (int i = 0; i < w->layers; i++, s += w->state)
        if (w->state > SIZE)
            ref_lstm_step(&w->session[i], i ? s - w->state : x, s);
        else
            ref_step(r, &w->session[i], i ? s - SIZE : x, s);
    s -= w->state;
    for (int j = 0; j < size; j++)
        last[j] =
            w->hidden ? tanh(ref_dot(SIZE, w->hidden + j * SIZE, s) + w->hidden_bias[j]) : s[j];
    for (int j = 0; j < IN && w->bilinear; j++)
        mapped[j] = ref_dot(size, w->bilinear + j * size, last);
    for (int j = 0; j < PAIR_ITEMS; j++) {
        score[j] = (w->bilinear ? ref_dot(IN, w->item + j * IN, mapped)
                                : ref_dot(size, w->output + j * size, last)) +
                   w->output_bias[j];
        total += exp(score[j]);
    }
    return log(total) - score[next];
}

/* Mean loss of some steps; the state goes on. */
static double reference_steps(const struct reference *r, const struct form *form, struct state *z,
                              int from, int count, bool training)
{
    double wide[3 * SIZE * (IN + SIZE)], sum = 0;
    struct weights w = bind(r, form, wide);
    int targets = 0;
    for (int i = from * SLOTS; i < (from + count) * SLOTS; i++) {
        int slot = i % SLOTS;
        begin(r, &w, form, z, slot, reset[i], user[i]);
        if (reset[i] == RESET_IDLE)
            continue;
        if (form->joined && reset[i] != RESET_NONE && z->newest[slot] >= 0) {
            double loss = item_loss(r, &w, z, slot, z->newest[slot], item[i]);
            if (form->separator)
                loss = item_loss(r, &w, z, slot, -1, item[i]);
            sum += training ? loss : 0;
            targets += training;
        }
        sum += item_loss(r, &w, z, slot, item[i], target[i]);
        z->newest[slot] = target[i];
        targets++;
    }
    return targets ? sum / targets : 0;
}

static void clear(struct state *z)
{
    *z = (struct state){0};
    for (int i = 0; i < SLOTS; i++)
        z->user[i] = z->newest[i] = -1;
    for (int i = 0; i < REF_USERS; i++)
        z->unread[i] = -1;
}

/* ---- held against the model ---- */

static struct slot_steps steps_of(int from, int count)
{
    return (struct slot_steps){.slots = SLOTS,
                               .count = count,
                               .item = item + from * SLOTS,
                               .target = target + from * SLOTS,
                               .user = user + from * SLOTS,
                               .reset = reset + from * SLOTS};
}

static struct steps all_steps(void)
{
    enum { N = STEPS * SLOTS };
    return (struct steps){.slots = SLOTS,
                          .item = {item, N},
                          .target = {target, N},
                          .user = {(void *)(uintptr_t)user, N},
                          .reset = {(void *)(uintptr_t)reset, N}};
}

/* Random items; the target is the session's next item. */
static void fill_steps(void)
{
    for (int i = 0; i < STEPS * SLOTS; i++) {
        item[i] = (int32_t)random_below(&drawn, PAIR_ITEMS);
        target[i] = (int32_t)random_below(&drawn, PAIR_ITEMS);
    }
    for (int i = 0; i + SLOTS < STEPS * SLOTS; i++)
        if (reset[i + SLOTS] == RESET_NONE)
            target[i] = item[i + SLOTS];
}

/* ---- the same sessions, whole ---- */

/* The sessions that are the users' first, second or third ones, and where each target is in the
 * steps. */
struct round {
    struct made made;
    i32_vec step;
};

static void add_whole(struct round *to, int at)
{
    struct made *m = &to->made;
    int length = 1;
    vec_push(&m->user, user[at]);
    do {
        vec_push(&m->item, item[at]);
        vec_push(&to->step, at);
        length++;
        at += SLOTS;
    } while (at < STEPS * SLOTS && reset[at] == RESET_NONE);
    vec_push(&m->item, target[at - SLOTS]);
    vec_push(&m->length, length);
    vec_push(&m->history, 0);
}

/* A session of one event, which has no step. */
static void add_one_event(struct made *m, int32_t whose)
{
    vec_push(&m->user, whose);
    vec_push(&m->item, 0);
    vec_push(&m->length, 1);
    vec_push(&m->history, 0);
}

/* The last round has a session of one event besides, of user 3: it changes nothing. */
static void make_rounds(struct round round[ROUNDS])
{
    memset(round, 0, ROUNDS * sizeof *round);
    for (int slot = 0; slot < SLOTS; slot++)
        for (int at = slot, before = 0; at < STEPS * SLOTS; at += SLOTS) {
            before = reset[at] == RESET_USER ? 0 : before;
            if (reset[at] == RESET_USER || reset[at] == RESET_SESSION)
                add_whole(&round[before++], at);
        }
    add_one_event(&round[ROUNDS - 1].made, 3);
    for (int i = 0; i < ROUNDS; i++) {
        vec_append(&round[i].made.session, round[i].made.history.at, round[i].made.history.len);
        close_batch(&round[i].made);
    }
}

static void rounds_free(struct round round[ROUNDS])
{
    for (int i = 0; i < ROUNDS; i++) {
        made_release(&round[i].made);
        vec_release(&round[i].step);
    }
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
    const float *all =
        tape_output_loss(t, f.state, model_output(&p->model, t, &f), model_output_bias(t, &f), NULL,
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

/* The mean loss of all steps in the training pass that has begun; infinite: it fails. */
static double steps_loss(struct pair *p)
{
    struct steps steps = all_steps();
    struct outcome o;
    struct err e;
    struct pass_stats before = p->learner.stats;
    if (learner_steps(&p->learner, &steps, &o, &e) || learner_flush(&p->learner, &e))
        return INFINITY;
    return (p->learner.stats.loss - before.loss) /
           (double)(p->learner.stats.events - before.events);
}

/* The mean loss of a test pass over the whole sessions, before which the model takes them in as
 * training sessions; infinite: it fails. */
static double test_loss(struct pair *p)
{
    struct round round[ROUNDS];
    struct outcome o;
    struct err e;
    enum part part;
    bool failed = false;
    make_rounds(round);
    learner_begin(&p->learner, (struct epoch){1, PART_TEST});
    while ((part = learner_takes(&p->learner, PART_TEST)) != PART_NONE) {
        for (int i = 0; i < ROUNDS && part == PART_TRAIN; i++)
            learner_take(&p->learner, &round[i].made.batch);
        learner_took(&p->learner, part);
    }
    for (int i = 0; i < ROUNDS && !failed; i++)
        failed = learner_batch(&p->learner, &round[i].made.batch, &o, &e);
    learner_took(&p->learner, PART_TEST);
    rounds_free(round);
    return failed ? INFINITY : p->learner.stats.loss / (double)p->learner.stats.events;
}

static struct model_shape shape_of(const struct form *form)
{
    return (struct model_shape){.embedding = IN,
                                .hidden = SIZE,
                                .propagate = form->propagate,
                                .join_sessions = form->joined,
                                .separator = form->separator,
                                .decoder = form->decoder,
                                .gru = form->gru,
                                .layers = layers_of(form),
                                .feed_forward = form->feed_forward,
                                .input = form->one_hot ? "one-hot" : NULL,
                                .cell = form->lstm ? "lstm" : NULL};
}

static const char *form_name(const struct form *form)
{
    static char name[100];
    snprintf(name, sizeof name, "%s%s%s%s%s%s%s%s%s, layers %d, %s", form->model,
             form->propagate ? " " : "", form->propagate ? form->propagate : "",
             form->joined ? " joined" : "", form->separator ? " parted" : "",
             form->decoder ? " tied" : "", form->one_hot ? " one-hot" : "",
             form->lstm ? " lstm" : "", form->feed_forward ? " feed-forward" : "", layers_of(form),
             form->gru);
    return name;
}

static void check_slots(const struct form *form)
{
    struct model_shape shape = shape_of(form);
    struct pair p;
    struct state z;
    pair_open(&p, form->model, &shape);
    clear(&z);
    double train = reference_steps(&p.reference, form, &z, 0, STEPS, true);
    learner_begin(&p.learner, (struct epoch){1, PART_TRAIN});
    double trained = steps_loss(&p);
    double wide[3 * SIZE * (IN + SIZE)];
    struct weights w = bind(&p.reference, form, wide);
    for (int i = 0; i < SLOTS; i++) /* the pass has ended */
        begin(&p.reference, &w, form, &z, i, RESET_IDLE, 0);
    double test = reference_steps(&p.reference, form, &z, 0, STEPS, false);
    double tested = test_loss(&p), again = test_loss(&p);
    tap_ok(fabs(train - trained) < 1e-6 && fabs(test - tested) < 1e-6 && tested == again &&
               (!strcmp(form->model, "rnn") && !form->joined) == !(fabs(test - train) > 1e-6),
           "%s: steps of a training pass to %.1e, whole sessions of a test to %.1e",
           form_name(form), fabs(train - trained), fabs(test - tested));
    pair_close(&p);
    pair_open(&p, form->model, &shape);
    double worst = worst_slope(&p, form);
    tap_ok(worst < 1e-6, "%s: gradients through %d steps to %.1e", form_name(form), STEPS, worst);
    pair_close(&p);
}

/* ---- whole sessions against steps ---- */

/* The states of the steps' targets, by slot and step, to be freed; none is learned from. */
static float *states_of_steps(struct pair *p, const struct slot_steps *steps)
{
    struct tape *t = p->learner.tape;
    struct forward f;
    float *to = mem_zero(STEPS * SLOTS * SIZE, sizeof *to);
    tape_begin(t, false, 0, 0);
    p->model.class->plan(&p->model, t, steps, &f);
    p->model.class->steps(&p->model, t, &f);
    float *state = to_host(p->device, f.state->value, (size_t)(f.targets * SIZE) * sizeof *state);
    for (int i = 0, at = 0; i < steps->count * SLOTS; i++)
        if (steps->reset[i] != RESET_IDLE)
            memcpy(to + i * SIZE, state + at++ * SIZE, SIZE * sizeof *to);
    mem_free(state);
    return to;
}

/* The states of a batch of whole sessions, to be freed; the model remembers them. */
static float *states_of_whole(struct pair *p, const struct round *round)
{
    struct tape *t = p->learner.tape;
    struct forward f;
    tape_begin(t, false, 0, 0);
    p->model.class->forward(&p->model, t, &round->made.batch, &f);
    float *state = to_host(p->device, f.state->value, (size_t)(f.targets * SIZE) * sizeof *state);
    p->model.class->finish(&p->model, t, &round->made.batch);
    return (size_t)f.targets == round->step.len ? state : NULL;
}

static double apart(const float *x, const float *y, int count)
{
    double worst = 0;
    for (int i = 0; i < count; i++)
        worst = fmax(worst, fabs((double)x[i] - (double)y[i]));
    return worst;
}

/* The largest difference between the states of whole sessions and those of the steps. */
static double whole_apart(struct pair *p, const float *steps)
{
    struct round round[ROUNDS];
    double worst = 0;
    make_rounds(round);
    for (int i = 0; i < ROUNDS; i++) {
        float *state = states_of_whole(p, &round[i]);
        for (size_t j = 0; j < round[i].step.len && state; j++)
            worst = fmax(worst, apart(state + j * SIZE, steps + round[i].step.at[j] * SIZE, SIZE));
        worst = state ? worst : INFINITY;
        mem_free(state);
    }
    rounds_free(round);
    return worst;
}

/* The same sessions through slots and whole give the same states, and leave the same of each user:
 * new sessions after them have the same states too. */
static void check_whole(const struct form *form)
{
    static const unsigned char idle[SLOTS] = {RESET_IDLE, RESET_IDLE, RESET_IDLE};
    static const int32_t zero[SLOTS];
    const struct slot_steps all = steps_of(0, STEPS),
                            end = {SLOTS, 1, zero, zero, zero, NULL, NULL, idle};
    struct model_shape shape = shape_of(form);
    struct round round[ROUNDS];
    struct pair slots, whole;
    pair_open(&slots, form->model, &shape);
    pair_open(&whole, form->model, &shape);
    float *steps = states_of_steps(&slots, &all);
    double same = whole_apart(&whole, steps);
    mem_free(states_of_steps(&slots, &end));
    make_rounds(round);
    float *after = states_of_whole(&slots, &round[0]), *other = states_of_whole(&whole, &round[0]);
    int count = (int)round[0].step.len * SIZE;
    double later = after && other ? apart(after, other, count) : INFINITY;
    tap_ok(same < 1e-6 && later < 1e-6,
           "%s: sessions run whole as through slots, states to %.1e, those of later ones to %.1e",
           form_name(form), same, later);
    float *first = mem_alloc((size_t)count * sizeof *first);
    for (int i = 0; i < count; i++)
        first[i] = steps[round[0].step.at[i / SIZE] * SIZE + i % SIZE];
    tap_ok((apart(other, first, count) > 1e-4) == whole.model.remembers,
           "%s: %s what the user did before", form_name(form),
           whole.model.remembers ? "sessions start from" : "no session depends on");
    float *freed[] = {steps, after, other, first};
    for (int i = 0; i < 4; i++)
        mem_free(freed[i]);
    rounds_free(round);
    pair_close(&whole);
    pair_close(&slots);
}

/* ---- one slot over one user ---- */

enum { LONG = 13 };

/* The mean loss of a GRU that reads x to its end; those of its positions. */
static double plain_losses(const struct reference *r, const int32_t x[LONG], double loss[LONG])
{
    struct weights w = bind(r, &(struct form){.model = "rnn", .joined = true}, NULL);
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
    struct slot_steps steps = {1, 0, input, next, whose, NULL, NULL, how};
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

/* Restores the file for batches of so many slots. */
static int restore(const struct form *form, int slots, struct pair *p, struct err *e)
{
    struct safetensors file;
    struct model_shape shape = shape_of(form);
    pair_open(p, form->model, &shape);
    learner_begin(&p->learner, (struct epoch){1, PART_TRAIN});
    p->model.data.slots = slots;
    if (safetensors_open(&file, "carried", e))
        return e->status;
    int status = state_read(&file, carried, p, e);
    safetensors_close(&file);
    return status;
}

static void check_carried(const struct form *form)
{
    struct model_shape shape = shape_of(form);
    struct pair p, q;
    struct output_file sink;
    struct err e = {0};
    pair_open(&p, form->model, &shape);
    learner_begin(&p.learner, (struct epoch){1, PART_TRAIN});
    double first = steps_loss(&p);
    tap_ok(!output_file_open(&sink, "carried", &e) &&
               !state_write(&sink, NULL, 0, carried, &p, &e) && !output_file_commit(&sink, &e),
           "%s: the state of the slots is written", form_name(form));
    int status = restore(form, SLOTS, &q, &e);
    double on = steps_loss(&p), restored = steps_loss(&q);
    tap_ok(!status && on == restored && fabs(on - first) > 1e-4,
           "%s: the pass goes on from it: %.6f, %.6f, not %.6f", form_name(form), on, restored,
           first);
    pair_close(&q);
    status = restore(form, SLOTS + 1, &q, &e);
    tap_ok(status == STATUS_DATA && strstr(e.text, "slots: not those of the batches"),
           "%s: not with another number of slots: %s", form_name(form), e.text);
    unlink("carried");
    pair_close(&q);
    pair_close(&p);
}

int main(void)
{
    drawn = random_of(5, 11);
    fill_steps();
    static const char *const gru[] = {"reset-before", "reset-after"};
    for (int i = 0; i < 2; i++) {
        const struct form forms[] = {
            {.model = "hrnn", .propagate = "init", .gru = gru[i]},
            {.model = "hrnn", .propagate = "all", .gru = gru[i]},
            {.model = "rnn", .gru = gru[i]},
            {.model = "rnn", .joined = true, .gru = gru[i]},
            {.model = "rnn", .joined = true, .gru = gru[i], .layers = LAYERS},
            {.model = "rnn", .joined = true, .separator = true, .gru = gru[i]},
            {.model = "rnn", .gru = gru[i], .layers = 2, .one_hot = true},
            {.model = "hrnn", .propagate = "all", .gru = gru[i], .decoder = "tied"},
            {.model = "rnn", .gru = gru[i], .decoder = "tied"},
            {.model = "rnn", .gru = gru[i], .decoder = "tied", .layers = 2, .feed_forward = 4}};
        for (size_t j = 0; j < sizeof forms / sizeof *forms; j++) {
            check_slots(&forms[j]);
            if (!forms[j].decoder) /* states before the output layer */
                check_whole(&forms[j]);
        }
        check_carried(&forms[1]);
        check_carried(&forms[3]);
        check_carried(&forms[4]);
    }
    const struct form lstm[] = {
        {.model = "rnn", .gru = "reset-before", .lstm = true},
        {.model = "rnn", .joined = true, .gru = "reset-before", .lstm = true, .layers = 2},
        {.model = "rnn", .gru = "reset-before", .lstm = true, .one_hot = true},
        {.model = "rnn",
         .joined = true,
         .separator = true,
         .gru = "reset-before",
         .lstm = true,
         .one_hot = true}};
    for (size_t j = 0; j < sizeof lstm / sizeof *lstm; j++) {
        check_slots(&lstm[j]);
        check_whole(&lstm[j]);
    }
    check_carried(&lstm[1]);
    check_carried(&lstm[3]);
    check_concatenation();
    return tap_done();
}
