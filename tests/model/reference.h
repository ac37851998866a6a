/* The models once more, plainly: one number after another, in double, from their equations.  What
 * is computed here is held against the models' own forward passes and gradients. */
#ifndef TESTS_MODEL_REFERENCE_H
#define TESTS_MODEL_REFERENCE_H

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "model/model.h"
#include "nn/maths.h"

enum { REF_USERS = 6, REF_SESSIONS = 12, REF_SIZE = 33, REF_HISTORY = 3, REF_EVENTS = 8 };
enum { REF_STATE = 2 * REF_SIZE, REF_WIDE = REF_STATE + 3 * REF_SIZE };

struct ref_gru {
    int in, state;
    const double *ih, *hh, *ih_bias, *hh_bias; /* ih NULL: x is W_ih x */
};

/* e_j = scale · tanh(weight x_j + bias); per_user: a block of each for each user or group. */
struct ref_layer {
    int width, in;
    const double *weight, *bias, *scale;
    const double *hidden; /* the other matrix of --intra sum */
    bool per_user;
};

struct reference {
    const struct parameters *parameters;
    const struct model_shape *options;
    const int32_t *group; /* of each user; NULL: their own */
    bool hierarchical;
    int size, items, buckets;
    double *w; /* all weights, placed as the parameters are; into it: */
    struct ref_gru earlier[2], inner, intra; /* inter or user GRU, both ways; session GRU */
    struct ref_layer over, inside, every;    /* inter or user, session, intra attention */
    const double *item, *delta, *week, *age, *age_bias, *read, *read_bias;
    const double *output, *output_bias, *bilinear; /* output NULL: the items' embeddings */
    double rate;
    uint64_t seed, step; /* of the masks; rate 0: none */
    double rep[REF_USERS][REF_SESSIONS][REF_STATE];
    bool known[REF_USERS][REF_SESSIONS];
    int row, event; /* of the batch: representations and history's events so far */
};

static inline const double *ref_w(const struct reference *r, const char *prefix, const char *name)
{
    char full[100];
    snprintf(full, sizeof full, "%s%s", prefix, name);
    const struct parameter *p = parameters_find(r->parameters, full);
    return p ? r->w + p->offset : NULL;
}

/* One of several layers, one above another. */
static inline struct ref_gru ref_bind_gru_layer(const struct reference *r, const char *prefix,
                                                int layer, const char *way, int in, int state)
{
    static const char *const name[4] = {".weight_ih", ".weight_hh", ".bias_ih", ".bias_hh"};
    const double *at[4];
    for (int i = 0; i < 4; i++) {
        char full[50];
        snprintf(full, sizeof full, "%s_l%d%s", name[i], layer, way);
        at[i] = ref_w(r, prefix, full);
    }
    return (struct ref_gru){in, state, at[0], at[1], at[2], at[3]};
}

static inline struct ref_gru ref_bind_gru(const struct reference *r, const char *prefix,
                                          const char *way, int in, int state)
{
    return ref_bind_gru_layer(r, prefix, 0, way, in, state);
}

static inline struct ref_layer ref_bind_layer(const struct reference *r, const char *prefix,
                                              int width, int in)
{
    const char *level = strncmp(prefix, "inter", 5) && strncmp(prefix, "intra", 5)
                            ? strncmp(prefix, "user", 4) ? "session" : "user"
                        : prefix[3] == 'e' ? "inter"
                                           : "intra";
    return (struct ref_layer){width,
                              in,
                              ref_w(r, prefix, ".weight"),
                              ref_w(r, prefix, ".bias"),
                              ref_w(r, prefix, "_scale.weight"),
                              ref_w(r, prefix, "_hidden.weight"),
                              r->options->per_user && strstr(r->options->per_user, level)};
}

