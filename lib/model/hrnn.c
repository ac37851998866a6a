/* Recurrent networks over the slots of parallel mini-batches: at each step every slot reads the
 * next event of its session.
 *
 * hrnn (Quadrana et al. 2017): when a session ends, the user GRU takes in its last state s, and the
 * next session starts from the user's state c.  With --propagate all, c is an input of every step
 * too:
 *
 *     c_m = GRU_usr(s_m, c_{m-1}), c_0 = 0,   s_0 = tanh(W c_m + b),   s_t = GRU_ses([x_t; c_m],
 * s_{t-1})
 *
 * When the user's sessions in a slot end, c is stored.  rnn has no user level: every session starts
 * from zeros (Hidasi et al. 2016).  It may have several layers one above another; a layer between
 * the top one and the output, y = tanh(W h + b); and items in one-hot form, for which the rows of
 * the first layer's W_ih stand, in place of embeddings.
 *
 * With --join-sessions rnn reads the sessions of a user as a single one (RNN Concat): s continues
 * from session to session.  When a session begins, the last item of the session before, which was
 * only a target so far, is read first, and with --separator a vector that is no item's.  The
 * prediction after them, of the new session's first item, is trained but not part of a test.
 *
 * Between two calls states are plain values: gradients flow only within the steps of one call.
 *
 * In tests sessions run whole, each from the stored state of its user. */
#include "model/hrnn.h"

#include <math.h>
#include <stddef.h>
#include <string.h>

/* ---- options ---- */

/* Of both models; rnn has no option rows for the user level, hrnn none for layers. */
struct recurrent_options {
    struct model_options shared;
    int64_t hidden;                     /* H, the size of states; 0: the embedding's */
    int64_t layers, feed_forward;       /* of states; width of the layer after them, 0: none */
    const char *input;                  /* "embedding", "one-hot" */
    bool separator;                     /* between joined sessions */
    const char *propagate;              /* "init", "all" */
    double user_dropout, start_dropout; /* of c; of s_0 */
};

static const struct recurrent_options defaults = {
    .shared = {.embedding = 100,
               .dropout = 0.2,
               .decoder = "dense",
               .gru = "reset-before",
               .cell = "gru",
               .unroll = 1,
               .postings = EVIDENCE_POSTINGS},
    .layers = 1,
    .input = "embedding",
    .propagate = "init",
};

static const struct option hidden_rows[] = {
    {OPTION_INT, .name = "hidden", .argument = "N", .recorded = true, .high = 65536,
     .at = offsetof(struct recurrent_options, hidden), .help = "size of states; 0: as --embedding"},
    {0},
};

static const struct option user_rows[] = {
    {OPTION_CHOICE, .name = "propagate", .choices = "init|all", .recorded = true,
     .labels = LABEL_VALUE, .at = offsetof(struct recurrent_options, propagate),
     .help = "use the user's state in a session's first state, or in every step too"},
    {OPTION_REAL, .name = "user-dropout", .argument = "RATE", .recorded = true, .high = 0.999,
     .at = offsetof(struct recurrent_options, user_dropout),
     .help = "dropout rate of the user's state"},
    {OPTION_REAL, .name = "start-dropout", .argument = "RATE", .recorded = true, .high = 0.999,
     .at = offsetof(struct recurrent_options, start_dropout),
     .help = "dropout rate of a session's first state"},
    {0},
};

static const struct option layer_rows[] = {
    {OPTION_INT, .name = "layers", .argument = "N", .recorded = true, .labels = LABEL_NAMED,
     .low = 1, .high = RECURRENT_LAYERS, .at = offsetof(struct recurrent_options, layers),
     .help = "number of recurrent layers, one above another"},
    {OPTION_INT, .name = "feed-forward", .argument = "N", .recorded = true, .labels = LABEL_NAMED,
     .high = 65536, .at = offsetof(struct recurrent_options, feed_forward),
     .help = "size of a layer before the output; 0: no such layer"},
    {OPTION_CHOICE, .name = "input", .choices = "embedding|one-hot", .recorded = true,
     .labels = LABEL_VALUE, .at = offsetof(struct recurrent_options, input),
     .help = "what the first layer multiplies: embeddings, or items in one-hot form"},
    {0},
};

