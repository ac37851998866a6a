/* A batch of sessions whose events have an action and a dwell bin, and what models that read it
 * have in common by their equations: the embeddings of an event, the loss of a target. */
#ifndef TESTS_MODEL_CONTEXT_BATCH_H
#define TESTS_MODEL_CONTEXT_BATCH_H

#include "pair.h"

enum { LONG = 24, ACTIONS = 3, BINS = 5 };

static int32_t actions[LONG * 4], bins[LONG * 4];
static struct column contexts[2];
static const int32_t context_codes[] = {ACTIONS, BINS};

/* Gives the batch the columns that a model with these contexts reads: actions and dwell bins, or
 * the bins alone. */
static inline void give_contexts(struct batch *b, const struct column of[2], const char *keys)
{
    int first = keys && !strncmp(keys, "dwell", 5);
    b->context = of + first;
    pair_context_codes = context_codes + first;
}

/* Four sessions of 2, LONG, 1 and 5 events. */
static inline void make_batch(struct made *m)
{
    static const int length[] = {2, LONG, 1, 5};
    drawn = random_of(5, 9);
    *m = (struct made){0};
    for (int s = 0; s < 4; s++) {
        vec_push(&m->user, s);
        vec_push(&m->session, 0);
        vec_push(&m->start, 1000);
        vec_push(&m->length, length[s]);
        vec_push(&m->history, 0);
        for (int i = 0; i < length[s]; i++) {
            actions[m->item.len] = (int32_t)random_below(&drawn, ACTIONS);
            bins[m->item.len] = (int32_t)random_below(&drawn, BINS);
            vec_push(&m->item, (int32_t)random_below(&drawn, PAIR_ITEMS));
        }
    }
    close_batch(m);
    contexts[0] = (struct column){actions, m->item.len};
    contexts[1] = (struct column){bins, m->item.len};
    give_contexts(&m->batch, contexts, NULL);
}

/* ---- the equations ---- */

/* Sizes of the embeddings of an event; 0: not read. */
struct sizes {
    int item, action, bin;
};

static inline double row_dot(int n, const double *w, int row, const double *x)
{
    double sum = 0;
    for (int i = 0; i < n; i++)
        sum += w[row * n + i] * x[i];
    return sum;
}

/* The embeddings of the contexts of an event, side by side. */
static inline void context_input(const struct reference *r, struct sizes s, size_t event, double *x)
{
    const double *action = ref_w(r, "context.action", ".weight");
    const double *bin = ref_w(r, "context.dwell", ".weight");
    for (int i = 0; i < s.action; i++)
        x[i] = action[actions[event] * s.action + i];
    for (int i = 0; i < s.bin; i++)
        x[s.action + i] = bin[bins[event] * s.bin + i];
}

/* The embedding of the item of the batch's input `row`, which is its event `event`, after
 * dropout. */
static inline void item_input(const struct reference *r, int size, const struct batch *b,
                              size_t event, int row, double *x)
{
    const double *item = ref_w(r, "item_embedding", ".weight");
    for (int i = 0; i < size; i++)
        x[i] =
            ref_drop(r, 0, (size_t)(row * size + i), item[column_i32(b->item)[event] * size + i]);
}

/* A step of PREFIX_gru or PREFIX_lstm, whichever there is, over x [in], from the state that it
 * changes: h [n], of an LSTM [h; c]. */
static inline void cell_step(const struct reference *r, const char *prefix, int in, int n,
                             const double *x, double *state)
{
    char name[40];
    snprintf(name, sizeof name, "%s_lstm", prefix);
    bool lstm = ref_w(r, name, ".weight_hh_l0");
    if (!lstm)
        snprintf(name, sizeof name, "%s_gru", prefix);
    struct ref_gru cell = ref_bind_gru(r, name, "", in, n);
    if (lstm)
        ref_lstm_step(&cell, x, state);
    else
        ref_step(r, &cell, x, state);
}

