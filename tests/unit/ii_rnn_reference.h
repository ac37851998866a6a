/* The II-RNN family once more, plainly: one number after another, in double, from its equations.
 * What it computes is held against the model's own forward pass and gradients. */
#ifndef TESTS_II_RNN_REFERENCE_H
#define TESTS_II_RNN_REFERENCE_H

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "model/model.h"
#include "nn/maths.h"

enum { REF_USERS = 6, REF_SESSIONS = 12, REF_SIZE = 33, REF_HISTORY = 3 };

struct reference {
    const struct parameters *parameters;
    int size, items, buckets;
    bool last, hidden, delta, week, reset_before;
    double *w; /* all weights, placed as the parameters are; into it: */
    const double *gru[2][4], *item, *delta_w, *week_w, *attention, *attention_bias, *scale;
    const double *output, *output_bias;
    double rate;
    uint64_t seed, step; /* of the masks; rate 0: none */
    double rep[REF_USERS][REF_SESSIONS][REF_SIZE];
    bool known[REF_USERS][REF_SESSIONS];
};

enum { REF_INTER, REF_INTRA };

static inline const double *ref_w(const struct reference *r, const char *name)
{
    const struct parameter *p = parameters_find(r->parameters, name);
    return p ? r->w + p->offset : NULL;
}

/* Finds the weights by their names, once w is there. */
static inline void ref_bind(struct reference *r)
{
    static const char *const gru[2][4] = {{"inter_gru.weight_ih_l0", "inter_gru.weight_hh_l0",
                                           "inter_gru.bias_ih_l0", "inter_gru.bias_hh_l0"},
                                          {"intra_gru.weight_ih_l0", "intra_gru.weight_hh_l0",
                                           "intra_gru.bias_ih_l0", "intra_gru.bias_hh_l0"}};
    for (int i = 0; i < 8; i++)
        r->gru[i / 4][i % 4] = ref_w(r, gru[i / 4][i % 4]);
    r->item = ref_w(r, "item_embedding.weight");
    r->delta_w = ref_w(r, "delta_embedding.weight");
    r->week_w = ref_w(r, "week_embedding.weight");
    r->attention = ref_w(r, "inter_attention.weight");
    r->attention_bias = ref_w(r, "inter_attention.bias");
    r->scale = ref_w(r, "inter_attention_scale.weight");
    r->output = ref_w(r, "output.weight");
    r->output_bias = ref_w(r, "output.bias");
}

/* What dropout number `tensor` of the step makes of its element. */
static inline double ref_drop(const struct reference *r, uint32_t tensor, size_t element, double x)
{
    uint32_t word[4];
    if (r->rate <= 0)
        return x;
    maths_dropout_words(r->seed, r->step, tensor, (uint32_t)(element / 4), word);
    return random_unit(word[element % 4]) < (float)r->rate ? 0 : x / (1 - r->rate);
}

static inline double ref_dot(int n, const double *a, const double *b)
{
    double sum = 0;
    for (int i = 0; i < n; i++)
        sum += a[i] * b[i];
    return sum;
}

static inline void ref_gru(const struct reference *r, int which, const double *x, double *h)
{
    const double *const *part = r->gru[which];
    int n = r->size;
    double gate[2][REF_SIZE], next[REF_SIZE], reset[REF_SIZE];
    for (int g = 0; g < 2; g++)
        for (int k = 0; k < n; k++) {
            int row = g * n + k;
            double sum = ref_dot(n, part[0] + row * n, x) + part[2][row] +
                         ref_dot(n, part[1] + row * n, h) + part[3][row];
            gate[g][k] = 1 / (1 + exp(-sum));
        }
    for (int k = 0; k < n; k++)
        reset[k] = gate[0][k] * h[k];
    for (int k = 0; k < n; k++) {
        int row = 2 * n + k;
        double in = ref_dot(n, part[0] + row * n, x) + part[2][row];
        double inner = r->reset_before
                           ? ref_dot(n, part[1] + row * n, reset) + part[3][row]
                           : gate[0][k] * (ref_dot(n, part[1] + row * n, h) + part[3][row]);
        next[k] = (1 - gate[1][k]) * tanh(in + inner) + gate[1][k] * h[k];
    }
    memcpy(h, next, (size_t)n * sizeof *h);
}

