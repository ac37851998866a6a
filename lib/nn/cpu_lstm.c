/* The CPU's LSTM layer, in the blocks of nn/cpu_gru.h.  A state [h; c] is 2H wide; the rows of
 * `kept` are in packed order, and hold the products of a step before they hold its gates. */
#include "nn/cpu_gru.h"
#include "nn/maths.h"

static struct gate_weights lstm_gates(const struct lstm_weights *w)
{
    return (struct gate_weights){4 * w->state, 4 * w->state, w->in, w->state, w->ih, w->hh};
}

/* ---- forward ---- */

/* Gates of one row from their products, kept [4H], in place; the new state [2H] goes to state and
 * y. */
VECTOR static void gates(size_t n, const float *ih_bias, const float *hh_bias, float *restrict kept,
                         float *restrict state, float *restrict y)
{
    /* Gates that wait for each other are in loops of their own: a processor then works on many of
     * them at once. */
    for (size_t j = 0; j < 2 * n; j++)
        kept[j] = maths_sigmoid(kept[j] + ih_bias[j] + hh_bias[j]);
    for (size_t j = 3 * n; j < 4 * n; j++)
        kept[j] = maths_sigmoid(kept[j] + ih_bias[j] + hh_bias[j]);
    for (size_t j = 0; j < n; j++) {
        float g = maths_tanh(kept[2 * n + j] + ih_bias[2 * n + j] + hh_bias[2 * n + j]);
        kept[2 * n + j] = g;
        y[n + j] = state[n + j] = maths_lstm_cell(kept[j], kept[n + j], g, state[n + j]);
    }
    for (size_t j = 0; j < n; j++)
        y[j] = state[j] = kept[3 * n + j] * maths_tanh(state[n + j]);
}

/* Step t: from the input products in kept [running, 4H] to gates there, state and y. */
static void step(const struct gru_block *block, const struct lstm_weights *w, struct gate_factor hh,
                 int t, bool zero, float *state, float *y, float *kept)
{
    int run = block_running(block, t), H = w->state;
    size_t n = (size_t)H;
    cpu_gate_product(hh, run, 4 * H, zero ? 0 : H, state, 2 * H, 1, kept, 4 * H);
    for (int i = 0; i < run; i++) {
        size_t place = (size_t)i;
        gates(n, w->ih_bias, w->hh_bias, kept + place * 4 * n, state + place * 2 * n,
              y + block_row(block, i, t) * 2 * n);
    }
}

/* Forward pass of one block.  Scratch: [in] floats a row and [2H] a sequence. */
static void forward_block(const struct gru_block *block, const struct lstm_weights *w,
                          const struct gate_factors *f, const float *x, const float *y0, float *y,
                          float *kept, float *scratch)
{
    size_t n = (size_t)w->state, rows = block_rows(block);
    float *packed = scratch, *state = packed + rows * (size_t)w->in;
    kept += block_first(block) * 4 * n;
    if (w->ih)
        cpu_gate_product(f->ih, (int)rows, 4 * w->state, w->in,
                         cpu_gru_packed(block, (size_t)w->in, x, packed), w->in, 0, kept,
                         4 * w->state);
    else
        cpu_gru_pack(block, 4 * n, 4 * n, x, kept);
    cpu_gru_begin(block, 2 * n, y0, state);
    for (int t = 0; t < block_steps(block); t++) {
        step(block, w, f->hh, t, !t && !y0, state, y, kept);
        kept += (size_t)block_running(block, t) * 4 * n;
    }
}

static void forward_share(const struct ragged *r, int parts, const struct lstm_weights *w,
                          const float *x, const float *y0, float *y, float *kept, float *scratch,
                          size_t size)
{
    struct span s = cpu_own_share((size_t)parts, 1);
    struct gate_weights gates = lstm_gates(w);
    scratch += (size_t)omp_get_thread_num() * size;
    struct gate_factors f = cpu_gate_factors(r, &gates, scratch);
    scratch += cpu_gate_factors_size(&gates);
    for (size_t part = s.from; part < s.to; part++)
        forward_block(&(struct gru_block){r, (int)part, parts}, w, &f, x, y0, y, kept, scratch);
}

void cpu_lstm(struct device *d, const struct ragged *r, const struct lstm_weights *w,
              const float *x, const float *y0, float *y, float *kept)
{
    struct gate_weights gates = lstm_gates(w);
    struct gru_blocks b = gru_blocks(d, r, w->state);
    struct gru_block first = {r, 0, b.parts};
    size_t most = (size_t)block_running(&first, -1);
    size_t size = cpu_gate_factors_size(&gates) +
                  cpu_padded(block_rows(&first) * (size_t)w->in + most * 2 * (size_t)w->state);
    float *scratch = cpu_scratch(cpu_of(d), (size_t)b.threads * size);
    CPU_IN_THREADS(b.threads, forward_share(r, b.parts, w, x, y0, y, kept, scratch, size));
}

/* ---- backward ---- */

/* One row.  From dy and carry [2H], the gradient of its state from the next step: g [4H] = the
 * gradients before the activations; carry's second half = that of c before. */
VECTOR static void gates_back(size_t n, const float *restrict kept, const float *restrict before,
                              const float *restrict y, const float *restrict dy,
                              float *restrict carry, float *restrict g)
{
    for (size_t j = 0; j < n; j++)
        g[3 * n + j] = maths_tanh(y[n + j]);
    for (size_t j = 0; j < n; j++) {
        float i = kept[j], f = kept[n + j], new = kept[2 * n + j], o = kept[3 * n + j];
        float t = g[3 * n + j], dh = dy[j] + carry[j];
        float dc = dy[n + j] + carry[n + j] + maths_lstm_dc(o, t, dh);
        g[j] = maths_sigmoid_back(i, dc * new);
        g[n + j] = maths_sigmoid_back(f, dc * before[n + j]);
        g[2 * n + j] = maths_tanh_back(new, dc * i);
        g[3 * n + j] = maths_sigmoid_back(o, dh * t);
        carry[n + j] = dc * f;
    }
}

