/* Recurrent networks over lanes, one step of each lane at a time.
 *
 * hrnn (Quadrana et al. 2017): where a session ends the user GRU takes its last state s in, and the
 * next session starts from the user's state c, which goes into every step too with --propagate all:
 *
 *     c_m = GRU_usr(s_m, c_{m-1}), c_0 = 0,   s_0 = tanh(W c_m + b),   s_t = GRU_ses([x_t; c_m],
 * s_{t-1})
 *
 * A user's c is kept where his lane or the pass ends, and the next pass goes on from it.  rnn has
 * no user level: every session starts from zeros (Hidasi et al. 2016).
 *
 * With --join-sessions rnn reads the sessions of a user as a single one (RNN Concat): his s goes on
 * from session to session and from pass to pass, and where a session begins he first takes in the
 * last item of the one before, which was a target only.  What that makes likely for the new
 * session's first item is learned, and no part of a test.
 *
 * What is carried from step to step is a plain value: gradient flows within the steps of one call.
 */
#include <math.h>
#include <string.h>

#include "model/turns.h"

struct lanes {
    bool users;  /* the user level is there */
    bool all;    /* c goes into every step */
    bool joined; /* without users: sessions go on from one another */
    int size;    /* H */
    const struct parameter *item, *start, *start_bias, *input, *output, *output_bias;
    struct gru session, user;
    /* what is carried on */
    struct turns turns;
    float *s, *c; /* device [lanes, H] */
    float *kept;  /* device [users, H] each user's c, or s of joined sessions, zeros at first */
};

/* ---- opening ---- */

static int hrnn_check(const struct model_options *o, struct err *e)
{
    if (o->propagate && strcmp(o->propagate, "init") && strcmp(o->propagate, "all"))
        return err_set(e, STATUS_USAGE, "--propagate %s: give init or all", o->propagate);
    return 0;
}

static int rnn_check(const struct model_options *o, struct err *e)
{
    (void)o, (void)e;
    return 0;
}

static bool lanes_attend(const struct model_options *o)
{
    (void)o;
    return false;
}

static void declare(struct lanes *r, struct model *m)
{
    struct parameters *p = &m->parameters;
    const struct model_options *o = m->options;
    int in = (int)o->embedding, size = r->size;
    float bound = 1 / sqrtf((float)size);
    r->item = parameters_add_items(p, "item_embedding.weight", m->data.items, in, 1);
    parameters_add_gru(p, &r->session, "session_gru", in, size, model_reset_before(m));
    if (r->users) {
        parameters_add_gru(p, &r->user, "user_gru", size, size, model_reset_before(m));
        r->start = parameters_add_matrix(p, "user_to_session.weight", size, size, bound);
        r->start_bias = parameters_add_vector(p, "user_to_session.bias", size, bound);
    }
    if (r->all)
        r->input = parameters_add_matrix(p, "user_to_input.weight", 3 * size, size, bound);
    r->output = parameters_add_items(p, "output.weight", m->data.items, size, bound);
    r->output_bias = parameters_add_items(p, "output.bias", m->data.items, 0, bound);
}

static struct lanes *lanes_open(struct model *m, bool users)
{
    const struct model_options *o = m->options;
    struct lanes *r = mem_zero(1, sizeof *r);
    r->users = users;
    r->all = o->propagate && !strcmp(o->propagate, "all");
    r->joined = o->join_sessions;
    r->size = (int)(o->hidden ? o->hidden : o->embedding);
    m->own = r;
    turns_open(&r->turns, users, r->joined, m->data.users);
    declare(r, m);
    return r;
}

/* Zeros, H of each. */
static float *zero_states(const struct model *m, int32_t count)
{
    const struct lanes *r = m->own;
    return device_zeros(m->device, (size_t)count * (size_t)r->size);
}

static void hrnn_open(struct model *m)
{
    struct lanes *r = lanes_open(m, true);
    r->kept = zero_states(m, m->data.users);
}