static inline double ref_energy(const struct reference *r, const double *h, int delta, int week)
{
    int n = r->size, width = 0;
    double joined[3 * REF_SIZE], energy = 0;
    const double *part[3];
    int parts = 0;
    if (r->hidden)
        part[parts++] = h;
    if (r->delta)
        part[parts++] = r->delta_w + delta * n;
    if (r->week)
        part[parts++] = r->week_w + week * n;
    for (int p = 0; p < parts; p++, width += n)
        memcpy(joined + width, part[p], (size_t)n * sizeof *joined);
    for (int k = 0; k < n; k++)
        energy += r->scale[k] *
                  tanh(ref_dot(width, r->attention + k * width, joined) + r->attention_bias[k]);
    return energy;
}

/* The state after the earlier sessions; *rows counts the representations of the batch. */
static inline void ref_initial(const struct reference *r, const struct batch *b, int i, int first,
                               int *rows, double *start)
{
    static const double none[REF_SIZE];
    bool attends = r->hidden || r->delta || r->week;
    int n = r->size, count = 0;
    double h[REF_SIZE] = {0}, state[REF_HISTORY][REF_SIZE], weight[REF_HISTORY], sum = 0;
    for (int j = 0; j <= column_i32(b->history)[i]; j++) {
        bool end = j == column_i32(b->history)[i];
        int session = end ? -1 : column_i32(b->history_session)[first + j];
        if (end ? count > 0 : !r->known[column_i32(b->user)[i]][session])
            continue;
        const double *rep = end ? none : r->rep[column_i32(b->user)[i]][session];
        double x[REF_SIZE];
        for (int k = 0; k < n; k++)
            x[k] = ref_drop(r, 1, (size_t)(*rows * n + k), rep[k]);
        ref_gru(r, REF_INTER, x, h);
        memcpy(state[count], h, sizeof h);
        int32_t delta = end ? r->buckets - 1 : column_i32(b->history_delta)[first + j];
        int32_t week = end ? WEEK_HOURS : column_i32(b->history_week)[first + j];
        weight[count] = attends ? exp(ref_energy(r, h, delta, week)) : 0;
        sum += weight[count++];
        ++*rows;
    }
    for (int k = 0; k < n; k++) {
        start[k] = attends ? 0 : h[k];
        for (int j = 0; j < count && attends; j++)
            start[k] += weight[j] / sum * state[j][k];
        start[k] = ref_drop(r, 2, (size_t)(i * n + k), start[k]);
    }
}

static inline double ref_loss(const struct reference *r, const double *state, int target)
{
    const double *weight = r->output, *bias = r->output_bias;
    double sum = 0;
    for (int i = 0; i < r->items; i++)
        sum += exp(ref_dot(r->size, weight + i * r->size, state) + bias[i]);
    return log(sum) - ref_dot(r->size, weight + target * r->size, state) - bias[target];
}

/* Mean loss over the batch's targets; `store`: its representations are kept. */
static inline double ref_batch(struct reference *r, const struct batch *b, bool store)
{
    int n = r->size, event = 0, first = 0, row = 0, targets = 0;
    double losses = 0, rep[REF_USERS][REF_SIZE] = {{0}};
    for (int i = 0; i < (int)b->user.len; i++) {
        int length = column_i32(b->length)[i];
        double h[REF_SIZE] = {0};
        ref_initial(r, b, i, first, &row, h);
        for (int j = 0; j + 1 < length; j++, targets++) {
            const int32_t *item = column_i32(b->item) + event + j;
            double x[REF_SIZE], state[REF_SIZE];
            for (int k = 0; k < n; k++) {
                x[k] = ref_drop(r, 0, (size_t)(targets * n + k), r->item[item[0] * n + k]);
                rep[i][k] += r->last ? 0 : x[k] / (length - 1);
            }
            ref_gru(r, REF_INTRA, x, h);
            for (int k = 0; k < n; k++)
                state[k] = ref_drop(r, 3, (size_t)(targets * n + k), h[k]);
            losses += ref_loss(r, state, item[1]);
        }
        if (r->last)
            memcpy(rep[i], h, sizeof h);
        event += length;
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
