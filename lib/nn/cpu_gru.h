/* The CPU's recurrent layers, what the plain one and the one that looks back share.
 *
 * The steps run over sequences shared out among the threads, so that no thread waits for another at
 * a step; what does not depend on the state is one product over all steps. */
#ifndef NN_CPU_GRU_H
#define NN_CPU_GRU_H

#include "nn/cpu.h"

/* The sequences of one thread: every `parts`th of the packed ones, from `part`, so that each has
 * its share of the long ones and they still stand longest first. */
struct lanes {
    const struct ragged *r;
    int part, parts;
};

/* Lanes that run at step t; below 0: all. */
static inline int lanes_running(const struct lanes *l, int t)
{
    int all = t < 0 ? l->r->count : l->r->running[t];
    return all <= l->part ? 0 : (all - l->part + l->parts - 1) / l->parts;
}

static inline int lanes_sequence(const struct lanes *l, int lane)
{
    return l->r->sequence[l->part + lane * l->parts];
}

/* Row of the lane's step t. */
static inline size_t lanes_row(const struct lanes *l, int lane, int t)
{
    return (size_t)(l->r->start[lanes_sequence(l, lane)] + t);
}

/* Lanes of the threads before this one: where its part of a [count, .] scratch begins. */
static inline size_t lanes_before(const struct lanes *l)
{
    size_t before = 0;
    for (int part = 0; part < l->part; part++)
        before += (size_t)lanes_running(&(struct lanes){l->r, part, l->parts}, -1);
    return before;
}

static inline int gru_threads(struct device *d, const struct ragged *r, const struct gru_weights *w)
{
    return cpu_threads_for(cpu_of(d), (double)r->total * w->state * w->state / 8);
}

/* state [lanes, H] = the lanes' rows of h0, or zeros. */
void cpu_gru_begin(const struct lanes *l, size_t n, const float *h0, float *state);

/* One step: kept's first 3H hold the input products of its rows.  hidden [lanes, 3H] is scratch. */
void cpu_gru_step(const struct lanes *l, const struct gru_weights *w, int t, float *state,
                  float *hidden, float *h, float *kept);

/* before [total, H] = the state that each row came from. */
void cpu_gru_before(const struct ragged *r, size_t n, const float *h0, const float *h,
                    float *before);

/* One step backward: from dh and carry [lanes, H], the gradient that the step after it left, the
 * gradients before the activations into g [total, 4H] (r, z, n, W_hn h + b_hn); carry becomes the
 * gradient of `before`.  step [lanes, 3H] is scratch. */
void cpu_gru_step_back(const struct lanes *l, const struct gru_weights *w, int t,
                       const float *before, const float *kept, const float *dh, float *carry,
                       float *g, float *step);

/* dh0 += carry. */
void cpu_gru_end_back(const struct lanes *l, size_t n, const float *carry, float *dh0);

/* What remains of the backward, one product each over all steps: dx += (NULL: not wanted) and dw +=
 * of the columns `first` .. first+cols-1 of the input, which x [total, cols] holds. */
void cpu_gru_inputs_back(struct device *d, int total, const struct gru_weights *w, int first,
                         int cols, const float *x, const float *g, float *dx,
                         const struct gru_grads *dw);
/* The same of the states and the biases; `before` is used up. */
void cpu_gru_states_back(struct device *d, int total, const struct gru_weights *w,
                         const float *kept, const float *g, float *before,
                         const struct gru_grads *dw);

#endif
