/* The CPU's GRU layer. */
#include "nn/cpu_gru.h"

#include "nn/maths.h"

/* ---- blocks ---- */

/* Rows are fetched so many ahead of their use: those of a block are scattered, or too many for the
 * nearer caches. */
enum { AHEAD = 2 };

static inline void fetch_ahead(const struct gru_block *block, int t, int run, int i, size_t cols,
                               const float *x)
{
    if (i + AHEAD < run)
        cpu_prefetch(cols, x + block_row(block, i + AHEAD, t) * cols);
}

/* What a step needs of a sequence: its row of x, and what is kept of its gates. */
static inline void fetch_step_ahead(const struct gru_block *block, int t, int run, int i, size_t n,
                                    const float *x, const float *kept)
{
    fetch_ahead(block, t, run, i, n, x);
    if (i + AHEAD < run)
        cpu_prefetch(4 * n, kept + ((size_t)i + AHEAD) * 4 * n);
}

void cpu_gru_pack(const struct gru_block *block, size_t cols, size_t stride, const float *x,
                  float *packed)
{
    for (int t = 0; t < block_steps(block); t++)
        for (int i = 0, run = block_running(block, t); i < run; i++, packed += stride) {
            fetch_ahead(block, t, run, i, cols, x);
            memcpy(packed, x + block_row(block, i, t) * cols, cols * sizeof *packed);
        }
}

const float *cpu_gru_packed(const struct gru_block *block, size_t cols, const float *x,
                            float *packed)
{
    const struct ragged *r = block->r;
    if (block->parts == 1 && r->longest == 1 && r->total == r->count)
        return x;
    cpu_gru_pack(block, cols, cols, x, packed);
    return packed;
}

void cpu_gru_unpack(const struct gru_block *block, size_t cols, size_t stride, const float *packed,
                    float *x)
{
    for (int t = 0; t < block_steps(block); t++)
        for (int i = 0; i < block_running(block, t); i++, packed += stride)
            cpu_add_scaled(cols, 1, packed, x + block_row(block, i, t) * cols);
}

/* ---- forward ---- */

/* Gates r and z of one row, kept [2H], from their input products there and state products [2H].
 * Gates that wait for each other are in loops of their own: a processor then works on many of them
 * at once. */
static inline __attribute__((always_inline)) void gates(size_t n, const float *ih_bias,
                                                        const float *hh_bias,
                                                        const float *restrict hidden,
                                                        float *restrict kept)
{
    for (size_t j = 0; j < 2 * n; j++)
        kept[j] = maths_sigmoid(kept[j] + ih_bias[j] + hidden[j] + hh_bias[j]);
}

/* Gates of one row, reset after, from its input products in kept [4H] and state products [3H]. */
VECTOR static void gates_after(size_t n, const float *ih_bias, const float *hh_bias,
                               const float *restrict hidden, float *restrict kept,
                               float *restrict state, float *restrict h)
{
    gates(n, ih_bias, hh_bias, hidden, kept);
    for (size_t j = 0; j < n; j++) {
        float hidden_n = hidden[2 * n + j] + hh_bias[2 * n + j];
        float new = maths_tanh(kept[2 * n + j] + ih_bias[2 * n + j] + kept[j] * hidden_n);
        kept[2 * n + j] = new;
        kept[3 * n + j] = hidden_n;
        h[j] = state[j] = maths_gru_new(kept[n + j], new, state[j]);
    }
}

/* Reset before, first half: gates r and z, and r∘h into reset [H]. */
VECTOR static void gates_before(size_t n, const float *ih_bias, const float *hh_bias,
                                const float *restrict hidden, float *restrict kept,
                                const float *restrict state, float *restrict reset)
{
    gates(n, ih_bias, hh_bias, hidden, kept);
    for (size_t j = 0; j < n; j++)
        reset[j] = kept[j] * state[j];
}

/* Reset before, second half: n and the new state, with hidden [H] = W_hn(r∘h). */
VECTOR static void new_before(size_t n, const float *ih_bias, const float *hh_bias,
                              const float *restrict hidden, float *restrict kept,
                              float *restrict state, float *restrict h)
{
#pragma omp simd
    for (size_t j = 0; j < n; j++) {
        float hidden_n = hidden[j] + hh_bias[2 * n + j];
        float new = maths_tanh(kept[2 * n + j] + ih_bias[2 * n + j] + hidden_n);
        kept[2 * n + j] = new;
        kept[3 * n + j] = hidden_n;
        h[j] = state[j] = maths_gru_new(kept[n + j], new, state[j]);
    }
}