static const struct option join_rows[] = {
    {OPTION_FLAG, .name = "join-sessions", .recorded = true,
     .at = offsetof(struct model_options, join_sessions),
     .help = "read each user's sessions as one"},
    {OPTION_FLAG, .name = "separator", .recorded = true, .labels = LABEL_NAMED,
     .at = offsetof(struct recurrent_options, separator),
     .help = "read a separator between joined sessions"},
    {0},
};

static const struct option *const hrnn_options[] = {
    model_size_rows, hidden_rows,         user_rows,
    model_gru_rows,  model_decoder_rows,  model_unroll_rows,
    model_wide_rows, model_evidence_rows, NULL};
static const struct option *const rnn_options[] = {model_size_rows,
                                                   hidden_rows,
                                                   layer_rows,
                                                   join_rows,
                                                   model_cell_rows,
                                                   model_gru_rows,
                                                   model_decoder_rows,
                                                   model_unroll_rows,
                                                   model_wide_rows,
                                                   model_evidence_rows,
                                                   NULL};

static const struct recurrent_options *own_options(const struct model *m)
{
    return (const struct recurrent_options *)m->options;
}

static bool is_one_hot(const struct model_options *o)
{
    return !strcmp(((const struct recurrent_options *)o)->input, "one-hot");
}

static int rnn_check(const struct model_options *o, struct err *e)
{
    if (is_one_hot(o) && strcmp(o->decoder, "dense") != 0)
        return err_set(e, STATUS_USAGE,
                       "--input one-hot has no embeddings for --decoder %s: give --decoder dense",
                       o->decoder);
    if (((const struct recurrent_options *)o)->separator && !o->join_sessions)
        return err_set(
            e, STATUS_USAGE,
            "--separator is between sessions that are read as one: give --join-sessions");
    return recurrent_check(o, &defaults.shared, e);
}

/* ---- opening ---- */

/* The user level, from states of `size` units. */
static void declare_user(struct hrnn_slots *r, struct model *m)
{
    struct parameters *p = &m->parameters;
    int size = r->size;
    float bound = 1 / sqrtf((float)size);
    if (!r->users)
        return;
    parameters_add_gru(p, &r->user, "user_gru", size, size, model_reset_before(m));
    r->start = parameters_add_matrix(p, "user_to_session.weight", size, size, bound);
    r->start_bias = parameters_add_vector(p, "user_to_session.bias", size, bound);
    if (r->all)
        r->input = parameters_add_matrix(p, "user_to_input.weight", 3 * size, size, bound);
}

/* Declares the rows of the first layer's W_ih, one for each item. */
static void declare_one_hot(struct hrnn_slots *r, struct model *m)
{
    r->output.item = parameters_add_items(&m->parameters, "input.weight", m->data.items,
                                          recurrent_gates(&r->session), 1 / sqrtf((float)r->size));
}

/* The separator, as wide as what the first layer reads of an item. */
static void declare_separator(struct hrnn_slots *r, struct model *m)
{
    r->separator = parameters_add_matrix(&m->parameters, "separator.weight", 1,
                                         r->output.item->cols, r->output.item->high);
}

static void declare(struct hrnn_slots *r, struct model *m)
{
    struct parameters *p = &m->parameters;
    const struct recurrent_options *o = own_options(m);
    bool one_hot = is_one_hot(m->options);
    int size = r->size, last = o->feed_forward ? (int)o->feed_forward : size;
    float bound = 1 / sqrtf((float)size);
    if (!one_hot)
        item_output_declare_items(&r->output, m);
    recurrent_declare(&r->session, m, "session", (int)o->layers,
                      one_hot ? 0 : (int)o->shared.embedding, size);
    r->width = r->session.width;
    if (one_hot)
        declare_one_hot(r, m);
    if (o->separator)
        declare_separator(r, m);
    declare_user(r, m);
    if (o->feed_forward) {
        r->hidden = parameters_add_matrix(p, "hidden.weight", last, size, bound);
        r->hidden_bias = parameters_add_vector(p, "hidden.bias", last, bound);
    }
    item_output_declare(&r->output, m, last);
}

