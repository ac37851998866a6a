/* ASARS against itself written plainly, in double, from its equations, in every variant and with
 * each cell; and in its closed forms. */
#include "context_batch.h"

struct form {
    const char *variant, *context, *cell;
    struct sizes size;
    int users, hidden; /* users: size of their embeddings, 0: none */
    double dropout;
    bool dynamics;
};

static int times_of(const struct form *s)
{
    return s->size.action + s->size.bin;
}

/* ---- the equations ---- */

/* e_j from h_j [H], and from g_j or the user's embedding */
static double energy(const struct reference *r, const struct form *s, const double *h,
                     const double *g, const double *user)
{
    const double *weight = ref_w(r, "attention", ".weight"), *bias = ref_w(r, "attention", ".bias");
    int n = g ? s->hidden : s->users;
    double sum = 0;
    for (int i = 0; i < n; i++)
        sum += tanh(row_dot(s->hidden, weight, i, g ? g : h) + bias[i]) * (g ? h : user)[i];
    return sum;
}

/* The sum of the first `count` states by the softmax of their energies. */
static void attend(const struct form *s, int count, const double *e, double h[][REF_STATE],
                   double *q)
{
    double all = 0;
    memset(q, 0, (size_t)s->hidden * sizeof *q);
    for (int j = 0; j < count; j++)
        all += exp(e[j]);
    for (int j = 0; j < count; j++)
        for (int i = 0; i < s->hidden; i++)
            q[i] += exp(e[j]) / all * h[j][i];
}

/* z_t from h_t or q_t, after dropout, and the user's embedding. */
static void fuse(const struct reference *r, const struct form *s, const double *state,
                 const double *user, double *z)
{
    const double *weight = ref_w(r, "fuse", ".weight"), *bias = ref_w(r, "fuse", ".bias");
    bool beside = strcmp(s->variant, "user-cat") == 0 || strcmp(s->variant, "time-user") == 0;
    int n = s->hidden, in = n + (beside ? s->users : 0);
    double x[REF_WIDE];
    memcpy(x, state, (size_t)n * sizeof *x);
    for (int i = n; i < in; i++)
        x[i] = user[i - n];
    for (int i = 0; i < s->size.item; i++)
        z[i] = row_dot(in, weight, i, x) + bias[i];
}

/* What the dynamics remember: the last state of each user's session before, how much of it the next
 * begins with; and the last state of the session that was read last. */
static double stored[REF_USERS][2 * REF_STATE], share[REF_USERS], ended[2 * REF_STATE];

/* What drifts, added to z_t, from h_t as `row` of the batch's inputs. */
static void drift(const struct reference *r, const struct form *s, int user, int row,
                  const double *h, double *z)
{
    const double *weight = ref_w(r, "drift", ".weight"), rate = ref_w(r, "user_drift", "")[user];
    bool by_time = !strcmp(s->variant, "time-att") || !strcmp(s->variant, "time-user");
    double x[REF_STATE];
    memcpy(x, h, (size_t)s->hidden * sizeof *x);
    drop_row(r, by_time ? 4 : 3, row, s->hidden, x);
    for (int i = 0; i < s->size.item; i++)
        z[i] += rate * row_dot(s->hidden, weight, i, x);
}