void cpu_gru_begin(const struct gru_block *block, size_t n, const float *h0, float *state)
{
    for (int i = 0; i < block_running(block, -1); i++) {
        if (h0)
            memcpy(state + (size_t)i * n, h0 + (size_t)block_sequence(block, i) * n,
                   n * sizeof *state);
        else
            memset(state + (size_t)i * n, 0, n * sizeof *state);
    }
}

/* The inner dimension of a product with the states: 0 where they are all zeros, which makes the
 * product zeros. */
static int in_common(const struct gru_weights *w, bool zero)
{
    return zero ? 0 : w->state;
}

void cpu_gru_step(const struct gru_block *block, const struct gru_weights *w, struct gate_factor hh,
                  int t, bool zero, float *state, float *hidden, float *h, float *kept)
{
    int run = block_running(block, t), H = w->state;
    size_t n = (size_t)H;
    cpu_gate_product(hh, run, w->reset_before ? 2 * H : 3 * H, in_common(w, zero), state, H, 0,
                     hidden, 3 * H);
    if (!w->reset_before) {
        for (int i = 0; i < run; i++) {
            size_t row = block_row(block, i, t), place = (size_t)i;
            fetch_step_ahead(block, t, run, i, n, h, kept);
            gates_after(n, w->ih_bias, w->hh_bias, hidden + place * 3 * n, kept + place * 4 * n,
                        state + place * n, h + row * n);
        }
        return;
    }
    /* The last third of hidden holds r∘h; its first third, no longer needed, holds W_hn(r∘h). */
    for (int i = 0; i < run; i++) {
        size_t place = (size_t)i;
        float *own = hidden + place * 3 * n;
        gates_before(n, w->ih_bias, w->hh_bias, own, kept + place * 4 * n, state + place * n,
                     own + 2 * n);
    }
    cpu_gate_product(cpu_gate_factor_from(hh, 2 * H, 0), run, H, in_common(w, zero), hidden + 2 * n,
                     3 * H, 0, hidden, 3 * H);
    for (int i = 0; i < run; i++) {
        size_t row = block_row(block, i, t), place = (size_t)i;
        new_before(n, w->ih_bias, w->hh_bias, hidden + place * 3 * n, kept + place * 4 * n,
                   state + place * n, h + row * n);
    }
}

/* Forward pass of one block.  Scratch: [in] floats a row and [4H] a sequence. */
static void forward_block(const struct gru_block *block, const struct gru_weights *w,
                          const struct gate_factors *f, const float *x, const float *h0, float *h,
                          float *kept, float *scratch)
{
    size_t n = (size_t)w->state, rows = block_rows(block);
    size_t sequences = (size_t)block_running(block, -1);
    float *state = scratch + rows * (size_t)w->in;
    kept += block_first(block) * 4 * n;
    if (w->ih)
        cpu_gate_product(f->ih, (int)rows, 3 * w->state, w->in,
                         cpu_gru_packed(block, (size_t)w->in, x, scratch), w->in, 0, kept,
                         4 * w->state);
    else
        cpu_gru_pack(block, 3 * n, 4 * n, x, kept);
    cpu_gru_begin(block, n, h0, state);
    for (int t = 0; t < block_steps(block); t++) {
        cpu_gru_step(block, w, f->hh, t, !t && !h0, state, state + sequences * n, h, kept);
        kept += (size_t)block_running(block, t) * 4 * n;
    }
}

static void forward_share(const struct ragged *r, int parts, const struct gru_weights *w,
                          const float *x, const float *h0, float *h, float *kept, float *scratch,
                          size_t size)
{
    struct span s = cpu_own_share((size_t)parts, 1);
    struct gate_weights gates = gru_gates(w);
    scratch += (size_t)omp_get_thread_num() * size;
    struct gate_factors f = cpu_gate_factors(r, &gates, scratch);
    scratch += cpu_gate_factors_size(&gates);
    for (size_t part = s.from; part < s.to; part++)
        forward_block(&(struct gru_block){r, (int)part, parts}, w, &f, x, h0, h, kept, scratch);
}