/* The layer of that user. */
static inline struct ref_layer ref_own(const struct reference *r, const struct ref_layer *all,
                                       int user)
{
    struct ref_layer l = *all;
    size_t block = !l.per_user ? 0 : r->group ? (size_t)r->group[user] : (size_t)user;
    size_t width = (size_t)l.width, matrix = width * (size_t)l.in;
    l.weight += block * matrix, l.scale += block * width;
    l.bias = l.bias ? l.bias + block * width : NULL;
    l.hidden = l.hidden ? l.hidden + block * matrix : NULL;
    return l;
}

/* The GRU of that user's cluster, where the level has one for each. */
static inline struct ref_gru ref_own_gru(const struct reference *r, const struct ref_gru *all,
                                         const char *level, int user)
{
    struct ref_gru g = *all;
    const char *on = r->options->cluster_encoders;
    if (!on || !strstr(on, level) || !g.ih)
        return g;
    size_t rows = 3 * (size_t)g.state, block = (size_t)r->group[user];
    g.ih += block * rows * (size_t)g.in, g.hh += block * rows * (size_t)g.state;
    g.ih_bias += block * rows, g.hh_bias += block * rows;
    return g;
}

static inline bool ref_is(const char *option, const char *word)
{
    return option && !strcmp(option, word);
}

static inline bool ref_on(const struct reference *r, const char *word)
{
    return r->options->inter && strstr(r->options->inter, word);
}

/* How wide a state of the earlier sessions' GRU is, both ways together; what its attention reads.
 */
static inline int ref_state(const struct reference *r)
{
    return r->options->bidirectional ? 2 * r->size : r->size;
}

static inline int ref_wide(const struct reference *r)
{
    return (r->hierarchical || ref_on(r, "hidden") ? ref_state(r) : 0) +
           r->size * (ref_on(r, "delta") + ref_on(r, "week") + ref_on(r, "age"));
}

/* Finds the weights by their names, once w is there. */
static inline void ref_bind(struct reference *r)
{
    const char *earlier = r->hierarchical ? "user_gru" : "inter_gru";
    int size = r->size, state = ref_state(r), wide = ref_wide(r);
    bool intra = r->options->intra, cat = ref_is(r->options->intra, "cat");
    r->earlier[0] = ref_bind_gru(r, earlier, "", size, size);
    r->earlier[1] = ref_bind_gru(r, earlier, "_reverse", size, size);
    r->inner = ref_bind_gru(r, "session_gru", "", size, size);
    r->intra = ref_bind_gru(r, "intra_gru", "", intra ? size + state : size, state);
    r->over = r->hierarchical ? ref_bind_layer(r, "user_attention", wide, wide)
                              : ref_bind_layer(r, "inter_attention", state, wide);
    r->inside = ref_bind_layer(r, "session_attention", size, size);
    r->every = ref_bind_layer(r, "intra_attention", state, cat ? 2 * state : state);
    if (!cat)
        r->every.weight = ref_w(r, "intra_attention_inter", ".weight");
    r->item = ref_w(r, "item_embedding", ".weight");
    r->delta = ref_w(r, "delta_embedding", ".weight");
    r->week = ref_w(r, "week_embedding", ".weight");
    r->age = ref_w(r, "age_embedding", ".weight");
    r->age_bias = ref_w(r, "age_embedding", ".bias");
    r->read = ref_w(r, "representation", ".weight");
    r->read_bias = ref_w(r, "representation", ".bias");
    r->output = ref_w(r, "output", ".weight");
    r->output_bias = ref_w(r, "output", ".bias");
    r->bilinear = ref_w(r, "bilinear", ".weight");
}

/* ---- pieces ---- */

/* What dropout number `tensor` of the step makes of its element. */
static inline double ref_drop(const struct reference *r, uint32_t tensor, size_t element, double x)
{
    uint32_t word[4];
    if (r->rate <= 0)
        return x;
    maths_dropout_words(r->seed, r->step, tensor, (uint32_t)(element / 4), word);
    return random_unit(word[element % 4]) < (float)r->rate ? 0 : x / (1 - r->rate);
}