static void rnn_open(struct model *m)
{
    struct lanes *r = lanes_open(m, false);
    if (r->joined)
        r->kept = zero_states(m, m->data.users);
}

static void lanes_close(struct model *m)
{
    struct lanes *r = m->own;
    float *memory[] = {r->s, r->c, r->kept};
    for (int i = 0; i < 3; i++)
        if (memory[i])
            m->device->op->release(m->device, memory[i]);
    turns_release(&r->turns);
    mem_free(r);
}

/* Room for the stream's lanes, which is the same in all of it. */
static void lanes_room(struct model *m, int32_t lanes)
{
    struct lanes *r = m->own;
    if (r->turns.lanes)
        return;
    turns_room(&r->turns, lanes);
    r->s = zero_states(m, lanes);
    r->c = zero_states(m, lanes);
}

/* ---- a step ---- */

/* Of all lanes' rows those of some, and all with those of some replaced; they are named in
 * ascending order, so that as many as there are are all of them as they stand. */
static struct tensor *rows_of(struct tape *t, struct tensor *x, const int32_t *lane, int count)
{
    return count == x->rows ? x : tape_gather(t, x, tape_rows(t, lane, count));
}

static struct tensor *replaced(struct tape *t, struct tensor *x, const int32_t *lane, int count,
                               struct tensor *by)
{
    return count == x->rows ? by : tape_replace(t, x, tape_rows(t, lane, count), by);
}

/* One step of a GRU for each row. */
static struct tensor *gru_once(struct tape *t, const struct gru *g, struct tensor *x,
                               struct tensor *h)
{
    int32_t *ones = tape_host_ints(t, (size_t)x->rows);
    for (int i = 0; i < x->rows; i++)
        ones[i] = 1;
    return tape_gru(t, g, x, h, tape_ragged(t, ones, x->rows));
}

/* Keeps rows of x of the users who end. */
static void keep(const struct model *m, struct tape *t, const struct plan *p, const float *x)
{
    struct lanes *r = m->own;
    struct device *d = m->device;
    if (!p->ended)
        return;
    float *ended = tape_memory(t, (size_t)p->ended * (size_t)r->size * sizeof *ended);
    d->op->gather(d, tape_rows(t, p->end_row, p->ended), r->size, x, ended);
    d->op->store(d, tape_rows(t, p->end_user, p->ended), r->size, ended, r->kept);
}

/* What was kept of the users who begin. */
static struct tensor *load(const struct model *m, struct tape *t, const struct plan *p)
{
    const struct lanes *r = m->own;
    struct tensor *kept = tape_constant(t, r->kept, m->data.users, r->size);
    return tape_gather(t, kept, tape_rows(t, p->load_user, p->loaded));
}

/* The user's states once the sessions that ended are taken in, those kept that end, and those of
 * the users who begin: [lanes, H]. */
static struct tensor *users_step(const struct model *m, struct tape *t, const struct plan *p,
                                 struct tensor *s, struct tensor *c)
{
    const struct lanes *r = m->own;
    if (p->absorbed) {
        struct tensor *taken = gru_once(t, &r->user, rows_of(t, s, p->absorb, p->absorbed),
                                        rows_of(t, c, p->absorb, p->absorbed));
        taken = tape_dropout(t, taken, (float)m->options->user_dropout);
        keep(m, t, p, taken->value);
        c = replaced(t, c, p->absorb, p->absorbed, taken);
    }
    return p->loaded ? replaced(t, c, p->load, p->loaded, load(m, t, p)) : c;
}

/* The states that sessions begin with: [begun, H]. */
static struct tensor *first_states(const struct model *m, struct tape *t, const struct plan *p,
                                   struct tensor *c)
{
    const struct lanes *r = m->own;
    if (r->joined)
        return load(m, t, p);
    if (!r->users) {
        size_t n = (size_t)p->begun * (size_t)r->size;
        float *zeros = tape_memory(t, n * sizeof *zeros);
        m->device->op->fill(m->device, zeros, 0, n);
        return tape_constant(t, zeros, p->begun, r->size);
    }
    struct tensor *to = tape_linear(t, rows_of(t, c, p->begin, p->begun),
                                    tape_parameter(t, r->start), tape_parameter(t, r->start_bias));
    return tape_dropout(t, tape_activate(t, ACTIVATION_TANH, to), (float)m->options->start_dropout);
}