static struct hrnn_slots *slots_open(struct model *m, bool users)
{
    const struct recurrent_options *o = own_options(m);
    struct hrnn_slots *r = mem_zero(1, sizeof *r);
    r->users = users;
    r->all = users && !strcmp(o->propagate, "all");
    r->joined = o->shared.join_sessions;
    r->start_dropout = (float)o->start_dropout;
    m->remembers = r->users || r->joined;
    r->size = (int)(o->hidden ? o->hidden : o->shared.embedding);
    m->own = r;
    slot_states_open(&r->slot_states, users, r->joined, o->separator, m->data.users);
    declare(r, m);
    return r;
}

/* [count, cols] zeros */
static float *zero_states(const struct model *m, int32_t count, int cols)
{
    return device_zeros(m->device, (size_t)count * (size_t)cols);
}

static void hrnn_open(struct model *m)
{
    struct hrnn_slots *r = slots_open(m, true);
    r->kept = zero_states(m, m->data.users, r->width);
}

static void rnn_open(struct model *m)
{
    struct hrnn_slots *r = slots_open(m, false);
    if (r->joined)
        r->kept = zero_states(m, m->data.users, r->width);
}

static void slots_close(struct model *m)
{
    struct hrnn_slots *r = m->own;
    float *memory[] = {r->s[0], r->s[1], r->c[0], r->c[1], r->kept};
    for (int i = 0; i < 5; i++)
        if (memory[i])
            m->device->op->release(m->device, memory[i]);
    slot_states_release(&r->slot_states);
    mem_free(r);
}

/* Allocates the states at the first call; the number of slots is the same in all of a stream. */
static void slots_room(struct model *m, int32_t slots)
{
    struct hrnn_slots *r = m->own;
    if (r->slot_states.slots)
        return;
    slot_states_room(&r->slot_states, slots);
    for (int i = 0; i < 2; i++) {
        r->s[i] = zero_states(m, slots, r->width);
        r->c[i] = zero_states(m, slots, r->size);
    }
}

/* ---- a plan ---- */

/* A step, and on the device the rows (slots or users) of each operation, ascending; NULL: all slots
 * in order, or none. */
struct step_plan {
    struct slot_plan step;
    const struct rows *absorb, *end_row, *end_user, *load, *load_user, *begin, *moved[MOVES];
    const struct rows *separator; /* of MOVE_PART: the separator's row for each of its slots */
    const struct ragged *absorbed, *moves[MOVES]; /* sequences of one step for the GRUs */
};

/* All steps of a call, and the embedding rows of all their inputs, move by move. */
struct steps_plan {
    int count;
    struct step_plan *step;
    struct planned_rows input;
};

/* The rows at [count], or NULL where these are all rows or none. */
static const struct rows *some_of(struct tape *t, const int32_t *at, int count, int all)
{
    return count && count < all ? tape_rows(t, at, count) : NULL;
}

static const struct rows *rows_at(struct tape *t, const int32_t *at, int count)
{
    return count ? tape_rows(t, at, count) : NULL;
}

/* `count` sequences of one step, made once for each count: once [slots + 1]. */
static const struct ragged *one_step(struct tape *t, const struct ragged **once, int count)
{
    int32_t *ones = tape_host_ints(t, (size_t)count);
    if (!count || once[count])
        return once[count];
    for (int i = 0; i < count; i++)
        ones[i] = 1;
    return once[count] = tape_ragged(t, ones, count);
}

/* The separator's only row, `count` times. */
static const struct rows *separators(struct tape *t, int count)
{
    int32_t *row = tape_host_ints(t, (size_t)count);
    for (int i = 0; i < count; i++)
        row[i] = 0;
    return rows_at(t, row, count);
}

