/* One step of the recurrent kernels, forward and backward: gates around products
 * (cuda/recurrent.h).
 *
 * gru_attend.cu adds the attention to a step: MORE has
 *   add<FROM, COUNT>(s, j, x)   x[i] += input product of gate FROM + i of unit j of sequence s
 *   carried(s, j)               gradient of unit j of sequence s that the next step sends back */
#ifndef CUDA_GRU_STEP_H
#define CUDA_GRU_STEP_H

#include "gru_gates.h"
#include "recurrent.h"

/* Adds nothing. */
struct no_more {
    template <int FROM, int COUNT> __device__ void add(int, int, float *) const
    {
    }
    __device__ float carried(int, int) const
    {
        return 0;
    }
};

/* ---- forward ---- */

struct forward_step {
    const float *ih_bias, *hh_bias; /* [3H] */
    const float *chip;
    float *state, *reset, *part; /* [S, padded]; sums of a product */
    float *h, *kept;             /* kept [total, 4H] holds the input products of r, z, n */
};

static __device__ inline void forward_open(const struct recurrence &k, struct forward_step *f,
                                           const struct block_memory &m, int sequences)
{
    f->chip = m.chip;
    f->state = m.own;
    f->reset = m.own + (size_t)sequences * k.padded;
    f->part = m.own + (size_t)sequences * k.each;
}

/* All threads: sets the states before the tile's first step. */
template <int S>
static __device__ inline void forward_begin(const struct recurrence &k,
                                            const struct forward_step &f, const struct tile &tile,
                                            const float *h0)
{
    for
        EACH_UNIT(e, s, j, S, k)
        {
            bool given = h0 && j < k.state && tile.steps[s] > 0;
            f.state[e] = given ? h0[(size_t)tile.sequence[s] * k.state + j] : 0;
            f.reset[e] = 0;
        }
    __syncthreads();
}

template <int S, class MORE>
static __device__ inline void step_after(const struct recurrence &k, const struct forward_step &f,
                                         const struct tile &tile, int t, const MORE &more)
{
    int n = k.state, cols = 3 * k.padded;
    product<S>(k, f.chip, 0, k.padded, 0, cols, f.state, k.padded, f.part);
    __syncthreads();
    for
        EACH_UNIT(e, s, j, S, k)
        {
            int64_t row = row_at(k, tile, s, j, t);
            if (row < 0)
                continue;
            float *kept = f.kept + (size_t)row * 4 * n + j, x[3], hidden[3];
            for (int gate = 0; gate < 3; gate++) {
                x[gate] = kept[gate * n] + f.ih_bias[gate * n + j];
                hidden[gate] =
                    product_at<S>(f.part, cols, s, gate * k.padded + j) + f.hh_bias[gate * n + j];
            }
            more.template add<0, 3>(s, j, x);
            f.h[(size_t)row * n + j] = f.state[e] = unit_after(x, hidden, f.state[e], n, kept);
        }
    __syncthreads();
}

/* Reset before, first half: r and z, and r∘h into reset. */
template <int S, class MORE>
static __device__ inline void gates_before(const struct recurrence &k, const struct forward_step &f,
                                           const struct tile &tile, int t, const MORE &more)
{
    int n = k.state, p = k.padded;
    product<S>(k, f.chip, 0, p, 0, 2 * p, f.state, p, f.part);
    __syncthreads();
    for
        EACH_UNIT(e, s, j, S, k)
        {
            int64_t row = row_at(k, tile, s, j, t);
            if (row < 0)
                continue;
            float *kept = f.kept + (size_t)row * 4 * n + j, x[2];
            for (int gate = 0; gate < 2; gate++)
                x[gate] = kept[gate * n] + f.ih_bias[gate * n + j] + f.hh_bias[gate * n + j] +
                          product_at<S>(f.part, 2 * p, s, gate * p + j);
            more.template add<0, 2>(s, j, x);
            f.reset[e] = unit_gates_before(x, f.state[e], n, kept);
        }
    __syncthreads();
}

/* Reset before, second half: n and the new state. */
template <int S, class MORE>
static __device__ inline void new_before(const struct recurrence &k, const struct forward_step &f,
                                         const struct tile &tile, int t, const MORE &more)
{
    int n = k.state, p = k.padded;
    product<S>(k, f.chip, 0, p, 2 * p, p, f.reset, p, f.part);
    __syncthreads();
    for
        EACH_UNIT(e, s, j, S, k)
        {
            int64_t row = row_at(k, tile, s, j, t);
            if (row < 0)
                continue;
            float *kept = f.kept + (size_t)row * 4 * n + j;
            float x = kept[2 * n] + f.ih_bias[2 * n + j];
            float hidden = product_at<S>(f.part, p, s, j) + f.hh_bias[2 * n + j];
            more.template add<2, 1>(s, j, &x);
            f.h[(size_t)row * n + j] = f.state[e] = unit_new_before(x, hidden, f.state[e], n, kept);
        }
    __syncthreads();
}