static int states(const struct reference *r, const void *form, const struct ref_inputs *of,
                  double x[][REF_WIDE], double out[][REF_WIDE])
{
    const struct form *s = form;
    bool by_time = !strcmp(s->variant, "time-att") || !strcmp(s->variant, "time-user");
    bool attends = by_time || !strcmp(s->variant, "user-att");
    int in = s->size.item + (strcmp(s->variant, "time-cat") ? 0 : times_of(s));
    const double *users = ref_w(r, "user_embedding", ".weight");
    const double *user = users ? users + of->user * s->users : NULL;
    double h[LONG][REF_STATE], e[LONG], state[2 * REF_STATE], time[2 * REF_STATE] = {0};
    int bound = s->dynamics && s->context ? BINS : 0;
    for (int i = 0; i < 2 * s->hidden; i++)
        state[i] = s->dynamics ? share[of->user] * stored[of->user][i] : 0;
    for (int t = 0; t < of->count; t++) {
        cell_step(r, "session", in, s->hidden, x[t], state);
        memcpy(h[t], state, (size_t)s->hidden * sizeof *state);
        if (by_time)
            cell_step(r, "time", times_of(s), s->hidden, x[t] + s->size.item, time);
        double q[REF_STATE];
        memcpy(q, state, sizeof q);
        if (attends) {
            e[t] = energy(r, s, h[t], by_time ? time : NULL, user);
            attend(s, t + 1, e, h, q);
        }
        drop_row(r, by_time ? 3 : 2, of->row + t, s->hidden, q);
        fuse(r, s, q, user, out[t]);
        if (s->dynamics)
            drift(r, s, of->user, of->row + t, h[t], out[t]);
        for (int k = 0; k < bound; k++)
            out[t][s->size.item + k] = bins[of->event + (size_t)t] == k;
    }
    memcpy(ended, state, sizeof ended);
    return s->size.item + bound;
}

static double reference_batch(const struct reference *r, const void *form, const struct batch *b)
{
    return sessions_loss(r, ((const struct form *)form)->size, states, form, b);
}

/* ---- held against the model ---- */

static struct model_shape shape_of(const struct form *s)
{
    return (struct model_shape){.variant = s->variant,
                                .context = s->context,
                                .cell = s->cell,
                                .gru = "reset-after",
                                .embedding = s->size.item,
                                .users = s->users,
                                .hidden = s->hidden,
                                .dynamics = s->dynamics,
                                .dropout = s->dropout};
}

static void check_equations(const struct form *s)
{
    struct model_shape shape = shape_of(s);
    char text[100];
    snprintf(text, sizeof text, "%s, context %s, %s, %d and %d wide, users %d", s->variant,
             s->context ? s->context : "none", s->cell, s->size.item, s->hidden, s->users);
    check_context_model("asars", &shape, reference_batch, s, text);
}

/* ---- closed forms ---- */

/* Sets all of a parameter to 0. */
static void clear(struct pair *p, const char *name)
{
    const struct parameter *x = parameters_find(&p->model.parameters, name);
    p->device->op->fill(p->device, x->value, 0, x->count);
}

/* Without energies, since the users are not trained or W_s and b_s are 0: the mean of the states.
 */
static void check_even(const struct form *s)
{
    struct model_shape shape = shape_of(s);
    struct made made;
    struct pair p;
    make_batch(&made);
    give_contexts(&made.batch, contexts, s->context);
    pair_open(&p, "asars", &shape);
    if (s->context) {
        clear(&p, "attention.weight");
        clear(&p, "attention.bias");
    }
    tap_ok(weights_are(&p, &made.batch, 0), "%s: even weights without energies", s->variant);
    pair_close(&p);
    made_release(&made);
}

/* The contextual RNN with the weights of p: an LSTM over the items alone, where b_ih is shifted by
 * what `times` numbers of the first bin do with the other columns of W_ih, and a map of its states,
 * which is the first columns of W. */
static void open_plain(struct pair *plain, struct pair *p, const struct form *s, int times)
{
    struct model_shape shape = {.cell = s->cell,
                                .decoder = "tied",
                                .layer_sizes = "",
                                .embedding = s->size.item,
                                .hidden = s->hidden};
    struct device *d = p->device;
    pair_open(plain, "context-rnn", &shape);
    for (size_t i = 0; i < plain->model.parameters.list.len; i++) {
        const struct parameter *to = plain->model.parameters.list.at[i];
        bool map = !strcmp(to->name, "bilinear.weight");
        const struct parameter *from =
            parameters_find(&p->model.parameters, map ? "fuse.weight" : to->name);
        for (int row = 0; row < to->rows; row++)
            d->op->copy(d, to->value + row * to->cols, from->value + row * from->cols,
                        (size_t)to->cols);
    }
    if (!times)
        return;
    const struct parameters *all = &p->model.parameters;
    const struct parameter *bias =
        parameters_find(&plain->model.parameters, "session_lstm.bias_ih_l0");
    const double *w = p->reference.w,
                 *table = w + parameters_find(all, "context.dwell.weight")->offset;
    const struct parameter *ih = parameters_find(all, "session_lstm.weight_ih_l0");
    float shifted[4 * REF_STATE];
    for (int row = 0; row < ih->rows; row++) {
        const double *columns = w + ih->offset + row * ih->cols + s->size.item;
        shifted[row] = (float)(w[parameters_find(all, bias->name)->offset + (size_t)row] +
                               ref_dot(times, columns, table));
    }
    d->op->upload(d, bias->value, shifted, bias->count * sizeof *shifted);
}

