/* The LSTM layer.  As in gru.cu, products that do not depend on the state are computed over all
 * rows, and one kernel runs the steps (cuda/recurrent.h); where every sequence has one step, products
 * of all rows at once and a kernel of gates replace it, as in gru_once.cu.
 *
 * kept [total, 4H] has the products of a row's gates before it has the gates.  States are rows
 * [h; c], 2H wide. */
#include "recurrent.h"

enum { GATES = 4 };

/* Whether every sequence has one step. */
static bool steps_once(const struct ragged *r)
{
    return r->longest == 1 && r->count == r->total;
}

/* ---- one unit of one row; kept, g and y point to it, n = H ---- */

/* From the products a of its gates, with their biases, and c before: kept, and the new state at
 * y; returns h. */
static __device__ inline float unit_forward(const float a[GATES], float cell, int n, float *kept,
                                            float *y)
{
    float i = maths_sigmoid(a[0]), f = maths_sigmoid(a[1]), g = maths_tanh(a[2]);
    float o = maths_sigmoid(a[3]), c = maths_lstm_cell(i, f, g, cell);
    kept[0] = i;
    kept[n] = f;
    kept[2 * n] = g;
    kept[3 * n] = o;
    y[n] = c;
    return y[0] = o * maths_tanh(c);
}

/* g = the gradients before the activations, from those of h and c and c before; returns the
 * gradient of c before. */
static __device__ inline float unit_back(const float *kept, int n, float before, float cell,
                                         float dh, float dc, float g[GATES])
{
    float i = kept[0], f = kept[n], fresh = kept[2 * n], o = kept[3 * n], t = maths_tanh(cell);
    float d = dc + maths_lstm_dc(o, t, dh);
    g[0] = maths_sigmoid_back(i, d * fresh);
    g[1] = maths_sigmoid_back(f, d * before);
    g[2] = maths_tanh_back(fresh, d * i);
    g[3] = maths_sigmoid_back(o, dh * t);
    return d * f;
}

/* ---- forward ---- */

struct lstm_step {
    const float *ih_bias, *hh_bias; /* [4H] */
    float *y, *kept;
};

template <int S, bool SPILLS>
static __global__ void __launch_bounds__(RECURRENT_THREADS, 1)
    forward(struct recurrence k, struct lstm_step f, const float *y0)
{
    SHARED(float, shared);
    __shared__ struct tile tile;
    struct block_memory m = block_open<SPILLS>(k, shared);
    float *state = m.own, *cell = m.own + (size_t)S * k.padded, *part = m.own + (size_t)S * k.each;
    const int n = k.state, cols = GATES * k.padded;
    for (int round = 0; round * (int)gridDim.x < k.tiles; round++) {
        int number = tile_of(round);
        if (number >= k.tiles)
            continue;
        tile_open(k, number, &tile);
        for
            EACH_UNIT(e, s, j, S, k)
            {
                bool given = y0 && j < n && tile.steps[s] > 0;
                const float *first = y0 + (given ? (size_t)tile.sequence[s] * 2 * n + j : 0);
                state[e] = given ? first[0] : 0;
                cell[e] = given ? first[n] : 0;
            }
        __syncthreads();
        for (int t = 0; t < tile.steps[0]; t++) {
            product<S>(k, m.chip, 0, k.padded, 0, cols, state, k.padded, part);
            __syncthreads();
            for
                EACH_UNIT(e, s, j, S, k)
                {
                    int64_t row = row_at(k, tile, s, j, t);
                    if (row < 0)
                        continue;
                    float *kept = f.kept + (size_t)row * GATES * n + j, a[GATES];
                    float *y = f.y + (size_t)row * 2 * n + j;
                    for (int gate = 0; gate < GATES; gate++)
                        a[gate] = kept[gate * n] + f.ih_bias[gate * n + j] +
                                  f.hh_bias[gate * n + j] +
                                  product_at<S>(part, cols, s, gate * k.padded + j);
                    state[e] = unit_forward(a, cell[e], n, kept, y);
                    cell[e] = y[n];
                }
            __syncthreads();
        }
    }
}