static struct step_plan plan_step(const struct hrnn_slots *r, struct tape *t, struct slot_plan step,
                                  const struct ragged **once)
{
    int slots = r->slot_states.slots;
    bool loads = r->users || r->joined;
    struct step_plan p = {.step = step,
                          .end_user = rows_at(t, step.end_user, step.ended),
                          .load_user = loads ? rows_at(t, step.load_user, step.loaded) : NULL,
                          .begin = some_of(t, step.begin, step.begun, slots)};
    p.separator = separators(t, step.move[MOVE_PART].count);
    p.end_row = some_of(t, step.end_row, step.ended, r->users ? step.absorbed : slots);
    if (r->users) {
        p.absorb = some_of(t, step.absorb, step.absorbed, slots);
        p.load = some_of(t, step.load, step.loaded, slots);
        p.absorbed = one_step(t, once, step.absorbed);
    }
    for (int i = 0; i < MOVES; i++) {
        p.moved[i] = some_of(t, step.move[i].slot, step.move[i].count, slots);
        p.moves[i] = one_step(t, once, step.move[i].count);
    }
    return p;
}

static const struct ragged **no_steps_yet(const struct hrnn_slots *r, struct tape *t)
{
    size_t bytes = ((size_t)r->slot_states.slots + 1) * sizeof(struct ragged *);
    return memset(tape_host(t, bytes), 0, bytes);
}

/* Inputs of all steps of a call, and targets with their slots: host arrays. */
struct steps_items {
    int inputs, targets;
    int32_t *input, *target, *owner, *step;
    unsigned char *begins; /* NULL: sessions are not joined */
};

/* Adds the inputs, without separators, and the targets of step k. */
static void plan_moves(const struct hrnn_slots *r, const struct tape *t, int k, struct slot_plan *p,
                       struct steps_items *n)
{
    for (int i = 0; i < MOVES; i++) {
        struct slot_move *move = &p->move[i];
        bool predicts = slot_states_predict(&r->slot_states, i, tape_training(t));
        move->first = n->inputs;
        for (int j = 0; j < move->count && i != MOVE_PART; j++)
            n->input[n->inputs++] = move->input[j];
        for (int j = 0; j < move->count && predicts; j++) {
            n->owner[n->targets] = move->slot[j];
            n->step[n->targets] = k;
            if (n->begins)
                n->begins[n->targets] = i != MOVE_ON;
            n->target[n->targets++] = move->target[j];
        }
    }
}

static void slots_plan(struct model *m, struct tape *t, const struct slot_steps *steps,
                       struct forward *f)
{
    struct hrnn_slots *r = m->own;
    slots_room(m, steps->slots);
    size_t most = 2 * (size_t)steps->count * (size_t)r->slot_states.slots;
    struct steps_plan *plan = tape_host(t, sizeof *plan);
    struct steps_items n = {.input = tape_host_ints(t, most),
                            .target = tape_host_ints(t, most),
                            .owner = tape_host_ints(t, most),
                            .step = tape_host_ints(t, most),
                            .begins = r->joined ? tape_host(t, most) : NULL};
    const struct ragged **once = no_steps_yet(r, t);
    *plan = (struct steps_plan){.count = steps->count,
                                .step = tape_host(t, (size_t)steps->count * sizeof *plan->step)};
    for (int k = 0; k < steps->count; k++) {
        struct slot_plan step = slot_states_step(&r->slot_states, t, steps, k);
        plan_moves(r, t, k, &step, &n);
        plan->step[k] = plan_step(r, t, step, once);
    }
    plan->input = tape_plan_rows(t, r->output.item, n.input, n.inputs);
    *f = (struct forward){.target = n.target,
                          .owner = n.owner,
                          .step = n.step,
                          .begins = n.begins,
                          .targets = n.targets,
                          .plan = plan};
    item_output_layer(&r->output, f);
}

/* ---- a step ---- */

/* The rows of x; NULL: all. */
static struct tensor *rows_of(struct tape *t, struct tensor *x, const struct rows *rows)
{
    return rows ? tape_gather(t, x, rows) : x;
}

/* x with these rows replaced by `by`. */
static struct tensor *replaced(struct tape *t, struct tensor *x, const struct rows *rows,
                               struct tensor *by)
{
    return rows ? tape_replace(t, x, rows, by) : by;
}

