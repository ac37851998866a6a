/* The CPU's recurrent layer.  What does not depend on the state (input products, gradients of the
 * weights) is one product over all steps; the steps themselves run over sequences shared out among
 * the threads, so that no thread waits for another at a step. */
#include <omp.h>

#include "nn/cpu.h"
#include "nn/maths.h"

/* The sequences of one thread: every `parts`th of the packed ones, from `part`, so that each has
 * its share of the long ones and they still stand longest first. */
struct lanes {
    const struct ragged *r;
    int part, parts;
};

static int lanes_running(const struct lanes *l, int t)
{
    int all = t < 0 ? l->r->count : l->r->running[t];
    return all <= l->part ? 0 : (all - l->part + l->parts - 1) / l->parts;
}

static int lanes_sequence(const struct lanes *l, int lane)
{
    return l->r->sequence[l->part + lane * l->parts];
}

/* Row of the lane's step t. */
static size_t lanes_row(const struct lanes *l, int lane, int t)
{
    return (size_t)(l->r->start[lanes_sequence(l, lane)] + t);
}

/* Lanes of the threads before this one: where its part of a [count, .] scratch begins. */
static size_t lanes_before(const struct lanes *l)
{
    size_t before = 0;
    for (int part = 0; part < l->part; part++)
        before += (size_t)lanes_running(&(struct lanes){l->r, part, l->parts}, -1);
    return before;
}

static int gru_threads(struct device *d, const struct ragged *r, const struct gru_weights *w)
{
    return cpu_threads_for(cpu_of(d), (double)r->total * w->state * w->state / 8);
}

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

/* state [lanes, H], hidden [lanes, 3H] */
static void forward_step(const struct lanes *l, const struct gru_weights *w, int t, float *state,
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
        for (int i = 0; i < lanes_running(&l, -1); i++) {
            if (h0)
                memcpy(state + (size_t)i * n, h0 + (size_t)lanes_sequence(&l, i) * n,
                       n * sizeof *state);
            else
                memset(state + (size_t)i * n, 0, n * sizeof *state);
        }
        for (int t = 0; t < r->longest && lanes_running(&l, t) > 0; t++)
            forward_step(&l, w, t, state, hidden, h, kept);
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

/* before [total, H]: the state that each row came from. */
static void backward_step(const struct lanes *l, const struct gru_weights *w, int t,
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

static void states_before(const struct ragged *r, size_t n, const float *h0, const float *h,
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

/* The products over all steps: g [total, 4H], before [total, H]. */
static void weight_gradients(struct device *d, int total, const struct gru_weights *w,
                             const float *x, const float *kept, const float *g, float *before,
                             float *dx, const struct gru_grads *dw)
{
    int H = w->state, in = w->in;
    size_t n = (size_t)H, rows = (size_t)total;
    if (dx)
        cpu_gemm(d, false, false, total, in, 3 * H, g, 4 * H, w->ih, in, 1, dx, in);
    cpu_gemm(d, true, false, 3 * H, in, total, g, 4 * H, x, in, 1, dw->ih, in);
    cpu_gemm(d, true, false, 2 * H, H, total, g, 4 * H, before, H, 1, dw->hh, H);
    if (w->reset_before)
        reset_states(rows, n, kept, before);
    cpu_gemm(d, true, false, H, H, total, g + 3 * n, 4 * H, before, H, 1, dw->hh + 2 * n * n, H);
    cpu_sum_rows(rows, 3 * n, 4 * n, g, dw->ih_bias);
    cpu_sum_rows(rows, 2 * n, 4 * n, g, dw->hh_bias);
    cpu_sum_rows(rows, n, 4 * n, g + 3 * n, dw->hh_bias + 2 * n);
}

void cpu_gru_back(struct device *d, const struct ragged *r, const struct gru_weights *w,
                  const float *x, const float *h0, const float *h, const float *kept,
                  const float *dh, float *dx, float *dh0, const struct gru_grads *dw)
{
    size_t n = (size_t)w->state, count = (size_t)r->count, total = (size_t)r->total;
    float *g = cpu_scratch(cpu_of(d), (count + total) * 4 * n + total * n);
    float *before = g + total * 4 * n, *lane_scratch = before + total * n;
    states_before(r, n, h0, h, before);
    int threads = gru_threads(d, r, w);
#pragma omp parallel num_threads(threads) if (threads > 1)
    {
        struct lanes l = {r, omp_get_thread_num(), omp_get_num_threads()};
        int lanes = lanes_running(&l, -1);
        float *carry = lane_scratch + lanes_before(&l) * n;
        float *step = lane_scratch + count * n + lanes_before(&l) * 3 * n;
        memset(carry, 0, (size_t)lanes * n * sizeof *carry);
        for (int t = r->longest - 1; t >= 0; t--)
            if (lanes_running(&l, t) > 0)
                backward_step(&l, w, t, before, kept, dh, carry, g, step);
        for (int i = 0; dh0 && i < lanes; i++)
            cpu_sum_rows(1, n, n, carry + (size_t)i * n, dh0 + (size_t)lanes_sequence(&l, i) * n);
    }
    weight_gradients(d, r->total, w, x, kept, g, before, dx, dw);
}