/* One step of every sequence: kept has the sums of both products. */
static __global__ void once(int total, int n, struct lstm_step f, const float *y0)
{
    for EACH (e, (size_t)total * n) {
        size_t row = e / n;
        int j = (int)(e - row * n);
        float *kept = f.kept + row * GATES * n + j, a[GATES];
        for (int gate = 0; gate < GATES; gate++)
            a[gate] = kept[gate * n] + f.ih_bias[gate * n + j] + f.hh_bias[gate * n + j];
        unit_forward(a, y0 ? y0[(row * 2 + 1) * n + j] : 0, n, kept, f.y + row * 2 * n + j);
    }
}

void cuda_lstm(struct device *d, const struct ragged *r, const struct lstm_weights *w,
               const float *x, const float *y0, float *y, float *kept)
{
    struct cuda *c = cuda_of(d);
    int n = w->state;
    if (!r->total || !n)
        return;
    if (w->ih)
        cuda_gemm_wide(c, false, true, r->total, GATES * n, w->in, x, w->in, w->ih, w->in, 0, kept,
                       GATES * n);
    else
        cuda_copy(d, kept, x, (size_t)r->total * GATES * n);
    struct lstm_step f = {w->ih_bias, w->hh_bias, y, kept};
    if (steps_once(r)) {
        if (y0)
            cuda_gemm(c, false, true, r->total, GATES * n, n, y0, 2 * n, w->hh, n, 1, kept,
                      GATES * n);
        LAUNCH(c, once, cuda_grid(c, (size_t)r->total * n, 256), 256, 0, r->total, n, f, y0);
        return;
    }
    struct recurrent_plan p =
        plan_recurrence(c, r, GATES, n, true, 2 * (size_t)recurrent_padded(n));
    float *scratch = (float *)cuda_scratch(c, recurrent_scratch(&p) * sizeof(float));
    recurrent_pack(c, &p, w->hh, scratch);
    LAUNCH_TILES(c, p, forward, p.k, f, y0);
}

/* ---- backward ---- */

struct lstm_back {
    const float *before, *y, *kept, *dy; /* before [total, 2H]: the states before each row */
    float *g;                            /* [total, 4H] gradients before the activations */
};

template <int S, bool SPILLS>
static __global__ void __launch_bounds__(RECURRENT_THREADS, 1)
    backward(struct recurrence k, struct lstm_back b, float *dy0)
{
    SHARED(float, shared);
    __shared__ struct tile tile;
    struct block_memory m = block_open<SPILLS>(k, shared);
    float *carry = m.own, *step = m.own + (size_t)S * k.padded, *part = m.own + (size_t)S * k.each;
    const int n = k.state, p = k.padded;
    for (int round = 0; round * (int)gridDim.x < k.tiles; round++) {
        int number = tile_of(round);
        if (number >= k.tiles)
            continue;
        tile_open(k, number, &tile);
        for (int i = (int)threadIdx.x; i < S * k.each; i += (int)blockDim.x)
            m.own[i] = 0;
        __syncthreads();
        for (int t = tile.steps[0] - 1; t >= 0; t--) {
            for
                EACH_UNIT(e, s, j, S, k)
                {
                    int64_t row = row_at(k, tile, s, j, t);
                    if (row < 0)
                        continue;
                    size_t at = (size_t)row * 2 * n + j;
                    float own[GATES], dh = b.dy[at];
                    if (t + 1 < tile.steps[s])
                        dh += product_at<S>(part, p, s, j);
                    carry[e] = unit_back(b.kept + (size_t)row * GATES * n + j, n, b.before[at + n],
                                         b.y[at + n], dh, b.dy[at + n] + carry[e], own);
                    for (int gate = 0; gate < GATES; gate++)
                        step[(size_t)(s * GATES + gate) * p + j] =
                            b.g[((size_t)row * GATES + gate) * n + j] = own[gate];
                }
            __syncthreads();
            product<S>(k, m.chip, 0, GATES * p, 0, p, step, GATES * p, part);
            __syncthreads();
        }
        for
            EACH_UNIT(e, s, j, S, k)
        if (dy0 && row_at(k, tile, s, j, 0) >= 0) {
            float *first = dy0 + (size_t)tile.sequence[s] * 2 * n + j;
            first[0] += product_at<S>(part, p, s, j);
            first[n] += carry[e];
        }
    }
}

