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
#include <stddef.h>
#include <string.h>

#include "model/parallel.h"

struct hrnn_slots {
    bool users;  /* the user level is there */
    bool all;    /* c goes into every step */
    bool joined; /* without users: sessions go on from one another */
    int size;    /* H */
    const struct parameter *item, *start, *start_bias, *input, *output, *output_bias;
    struct gru session, user;
    /* what is carried on */
    struct slot_states turns;
    float *s[2], *c[2]; /* device [lanes, H]; the second is to be written by the next step */
    float *kept; /* device [users, H] each user's c, or s of joined sessions, zeros at first */
};

/* ---- options ---- */

/* Of both models; rnn has no rows for what a user level would need. */
struct recurrent_options {
    struct model_options shared;
    int64_t hidden;                     /* H, the size of states; 0: the embedding's */
    const char *propagate;              /* "init", "all" */
    double user_dropout, start_dropout; /* of c; of a session's s_0 */
};

static const struct recurrent_options defaults = {
    .shared = {.embedding = 100, .dropout = 0.2, .gru = "reset-before", .unroll = 1},
    .propagate = "init",
};

static const struct option hidden_rows[] = {
    {OPTION_INT, .name = "hidden", .argument = "N", .recorded = true, .high = 65536,
     .at = offsetof(struct recurrent_options, hidden), .help = "size of states; 0: as --embedding"},
    {0},
};

static const struct option user_rows[] = {
    {OPTION_CHOICE, .name = "propagate", .choices = "init|all", .recorded = true, .labels = true,
     .at = offsetof(struct recurrent_options, propagate),
     .help = "where the user's state goes: into a session's first state, or into every step too"},
    {OPTION_REAL, .name = "user-dropout", .argument = "RATE", .recorded = true, .high = 0.999,
     .at = offsetof(struct recurrent_options, user_dropout), .help = "dropout of the user's state"},
    {OPTION_REAL, .name = "start-dropout", .argument = "RATE", .recorded = true, .high = 0.999,
     .at = offsetof(struct recurrent_options, start_dropout),
     .help = "dropout of a session's first state"},
    {0},
};

static const struct option join_rows[] = {
    {OPTION_FLAG, .name = "join-sessions", .recorded = true,
     .at = offsetof(struct model_options, join_sessions),
     .help = "read each user's sessions as one"},
    {0},
};

static const struct option *const hrnn_options[] = {model_size_rows, hidden_rows,       user_rows,
                                                    model_gru_rows,  model_unroll_rows, NULL};
static const struct option *const rnn_options[] = {model_size_rows, hidden_rows,       join_rows,
                                                   model_gru_rows,  model_unroll_rows, NULL};

static const struct recurrent_options *own_options(const struct model *m)
{
    return (const struct recurrent_options *)m->options;
}

/* ---- opening ---- */

