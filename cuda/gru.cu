/* The GRU layer.  Products that do not depend on the state are computed over all rows: the input
 * products before the steps, the gradients of weights and inputs after them.  One kernel runs the
 * steps (cuda/recurrent.h).
 *
 * 1000 rows at H = in = 100: the input products take 60 million operations; the steps read the
 * input products (1.2 MB) and write the gates (1.6 MB) and states (0.4 MB), a microsecond of memory
 * traffic.  The latency of a step dominates, about 1500 cycles with one sequence a block: twenty
 * steps take 20 µs forward and as much backward. */
#include "gru_step.h"

/* ---- the plan ---- */

/* Floats that the sums of a sequence's largest product take, `most` columns wide. */
static size_t sums_of(unsigned threads, int most)
{
    return 4 * threads > (unsigned)most ? 4 * threads : (unsigned)most;
}

/* Bytes of a kernel's static shared memory. */
enum { STATIC_SHARED = 512 };

struct recurrent_plan plan_recurrence(const struct cuda *c, const struct ragged *r, int gates,
                                      int state, bool transposed, size_t floats)
{
    struct recurrent_plan p = {};
    struct recurrence *k = &p.k;
    k->state = state;
    k->padded = recurrent_padded(state);
    p.gates = gates;
    k->running = r->longest ? r->running[0] : 0;
    k->start = r->start;
    k->sequence = r->sequence;
    p.transposed = transposed;
    p.rows = transposed ? k->padded : gates * k->padded;
    k->cols = transposed ? gates * k->padded : k->padded;
    unsigned wanted = (5u * (unsigned)k->padded + 63) / 64 * 64, most = RECURRENT_THREADS;
    p.threads = wanted < most ? wanted : most;

    size_t room = (c->shared_most - STATIC_SHARED) / sizeof(float);
    size_t each = (floats + 3) / 4 * 4, all = each + sums_of(p.threads, gates * k->padded);
    k->tile = 1;
    while (k->tile < TILE_MOST && (k->running + k->tile - 1) / k->tile > c->processors)
        k->tile *= 2;
    while (k->tile > 1 && (size_t)k->tile * all > room / 2)
        k->tile /= 2;
    k->tiles = (k->running + k->tile - 1) / k->tile;
    k->each = (int)each;
    k->own = (int)((size_t)k->tile * all);
    p.spills = (size_t)k->own > room;
    size_t taken = p.spills ? 0 : (size_t)k->own, fit = (room - taken) / k->cols / 4 * 4;
    k->resident = fit < (size_t)p.rows ? (int)fit : p.rows;
    p.shared = (taken + (size_t)k->resident * k->cols) * sizeof(float);

    size_t beside = p.shared ? c->shared_most / p.shared : 1;
    size_t blocks = (size_t)c->processors * (beside < 4 ? beside : 4);
    p.blocks = (unsigned)((size_t)k->tiles < blocks ? (size_t)k->tiles : blocks);
    return p;
}

size_t recurrent_scratch(const struct recurrent_plan *p)
{
    size_t matrix = (size_t)p->rows * p->k.cols;
    return (matrix + (p->spills ? (size_t)p->blocks * p->k.own : 0) + 63) / 64 * 64;
}

/* to = hh as [gates · padded, padded] or, transposed, [padded, gates · padded]. */
static __global__ void pack(int gates, int state, int padded, bool transposed, const float *hh,
                            float *to)
{
    size_t cols = (size_t)(transposed ? gates * padded : padded);
    for EACH (i, gates * (size_t)padded * padded) {
        int row = (int)(i / cols), col = (int)(i % cols);
        int unit = transposed ? col : row, from = transposed ? row : col;
        int gate = unit / padded, j = unit % padded;
        bool real = j < state && from < state;
        to[i] = real ? hh[((size_t)gate * state + j) * state + from] : 0;
    }
}

void recurrent_pack(struct cuda *c, struct recurrent_plan *p, const float *hh, float *scratch)
{
    struct recurrence *k = &p->k;
    size_t size = (size_t)p->rows * k->cols;
    k->matrix = scratch;
    k->spill = p->spills ? scratch + size : NULL;
    LAUNCH(c, pack, cuda_grid(c, size, 256), 256, 0, p->gates, k->state, k->padded,
           p->transposed, hh, scratch);
}

/* ---- forward ---- */

template <int S, bool SPILLS>
static __global__ void __launch_bounds__(RECURRENT_THREADS, 1)
    forward(struct recurrence k, struct forward_step f, const float *h0)
{
    SHARED(float, shared);
    __shared__ struct tile tile;
    forward_open(k, &f, block_open<SPILLS>(k, shared), S);
    for (int round = 0; round * (int)gridDim.x < k.tiles; round++) {
        int number = tile_of(round);
        if (number >= k.tiles)
            continue;
        tile_open(k, number, &tile);
        forward_begin<S>(k, f, tile, h0);
        for (int t = 0; t < tile.steps[0]; t++)
            step_forward<S>(k, f, tile, t, no_more());
    }
}