void cpu_gru(struct device *d, const struct ragged *r, const struct gru_weights *w, const float *x,
             const float *h0, float *h, float *kept)
{
    struct gate_weights gates = gru_gates(w);
    struct gru_blocks b = gru_blocks(d, r, w->state);
    struct gru_block first = {r, 0, b.parts};
    size_t n = (size_t)w->state, most = (size_t)block_running(&first, -1);
    size_t size = cpu_gate_factors_size(&gates) +
                  cpu_padded(block_rows(&first) * (size_t)w->in + most * 4 * n);
    float *scratch = cpu_scratch(cpu_of(d), (size_t)b.threads * size);
    CPU_IN_THREADS(b.threads, forward_share(r, b.parts, w, x, h0, h, kept, scratch, size));
}

/* ---- backward ---- */

/* One row, reset after.  From dh and carry [H], the gradient from the next step: g [4H] = the
 * gradients before the activations (r, z, n, W_hn h + b_hn); carry = dh∘z. */
VECTOR static void gates_after_back(size_t n, const float *restrict kept,
                                    const float *restrict before, const float *restrict dh,
                                    float *restrict carry, float *restrict g)
{
#pragma omp simd
    for (size_t j = 0; j < n; j++) {
        float r = kept[j], z = kept[n + j], new = kept[2 * n + j], hidden_n = kept[3 * n + j];
        float d = dh[j] + carry[j];
        float dn = maths_gru_dn(z, new, d);
        g[j] = maths_sigmoid_back(r, dn * hidden_n);
        g[n + j] = maths_gru_dz(z, new, before[j], d);
        g[2 * n + j] = dn;
        g[3 * n + j] = dn * r;
        carry[j] = d * z;
    }
}

/* One row, reset before, first half: all gradients but the reset gate's. */
VECTOR static void new_before_back(size_t n, const float *restrict kept,
                                   const float *restrict before, const float *restrict dh,
                                   float *restrict carry, float *restrict g)
{
#pragma omp simd
    for (size_t j = 0; j < n; j++) {
        float z = kept[n + j], new = kept[2 * n + j];
        float d = dh[j] + carry[j];
        g[n + j] = maths_gru_dz(z, new, before[j], d);
        g[2 * n + j] = g[3 * n + j] = maths_gru_dn(z, new, d);
        carry[j] = d * z;
    }
}

/* Second half: the reset gate's gradient, from the gradient d [H] of r∘h. */
VECTOR static void gates_before_back(size_t n, const float *restrict kept,
                                     const float *restrict before, const float *restrict d,
                                     float *restrict carry, float *restrict g)
{
#pragma omp simd
    for (size_t j = 0; j < n; j++) {
        carry[j] += d[j] * kept[j];
        g[j] = maths_sigmoid_back(kept[j], d[j] * before[j]);
    }
}

void cpu_gru_before(const struct gru_block *block, size_t n, const float *h0, const float *h,
                    float *packed)
{
    cpu_gru_begin(block, n, h0, packed);
    packed += (size_t)(block->r->longest ? block_running(block, 0) : 0) * n;
    for (int t = 1; t < block_steps(block); t++)
        for (int i = 0, run = block_running(block, t); i < run; i++, packed += n) {
            fetch_ahead(block, t - 1, run, i, n, h);
            memcpy(packed, h + block_row(block, i, t - 1) * n, n * sizeof *packed);
        }
}

