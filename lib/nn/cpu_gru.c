/* The CPU's recurrent layer. */
#include "nn/cpu_gru.h"

#include <omp.h>

#include "nn/maths.h"

/* ---- forward ---- */

/* One row's gates: kept [4H] holds the input products, hidden [3H] those of the state. */
VECTOR static void gates_after(size_t n, const float *ih_bias, const float *hh_bias,
                               const float *restrict hidden, float *restrict kept,
                               float *restrict state, float *restrict h)
{
#pragma omp simd
    for (size_t j = 0; j < n; j++) {
        float r = maths_sigmoid(kept[j] + ih_bias[j] + hidden[j] + hh_bias[j]);
        float z = maths_sigmoid(kept[n + j] + ih_bias[n + j] + hidden[n + j] + hh_bias[n + j]);
        float hidden_n = hidden[2 * n + j] + hh_bias[2 * n + j];
        float new = maths_tanh(kept[2 * n + j] + ih_bias[2 * n + j] + r * hidden_n);
        kept[j] = r;
        kept[n + j] = z;
        kept[2 * n + j] = new;
        kept[3 * n + j] = hidden_n;
        h[j] = state[j] = maths_gru_new(z, new, state[j]);
    }
}

/* Reset before, first half: r and z, and r∘h into reset [H]. */
VECTOR static void gates_before(size_t n, const float *ih_bias, const float *hh_bias,
                                const float *restrict hidden, float *restrict kept,
                                const float *restrict state, float *restrict reset)
{
#pragma omp simd
    for (size_t j = 0; j < n; j++) {
        float r = maths_sigmoid(kept[j] + ih_bias[j] + hidden[j] + hh_bias[j]);
        kept[j] = r;
        kept[n + j] = maths_sigmoid(kept[n + j] + ih_bias[n + j] + hidden[n + j] + hh_bias[n + j]);
        reset[j] = r * state[j];
    }
}

/* Second half, with hidden [H] = W_hn(r∘h). */
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

void cpu_gru_step(const struct lanes *l, const struct gru_weights *w, int t, float *state,
                  float *hidden, float *h, float *kept)
{
    int run = lanes_running(l, t), H = w->state;
    size_t n = (size_t)H;
    cpu_sgemm(false, true, run, w->reset_before ? 2 * H : 3 * H, H, state, H, w->hh, H, 0, hidden,
              3 * H);
    if (!w->reset_before) {
        for (int i = 0; i < run; i++) {
            size_t row = lanes_row(l, i, t), lane = (size_t)i;
            gates_after(n, w->ih_bias, w->hh_bias, hidden + lane * 3 * n, kept + row * 4 * n,
                        state + lane * n, h + row * n);
        }
        return;
    }
    /* The last third of hidden takes r∘h; its first third, by then used, takes W_hn(r∘h). */
    for (int i = 0; i < run; i++) {
        float *own = hidden + (size_t)i * 3 * n;
        gates_before(n, w->ih_bias, w->hh_bias, own, kept + lanes_row(l, i, t) * 4 * n,
                     state + (size_t)i * n, own + 2 * n);
    }
    cpu_sgemm(false, true, run, H, H, hidden + 2 * n, 3 * H, w->hh + 2 * n * n, H, 0, hidden,
              3 * H);
    for (int i = 0; i < run; i++) {
        size_t row = lanes_row(l, i, t), lane = (size_t)i;
        new_before(n, w->ih_bias, w->hh_bias, hidden + lane * 3 * n, kept + row * 4 * n,
                   state + lane * n, h + row * n);
    }
}

void cpu_gru_begin(const struct lanes *l, size_t n, const float *h0, float *state)
{
    for (int i = 0; i < lanes_running(l, -1); i++) {
        if (h0)
            memcpy(state + (size_t)i * n, h0 + (size_t)lanes_sequence(l, i) * n, n * sizeof *state);
        else
            memset(state + (size_t)i * n, 0, n * sizeof *state);
    }
}