/* relu(W_i x + b_i) of each layer, in x; the width. */
static inline int dense_layers_of(const struct reference *r, int in, double *x)
{
    for (int i = 0;; i++) {
        char name[32];
        double y[REF_WIDE];
        snprintf(name, sizeof name, "layer%d", i);
        const double *weight = ref_w(r, name, ".weight"), *bias = ref_w(r, name, ".bias");
        if (!weight)
            return in;
        snprintf(name, sizeof name, "layer%d.bias", i);
        int out = parameters_find(r->parameters, name)->cols;
        for (int j = 0; j < out; j++)
            y[j] = fmax(0, row_dot(in, weight, j, x) + bias[j]);
        memcpy(x, y, (size_t)(in = out) * sizeof *x);
    }
}

/* 1 - cos of the embedding that the state [n] predicts and the target's. */
static inline double angle_of(const struct reference *r, int n, int size, const double *state,
                              const double *target)
{
    const double *weight = ref_w(r, "predict", ".weight"), *bias = ref_w(r, "predict", ".bias");
    double squares = 0, of_target = 0, product = 0;
    for (int i = 0; i < size; i++) {
        double x = row_dot(n, weight, i, state) + bias[i];
        squares += x * x;
        of_target += target[i] * target[i];
        product += x * target[i];
    }
    return 1 - product / sqrt(squares * of_target);
}

/* The weights of an item in the output layer [n] by two layers over its embedding. */
static inline void layered_item(const struct reference *r, int n, int size, int item, double *v)
{
    const double *e = ref_w(r, "item_embedding", ".weight") + item * size;
    const double *first = ref_w(r, "item0", ".weight"), *bias = ref_w(r, "item0", ".bias");
    const double *second = ref_w(r, "item1", ".weight");
    double y[REF_WIDE];
    for (int i = 0; i < n; i++)
        y[i] = fmax(0, row_dot(size, first, i, e) + bias[i]);
    for (int i = 0; i < n; i++)
        v[i] = row_dot(n, second, i, y);
}

/* The scores of all items from the state [n] after dropout, in any form of output layer. */
static inline void scores_of(const struct reference *r, int n, int size, const double *state,
                             double *score)
{
    const double *item = ref_w(r, "item_embedding", ".weight");
    const double *output = ref_w(r, "output", ".weight"), *bias = ref_w(r, "output", ".bias");
    const double *map = ref_w(r, "bilinear", ".weight"), *more = ref_w(r, "item_dwell", ".weight");
    bool layers = ref_w(r, "item0", ".weight") != NULL;
    double mapped[REF_STATE], v[REF_WIDE];
    for (int i = 0; i < size && map; i++)
        mapped[i] = row_dot(n, map, i, state);
    for (int i = 0; i < PAIR_ITEMS; i++) {
        if (layers)
            layered_item(r, n, size, i, v);
        score[i] = (bias ? bias[i] : 0) + (output   ? row_dot(n, output, i, state)
                                           : layers ? row_dot(n, v, 0, state)
                                           : map    ? row_dot(size, item, i, mapped)
                                                    : row_dot(size, item, i, state));
        score[i] += more ? row_dot(n - size, more, i, state + size) : 0;
    }
}

/* The loss of the target from the state [n] after dropout: -log softmax, but for an embedding that
 * is predicted. */
static inline double loss_of(const struct reference *r, int n, int size, const double *state,
                             int target)
{
    double score[PAIR_ITEMS], sum = 0;
    if (ref_w(r, "predict", ".weight"))
        return angle_of(r, n, size, state, ref_w(r, "item_embedding", ".weight") + target * size);
    scores_of(r, n, size, state, score);
    for (int i = 0; i < PAIR_ITEMS; i++)
        sum += exp(score[i]);
    return log(sum) - score[target];
}

/* A session's inputs: its user, how many, and the numbers of the first among the batch's inputs and
 * among its events. */
struct ref_inputs {
    int user, count, row;
    size_t event;
};