/* Inputs and outputs of a layer's backward pass. */
struct lstm_layer_back {
    const struct lstm_weights *w;
    const float *x, *y0, *y, *kept, *dy;
    float *dx, *dy0;
};

/* Step t: g [running, 4H] of its rows; carry [sequences, 2H] = the gradient of the states before,
 * unless `ends` says that nobody reads it. */
static void step_back(const struct gru_block *block, const struct lstm_layer_back *b, int t,
                      bool ends, const float *before, const float *kept, float *carry, float *g)
{
    int run = block_running(block, t), H = b->w->state;
    size_t n = (size_t)H;
    for (int i = 0; i < run; i++) {
        size_t row = block_row(block, i, t) * 2 * n, place = (size_t)i;
        gates_back(n, kept + place * 4 * n, before + place * 2 * n, b->y + row, b->dy + row,
                   carry + place * 2 * n, g + place * 4 * n);
    }
    if (!ends)
        cpu_sgemm(false, false, run, H, 4 * H, g, 4 * H, b->w->hh, H, 0, carry, 2 * H);
}

/* Gradients of hh and the biases, +=.  zero: the states before the first step are all 0. */
static void states_back(const struct gru_block *block, int H, size_t rows, bool zero,
                        const float *g, const float *before, const struct gate_sums *dw)
{
    size_t n = (size_t)H, first = zero && rows ? (size_t)block_running(block, 0) : 0;
    cpu_gate_sum_product(dw->hh, 0, 0, 4 * H, H, (int)(rows - first), g + first * 4 * n, 4 * H,
                         before + first * 2 * n, 2 * H);
    cpu_sum_rows(rows, 4 * n, 4 * n, g, dw->bias);
}

/* Backward pass of one block; dw +=.  Scratch: [6H + in] floats a row and [4H] a sequence. */
static void backward_block(const struct gru_block *block, const struct lstm_layer_back *b,
                           const struct gate_sums *dw, float *scratch)
{
    const struct gate_weights gates = lstm_gates(b->w);
    size_t n = (size_t)b->w->state, rows = block_rows(block), at = rows;
    size_t sequences = (size_t)block_running(block, -1);
    float *g = scratch, *before = g + rows * 4 * n, *packed = before + (rows + sequences) * 2 * n;
    float *carry = packed + rows * (size_t)b->w->in;
    const float *kept = b->kept + block_first(block) * 4 * n;
    cpu_gru_before(block, 2 * n, b->y0, b->y, before);
    memset(carry, 0, sequences * 2 * n * sizeof *carry);
    for (int t = block_steps(block) - 1; t >= 0; t--) {
        at -= (size_t)block_running(block, t);
        step_back(block, b, t, !t && !b->dy0, before + at * 2 * n, kept + at * 4 * n, carry,
                  g + at * 4 * n);
    }
    cpu_gru_end_back(block, 2 * n, carry, b->dy0);
    states_back(block, b->w->state, rows, !b->y0, g, before, dw);
    if (b->w->ih)
        cpu_gru_inputs_back(block, &gates, rows, 0, b->w->in, b->x, g, packed, b->dx, dw);
    else if (b->dx)
        cpu_gru_unpack(block, 4 * n, 4 * n, g, b->dx);
}

static void backward_share(const struct ragged *r, int parts, const struct lstm_layer_back *b,
                           const struct gru_grads *dw, bool apart, float *all, float *scratch,
                           size_t size)
{
    const struct gate_weights gates = lstm_gates(b->w);
    size_t own = (size_t)omp_get_thread_num();
    struct span s = cpu_own_share((size_t)parts, 1);
    struct gate_sums to =
        cpu_gate_sums(&gates, dw, apart, all + own * cpu_gate_sums_size(&gates, apart));
    for (size_t part = s.from; part < s.to; part++)
        backward_block(&(struct gru_block){r, (int)part, parts}, b, &to, scratch + own * size);
}

void cpu_lstm_back(struct device *d, const struct ragged *r, const struct lstm_weights *w,
                   const float *x, const float *y0, const float *y, const float *kept,
                   const float *dy, float *dx, float *dy0, const struct gru_grads *dw)
{
    const struct lstm_layer_back back = {w, x, y0, y, kept, dy, dx, dy0};
    const struct gate_weights gates = lstm_gates(w);
    struct gru_blocks b = gru_blocks(d, r, w->state);
    struct gru_block first = {r, 0, b.parts};
    size_t n = (size_t)w->state, most = (size_t)block_running(&first, -1);
    size_t size = cpu_padded(block_rows(&first) * (6 * n + (size_t)w->in) + most * 4 * n);
    size_t threads = (size_t)b.threads;
    bool apart = cpu_gate_sums_apart(b.threads, r->total);
    size_t sums = cpu_gate_sums_size(&gates, apart);
    float *all = cpu_scratch(cpu_of(d), threads * (size + sums)), *scratch = all + threads * sums;
    CPU_IN_THREADS(b.threads, backward_share(r, b.parts, &back, dw, apart, all, scratch, size));
    cpu_gate_sums_add(&gates, b.threads, apart, all, dw);
}