/* Whether training keeps the event of the batch as an input, where it leaves out items. */
static inline bool ref_keeps_item(const struct reference *r, size_t event)
{
    struct reference items = *r;
    items.rate = r->options->item_dropout;
    return ref_drop(&items, UINT32_MAX, event, 1) > 0;
}

static inline double ref_dot(int n, const double *a, const double *b)
{
    double sum = 0;
    for (int i = 0; i < n; i++)
        sum += a[i] * b[i];
    return sum;
}

/* W_ih x, of one of its rows. */
static inline double ref_input(const struct ref_gru *g, int row, const double *x)
{
    return g->ih ? ref_dot(g->in, g->ih + row * g->in, x) : x[row];
}

static inline void ref_step(const struct reference *r, const struct ref_gru *g, const double *x,
                            double *h)
{
    int n = g->state;
    double gate[2][REF_STATE], next[REF_STATE], reset[REF_STATE];
    for (int i = 0; i < 2 * n; i++) {
        double sum =
            ref_input(g, i, x) + g->ih_bias[i] + ref_dot(n, g->hh + i * n, h) + g->hh_bias[i];
        gate[i / n][i % n] = 1 / (1 + exp(-sum));
    }
    for (int k = 0; k < n; k++)
        reset[k] = gate[0][k] * h[k];
    for (int k = 0; k < n; k++) {
        int row = 2 * n + k;
        double in = ref_input(g, row, x) + g->ih_bias[row];
        double inner = ref_is(r->options->gru, "reset-before")
                           ? ref_dot(n, g->hh + row * n, reset) + g->hh_bias[row]
                           : gate[0][k] * (ref_dot(n, g->hh + row * n, h) + g->hh_bias[row]);
        next[k] = (1 - gate[1][k]) * tanh(in + inner) + gate[1][k] * h[k];
    }
    memcpy(h, next, (size_t)n * sizeof *h);
}

/* The same of an LSTM; state: [h; c]. */
static inline void ref_lstm_step(const struct ref_gru *g, const double *x, double *state)
{
    int n = g->state;
    double a[4 * REF_STATE];
    for (int i = 0; i < 4 * n; i++)
        a[i] =
            ref_input(g, i, x) + g->ih_bias[i] + ref_dot(n, g->hh + i * n, state) + g->hh_bias[i];
    for (int k = 0; k < n; k++) {
        double input = 1 / (1 + exp(-a[k])), forget = 1 / (1 + exp(-a[n + k]));
        state[n + k] = forget * state[n + k] + input * tanh(a[2 * n + k]);
        state[k] = tanh(state[n + k]) / (1 + exp(-a[3 * n + k]));
    }
}

/* Rows of a sequence: what goes in, states, what energies stand on. */
struct ref_rows {
    int count;
    double x[REF_EVENTS][REF_SIZE], h[REF_EVENTS][REF_STATE], on[REF_EVENTS][REF_WIDE];
};

/* h of all rows by a GRU, and by another backwards beside it; the state in the end. */
static inline void ref_run(const struct reference *r, const struct ref_gru *forward,
                           const struct ref_gru *backward, struct ref_rows *s, double *end)
{
    int n = forward->state;
    double h[REF_STATE] = {0}, back[REF_STATE] = {0};
    for (int j = 0; j < s->count; j++) {
        ref_step(r, forward, s->x[j], h);
        memcpy(s->h[j], h, (size_t)n * sizeof *h);
    }
    for (int j = s->count - 1; j >= 0 && backward; j--) {
        ref_step(r, backward, s->x[j], back);
        memcpy(s->h[j] + n, back, (size_t)n * sizeof *h);
    }
    memcpy(end, h, (size_t)n * sizeof *h);
    if (backward)
        memcpy(end + n, back, (size_t)n * sizeof *h);
}

