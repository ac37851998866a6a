/* A GRU layer whose sequences have one step each, as in a step of a parallel mini-batch.  No step
 * waits for another, so products of all rows at once and a kernel of gates around them replace the
 * kernel that runs a sequence's steps (gru.cu).
 *
 * 100 rows at H = 100: the state's products take 3 million operations, spread over the device; the
 * recurrent kernel would pack the matrix again and read all of it in every block. */
#include "gru_gates.h"
#include "recurrent.h"

/* Arguments of the forward kernels; matrices have one row for each row of the layer. */
struct gates {
    const float *x;      /* input products of r, z, n, rows ld_x apart */
    const float *hidden; /* state products likewise, [total, 3H]; NULL: zeros */
    const float *ih_bias, *hh_bias;
    const float *before; /* [total, H] the states before; NULL: zeros */
    float *reset;        /* [total, H] receives r∘h, with reset before */
    float *kept, *h;
    int total, state, ld_x, reset_before;
};

/* The states before the rows: h0 itself where every sequence has a row, else gathered into `room`;
 * NULL: zeros. */
static const float *once_before(struct cuda *c, const struct ragged *r, int state,
                                  const float *h0, float *room)
{
    if (!h0 || r->count == r->total)
        return h0;
    gru_before(c, r, state, h0, NULL, room);
    return room;
}

/* ---- forward ---- */

static __device__ inline float hidden_part(const struct gates &f, size_t row, int at)
{
    return f.hh_bias[at] + (f.hidden ? f.hidden[row * 3 * f.state + at] : 0);
}

static __device__ inline float input_part(const struct gates &f, size_t row, int at)
{
    return f.ih_bias[at] + f.x[row * f.ld_x + at];
}

/* All gates of a row with reset after, its r and z with reset before. */
static __global__ void first_gates(struct gates f)
{
    const int n = f.state, gates = f.reset_before ? 2 : 3;
    for EACH (e, (size_t)f.total * n) {
        size_t row = e / n;
        int j = (int)(e - row * n);
        float x[3], hidden[3], before = f.before ? f.before[e] : 0;
        float *kept = f.kept + row * 4 * n + j;
        for (int gate = 0; gate < gates; gate++) {
            x[gate] = input_part(f, row, gate * n + j);
            hidden[gate] = hidden_part(f, row, gate * n + j);
        }
        if (f.reset_before) {
            x[0] += hidden[0], x[1] += hidden[1];
            f.reset[e] = unit_gates_before(x, before, n, kept);
        } else {
            f.h[e] = unit_after(x, hidden, before, n, kept);
        }
    }
}

/* Reset before: n and the new state. */
static __global__ void last_gate(struct gates f)
{
    const int n = f.state;
    for EACH (e, (size_t)f.total * n) {
        size_t row = e / n;
        int j = (int)(e - row * n), at = 2 * n + j;
        f.h[e] = unit_new_before(input_part(f, row, at), hidden_part(f, row, at),
                                 f.before ? f.before[e] : 0, n, f.kept + row * 4 * n + j);
    }
}

/* The state products of `gates` gates from `gate` on; each has H rows of W_hh. */
static void state_products(struct cuda *c, const struct gru_weights *w, int rows, int gate,
                           int gates, const float *state, float *hidden)
{
    int n = w->state, first = gate * n;
    cuda_gemm(c, false, true, rows, gates * n, n, state, n, w->hh + (size_t)first * n, n, 0,
              hidden + first, 3 * n);
}

void gru_once(struct cuda *c, const struct ragged *r, const struct gru_weights *w, const float *x,
              const float *h0, float *h, float *kept)
{
    int total = r->total, n = w->state, first = w->reset_before ? 2 : 3;
    size_t size = (size_t)total * n;
    float *hidden = (float *)cuda_scratch(c, 5 * size * sizeof *hidden);
    float *reset = hidden + 3 * size, *room = reset + size;
    const float *before = once_before(c, r, n, h0, room);
    if (w->ih)
        cuda_gemm_wide(c, false, true, total, 3 * n, w->in, x, w->in, w->ih, w->in, 0, kept, 4 * n);
    if (before)
        state_products(c, w, total, 0, first, before, hidden);
    const struct gates f = {w->ih ? kept : x, before ? hidden : NULL, w->ih_bias, w->hh_bias,
                            before, reset, kept, h, total, n, (w->ih ? 4 : 3) * n,
                            w->reset_before};
    LAUNCH(c, first_gates, cuda_grid(c, size, 256), 256, 0, f);
    if (!w->reset_before)
        return;
    if (before)
        state_products(c, w, total, 2, 1, reset, hidden);
    LAUNCH(c, last_gate, cuda_grid(c, size, 256), 256, 0, f);
}

/* ---- backward ---- */