void cpu_gru_step_back(const struct gru_block *block, const struct gru_weights *w, int t, bool ends,
                       const float *before, const float *kept, const float *dh, float *carry,
                       float *g, float *spare)
{
    int run = block_running(block, t), H = w->state;
    size_t n = (size_t)H;
    for (int i = 0; i < run; i++) {
        size_t row = block_row(block, i, t), place = (size_t)i;
        fetch_step_ahead(block, t, run, i, n, dh, kept);
        (w->reset_before ? new_before_back
                         : gates_after_back)(n, kept + place * 4 * n, before + place * n,
                                             dh + row * n, carry + place * n, g + place * 4 * n);
    }
    if (w->reset_before) {
        cpu_sgemm(false, false, run, H, H, g + 3 * n, 4 * H, w->hh + 2 * n * n, H, 0, spare, H);
        for (int i = 0; i < run; i++) {
            size_t place = (size_t)i;
            gates_before_back(n, kept + place * 4 * n, before + place * n, spare + place * n,
                              carry + place * n, g + place * 4 * n);
        }
    }
    if (ends)
        return;
    cpu_sgemm(false, false, run, H, 2 * H, g, 4 * H, w->hh, H, 1, carry, H);
    if (!w->reset_before)
        cpu_sgemm(false, false, run, H, H, g + 3 * n, 4 * H, w->hh + 2 * n * n, H, 1, carry, H);
}

void cpu_gru_end_back(const struct gru_block *block, size_t n, const float *carry, float *dh0)
{
    for (int i = 0; dh0 && i < block_running(block, -1); i++)
        cpu_add_scaled(n, 1, carry + (size_t)i * n, dh0 + (size_t)block_sequence(block, i) * n);
}

void cpu_gru_inputs_back(const struct gru_block *block, const struct gate_weights *w, size_t rows,
                         int first, int cols, const float *x, const float *g, float *packed,
                         float *dx, const struct gate_sums *dw)
{
    cpu_gate_sum_product(dw->ih, 0, first, w->out, cols, (int)rows, g, w->ld,
                         cpu_gru_packed(block, (size_t)cols, x, packed), cols);
    if (!dx)
        return;
    cpu_sgemm(false, false, (int)rows, cols, w->out, g, w->ld, w->ih + first, w->in, 0, packed,
              cols);
    cpu_gru_unpack(block, (size_t)cols, (size_t)cols, packed, dx);
}

/* before = r∘before, the factor of W_hn in the forward pass. */
static void reset_states(size_t rows, size_t n, const float *kept, float *before)
{
    for (size_t i = 0; i < rows; i++, kept += 4 * n, before += n)
        for (size_t j = 0; j < n; j++)
            before[j] *= kept[j];
}

void cpu_gru_states_back(const struct gru_block *block, const struct gru_weights *w, size_t rows,
                         bool zero, const float *kept, const float *g, float *before,
                         const struct gate_sums *dw)
{
    int H = w->state;
    size_t n = (size_t)H, first = zero && rows ? (size_t)block_running(block, 0) : 0;
    const float *from = g + first * 4 * n, *state = before + first * n;
    int some = (int)(rows - first);
    cpu_gate_sum_product(dw->hh, 0, 0, 2 * H, H, some, from, 4 * H, state, H);
    if (w->reset_before)
        reset_states(rows, n, kept, before);
    cpu_gate_sum_product(dw->hh, 2 * H, 0, H, H, some, from + 3 * n, 4 * H, state, H);
    cpu_sum_rows(rows, 4 * n, 4 * n, g, dw->bias);
}

static bool is_among(const struct rows *r, int32_t row)
{
    int from = 0, to = r->unique;
    while (from < to) {
        int middle = (from + to) / 2;
        if (r->row[middle] < row)
            from = middle + 1;
        else
            to = middle;
    }
    return from < r->unique && r->row[from] == row;
}

/* dh0 += for the sequences in w->begun only.  Takes the first step's g [sequences, 4H] and its
 * carry, which lacks the products with W_hh; overwrites both with the rows of those sequences, end
 * to end. */
static void begun_back(const struct gru_block *block, const struct gru_weights *w, float *carry,
                       float *g, float *dh0)
{
    int some = 0, H = w->state;
    size_t n = (size_t)H;
    for (int i = 0; i < block_running(block, 0); i++) {
        if (!is_among(w->begun, block_sequence(block, i)))
            continue;
        memmove(carry + (size_t)some * n, carry + (size_t)i * n, n * sizeof *carry);
        memmove(g + (size_t)some * 4 * n, g + (size_t)i * 4 * n, 4 * n * sizeof *g);
        some++;
    }
    cpu_sgemm(false, false, some, H, 2 * H, g, 4 * H, w->hh, H, 1, carry, H);
    if (!w->reset_before)
        cpu_sgemm(false, false, some, H, H, g + 3 * n, 4 * H, w->hh + 2 * n * n, H, 1, carry, H);
    for (int i = 0; i < block_running(block, 0); i++)
        if (is_among(w->begun, block_sequence(block, i))) {
            cpu_add_scaled(n, 1, carry, dh0 + (size_t)block_sequence(block, i) * n);
            carry += n;
        }
}