static void declare(struct hrnn_slots *r, struct model *m)
{
    struct parameters *p = &m->parameters;
    int in = (int)m->options->embedding, size = r->size;
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

static struct hrnn_slots *lanes_open(struct model *m, bool users)
{
    const struct recurrent_options *o = own_options(m);
    struct hrnn_slots *r = mem_zero(1, sizeof *r);
    r->users = users;
    r->all = users && !strcmp(o->propagate, "all");
    r->joined = o->shared.join_sessions;
    r->size = (int)(o->hidden ? o->hidden : o->shared.embedding);
    m->own = r;
    slot_states_open(&r->turns, users, r->joined, m->data.users);
    declare(r, m);
    return r;
}

/* Zeros, H of each. */
static float *zero_states(const struct model *m, int32_t count)
{
    const struct hrnn_slots *r = m->own;
    return device_zeros(m->device, (size_t)count * (size_t)r->size);
}

static void hrnn_open(struct model *m)
{
    struct hrnn_slots *r = lanes_open(m, true);
    r->kept = zero_states(m, m->data.users);
}

static void rnn_open(struct model *m)
{
    struct hrnn_slots *r = lanes_open(m, false);
    if (r->joined)
        r->kept = zero_states(m, m->data.users);
}

static void lanes_close(struct model *m)
{
    struct hrnn_slots *r = m->own;
    float *memory[] = {r->s[0], r->s[1], r->c[0], r->c[1], r->kept};
    for (int i = 0; i < 5; i++)
        if (memory[i])
            m->device->op->release(m->device, memory[i]);
    slot_states_release(&r->turns);
    mem_free(r);
}

/* Room for the stream's lanes, which is the same in all of it. */
static void lanes_room(struct model *m, int32_t lanes)
{
    struct hrnn_slots *r = m->own;
    if (r->turns.lanes)
        return;
    slot_states_room(&r->turns, lanes);
    for (int i = 0; i < 2; i++) {
        r->s[i] = zero_states(m, lanes);
        r->c[i] = zero_states(m, lanes);
    }
}

/* ---- a plan ---- */

/* A step, and on the device which rows go where: NULL where all do as they stand (they are named in
 * ascending order) or none does. */
struct lane_plan {
    struct slot_plan step;
    const struct rows *absorb, *end_row, *end_user, *load, *load_user, *begin, *moved[MOVES];
    const struct ragged *absorbed, *moves[MOVES]; /* one step of each */
};

/* All steps of a call, and the rows of the embeddings of all their inputs, move by move. */
struct lanes_plan {
    int count;
    struct lane_plan *step;
    struct planned_rows input;
};

/* Those of `all` rows that are named. */
static const struct rows *some_of(struct tape *t, const int32_t *at, int count, int all)
{
    return count && count < all ? tape_rows(t, at, count) : NULL;
}

static const struct rows *rows_at(struct tape *t, const int32_t *at, int count)
{
    return count ? tape_rows(t, at, count) : NULL;
}

/* `count` sequences of one step; the same to whoever asks for as many again: once [lanes + 1]. */
static const struct ragged *one_step(struct tape *t, const struct ragged **once, int count)
{
    int32_t *ones = tape_host_ints(t, (size_t)count);
    if (!count || once[count])
        return once[count];
    for (int i = 0; i < count; i++)
        ones[i] = 1;
    return once[count] = tape_ragged(t, ones, count);
}

static struct lane_plan plan_step(const struct hrnn_slots *r, struct tape *t, struct slot_plan step,
                                  const struct ragged **once)
{
    int lanes = r->turns.lanes;
    bool loads = r->users || r->joined;
    struct lane_plan p = {.step = step,
                          .end_user = rows_at(t, step.end_user, step.ended),
                          .load_user = loads ? rows_at(t, step.load_user, step.loaded) : NULL,
                          .begin = some_of(t, step.begin, step.begun, lanes)};
    p.end_row = some_of(t, step.end_row, step.ended, r->users ? step.absorbed : lanes);
    if (r->users) {
        p.absorb = some_of(t, step.absorb, step.absorbed, lanes);
        p.load = some_of(t, step.load, step.loaded, lanes);
        p.absorbed = one_step(t, once, step.absorbed);
    }
    for (int i = 0; i < MOVES; i++) {
        p.moved[i] = some_of(t, step.move[i].lane, step.move[i].count, lanes);
        p.moves[i] = one_step(t, once, step.move[i].count);
    }
    return p;
}

static const struct ragged **no_steps_yet(const struct hrnn_slots *r, struct tape *t)
{
    size_t bytes = ((size_t)r->turns.lanes + 1) * sizeof(struct ragged *);
    return memset(tape_host(t, bytes), 0, bytes);
}

/* Of a test, the items that a new session's first is said to follow are no targets. */
static void plan_moves(const struct tape *t, struct slot_plan *p, int32_t *input, int *inputs,
                       int32_t *target, int *targets)
{
    for (int i = 0; i < MOVES; i++) {
        struct slot_move *move = &p->move[i];
        move->first = *inputs;
        for (int j = 0; j < move->count; j++)
            input[(*inputs)++] = move->input[j];
        for (int j = 0; j < move->count && (i != MOVE_JOIN || tape_training(t)); j++)
            target[(*targets)++] = move->target[j];
    }
}

static void lanes_plan(struct model *m, struct tape *t, const struct slot_steps *steps,
                       struct forward *f)
{
    struct hrnn_slots *r = m->own;
    lanes_room(m, steps->lanes);
    size_t most = 2 * (size_t)steps->count * (size_t)r->turns.lanes;
    struct lanes_plan *plan = tape_host(t, sizeof *plan);
    int32_t *input = tape_host_ints(t, most), *target = tape_host_ints(t, most);
    const struct ragged **once = no_steps_yet(r, t);
    int inputs = 0, targets = 0;
    *plan = (struct lanes_plan){.count = steps->count,
                                .step = tape_host(t, (size_t)steps->count * sizeof *plan->step)};
    for (int k = 0; k < steps->count; k++) {
        struct slot_plan step = slot_states_step(&r->turns, t, steps, k);
        plan_moves(t, &step, input, &inputs, target, &targets);
        plan->step[k] = plan_step(r, t, step, once);
    }
    plan->input = tape_plan_rows(t, r->item, input, inputs);
    *f = (struct forward){.target = target,
                          .targets = targets,
                          .output = r->output,
                          .output_bias = r->output_bias,
                          .plan = plan};
}

/* ---- a step ---- */

/* Of all lanes' rows those that are planned, and all with those replaced. */
static struct tensor *rows_of(struct tape *t, struct tensor *x, const struct rows *rows)
{
    return rows ? tape_gather(t, x, rows) : x;
}

static struct tensor *replaced(struct tape *t, struct tensor *x, const struct rows *rows,
                               struct tensor *by)
{
    return rows ? tape_replace(t, x, rows, by) : by;
}

/* Keeps rows of x of the users who end. */
static void keep(const struct model *m, struct tape *t, const struct lane_plan *p, const float *x)
{
    struct hrnn_slots *r = m->own;
    struct device *d = m->device;
    if (!p->step.ended)
        return;
    float *ended = NULL;
    if (p->end_row) {
        ended = tape_memory(t, (size_t)p->step.ended * (size_t)r->size * sizeof *ended);
        d->op->gather(d, p->end_row, r->size, x, ended);
    }
    d->op->store(d, p->end_user, r->size, ended ? ended : x, r->kept);
}

/* What was kept of the users who begin. */
static struct tensor *load(const struct model *m, struct tape *t, const struct lane_plan *p)
{
    const struct hrnn_slots *r = m->own;
    return tape_gather(t, tape_constant(t, r->kept, m->data.users, r->size), p->load_user);
}

/* The user's states once the sessions that ended are taken in, those kept that end, and those of
 * the users who begin: [lanes, H]. */
static struct tensor *users_step(const struct model *m, struct tape *t, const struct lane_plan *p,
                                 struct tensor *s, struct tensor *c)
{
    const struct hrnn_slots *r = m->own;
    if (p->step.absorbed) {
        struct tensor *taken =
            tape_gru(t, &r->user, rows_of(t, s, p->absorb), rows_of(t, c, p->absorb), p->absorbed);
        taken = tape_dropout(t, taken, (float)own_options(m)->user_dropout);
        keep(m, t, p, taken->value);
        c = replaced(t, c, p->absorb, taken);
    }
    return p->step.loaded ? replaced(t, c, p->load, load(m, t, p)) : c;
}

/* The states that sessions begin with: [begun, H]. */
static struct tensor *first_states(const struct model *m, struct tape *t, const struct lane_plan *p,
                                   struct tensor *c)
{
    const struct hrnn_slots *r = m->own;
    if (r->joined)
        return load(m, t, p);
    if (!r->users)
        return tape_zeros(t, p->step.begun, r->size);
    struct tensor *to = tape_linear(t, rows_of(t, c, p->begin), tape_parameter(t, r->start),
                                    tape_parameter(t, r->start_bias));
    return tape_dropout(t, tape_activate(t, ACTIVATION_TANH, to),
                        (float)own_options(m)->start_dropout);
}

/* The session states from which this step goes on, [lanes, H]. */
static struct tensor *sessions_begin(const struct model *m, struct tape *t,
                                     const struct lane_plan *p, struct tensor *s, struct tensor *c)
{
    const struct hrnn_slots *r = m->own;
    if (r->joined)
        keep(m, t, p, s->value);
    return p->step.begun ? replaced(t, s, p->begin, first_states(m, t, p, c)) : s;
}

/* The session GRU's input weights, beside them those of the user's state. */
static struct gru input_of(const struct hrnn_slots *r, struct tape *t, struct parameter *wide)
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

/* Takes the move's items in: the states after them, [count, H]; *s of all lanes goes on. */
static struct tensor *moved(const struct model *m, struct tape *t, const struct gru *gru,
                            const struct lane_plan *p, int move, struct tensor *inputs,
                            struct tensor *c, struct tensor **s)
{
    const struct hrnn_slots *r = m->own;
    const struct slot_move *v = &p->step.move[move];
    const struct rows *rows = p->moved[move];
    struct tensor *x[] = {tape_part(t, inputs, v->first, v->count), NULL};
    if (r->all)
        x[1] = rows_of(t, c, rows);
    struct tensor *h =
        tape_gru(t, gru, tape_concat(t, x, r->all ? 2 : 1), rows_of(t, *s, rows), p->moves[move]);
    h = tape_dropout(t, h, (float)m->options->dropout);
    *s = replaced(t, *s, rows, h);
    return h;
}

/* What a step begins with, and what it leaves for the next one to begin with: in turn in two
 * places, as the backward walk still reads the first. */
static struct tensor *carried_in(const struct hrnn_slots *r, struct tape *t, float *x)
{
    return tape_constant(t, x, r->turns.lanes, r->size);
}

static void carry_out(const struct model *m, const struct tensor *x, float *carried[2])
{
    float *was = carried[0];
    if (x->value == was) /* no lane has changed */
        return;
    m->device->op->copy(m->device, carried[1], x->value, (size_t)x->rows * (size_t)x->cols);
    carried[0] = carried[1];
    carried[1] = was;
}

static void lanes_steps(struct model *m, struct tape *t, struct forward *f)
{
    struct hrnn_slots *r = m->own;
    const struct lanes_plan *plan = f->plan;
    struct tensor *s = carried_in(r, t, r->s[0]), *c = carried_in(r, t, r->c[0]);
    struct tensor **states = tape_host(t, MOVES * (size_t)plan->count * sizeof *states);
    struct parameter *wide = tape_host(t, sizeof *wide);
    struct gru gru = input_of(r, t, wide);
    struct tensor *x = tape_planned_rows(t, r->item, &plan->input);
    int parts = 0;
    for (int k = 0; k < plan->count; k++) {
        const struct lane_plan *p = &plan->step[k];
        if (r->users)
            c = users_step(m, t, p, s, c);
        s = sessions_begin(m, t, p, s, c);
        for (int i = 0; i < MOVES; i++) {
            if (!p->step.move[i].count)
                continue;
            struct tensor *h = moved(m, t, &gru, p, i, x, c, &s);
            if (i != MOVE_JOIN || tape_training(t))
                states[parts++] = h;
        }
    }
    f->state = parts ? tape_stack(t, states, parts) : tape_constant(t, r->s[0], 0, r->size);
    carry_out(m, s, r->s);
    if (r->users)
        carry_out(m, c, r->c);
}

/* ---- passes ---- */

/* A pass begins: sessions that still run have ended. */
static void lanes_pass(struct model *m, struct tape *t)
{
    struct hrnn_slots *r = m->own;
    if (!r->turns.lanes)
        return;
    tape_begin(t, false, 0, 0);
    struct lane_plan p = plan_step(r, t, slot_states_end(&r->turns, t), no_steps_yet(r, t));
    if (r->users && p.step.absorbed)
        users_step(m, t, &p, carried_in(r, t, r->s[0]), carried_in(r, t, r->c[0]));
    else if (r->joined)
        keep(m, t, &p, r->s[0]);
}

static void lanes_restart(struct model *m)
{
    struct hrnn_slots *r = m->own;
    size_t n = (size_t)m->data.users * (size_t)r->size;
    if (r->kept)
        m->device->op->fill(m->device, r->kept, 0, n);
    slot_states_forget(&r->turns);
}

static void lanes_state(struct model *m, struct state *s)
{
    struct hrnn_slots *r = m->own;
    int32_t lanes = r->turns.lanes;
    state_i32(s, "lanes", &lanes, 0, m->data.lanes);
    if (state_good(s) && lanes && lanes != m->data.lanes)
        state_refuse(s, "lanes", "not those of the batches");
    if (state_good(s) && lanes)
        lanes_room(m, lanes);
    slot_states_state(&r->turns, s, &m->data);
    if (!state_good(s))
        return;
    state_floats(s, "s", 2, (const int64_t[]){r->turns.lanes, r->size}, m->device, r->s[0]);
    state_floats(s, "c", 2, (const int64_t[]){r->turns.lanes, r->size}, m->device, r->c[0]);
    if (r->kept)
        state_floats(s, "kept", 2, (const int64_t[]){m->data.users, r->size}, m->device, r->kept);
}

extern const struct model_class hrnn_class, rnn_class;
const struct model_class hrnn_class = {
    .name = "hrnn",
    .purpose = "a user GRU over the last states of a session GRU, on user-parallel lanes",
    .options_size = sizeof defaults,
    .defaults = &defaults,
    .options = hrnn_options,
    .needs_order = true,
    .samples = true,
    .open = hrnn_open,
    .plan = lanes_plan,
    .steps = lanes_steps,
    .pass = lanes_pass,
    .restart = lanes_restart,
    .state = lanes_state,
    .close = lanes_close,
};
const struct model_class rnn_class = {
    .name = "rnn",
    .purpose = "one GRU over each session, on lanes",
    .options_size = sizeof defaults,
    .defaults = &defaults,
    .options = rnn_options,
    .samples = true,
    .open = rnn_open,
    .plan = lanes_plan,
    .steps = lanes_steps,
    .pass = lanes_pass,
    .restart = lanes_restart,
    .state = lanes_state,
    .close = lanes_close,
};
