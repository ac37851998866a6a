#include "model/hrnn.h"

#include "model/batch_events.h"

/* ---- the network, in both ---- */

struct tensor *hrnn_first(const struct model *m, struct tape *t, struct tensor *c)
{
    const struct hrnn_slots *r = m->own;
    struct tensor *to =
        tape_linear(t, c, tape_parameter(t, r->start), tape_parameter(t, r->start_bias));
    return tape_dropout_of(t, tape_activate(t, ACTIVATION_TANH, to), r->start_dropout);
}

struct recurrent hrnn_layers(const struct hrnn_slots *r)
{
    struct recurrent n = r->session;
    if (r->all)
        n.gru[0].ih = NULL;
    return n;
}

struct tensor *hrnn_inputs(const struct hrnn_slots *r, struct tape *t, struct tensor *x,
                           struct tensor *c)
{
    if (!r->all)
        return x;
    return tape_linear_onto(t, c, tape_parameter(t, r->input),
                            tape_linear(t, x, tape_parameter(t, r->session.gru[0].ih), NULL));
}

void hrnn_output(const struct hrnn_slots *r, struct tape *t, struct tensor *states,
                 struct forward *f)
{
    if (r->hidden)
        states = tape_activate(t, ACTIVATION_TANH,
                               tape_linear(t, states, tape_parameter(t, r->hidden),
                                           tape_parameter(t, r->hidden_bias)));
    item_output_state(&r->output, t, states, f);
}

/* ---- whole sessions ---- */

enum { SEPARATOR = INT32_MIN }; /* in place of an event */

/* What the sessions of a batch read and predict: host arrays of the tape's step. */
struct reading_plan {
    int inputs, targets;
    int32_t *read, *session;       /* [inputs] events, or ~item of one that is unread, or SEPARATOR,
                                      and the session of each in the batch */
    int32_t *predicted, *after;    /* [targets] events, and the input that each follows */
    const int32_t *input, *target; /* the items of both; -1: the separator */
};

/* The last item of the sessions before, which joined sessions read first; -1: nothing. */
static int32_t unread_of(const struct hrnn_slots *r, const struct batch *b, size_t i)
{
    return r->joined ? r->slot_states.unread.at[column_i32(b->user)[i]] : -1;
}

/* Items that are read: those of events, or of joined sessions also those that are unread. */
static const int32_t *read_items(const struct hrnn_slots *r, struct tape *t, const struct batch *b,
                                 const int32_t *read, int n)
{
    if (!r->joined)
        return batch_items(t, b, read, n);
    int32_t *item = tape_host_ints(t, (size_t)n);
    for (int i = 0; i < n; i++)
        item[i] = read[i] == SEPARATOR ? -1 : read[i] < 0 ? ~read[i] : column_i32(b->item)[read[i]];
    return item;
}

static struct reading_plan plan_reading(struct hrnn_slots *r, struct tape *t, const struct batch *b)
{
    size_t count = b->length.len, most = b->item.len + 2 * count;
    int32_t event = 0;
    struct reading_plan p = {.read = tape_host_ints(t, most),
                             .session = tape_host_ints(t, most),
                             .predicted = tape_host_ints(t, most),
                             .after = tape_host_ints(t, most)};
    r->tested.length = tape_host_ints(t, count);
    for (size_t i = 0; i < count; event += column_i32(b->length)[i++]) {
        int before = p.inputs, length = column_i32(b->length)[i];
        int32_t unread = unread_of(r, b, i);
        if (length > 1 && unread >= 0)
            p.read[p.inputs++] = ~unread;
        if (length > 1 && unread >= 0 && r->separator)
            p.read[p.inputs++] = SEPARATOR;
        for (int j = 0; j + 1 < length; j++) {
            p.predicted[p.targets] = event + j + 1;
            p.after[p.targets++] = p.inputs;
            p.read[p.inputs++] = event + j;
        }
        r->tested.length[i] = p.inputs - before;
        for (int j = before; j < p.inputs; j++)
            p.session[j] = (int32_t)i;
    }
    p.input = read_items(r, t, b, p.read, p.inputs);
    p.target = batch_items(t, b, p.predicted, p.targets);
    tape_share(t, p.session, p.inputs, NULL, p.session);
    tape_share(t, p.after, p.targets, NULL, p.after);
    return p;
}