void cpu_gru(struct device *d, const struct ragged *r, const struct gru_weights *w, const float *x,
             const float *h0, float *h, float *kept)
{
    size_t n = (size_t)w->state, count = (size_t)r->count;
    float *scratch = cpu_scratch(cpu_of(d), count * 4 * n);
    cpu_gemm(d, false, true, r->total, 3 * w->state, w->in, x, w->in, w->ih, w->in, 0, kept,
             4 * w->state);
    int threads = gru_threads(d, r, w);
#pragma omp parallel num_threads(threads) if (threads > 1)
    {
        struct lanes l = {r, omp_get_thread_num(), omp_get_num_threads()};
        float *state = scratch + lanes_before(&l) * n;
        float *hidden = scratch + count * n + lanes_before(&l) * 3 * n;
        cpu_gru_begin(&l, n, h0, state);
        for (int t = 0; t < r->longest && lanes_running(&l, t) > 0; t++)
            cpu_gru_step(&l, w, t, state, hidden, h, kept);
    }
}

/* ---- backward ---- */

/* One row: from its dh and the carry [H] of the step after it, the gradients before the
 * activations into g [4H] (r, z, n, W_hn h + b_hn) and step [3H] (those of the state's products);
 * carry becomes dh∘z. */
VECTOR static void gates_after_back(size_t n, const float *restrict kept,
                                    const float *restrict before, const float *restrict dh,
                                    float *restrict carry, float *restrict g, float *restrict step)
{
#pragma omp simd
    for (size_t j = 0; j < n; j++) {
        float r = kept[j], z = kept[n + j], new = kept[2 * n + j], hidden_n = kept[3 * n + j];
        float d = dh[j] + carry[j];
        float dn = maths_gru_dn(z, new, d);
        step[j] = g[j] = maths_sigmoid_back(r, dn * hidden_n);
        step[n + j] = g[n + j] = maths_gru_dz(z, new, before[j], d);
        g[2 * n + j] = dn;
        step[2 * n + j] = g[3 * n + j] = dn * r;
        carry[j] = d * z;
    }
}

/* Reset before, first half: all but r's; step's last third takes dn. */
VECTOR static void new_before_back(size_t n, const float *restrict kept,
                                   const float *restrict before, const float *restrict dh,
                                   float *restrict carry, float *restrict g, float *restrict step)
{
#pragma omp simd
    for (size_t j = 0; j < n; j++) {
        float z = kept[n + j], new = kept[2 * n + j];
        float d = dh[j] + carry[j];
        step[n + j] = g[n + j] = maths_gru_dz(z, new, before[j], d);
        step[2 * n + j] = g[2 * n + j] = g[3 * n + j] = maths_gru_dn(z, new, d);
        carry[j] = d * z;
    }
}

/* Second half: r's, from the gradient of r∘h in step's first third. */
VECTOR static void gates_before_back(size_t n, const float *restrict kept,
                                     const float *restrict before, float *restrict carry,
                                     float *restrict g, float *restrict step)
{
#pragma omp simd
    for (size_t j = 0; j < n; j++) {
        float r = kept[j], d = step[j];
        carry[j] += d * r;
        step[j] = g[j] = maths_sigmoid_back(r, d * before[j]);
    }
}

void cpu_gru_step_back(const struct lanes *l, const struct gru_weights *w, int t,
                       const float *before, const float *kept, const float *dh, float *carry,
                       float *g, float *step)
{
    int run = lanes_running(l, t), H = w->state;
    size_t n = (size_t)H;
    for (int i = 0; i < run; i++) {
        size_t row = lanes_row(l, i, t), lane = (size_t)i;
        (w->reset_before ? new_before_back : gates_after_back)(
            n, kept + row * 4 * n, before + row * n, dh + row * n, carry + lane * n,
            g + row * 4 * n, step + lane * 3 * n);
    }
    if (w->reset_before) {
        cpu_sgemm(false, false, run, H, H, step + 2 * n, 3 * H, w->hh + 2 * n * n, H, 0, step,
                  3 * H);
        for (int i = 0; i < run; i++) {
            size_t row = lanes_row(l, i, t), lane = (size_t)i;
            gates_before_back(n, kept + row * 4 * n, before + row * n, carry + lane * n,
                              g + row * 4 * n, step + lane * 3 * n);
        }
    }
    cpu_sgemm(false, false, run, H, w->reset_before ? 2 * H : 3 * H, step, 3 * H, w->hh, H, 1,
              carry, H);
}