/* With users that are not trained, or with all times in one bin: a plain LSTM. */
static void check_plain(const struct form *s)
{
    struct model_shape shape = shape_of(s);
    struct made made;
    struct pair p, plain;
    int all, other;
    make_batch(&made);
    give_contexts(&made.batch, contexts, s->context);
    memset(bins, 0, sizeof bins);
    pair_open(&p, "asars", &shape);
    clear(&p, "fuse.bias");
    open_plain(&plain, &p, s, s->size.bin);
    float *one = test_losses(&p, &made.batch, &all),
          *two = test_losses(&plain, &made.batch, &other);
    double worst = all == other ? 0 : INFINITY;
    for (int i = 0; i < all; i++)
        worst = fmax(worst, fabs((double)one[i] - (double)two[i]));
    tap_ok(worst < 1e-5, "%s: as an LSTM over the items alone, to %.1e", s->variant, worst);
    mem_free(one);
    mem_free(two);
    pair_close(&p);
    pair_close(&plain);
    made_release(&made);
}

/* ---- dynamics ---- */

enum { SEEN = 2, DAYS = 3 }; /* users of the first batch; from their first sessions to the next */

/* First sessions of SEEN users, and after some days the next of these and the first of another. */
static void make_two(struct made m[2], const char *keys)
{
    drawn = random_of(5, 9);
    memset(m, 0, 2 * sizeof *m);
    for (int i = 0; i < LONG; i++)
        bins[i] = (int32_t)random_below(&drawn, BINS);
    for (int user = 0; user < SEEN; user++)
        add_first_session(&m[0], user, 6 - 3 * user);
    for (int user = 0; user <= SEEN; user++)
        add_first_session(&m[1], user, 5 + user);
    for (int user = 0; user < SEEN; user++) {
        m[1].session.at[user] = m[1].history.at[user] = 1;
        m[1].start.at[user] += (int64_t)DAYS * 86400;
        vec_push(&m[1].of_session, 0);
        vec_push(&m[1].of_start, 1000);
        vec_push(&m[1].delta, 0);
        vec_push(&m[1].week, 0);
    }
    for (int i = 0; i < 2; i++) {
        close_batch(&m[i]);
        give_contexts(&m[i].batch, contexts, keys);
    }
}

static int remembered(const struct reference *r, const void *form, const struct ref_inputs *of,
                      double x[][REF_WIDE], double out[][REF_WIDE])
{
    int n = states(r, form, of, x, out);
    memcpy(stored[of->user], ended, sizeof ended);
    share[of->user] = log(1 + DAYS);
    return n;
}

/* The loss and gradients of sessions that begin from what the ones before have left. */
static void check_dynamics(const struct form *s)
{
    struct model_shape shape = shape_of(s);
    struct made made[2];
    struct pair p;
    int none;
    make_two(made, s->context);
    pair_open(&p, "asars", &shape);
    fill_tables(&p);
    memset(share, 0, sizeof share);
    learner_begin(&p.learner, (struct epoch){1, PART_TRAIN});
    p.learner.steps = 7, p.reference.step = 8;
    double first = sessions_loss(&p.reference, s->size, remembered, s, &made[0].batch);
    first = fabs(first - batch_loss(&p, &made[0].batch));
    p.reference.step = 9;
    double expected = reference_batch(&p.reference, s, &made[1].batch);
    double worst = worst_slope(&p, reference_batch, s, &made[1].batch, 1, &none);
    double next = fabs(expected - batch_loss(&p, &made[1].batch));
    memset(share, 0, sizeof share);
    double without = reference_batch(&p.reference, s, &made[1].batch);
    tap_ok(first < 1e-6 && next < 1e-6 && worst < 1e-6 && !none && fabs(without - expected) > 1e-4,
           "dynamics, %s, context %s, %s: losses to %.1e and %.1e, gradients to %.1e", s->variant,
           s->context ? s->context : "none", s->cell, first, next, worst);
    pair_close(&p);
    for (int i = 0; i < 2; i++)
        made_release(&made[i]);
}