/* One step of every sequence; dy0 += the gradient of c before. */
static __global__ void once_back(int total, int n, struct lstm_back b, float *dy0)
{
    for EACH (e, (size_t)total * n) {
        size_t row = e / n, j = e - row * n, at = row * 2 * n + j;
        float g[GATES], before = b.before ? b.before[at + n] : 0;
        float dc = unit_back(b.kept + row * GATES * n + j, n, before, b.y[at + n], b.dy[at],
                             b.dy[at + n], g);
        for (int gate = 0; gate < GATES; gate++)
            b.g[(row * GATES + gate) * n + j] = g[gate];
        if (dy0)
            dy0[at + n] += dc;
    }
}

/* The gradients of all weights and of the inputs from g. */
static void weights_back(struct device *d, int total, const struct lstm_weights *w, const float *x,
                         const struct lstm_back *b, float *dx, const struct gru_grads *dw)
{
    struct cuda *c = cuda_of(d);
    int n = w->state, gates = GATES * n;
    if (w->ih && dx)
        cuda_gemm_wide(c, false, false, total, w->in, gates, b->g, gates, w->ih, w->in, 1, dx,
                       w->in);
    else if (dx)
        cuda_add(d, dx, b->g, (size_t)total * gates);
    if (w->ih)
        cuda_gemm_wide(c, true, false, gates, w->in, total, b->g, gates, x, w->in, 1, dw->ih,
                       w->in);
    if (b->before)
        cuda_gemm_wide(c, true, false, gates, n, total, b->g, gates, b->before, 2 * n, 1, dw->hh,
                       n);
    cuda_sum_rows(c, total, gates, gates, b->g, dw->ih_bias, b->g, dw->hh_bias);
}

void cuda_lstm_back(struct device *d, const struct ragged *r, const struct lstm_weights *w,
                    const float *x, const float *y0, const float *y, const float *kept,
                    const float *dy, float *dx, float *dy0, const struct gru_grads *dw)
{
    struct cuda *c = cuda_of(d);
    int n = w->state;
    if (!r->total || !n)
        return;
    size_t total = (size_t)r->total;
    struct recurrent_plan p =
        plan_recurrence(c, r, GATES, n, false, (1 + GATES) * (size_t)recurrent_padded(n));
    size_t packed = steps_once(r) ? 0 : recurrent_scratch(&p);
    float *scratch = (float *)cuda_scratch(c, (packed + total * 6 * n) * sizeof(float));
    float *g = scratch + packed, *before = g + total * 4 * n;
    if (steps_once(r)) {
        struct lstm_back b = {y0, y, kept, dy, g};
        LAUNCH(c, once_back, cuda_grid(c, total * n, 256), 256, 0, r->total, n, b, dy0);
        if (dy0)
            cuda_gemm(c, false, false, r->total, n, GATES * n, g, GATES * n, w->hh, n, 1, dy0,
                      2 * n);
        weights_back(d, r->total, w, x, &b, dx, dw);
        return;
    }
    recurrent_pack(c, &p, w->hh, scratch);
    gru_before(c, r, 2 * n, y0, y, before);
    struct lstm_back b = {before, y, kept, dy, g};
    LAUNCH_TILES(c, p, backward, p.k, b, dy0);
    weights_back(d, r->total, w, x, &b, dx, dw);
}