void cpu_gru_before(const struct ragged *r, size_t n, const float *h0, const float *h,
                    float *before)
{
    for (int s = 0; s < r->count; s++) {
        size_t from = (size_t)r->start[s], rows = (size_t)r->start[s + 1] - from;
        if (!rows)
            continue;
        if (h0)
            memcpy(before + from * n, h0 + (size_t)s * n, n * sizeof *before);
        else
            memset(before + from * n, 0, n * sizeof *before);
        memcpy(before + (from + 1) * n, h + from * n, (rows - 1) * n * sizeof *before);
    }
}

/* before = r∘before: what W_hn was multiplied with. */
VECTOR static void reset_states(size_t rows, size_t n, const float *restrict kept,
                                float *restrict before)
{
    for (size_t i = 0; i < rows; i++)
        for (size_t j = 0; j < n; j++)
            before[i * n + j] *= kept[i * 4 * n + j];
}

void cpu_gru_inputs_back(struct device *d, int total, const struct gru_weights *w, int first,
                         int cols, const float *x, const float *g, float *dx,
                         const struct gru_grads *dw)
{
    int H = w->state, in = w->in;
    if (dx)
        cpu_gemm(d, false, false, total, cols, 3 * H, g, 4 * H, w->ih + first, in, 1, dx, cols);
    cpu_gemm(d, true, false, 3 * H, cols, total, g, 4 * H, x, cols, 1, dw->ih + first, in);
}

void cpu_gru_states_back(struct device *d, int total, const struct gru_weights *w,
                         const float *kept, const float *g, float *before,
                         const struct gru_grads *dw)
{
    int H = w->state;
    size_t n = (size_t)H, rows = (size_t)total;
    cpu_gemm(d, true, false, 2 * H, H, total, g, 4 * H, before, H, 1, dw->hh, H);
    if (w->reset_before)
        reset_states(rows, n, kept, before);
    cpu_gemm(d, true, false, H, H, total, g + 3 * n, 4 * H, before, H, 1, dw->hh + 2 * n * n, H);
    cpu_sum_rows(rows, 3 * n, 4 * n, g, dw->ih_bias);
    cpu_sum_rows(rows, 2 * n, 4 * n, g, dw->hh_bias);
    cpu_sum_rows(rows, n, 4 * n, g + 3 * n, dw->hh_bias + 2 * n);
}

void cpu_gru_end_back(const struct lanes *l, size_t n, const float *carry, float *dh0)
{
    for (int i = 0; dh0 && i < lanes_running(l, -1); i++)
        cpu_sum_rows(1, n, n, carry + (size_t)i * n, dh0 + (size_t)lanes_sequence(l, i) * n);
}

void cpu_gru_back(struct device *d, const struct ragged *r, const struct gru_weights *w,
                  const float *x, const float *h0, const float *h, const float *kept,
                  const float *dh, float *dx, float *dh0, const struct gru_grads *dw)
{
    size_t n = (size_t)w->state, count = (size_t)r->count, total = (size_t)r->total;
    float *g = cpu_scratch(cpu_of(d), (count + total) * 4 * n + total * n);
    float *before = g + total * 4 * n, *lane_scratch = before + total * n;
    cpu_gru_before(r, n, h0, h, before);
    int threads = gru_threads(d, r, w);
#pragma omp parallel num_threads(threads) if (threads > 1)
    {
        struct lanes l = {r, omp_get_thread_num(), omp_get_num_threads()};
        float *carry = lane_scratch + lanes_before(&l) * n;
        float *step = lane_scratch + count * n + lanes_before(&l) * 3 * n;
        memset(carry, 0, (size_t)lanes_running(&l, -1) * n * sizeof *carry);
        for (int t = r->longest - 1; t >= 0; t--)
            if (lanes_running(&l, t) > 0)
                cpu_gru_step_back(&l, w, t, before, kept, dh, carry, g, step);
        cpu_gru_end_back(&l, n, carry, dh0);
    }
    cpu_gru_inputs_back(d, r->total, w, 0, w->in, x, g, dx, dw);
    cpu_gru_states_back(d, r->total, w, kept, g, before, dw);
}