/* All threads: one step; barriers separate what MORE adds. */
template <int S, class MORE>
static __device__ inline void step_forward(const struct recurrence &k, const struct forward_step &f,
                                           const struct tile &tile, int t, const MORE &more)
{
    if (k.reset_before) {
        gates_before<S>(k, f, tile, t, more);
        new_before<S>(k, f, tile, t, more);
    } else {
        step_after<S>(k, f, tile, t, more);
    }
}

/* ---- backward ---- */

struct backward_step {
    const float *before, *kept,
        *dh;  /* [total, H]: the states before each row; as forward; theirs */
    float *g; /* [total, 4H] gradients before the activations */
    const float *chip;
    float *carry, *step, *part; /* [S, padded]; [S, 3 padded]; sums of a product */
};

static __device__ inline void backward_open(const struct recurrence &k, struct backward_step *b,
                                            const struct block_memory &m, int sequences)
{
    b->chip = m.chip;
    b->carry = m.own;
    b->step = m.own + (size_t)sequences * k.padded;
    b->part = m.own + (size_t)sequences * k.each;
}

/* All threads: sets the gradients that come back to 0. */
static __device__ inline void backward_begin(const struct recurrence &k,
                                             const struct block_memory &m, int sequences)
{
    for (int i = (int)threadIdx.x; i < sequences * k.each; i += (int)blockDim.x)
        m.own[i] = 0;
    __syncthreads();
}

/* A row's gradients before the activations, with reset before all but the reset gate's: into g, and
 * those of the state's products into step; carry = dh∘z.  `part` holds what the next step sent
 * back. */
template <int S, class MORE>
static __device__ inline void gates_back(const struct recurrence &k, const struct backward_step &b,
                                         const struct tile &tile, int t, const MORE &more)
{
    int n = k.state, p = k.padded;
    for
        EACH_UNIT(e, s, j, S, k)
        {
            int64_t row = row_at(k, tile, s, j, t);
            if (row < 0)
                continue;
            const float *kept = b.kept + (size_t)row * 4 * n + j;
            float *g = b.g + (size_t)row * 4 * n + j, *step = b.step + (size_t)s * 3 * p + j;
            float d = b.dh[(size_t)row * n + j] + b.carry[e], own[4];
            if (t + 1 < tile.steps[s])
                d += product_at<S>(b.part, p, s, j) + more.carried(s, j);
            unit_back(k.reset_before, kept, n, b.before[(size_t)row * n + j], d, own);
            step[0] = g[0] = own[0];
            step[p] = g[n] = own[1];
            g[2 * n] = own[2];
            step[2 * p] = g[3 * n] = own[3];
            b.carry[e] = d * kept[n];
        }
    __syncthreads();
}

/* Reset before: the reset gate's gradient, from the gradient of r∘h. */
template <int S>
static __device__ inline void reset_back(const struct recurrence &k, const struct backward_step &b,
                                         const struct tile &tile, int t)
{
    int n = k.state, p = k.padded;
    product<S>(k, b.chip, 2 * p, p, 0, p, b.step + 2 * p, 3 * p, b.part);
    __syncthreads();
    for
        EACH_UNIT(e, s, j, S, k)
        {
            int64_t row = row_at(k, tile, s, j, t);
            if (row < 0)
                continue;
            float r = b.kept[(size_t)row * 4 * n + j], d = product_at<S>(b.part, p, s, j);
            b.carry[e] += d * r;
            b.step[(size_t)s * 3 * p + j] = b.g[(size_t)row * 4 * n + j] =
                maths_sigmoid_back(r, d * b.before[(size_t)row * n + j]);
        }
    __syncthreads();
}

/* All threads: one step's gradients.  After the next barrier they are complete, and `part` holds
 * what goes back to the states before. */
template <int S, class MORE>
static __device__ inline void step_backward(const struct recurrence &k,
                                            const struct backward_step &b, const struct tile &tile,
                                            int t, const MORE &more)
{
    gates_back<S>(k, b, tile, t, more);
    if (k.reset_before)
        reset_back<S>(k, b, tile, t);
    product<S>(k, b.chip, 0, k.reset_before ? 2 * k.padded : 3 * k.padded, 0, k.padded, b.step,
               3 * k.padded, b.part);
}

/* All threads, after the first step's barrier: adds to dh0, where it is wanted. */
template <int S, class MORE>
static __device__ inline void backward_end(const struct recurrence &k,
                                           const struct backward_step &b, const struct tile &tile,
                                           float *dh0, const MORE &more)
{
    for
        EACH_UNIT(e, s, j, S, k)
    if (dh0 && row_at(k, tile, s, j, 0) >= 0)
        dh0[(size_t)tile.sequence[s] * k.state + j] +=
            b.carry[e] + product_at<S>(b.part, k.padded, s, j) + more.carried(s, j);
}

#endif