/* The states of a session by a model's equations, out [count, n] after dropout, from its inputs x
 * [count, .], embeddings of item and contexts side by side.  Returns n. */
typedef int session_states(const struct reference *r, const void *form, const struct ref_inputs *of,
                           double x[][REF_WIDE], double out[][REF_WIDE]);

/* The mean loss of all targets, each from the state of the newest input that is not left out. */
static inline double sessions_loss(const struct reference *r, struct sizes s,
                                   session_states *states, const void *form, const struct batch *b)
{
    static double x[LONG][REF_WIDE], out[LONG][REF_WIDE];
    double total = 0;
    int row = 0, targets = 0;
    size_t event = 0;
    for (size_t q = 0; q < b->length.len; event += (size_t)column_i32(b->length)[q++]) {
        int count = column_i32(b->length)[q] - 1, kept = 0, newest[LONG];
        for (int t = 0; t < count; newest[t++] = kept - 1)
            if (!t || ref_keeps_item(r, event + (size_t)t)) {
                item_input(r, s.item, b, event + (size_t)t, row + kept, x[kept]);
                context_input(r, s, event + (size_t)t, x[kept++] + s.item);
            }
        const struct ref_inputs of = {column_i32(b->user)[q], kept, row, event};
        int n = states(r, form, &of, x, out);
        row += kept;
        targets += count;
        for (int t = 0; t < count; t++)
            total +=
                loss_of(r, n, s.item, out[newest[t]], column_i32(b->item)[event + (size_t)t + 1]);
    }
    return total / targets;
}

/* x [n] after the dropout of that number, as `row` of the batch's inputs. */
static inline void drop_row(const struct reference *r, uint32_t tensor, int row, int n, double *x)
{
    for (int i = 0; i < n; i++)
        x[i] = ref_drop(r, tensor, (size_t)(row * n + i), x[i]);
}

/* ---- held against the model ---- */

/* Gives numbers to tables that begin with zeros, where the model has them. */
static inline void fill_tables(struct pair *p)
{
    static const char *const name[] = {"user_embedding.weight", "item_dwell.weight"};
    float value[REF_USERS * REF_SIZE];
    struct random r = random_of(3, 1);
    for (int n = 0; n < 2; n++) {
        const struct parameter *x = parameters_find(&p->model.parameters, name[n]);
        for (size_t i = 0; x && i < x->count; i++)
            value[i] = random_between(&r, -1, 1);
        if (x)
            p->device->op->upload(p->device, x->value, value, x->count * sizeof *value);
    }
    load_reference(p);
}

/* Every `stride`-th gradient against its slope; *none counts parameters without any gradient. */
static inline double worst_slope(struct pair *p, reference_loss *loss, const void *form,
                                 const struct batch *b, size_t stride, int *none)
{
    double worst = gradients_apart(p, loss, form, b, stride);
    float *g = all_gradients(p);
    *none = without_gradient(&p->model.parameters, g);
    mem_free(g);
    return worst;
}

/* The loss of the batch and its gradients by the model and by its equations; `text` says what. */
static inline void check_context_model(const char *model, const struct model_shape *shape,
                                       reference_loss *loss, const void *form, const char *text)
{
    struct made made;
    struct pair p;
    int none;
    make_batch(&made);
    give_contexts(&made.batch, contexts, shape->context);
    pair_open(&p, model, shape);
    fill_tables(&p);
    p.reference.step = 9;
    p.learner.steps = 8;
    learner_begin(&p.learner, (struct epoch){1, PART_TRAIN});
    double expected = loss(&p.reference, form, &made.batch);
    double worst = worst_slope(&p, loss, form, &made.batch, shape->embedding > 10 ? 61 : 3, &none);
    double found = batch_loss(&p, &made.batch);
    tap_ok(fabs(found - expected) < 1e-6 && worst < 1e-6 && !none,
           "%s, %s, dropout %g: loss to %.1e, gradients to %.1e", model, text, shape->dropout,
           fabs(found - expected), worst);
    pair_close(&p);
    made_release(&made);
}