/* out [cols] = Σ α_j value_j; `more` [width] is added to what stands before the tanh. */
static inline void ref_attend(const struct ref_layer *l, int ld, int count, const double *on,
                              int ld_on, const double *more, const double *value, int ld_value,
                              int cols, double *out)
{
    double weight[REF_EVENTS], sum = 0;
    memset(out, 0, (size_t)cols * sizeof *out);
    for (int j = 0; j < count; j++) {
        double energy = 0;
        for (int k = 0; k < l->width; k++)
            energy += l->scale[k] * tanh(ref_dot(l->in, l->weight + k * ld, on + j * ld_on) +
                                         (l->bias ? l->bias[k] : 0) + (more ? more[k] : 0));
        sum += weight[j] = exp(energy);
    }
    for (int j = 0; j < count; j++)
        for (int k = 0; k < cols; k++)
            out[k] += weight[j] / sum * value[j * ld_value + k];
}

/* What an age of that many seconds is seen as; -1: no session. */
static inline void ref_age(const struct reference *r, int64_t age, double *to)
{
    double day = 2 * acos(-1) * (double)age / 86400;
    double f[5] = {log(1 + (double)age / 3600) / log(169), sin(day), cos(day), sin(day / 7),
                   cos(day / 7)};
    for (int k = 0; k < r->size; k++)
        to[k] = tanh(r->age_bias[k] + (age < 0 ? 0 : ref_dot(5, r->age + 5 * k, f)));
}

/* What the energy of an earlier session stands on. */
static inline void ref_on_row(const struct reference *r, struct ref_rows *s, int j, int delta,
                              int week, int64_t age)
{
    double *to = s->on[j];
    size_t size = (size_t)r->size, state = (size_t)ref_state(r);
    if (r->hierarchical || ref_on(r, "hidden"))
        memcpy(to, s->h[j], state * sizeof *to), to += state;
    if (ref_on(r, "delta"))
        memcpy(to, r->delta + (size_t)delta * size, size * sizeof *to), to += size;
    if (ref_on(r, "week"))
        memcpy(to, r->week + (size_t)week * size, size * sizeof *to), to += size;
    if (ref_on(r, "age"))
        ref_age(r, age, to);
}

/* How old the session in that place of the batch's history is for session i. */
static inline int64_t ref_old(const struct batch *b, int i, int place)
{
    return column_i64(b->start)[i] - column_i64(b->history_start)[place];
}

/* ---- what stands for the user ---- */

/* A session of the history: its items from `at` on. */
static inline void ref_session(struct reference *r, int user, const int32_t *item, int count,
                               double *rep)
{
    struct ref_rows s = {.count = count};
    const char *form = r->options->session_rep;
    int n = r->size;
    for (int j = 0; j < count; j++, r->event++)
        for (int k = 0; k < n; k++)
            s.x[j][k] = ref_drop(r, 1, (size_t)(r->event * n + k), r->item[item[j] * n + k]);
    if (ref_is(form, "mean")) {
        for (int k = 0; k < n; k++) {
            rep[k] = 0;
            for (int j = 0; j < count; j++)
                rep[k] += s.x[j][k] / count;
        }
        return;
    }
    struct ref_gru inner = ref_own_gru(r, &r->inner, "session", user);
    ref_run(r, &inner, NULL, &s, rep);
    bool input = ref_is(r->options->attend_to, "input");
    struct ref_layer own = ref_is(form, "attention") ? ref_own(r, &r->inside, user) : r->inside;
    if (ref_is(form, "attention"))
        ref_attend(&own, n, count, s.h[0], REF_STATE, NULL, input ? s.x[0] : s.h[0],
                   input ? REF_SIZE : REF_STATE, n, rep);
}