/* The stored states of the batch's users, [B, width]. */
static struct tensor *stored(const struct model *m, struct tape *t, const struct batch *b)
{
    const struct hrnn_slots *r = m->own;
    return tape_gather(t, tape_constant(t, r->kept, m->data.users, r->width),
                       tape_rows(t, column_i32(b->user), (int)b->user.len));
}

/* s_0 of the batch's sessions, [B, width]. */
static struct tensor *start_states(struct model *m, struct tape *t, const struct batch *b)
{
    struct hrnn_slots *r = m->own;
    r->tested.c = r->users ? stored(m, t, b) : NULL;
    if (r->users)
        return hrnn_first(m, t, r->tested.c);
    return r->joined ? stored(m, t, b) : tape_zeros(t, (int)b->user.len, r->width);
}

/* What the first layer reads of the inputs: of a separator its own vector, of items their rows. */
static struct tensor *read_inputs(const struct hrnn_slots *r, struct tape *t,
                                  const struct reading_plan *p)
{
    struct tensor *x = tape_rows_of(t, r->output.item, p->input, p->inputs);
    if (!r->separator)
        return x;
    int32_t *row = tape_host_ints(t, (size_t)p->inputs);
    for (int i = 0; i < p->inputs; i++)
        row[i] = p->input[i] < 0 ? 0 : -1;
    return tape_add(t, x,
                    tape_gather(t, tape_parameter(t, r->separator), tape_rows(t, row, p->inputs)));
}

void hrnn_forward(struct model *m, struct tape *t, const struct batch *b, struct forward *f)
{
    struct hrnn_slots *r = m->own;
    struct reading_plan p = plan_reading(r, t, b);
    struct recurrent layers = hrnn_layers(r);
    struct tensor *start = start_states(m, t, b), *c = NULL;
    struct tensor *x = read_inputs(r, t, &p);
    if (r->all)
        c = tape_gather(t, r->tested.c, tape_rows(t, p.session, p.inputs));
    const struct ragged *sessions = tape_ragged(t, r->tested.length, (int)b->length.len);
    struct tensor *h =
        recurrent_run(&layers, t, hrnn_inputs(r, t, x, c), start, sessions, 0, &r->tested.states);
    *f = (struct forward){.target = p.target, .targets = p.targets};
    hrnn_output(r, t, r->joined ? tape_gather(t, h, tape_rows(t, p.after, p.targets)) : h, f);
    item_output_layer(&r->output, f);
}

void hrnn_finish(struct model *m, struct tape *t, const struct batch *b)
{
    struct hrnn_slots *r = m->own;
    const struct tested *tested = &r->tested;
    size_t count = b->length.len;
    int32_t *last = tape_host_ints(t, count), *of = tape_host_ints(t, count);
    int32_t *user = tape_host_ints(t, count), *ones = tape_host_ints(t, count);
    int ended = 0, row = 0;
    size_t event = 0;
    for (size_t i = 0; i < count; i++) {
        row += tested->length[i];
        event += (size_t)column_i32(b->length)[i];
        if (!tested->length[i])
            continue;
        if (r->joined)
            r->slot_states.unread.at[column_i32(b->user)[i]] = column_i32(b->item)[event - 1];
        of[ended] = (int32_t)i;
        ones[ended] = 1;
        user[ended] = column_i32(b->user)[i];
        last[ended++] = row - 1;
    }
    if (!m->remembers || !ended)
        return;
    struct tensor *s = tape_gather(t, tested->states, tape_rows(t, last, ended));
    if (r->users)
        s = tape_gru(t, &r->user, s, tape_gather(t, tested->c, tape_rows(t, of, ended)),
                     tape_ragged(t, ones, ended));
    m->device->op->store(m->device, tape_rows(t, user, ended), r->width, s->value, r->kept);
}