/* Stores the rows of x of users whose sessions in a slot have ended. */
static void keep(const struct model *m, struct tape *t, const struct step_plan *p, const float *x)
{
    struct hrnn_slots *r = m->own;
    struct device *d = m->device;
    if (!p->step.ended)
        return;
    float *ended = NULL;
    if (p->end_row) {
        ended = tape_memory(t, (size_t)p->step.ended * (size_t)r->width * sizeof *ended);
        d->op->gather(d, p->end_row, r->width, x, ended);
    }
    d->op->store(d, p->end_user, r->width, ended ? ended : x, r->kept);
}

/* The stored states of users who begin in a slot. */
static struct tensor *load(const struct model *m, struct tape *t, const struct step_plan *p)
{
    const struct hrnn_slots *r = m->own;
    return tape_gather(t, tape_constant(t, r->kept, m->data.users, r->width), p->load_user);
}

/* c of all slots [slots, H] after the user GRU has taken in the sessions that ended, and users who
 * begin are loaded. */
static struct tensor *users_step(const struct model *m, struct tape *t, const struct step_plan *p,
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

/* s_0 of the sessions that begin: [begun, width]. */
static struct tensor *first_states(const struct model *m, struct tape *t, const struct step_plan *p,
                                   struct tensor *c)
{
    const struct hrnn_slots *r = m->own;
    if (r->joined)
        return load(m, t, p);
    if (!r->users)
        return tape_zeros(t, p->step.begun, r->width);
    return hrnn_first(m, t, rows_of(t, c, p->begin));
}

/* s of all slots [slots, width] before the step reads its items. */
static struct tensor *sessions_begin(const struct model *m, struct tape *t,
                                     const struct step_plan *p, struct tensor *s, struct tensor *c)
{
    const struct hrnn_slots *r = m->own;
    if (r->joined)
        keep(m, t, p, s->value);
    return p->step.begun ? replaced(t, s, p->begin, first_states(m, t, p, c)) : s;
}

/* What the move reads: items, or the separator. */
static struct tensor *inputs_of(const struct hrnn_slots *r, struct tape *t,
                                const struct step_plan *p, int move, struct tensor *inputs)
{
    const struct slot_move *v = &p->step.move[move];
    return move == MOVE_PART ? tape_gather(t, tape_parameter(t, r->separator), p->separator)
                             : tape_part(t, inputs, v->first, v->count);
}

/* Reads the items of the move: returns the top layer's states after them, [count, H], and updates
 * *s of all slots. */
static struct tensor *moved(const struct model *m, struct tape *t, const struct recurrent *layers,
                            const struct step_plan *p, int move, struct tensor *inputs,
                            struct tensor *c, struct tensor **s)
{
    const struct hrnn_slots *r = m->own;
    const struct rows *rows = p->moved[move];
    struct tensor *x = inputs_of(r, t, p, move, inputs), *after;
    x = hrnn_inputs(r, t, x, r->all ? rows_of(t, c, rows) : NULL);
    struct tensor *h = recurrent_run(layers, t, x, rows_of(t, *s, rows), p->moves[move],
                                     (float)m->options->dropout, &after);
    *s = replaced(t, *s, rows, after);
    return h;
}

/* The state from the call before.  A call writes its own into the second of two buffers, as the
 * backward pass still reads the first. */
static struct tensor *carried_in(const struct hrnn_slots *r, struct tape *t, float *x, int cols)
{
    return tape_constant(t, x, r->slot_states.slots, cols);
}

static void carry_out(const struct model *m, const struct tensor *x, float *carried[2])
{
    float *was = carried[0];
    if (x->value == was) /* unchanged in all slots */
        return;
    m->device->op->copy(m->device, carried[1], x->value, (size_t)x->rows * (size_t)x->cols);
    carried[0] = carried[1];
    carried[1] = was;
}

static void slots_steps(struct model *m, struct tape *t, struct forward *f)
{
    struct hrnn_slots *r = m->own;
    const struct steps_plan *plan = f->plan;
    struct tensor *s = carried_in(r, t, r->s[0], r->width), *c = carried_in(r, t, r->c[0], r->size);
    struct tensor **states = tape_host(t, MOVES * (size_t)plan->count * sizeof *states);
    struct recurrent layers = hrnn_layers(r);
    struct tensor *x = tape_planned_rows(t, r->output.item, &plan->input);
    int parts = 0;
    for (int k = 0; k < plan->count; k++) {
        const struct step_plan *p = &plan->step[k];
        if (r->users)
            c = users_step(m, t, p, s, c);
        s = sessions_begin(m, t, p, s, c);
        for (int i = 0; i < MOVES; i++) {
            if (!p->step.move[i].count)
                continue;
            struct tensor *h = moved(m, t, &layers, p, i, x, c, &s);
            if (slot_states_predict(&r->slot_states, i, tape_training(t)))
                states[parts++] = h;
        }
    }
    struct tensor *all =
        parts ? tape_stack(t, states, parts) : tape_constant(t, r->s[0], 0, r->size);
    hrnn_output(r, t, all, f);
    carry_out(m, s, r->s);
    if (r->users)
        carry_out(m, c, r->c);
}

/* ---- passes ---- */

static void slots_restart(struct model *m)
{
    struct hrnn_slots *r = m->own;
    size_t n = (size_t)m->data.users * (size_t)r->width;
    if (r->kept)
        m->device->op->fill(m->device, r->kept, 0, n);
    slot_states_forget(&r->slot_states);
}

static void slots_forget(struct model *m, int32_t user)
{
    struct hrnn_slots *r = m->own;
    size_t width = (size_t)r->width;
    m->device->op->fill(m->device, r->kept + (size_t)user * width, 0, width);
    if (r->joined)
        r->slot_states.unread.at[user] = -1;
}

static void slots_state(struct model *m, struct state *s)
{
    struct hrnn_slots *r = m->own;
    int32_t slots = r->slot_states.slots;
    state_i32(s, "slots", &slots, 0, m->data.slots);
    if (state_good(s) && slots && slots != m->data.slots)
        state_refuse(s, "slots", "not those of the batches");
    if (state_good(s) && slots)
        slots_room(m, slots);
    slot_states_state(&r->slot_states, s, &m->data);
    if (!state_good(s))
        return;
    state_floats(s, "s", 2, (const int64_t[]){r->slot_states.slots, r->width}, m->device, r->s[0]);
    state_floats(s, "c", 2, (const int64_t[]){r->slot_states.slots, r->size}, m->device, r->c[0]);
    if (r->kept)
        state_floats(s, "kept", 2, (const int64_t[]){m->data.users, r->width}, m->device, r->kept);
}

static const char *join_option(const struct model_options *o)
{
    return o->join_sessions ? "--join-sessions" : NULL;
}

extern const struct model_class hrnn_class, rnn_class;
const struct model_class hrnn_class = {
    .name = "hrnn",
    .purpose = "a user GRU over the last states of a session GRU, on user-parallel mini-batches",
    .options_size = sizeof defaults,
    .defaults = &defaults,
    .options = hrnn_options,
    .needs_order = true,
    .samples = true,
    .open = hrnn_open,
    .forward = hrnn_forward,
    .plan = slots_plan,
    .steps = slots_steps,
    .finish = hrnn_finish,
    .restart = slots_restart,
    .forget = slots_forget,
    .state = slots_state,
    .close = slots_close,
};
const struct model_class rnn_class = {
    .name = "rnn",
    .purpose = "a GRU or LSTM over each session, on session-parallel mini-batches",
    .options_size = sizeof defaults,
    .defaults = &defaults,
    .options = rnn_options,
    .samples = true,
    .check = rnn_check,
    .ordered_by = join_option,
    .open = rnn_open,
    .forward = hrnn_forward,
    .plan = slots_plan,
    .steps = slots_steps,
    .finish = hrnn_finish,
    .restart = slots_restart,
    .forget = slots_forget,
    .state = slots_state,
    .close = slots_close,
};