/* The state that session i begins from, and the earlier states that it may look at. */
static inline void ref_user(struct reference *r, const struct batch *b, int i, int first, int event,
                            struct ref_rows *s, double *start)
{
    const char *form = r->options->user_rep ? r->options->user_rep : "last";
    int n = r->size, state = ref_state(r), user = column_i32(b->user)[i];
    bool input = ref_is(r->options->attend_to, "input"), both = r->options->bidirectional;
    s->count = column_i32(b->history)[i];
    for (int j = 0; j < s->count; j++) {
        int length = column_i32(b->history_length)[first + j];
        ref_session(r, user, column_i32(b->history_item) + event, length, s->x[j]);
        event += length;
    }
    memset(start, 0, (size_t)state * sizeof *start);
    if (ref_is(form, "mean")) {
        for (int j = 0; j < s->count; j++)
            for (int k = 0; k < n; k++)
                start[k] += s->x[j][k] / s->count;
        return;
    }
    const struct ref_gru way[] = {ref_own_gru(r, &r->earlier[0], "user", user),
                                  ref_own_gru(r, &r->earlier[1], "user", user)};
    ref_run(r, &way[0], both ? &way[1] : NULL, s, start);
    for (int j = 0; j < s->count; j++)
        ref_on_row(r, s, j, column_i32(b->history_delta)[first + j],
                   column_i32(b->history_week)[first + j], ref_old(b, i, first + j));
    if (!ref_is(form, "attention"))
        return;
    struct ref_layer own = ref_own(r, &r->over, user);
    ref_attend(&own, own.in, s->count, s->on[0], REF_WIDE, NULL, input ? s->x[0] : s->h[0],
               input ? REF_SIZE : REF_STATE, input ? n : state, start);
}

/* Stored representations that are known, in place of what is computed anew. */
static inline void ref_inter(struct reference *r, const struct batch *b, int i, int first,
                             struct ref_rows *s, double *start)
{
    static const double none[REF_STATE];
    int n = r->size, state = ref_state(r), user = column_i32(b->user)[i];
    int delta[REF_EVENTS] = {r->buckets - 1}, week[REF_EVENTS] = {WEEK_HOURS};
    int64_t age[REF_EVENTS] = {-1};
    s->count = 0;
    for (int j = 0; j <= column_i32(b->history)[i]; j++) {
        bool end = j == column_i32(b->history)[i];
        int session = end ? -1 : column_i32(b->history_session)[first + j];
        if (end ? s->count > 0 : !r->known[user][session])
            continue;
        const double *rep = end ? none : r->rep[user][session];
        for (int k = 0; k < n; k++) {
            double x = r->read && !end ? ref_dot(2 * n, r->read + 2 * k * n, rep) + r->read_bias[k]
                                       : rep[k];
            s->x[s->count][k] = ref_drop(r, 1, (size_t)(r->row * n + k), x);
        }
        if (!end)
            delta[s->count] = column_i32(b->history_delta)[first + j],
            week[s->count] = column_i32(b->history_week)[first + j],
            age[s->count] = ref_old(b, i, first + j);
        s->count++;
        r->row++;
    }
    const struct ref_gru way[] = {ref_own_gru(r, &r->earlier[0], "inter", user),
                                  ref_own_gru(r, &r->earlier[1], "inter", user)};
    ref_run(r, &way[0], r->options->bidirectional ? &way[1] : NULL, s, start);
    for (int j = 0; j < s->count; j++)
        ref_on_row(r, s, j, delta[j], week[j], age[j]);
    if (!r->options->inter)
        return;
    struct ref_layer own = ref_own(r, &r->over, user);
    ref_attend(&own, own.in, s->count, s->on[0], REF_WIDE, NULL, s->h[0], REF_STATE, state, start);
}

/* ---- the session at hand ---- */