/* Arguments of the backward kernels. */
struct gates_back {
    const float *before, *kept, *dh; /* as above; the gradient of h */
    float *input, *hidden; /* [total, 3H] gradients of the parts; one array where reset is before */
    float *reset;          /* [total, H] the gradient of r∘h, then r∘h */
    float *carry;          /* [total, H] the gradient of the states before; NULL: not wanted */
    int total, state, reset_before;
    int adds; /* 1: adds to carry, 0: sets it */
};

static __global__ void all_gates_back(struct gates_back b)
{
    const int n = b.state;
    for EACH (e, (size_t)b.total * n) {
        size_t row = e / n, at = 3 * row * n + (e - row * n);
        const float *kept = b.kept + row * 4 * n + (e - row * n);
        float g[4], d = b.dh[e];
        unit_back(b.reset_before, kept, n, b.before ? b.before[e] : 0, d, g);
        for (int gate = 0; gate < 3; gate++)
            b.input[at + (size_t)gate * n] = g[gate];
        if (!b.reset_before) {
            b.hidden[at] = g[0];
            b.hidden[at + n] = g[1];
            b.hidden[at + 2 * (size_t)n] = g[3];
        }
        if (b.carry)
            b.carry[e] = d * kept[n] + (b.adds ? b.carry[e] : 0);
    }
}

/* Reset before: the reset gate's gradient, from the gradient of r∘h. */
static __global__ void reset_gate_back(struct gates_back b)
{
    const int n = b.state;
    for EACH (e, (size_t)b.total * n) {
        size_t row = e / n, j = e - row * n;
        float r = b.kept[row * 4 * n + j], d = b.reset[e], before = b.before ? b.before[e] : 0;
        b.input[3 * row * n + j] = maths_sigmoid_back(r, d * before);
        b.reset[e] = r * before;
        if (b.carry)
            b.carry[e] += d * r;
    }
}

/* dh0 += carry, where some sequences have no row. */
static __global__ void add_to_first(int total, int state, const int32_t *owner, const float *carry,
                                    float *dh0)
{
    for EACH (e, (size_t)total * state) {
        size_t row = e / state;
        dh0[(size_t)owner[row] * state + (e - row * state)] += carry[e];
    }
}

/* The gradients through W_hh: of the states before, and of W_hh. */
static void states_back(struct cuda *c, const struct gru_weights *w, const struct gates_back *b,
                        const struct gru_grads *dw)
{
    int n = w->state, total = b->total, first = w->reset_before ? 2 : 3;
    size_t last = 2 * (size_t)n;
    if (b->carry)
        cuda_gemm(c, false, false, total, n, first * n, b->hidden, 3 * n, w->hh, n, 1, b->carry, n);
    if (!b->before)
        return;
    cuda_gemm_wide(c, true, false, first * n, n, total, b->hidden, 3 * n, b->before, n, 1, dw->hh,
                   n);
    if (w->reset_before)
        cuda_gemm_wide(c, true, false, n, n, total, b->hidden + last, 3 * n, b->reset, n, 1,
                       dw->hh + last * n, n);
}

void gru_once_back(struct cuda *c, const struct ragged *r, const struct gru_weights *w,
                   const float *x, const float *h0, const float *kept, const float *dh, float *dx,
                   float *dh0, const struct gru_grads *dw)
{
    int total = r->total, n = w->state;
    size_t size = (size_t)total * n;
    float *input = (float *)cuda_scratch(c, 9 * size * sizeof *input);
    float *reset = input + 6 * size, *carry = reset + size, *room = carry + size;
    bool whole = r->count == total;
    struct gates_back b = {once_before(c, r, n, h0, room), kept, dh, input,
                           w->reset_before ? input : input + 3 * size, reset,
                           !dh0 || whole ? dh0 : carry, total, n, w->reset_before, whole};
    LAUNCH(c, all_gates_back, cuda_grid(c, size, 256), 256, 0, b);
    if (w->reset_before && (b.before || b.carry)) {
        cuda_gemm(c, false, false, total, n, n, input + 2 * n, 3 * n, w->hh + 2 * (size_t)n * n, n,
                  0, reset, n);
        LAUNCH(c, reset_gate_back, cuda_grid(c, size, 256), 256, 0, b);
    }
    states_back(c, w, &b, dw);
    if (dh0 && !whole)
        LAUNCH(c, add_to_first, cuda_grid(c, size, 256), 256, 0, total, n, r->owner, carry, dh0);
    if (w->ih)
        gru_inputs_back(c, total, w, 0, w->in, x, input, 3 * n, dx, dw);
    else if (dx)
        cuda_add(&c->device, dx, input, 3 * size);
    cuda_sum_rows(c, total, 3 * n, 3 * n, input, dw->ih_bias, b.hidden, dw->hh_bias);
}