/* The session states from which this step goes on, [lanes, H]. */
static struct tensor *sessions_begin(const struct model *m, struct tape *t, const struct plan *p,
                                     struct tensor *s, struct tensor *c)
{
    const struct lanes *r = m->own;
    if (r->joined)
        keep(m, t, p, s->value);
    return p->begun ? replaced(t, s, p->begin, p->begun, first_states(m, t, p, c)) : s;
}

/* The session GRU's input weights, beside them those of the user's state. */
static struct gru input_of(const struct lanes *r, struct tape *t, struct parameter *wide)
{
    struct gru g = r->session;
    if (!r->all)
        return g;
    struct tensor *w[] = {tape_parameter(t, g.ih), tape_parameter(t, r->input)};
    struct tensor *both = tape_concat(t, w, 2);
    *wide = (struct parameter){
        .value = both->value, .grad = both->grad, .rows = both->rows, .cols = both->cols};
    g.ih = wide;
    return g;
}

/* Plans of all steps, and the embeddings of all their inputs, move by move. */
static struct plan *plans_of(const struct model *m, struct tape *t, const struct lane_steps *steps,
                             struct tensor **x)
{
    struct lanes *r = m->own;
    struct plan *plan = tape_host(t, (size_t)steps->count * sizeof *plan);
    int32_t *input = tape_host_ints(t, 2 * (size_t)steps->count * (size_t)r->turns.lanes);
    int inputs = 0;
    for (int k = 0; k < steps->count; k++) {
        plan[k] = turns_step(&r->turns, t, steps, k);
        for (int i = 0; i < MOVES; i++) {
            struct move *move = &plan[k].move[i];
            move->first = inputs;
            for (int j = 0; j < move->count; j++)
                input[inputs++] = move->input[j];
        }
    }
    *x = tape_rows_of(t, r->item, input, inputs);
    return plan;
}

/* Takes the move's items in: the states after them, [count, H]; *s of all lanes goes on. */
static struct tensor *moved(const struct model *m, struct tape *t, const struct gru *gru,
                            const struct move *v, struct tensor *inputs, struct tensor *c,
                            struct tensor **s)
{
    const struct lanes *r = m->own;
    struct tensor *x[] = {tape_part(t, inputs, v->first, v->count), NULL};
    if (r->all)
        x[1] = rows_of(t, c, v->lane, v->count);
    struct tensor *h =
        gru_once(t, gru, tape_concat(t, x, r->all ? 2 : 1), rows_of(t, *s, v->lane, v->count));
    h = tape_dropout(t, h, (float)m->options->dropout);
    *s = replaced(t, *s, v->lane, v->count, h);
    return h;
}