/* Inputs and outputs of a layer's backward pass. */
struct gru_layer_back {
    const struct gru_weights *w;
    const float *x, *h0, *h, *kept, *dh;
    float *dx, *dh0;
};

/* Backward pass of one block; dw +=.  Scratch: [5H + in] floats a row and [3H] a sequence. */
static void backward_block(const struct gru_block *block, const struct gru_layer_back *b,
                           const struct gate_sums *dw, float *scratch)
{
    const struct gate_weights gates = gru_gates(b->w);
    size_t n = (size_t)b->w->state, in = (size_t)b->w->in, rows = block_rows(block), at = rows;
    size_t sequences = (size_t)block_running(block, -1);
    float *g = scratch, *before = g + rows * 4 * n, *packed = before + (rows + sequences) * n;
    float *carry = packed + rows * in, *spare = carry + sequences * n;
    const float *kept = b->kept + block_first(block) * 4 * n;
    bool some = b->dh0 && b->w->begun && block_steps(block) > 0;
    cpu_gru_before(block, n, b->h0, b->h, before);
    memset(carry, 0, sequences * n * sizeof *carry);
    for (int t = block_steps(block) - 1; t >= 0; t--) {
        at -= (size_t)block_running(block, t);
        cpu_gru_step_back(block, b->w, t, !t && (!b->dh0 || some), before + at * n,
                          kept + at * 4 * n, b->dh, carry, g + at * 4 * n, spare);
    }
    if (!some)
        cpu_gru_end_back(block, n, carry, b->dh0);
    cpu_gru_states_back(block, b->w, rows, !b->h0, kept, g, before, dw);
    if (b->w->ih)
        cpu_gru_inputs_back(block, &gates, rows, 0, b->w->in, b->x, g, packed, b->dx, dw);
    else if (b->dx)
        cpu_gru_unpack(block, 3 * n, 4 * n, g, b->dx);
    if (some)
        begun_back(block, b->w, carry, g, b->dh0);
}

static void backward_share(const struct ragged *r, int parts, const struct gru_layer_back *b,
                           const struct gru_grads *dw, bool apart, float *all, float *scratch,
                           size_t size)
{
    const struct gate_weights gates = gru_gates(b->w);
    size_t own = (size_t)omp_get_thread_num();
    struct span s = cpu_own_share((size_t)parts, 1);
    struct gate_sums to =
        cpu_gate_sums(&gates, dw, apart, all + own * cpu_gate_sums_size(&gates, apart));
    for (size_t part = s.from; part < s.to; part++)
        backward_block(&(struct gru_block){r, (int)part, parts}, b, &to, scratch + own * size);
}

void cpu_gru_back(struct device *d, const struct ragged *r, const struct gru_weights *w,
                  const float *x, const float *h0, const float *h, const float *kept,
                  const float *dh, float *dx, float *dh0, const struct gru_grads *dw)
{
    const struct gru_layer_back back = {w, x, h0, h, kept, dh, dx, dh0};
    const struct gate_weights gates = gru_gates(w);
    struct gru_blocks b = gru_blocks(d, r, w->state);
    struct gru_block first = {r, 0, b.parts};
    size_t n = (size_t)w->state, most = (size_t)block_running(&first, -1);
    size_t size = cpu_padded(block_rows(&first) * (5 * n + (size_t)w->in) + most * 3 * n);
    size_t threads = (size_t)b.threads;
    bool apart = cpu_gate_sums_apart(b.threads, r->total);
    size_t sums = cpu_gate_sums_size(&gates, apart);
    float *all = cpu_scratch(cpu_of(d), threads * (size + sums)), *scratch = all + threads * sums;
    CPU_IN_THREADS(b.threads, backward_share(r, b.parts, &back, dw, apart, all, scratch, size));
    cpu_gate_sums_add(&gates, b.threads, apart, all, dw);
}