/* c_i: what the state before this step looks at among the earlier ones. */
static inline void ref_context(const struct reference *r, int user, const struct ref_rows *s,
                               const double *h, double *context)
{
    int state = ref_state(r);
    bool cat = ref_is(r->options->intra, "cat");
    double query[REF_STATE];
    struct ref_layer l = ref_own(r, &r->every, user);
    for (int k = 0; k < state; k++)
        query[k] = cat ? ref_dot(state, l.weight + 2 * k * state, h)
                       : ref_dot(state, l.hidden + k * state, h);
    if (cat)
        l.weight += state;
    l.in = state;
    ref_attend(&l, cat ? 2 * state : state, s->count, s->h[0], REF_STATE, query, s->h[0], REF_STATE,
               state, context);
}

/* -log softmax of the target's score, e · P s + b with tied outputs, without P where there is none.
 */
static inline double ref_loss(const struct reference *r, const double *state, int target)
{
    const double *weight = r->output ? r->output : r->item, *bias = r->output_bias;
    double sum = 0, score = 0, mapped[REF_SIZE];
    int state_width = ref_state(r), n = r->output ? state_width : r->size;
    for (int k = 0; r->bilinear && k < n; k++)
        mapped[k] = ref_dot(state_width, r->bilinear + k * state_width, state);
    for (int i = 0; i < r->items; i++) {
        double x = ref_dot(n, weight + i * n, r->bilinear ? mapped : state) + bias[i];
        sum += exp(x);
        score = i == target ? x : score;
    }
    return log(sum) - score;
}

/* The losses of a session's targets, and its representation; *targets counts them. */
static inline double ref_decode(const struct reference *r, int user, const int32_t *item,
                                int length, const struct ref_rows *s, double *h, int *targets,
                                double *rep)
{
    int n = r->size, state = ref_state(r);
    struct ref_gru intra = ref_own_gru(r, &r->intra, "intra", user);
    double losses = 0;
    for (int j = 0; j + 1 < length; j++, ++*targets) {
        double x[REF_SIZE + REF_STATE], out[REF_STATE];
        for (int k = 0; k < n; k++) {
            x[k] = ref_drop(r, 0, (size_t)(*targets * n + k), r->item[item[j] * n + k]);
            rep[k] += x[k] / (length - 1);
        }
        if (r->options->intra)
            ref_context(r, user, s, h, x + n);
        ref_step(r, &intra, x, h);
        for (int k = 0; k < state; k++)
            out[k] = ref_drop(r, 3, (size_t)(*targets * state + k), h[k]);
        losses += ref_loss(r, out, item[j + 1]);
    }
    if (ref_is(r->options->session_rep, "last"))
        memcpy(rep, h, (size_t)state * sizeof *h);
    return losses;
}

/* Mean loss over the batch's targets; `store`: its representations are kept. */
static inline double ref_batch(struct reference *r, const struct batch *b, bool store)
{
    int state = ref_state(r), event = 0, first = 0, held = 0, targets = 0;
    double losses = 0, rep[REF_USERS][REF_STATE] = {{0}};
    r->row = r->event = 0;
    for (int i = 0; i < (int)b->user.len; i++) {
        int length = column_i32(b->length)[i];
        static struct ref_rows s;
        double h[REF_STATE] = {0};
        if (r->hierarchical)
            ref_user(r, b, i, first, held, &s, h);
        else
            ref_inter(r, b, i, first, &s, h);
        for (int k = 0; k < state; k++)
            h[k] = ref_drop(r, 2, (size_t)(i * state + k), h[k]);
        losses += ref_decode(r, column_i32(b->user)[i], column_i32(b->item) + event, length, &s, h,
                             &targets, rep[i]);
        event += length;
        for (int j = 0; j < column_i32(b->history)[i]; j++)
            held += r->hierarchical ? column_i32(b->history_length)[first + j] : 0;
        first += column_i32(b->history)[i];
    }
    for (int i = 0; i < (int)b->user.len && store; i++) {
        int user = column_i32(b->user)[i], session = column_i32(b->session)[i];
        memcpy(r->rep[user][session], rep[i], sizeof rep[i]);
        r->known[user][session] = true;
    }
    return losses / targets;
}

#endif