/* The losses of a batch in a test, position by position, which the caller frees. */
static inline float *test_losses(struct pair *p, const struct batch *b, int *targets)
{
    struct tape *t = p->learner.tape;
    struct forward f;
    tape_begin(t, false, 0, 0);
    model_forward(&p->model, t, b, &f);
    float *loss =
        tape_output_loss(t, f.state, model_output(&p->model, t, &f), model_output_bias(t, &f), NULL,
                         tape_ints(t, f.target, (size_t)f.targets));
    *targets = f.targets;
    return to_host(p->device, loss, (size_t)f.targets * sizeof *loss);
}

/* Whether all weights of attention to a batch's inputs are `each`, or for 0 as many-th parts of 1
 * as a target has. */
static inline bool weights_are(struct pair *p, const struct batch *b, float each)
{
    struct forward f = run_forward(p, b, 1);
    bool right = f.item_count[0] == 1 && f.item_count[LONG - 1] == LONG - 1;
    float *weight =
        to_host(p->device, f.weight[LEVEL_ITEM], (size_t)f.weights[LEVEL_ITEM] * sizeof *weight);
    for (int i = 0; i < f.targets; i++)
        for (int j = 0; j < f.item_count[i]; j++)
            right = right && fabsf(weight[f.item_at[i] + j] -
                                   (each > 0 ? each : 1 / (float)f.item_count[i])) < 1e-6f;
    mem_free(weight);
    return right && f.targets == LONG + 4;
}

/* A batch of the first `length` events of the long session; *to is zeros before. */
static inline void make_prefix(const struct made *made, int length, struct made *to)
{
    for (int i = 0; i < length; i++)
        vec_push(&to->item, made->item.at[2 + i]);
    vec_push(&to->user, made->user.at[1]);
    vec_push(&to->session, 0);
    vec_push(&to->start, 1000);
    vec_push(&to->length, length);
    vec_push(&to->history, 0);
    close_batch(to);
}

/* What follows position `keeps` of the long session changes nothing of what is before it, to the
 * bit; and a session is scored like a longer one that begins with it. */
static inline void check_no_future(const char *model, const struct model_shape *shape)
{
    enum { KEPT = 9 };
    struct made made, prefix = {0};
    struct pair p;
    int all, some, same = 0, begins = 0;
    make_batch(&made);
    give_contexts(&made.batch, contexts, shape->context);
    pair_open(&p, model, shape);
    fill_tables(&p);
    float *whole = test_losses(&p, &made.batch, &all);
    make_prefix(&made, KEPT + 1, &prefix);
    for (int i = KEPT + 1; i < LONG; i++) {
        made.item.at[2 + i] = (made.item.at[2 + i] + 1) % PAIR_ITEMS;
        actions[2 + i] = (actions[2 + i] + 1) % ACTIONS;
        bins[2 + i] = (bins[2 + i] + 1) % BINS;
    }
    float *changed = test_losses(&p, &made.batch, &all);
    for (int i = 1; i < all && i <= KEPT; i++)
        same += !memcmp(whole + i, changed + i, sizeof *whole);
    bool later = memcmp(whole + KEPT + 2, changed + KEPT + 2, sizeof *whole);
    struct column of[] = {{actions + 2, KEPT + 1}, {bins + 2, KEPT + 1}};
    give_contexts(&prefix.batch, of, shape->context);
    float *short_one = test_losses(&p, &prefix.batch, &some);
    for (int i = 0; i < some; i++)
        begins += fabsf(short_one[i] - whole[1 + i]) < 1e-5f;
    tap_ok(same == KEPT && later && some == KEPT && begins == KEPT,
           "%s: %d of %d positions do not know what comes later, %d are as in the prefix", model,
           same, KEPT, begins);
    mem_free(whole);
    mem_free(changed);
    mem_free(short_one);
    pair_close(&p);
    made_release(&made);
    made_release(&prefix);
}

#endif