static void lanes_steps(struct model *m, struct tape *t, const struct lane_steps *steps,
                        struct forward *f)
{
    struct lanes *r = m->own;
    struct device *d = m->device;
    lanes_room(m, steps->lanes);
    size_t n = (size_t)r->turns.lanes * (size_t)r->size;
    float *before = tape_memory(t, 2 * n * sizeof *before);
    d->op->copy(d, before, r->s, n);
    if (r->users)
        d->op->copy(d, before + n, r->c, n);
    struct tensor *s = tape_constant(t, before, r->turns.lanes, r->size);
    struct tensor *c = tape_constant(t, before + n, r->turns.lanes, r->size);
    struct tensor **states = tape_host(t, 2 * (size_t)steps->count * sizeof *states);
    int32_t *target = tape_host_ints(t, 2 * (size_t)steps->count * (size_t)r->turns.lanes);
    struct parameter *wide = tape_host(t, sizeof *wide);
    struct gru gru = input_of(r, t, wide);
    struct tensor *x;
    struct plan *plan = plans_of(m, t, steps, &x);
    int parts = 0;
    *f = (struct forward){.target = target, .output = r->output, .output_bias = r->output_bias};
    for (int k = 0; k < steps->count; k++) {
        if (r->users)
            c = users_step(m, t, &plan[k], s, c);
        s = sessions_begin(m, t, &plan[k], s, c);
        for (int i = 0; i < MOVES; i++) {
            const struct move *move = &plan[k].move[i];
            if (!move->count)
                continue;
            struct tensor *h = moved(m, t, &gru, move, x, c, &s);
            if (i == MOVE_JOIN && !tape_training(t))
                continue;
            states[parts++] = h;
            for (int j = 0; j < move->count; j++)
                target[f->targets++] = move->target[j];
        }
    }
    d->op->copy(d, r->s, s->value, n);
    if (r->users)
        d->op->copy(d, r->c, c->value, n);
    f->state = parts ? tape_stack(t, states, parts) : tape_constant(t, before, 0, r->size);
}

/* ---- passes ---- */

/* A pass begins: sessions that still run have ended. */
static void lanes_pass(struct model *m, struct tape *t)
{
    struct lanes *r = m->own;
    if (!r->turns.lanes)
        return;
    tape_begin(t, false, 0, 0);
    struct plan p = turns_end(&r->turns, t);
    if (r->users && p.absorbed)
        users_step(m, t, &p, tape_constant(t, r->s, r->turns.lanes, r->size),
                   tape_constant(t, r->c, r->turns.lanes, r->size));
    else if (r->joined)
        keep(m, t, &p, r->s);
}

static void lanes_restart(struct model *m)
{
    struct lanes *r = m->own;
    size_t n = (size_t)m->data.users * (size_t)r->size;
    if (r->kept)
        m->device->op->fill(m->device, r->kept, 0, n);
    turns_forget(&r->turns);
}

static void lanes_state(struct model *m, struct state *s)
{
    struct lanes *r = m->own;
    int32_t lanes = r->turns.lanes;
    state_i32(s, "lanes", &lanes, 0, m->data.lanes);
    if (state_good(s) && lanes && lanes != m->data.lanes)
        state_refuse(s, "lanes", "not those of the batches");
    if (state_good(s) && lanes)
        lanes_room(m, lanes);
    turns_state(&r->turns, s, &m->data);
    if (!state_good(s))
        return;
    state_floats(s, "s", 2, (const int64_t[]){r->turns.lanes, r->size}, m->device, r->s);
    state_floats(s, "c", 2, (const int64_t[]){r->turns.lanes, r->size}, m->device, r->c);
    if (r->kept)
        state_floats(s, "kept", 2, (const int64_t[]){m->data.users, r->size}, m->device, r->kept);
}

extern const struct model_class hrnn_class, rnn_class;
const struct model_class hrnn_class = {
    .name = "hrnn",
    .purpose = "a user GRU over the last states of a session GRU, on user-parallel lanes",
    .takes = "gru hidden propagate user-dropout start-dropout unroll",
    .needs_order = true,
    .samples = true,
    .reset_before = true,
    .check = hrnn_check,
    .attends = lanes_attend,
    .open = hrnn_open,
    .steps = lanes_steps,
    .pass = lanes_pass,
    .restart = lanes_restart,
    .state = lanes_state,
    .close = lanes_close,
};
const struct model_class rnn_class = {
    .name = "rnn",
    .purpose = "one GRU over each session, on lanes",
    .takes = "gru hidden join-sessions unroll",
    .samples = true,
    .reset_before = true,
    .check = rnn_check,
    .attends = lanes_attend,
    .open = rnn_open,
    .steps = lanes_steps,
    .pass = lanes_pass,
    .restart = lanes_restart,
    .state = lanes_state,
    .close = lanes_close,
};