void cuda_gru(struct device *d, const struct ragged *r, const struct gru_weights *w, const float *x,
              const float *h0, float *h, float *kept)
{
    struct cuda *c = cuda_of(d);
    if (!r->total || !w->state)
        return;
    if (r->longest == 1) {
        gru_once(c, r, w, x, h0, h, kept);
        return;
    }
    struct recurrent_plan p =
        plan_gru(c, r, w, true, 2 * (size_t)recurrent_padded(w->state));
    float *scratch = (float *)cuda_scratch(c, recurrent_scratch(&p) * sizeof(float));
    recurrent_pack(c, &p, w->hh, scratch);
    if (w->ih)
        cuda_gemm_wide(c, false, true, r->total, 3 * w->state, w->in, x, w->in, w->ih, w->in, 0,
                       kept, 4 * w->state);
    else
        cuda_columns(d, r->total, 3 * w->state, x, 3 * w->state, kept, 4 * w->state, false);
    struct forward_step f = {w->ih_bias, w->hh_bias, NULL, NULL, NULL, NULL, h, kept};
    LAUNCH_TILES(c, p, forward, p.k, f, h0);
}

/* ---- backward ---- */

template <int S, bool SPILLS>
static __global__ void __launch_bounds__(RECURRENT_THREADS, 1)
    backward(struct recurrence k, struct backward_step b, float *dh0)
{
    SHARED(float, shared);
    __shared__ struct tile tile;
    struct block_memory m = block_open<SPILLS>(k, shared);
    backward_open(k, &b, m, S);
    for (int round = 0; round * (int)gridDim.x < k.tiles; round++) {
        int number = tile_of(round);
        if (number >= k.tiles)
            continue;
        tile_open(k, number, &tile);
        backward_begin(k, m, S);
        for (int t = tile.steps[0] - 1; t >= 0; t--) {
            step_backward<S>(k, b, tile, t, no_more());
            __syncthreads();
        }
        backward_end<S>(k, b, tile, dh0, no_more());
    }
}

static __global__ void states_before(int total, int state, const int32_t *start,
                                     const int32_t *owner, const float *h0, const float *h,
                                     float *before)
{
    for EACH (i, (size_t)total * state) {
        size_t row = i / state, j = i - row * state;
        int32_t s = owner[row];
        bool first = row == (size_t)start[s];
        before[i] = !first ? h[i - state] : h0 ? h0[(size_t)s * state + j] : 0;
    }
}

void gru_before(struct cuda *c, const struct ragged *r, int state, const float *h0, const float *h,
                float *before)
{
    LAUNCH(c, states_before, cuda_grid(c, (size_t)r->total * state, 256), 256, 0, r->total, state,
           r->start, r->owner, h0, h, before);
}

/* before = r∘before, the factor of W_hn in the forward pass. */
static __global__ void reset_states(int total, int state, const float *kept, float *before)
{
    for EACH (i, (size_t)total * state)
        before[i] *= kept[i / state * 4 * state + i % state];
}

void gru_inputs_back(struct cuda *c, int total, const struct gru_weights *w, int first, int cols,
                     const float *x, const float *g, int ld, float *dx, const struct gru_grads *dw)
{
    int n = w->state;
    if (dx)
        cuda_gemm_wide(c, false, false, total, cols, 3 * n, g, ld, w->ih + first, w->in, 1, dx,
                       cols);
    cuda_gemm_wide(c, true, false, 3 * n, cols, total, g, ld, x, cols, 1, dw->ih + first, w->in);
}

void gru_state_back(struct cuda *c, int total, const struct gru_weights *w, const float *kept,
                    const float *g, float *before, const struct gru_grads *dw)
{
    int n = w->state;
    size_t last = 2 * (size_t)n;
    cuda_gemm_wide(c, true, false, 2 * n, n, total, g, 4 * n, before, n, 1, dw->hh, n);
    if (w->reset_before)
        LAUNCH(c, reset_states, cuda_grid(c, (size_t)total * n, 256), 256, 0, total, n, kept,
               before);
    cuda_gemm_wide(c, true, false, n, n, total, g + 3 * (size_t)n, 4 * n, before, n, 1,
                   dw->hh + last * n, n);
    cuda_sum_rows(c, total, 3 * n, 4 * n, g, dw->ih_bias);
    cuda_sum_rows(c, total, 2 * n, 4 * n, g, dw->hh_bias);
    cuda_sum_rows(c, total, n, 4 * n, g + 3 * (size_t)n, dw->hh_bias + last);
}

void cuda_gru_back(struct device *d, const struct ragged *r, const struct gru_weights *w,
                   const float *x, const float *h0, const float *h, const float *kept,
                   const float *dh, float *dx, float *dh0, const struct gru_grads *dw)
{
    struct cuda *c = cuda_of(d);
    if (!r->total || !w->state)
        return;
    if (r->longest == 1) {
        gru_once_back(c, r, w, x, h0, kept, dh, dx, dh0, dw);
        return;
    }
    size_t n = (size_t)w->state, total = (size_t)r->total;
    struct recurrent_plan p =
        plan_gru(c, r, w, false, 4 * (size_t)recurrent_padded(w->state));
    size_t packed = recurrent_scratch(&p);
    float *scratch = (float *)cuda_scratch(c, (packed + total * 5 * n) * sizeof(float));
    float *g = scratch + packed, *before = g + total * 4 * n;
    recurrent_pack(c, &p, w->hh, scratch);
    gru_before(c, r, w->state, h0, h, before);
    struct backward_step b = {before, kept, dh, g, NULL, NULL, NULL, NULL};
    LAUNCH_TILES(c, p, backward, p.k, b, dh0);
    if (w->ih)
        gru_inputs_back(c, r->total, w, 0, w->in, x, g, 4 * w->state, dx, dw);
    else if (dx)
        cuda_columns(d, r->total, 3 * w->state, g, 4 * w->state, dx, 3 * w->state, true);
    gru_state_back(c, r->total, w, kept, g, before, dw);
}