/* Users who do not drift and items that no time has, in first sessions: as without dynamics. */
static void check_still(const struct form *s)
{
    struct model_shape shape = shape_of(s);
    struct made made;
    struct pair with, without;
    int all, other;
    make_batch(&made);
    give_contexts(&made.batch, contexts, s->context);
    pair_open(&with, "asars", &shape);
    clear(&with, "user_drift");
    shape.dynamics = false;
    pair_open(&without, "asars", &shape);
    for (size_t i = 0; i < without.model.parameters.list.len; i++) {
        const struct parameter *to = without.model.parameters.list.at[i];
        with.device->op->copy(with.device, to->value,
                              parameters_find(&with.model.parameters, to->name)->value, to->count);
    }
    float *one = test_losses(&with, &made.batch, &all);
    float *two = test_losses(&without, &made.batch, &other);
    double worst = all == other ? 0 : INFINITY;
    for (int i = 0; i < all; i++)
        worst = fmax(worst, fabs((double)one[i] - (double)two[i]));
    tap_ok(worst < 1e-6, "%s, no drift, no items' times: as without dynamics, to %.1e", s->variant,
           worst);
    mem_free(one);
    mem_free(two);
    pair_close(&with);
    pair_close(&without);
    made_release(&made);
}

int main(void)
{
    const struct form forms[] = {
        {"user-att", NULL, "lstm", {5, 0, 0}, 3, 7, 0.25, false},
        {"user-cat", NULL, "lstm", {5, 0, 0}, 3, 7, 0.25, false},
        {"user-cat", NULL, "gru", {6, 0, 0}, 4, 6, 0.25, false},
        {"time-att", "dwell:3", "lstm", {5, 0, 3}, 0, 7, 0.25, false},
        {"time-att", "action:2,dwell:3", "gru", {6, 2, 3}, 0, 5, 0.25, false},
        {"time-cat", "dwell:3", "lstm", {5, 0, 3}, 0, 7, 0.25, false},
        {"time-user", "dwell:3", "lstm", {5, 0, 3}, 4, 7, 0.25, false},
        {"time-user", "dwell:4", "lstm", {33, 0, 4}, 17, 31, 0, false},
    };
    const struct form moving[] = {
        {"user-cat", NULL, "lstm", {5, 0, 0}, 3, 7, 0.25, true},
        {"user-att", NULL, "lstm", {5, 0, 0}, 3, 7, 0.25, true},
        {"user-att", "dwell", "gru", {5, 0, 0}, 3, 7, 0.25, true},
        {"time-user", "dwell:3", "lstm", {5, 0, 3}, 4, 7, 0.25, true},
        {"time-cat", "dwell:3", "gru", {5, 0, 3}, 0, 7, 0, true},
    };
    for (size_t i = 0; i < sizeof forms / sizeof *forms; i++) {
        struct model_shape shape = shape_of(&forms[i]);
        check_equations(&forms[i]);
        check_no_future("asars", &shape);
    }
    check_even(&forms[0]);
    check_even(&forms[3]);
    check_even(&forms[6]);
    check_plain(&forms[1]);
    check_plain(&forms[5]);
    for (size_t i = 0; i < sizeof moving / sizeof *moving; i++) {
        struct model_shape shape = shape_of(&moving[i]);
        check_dynamics(&moving[i]);
        check_no_future("asars", &shape);
        check_still(&moving[i]);
    }
    return tap_done();
}
