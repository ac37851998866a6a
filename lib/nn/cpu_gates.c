#include "nn/cpu_gates.h"

enum {
    ROWS_AT_ONCE = 16, /* of a matrix that is turned: whole cache lines are written */
    MANY = 512         /* rows beside which it is little to turn a layer's matrices */
};

/* to [cols, rows] = or += from [rows, cols]. */
static void turn(size_t rows, size_t cols, const float *restrict from, bool add, float *restrict to)
{
    for (size_t at = 0; at < rows; at += ROWS_AT_ONCE, from += ROWS_AT_ONCE * cols) {
        size_t some = rows - at < ROWS_AT_ONCE ? rows - at : ROWS_AT_ONCE;
        for (size_t j = 0; j < cols; j++) {
            float *line = to + j * rows + at;
            for (size_t i = 0; i < some; i++)
                line[i] = from[i * cols + j] + (add ? line[i] : 0);
        }
    }
}

static size_t inputs_size(const struct gate_weights *w)
{
    return w->ih ? (size_t)w->out * (size_t)w->in : 0;
}

static size_t states_size(const struct gate_weights *w)
{
    return (size_t)w->out * (size_t)w->state;
}

size_t cpu_gate_factors_size(const struct gate_weights *w)
{
    return cpu_padded(inputs_size(w) + states_size(w));
}

/* ---- products with the weights ---- */

struct gate_factors cpu_gate_factors(const struct ragged *r, const struct gate_weights *w,
                                     float *own)
{
    float *hh = own + inputs_size(w);
    if (r->longest < 2 || r->total < MANY)
        return (struct gate_factors){{false, w->in, w->ih}, {false, w->state, w->hh}};
    if (w->ih)
        turn((size_t)w->out, (size_t)w->in, w->ih, false, own);
    turn((size_t)w->out, (size_t)w->state, w->hh, false, hh);
    return (struct gate_factors){{true, w->out, own}, {true, w->out, hh}};
}

struct gate_factor cpu_gate_factor_from(struct gate_factor f, int gate, int column)
{
    f.at += gate_place(f.turned, f.ld, gate, column);
    return f;
}

void cpu_gate_product(struct gate_factor f, int rows, int gates, int cols, const float *x, int ldx,
                      float beta, float *y, int ldy)
{
    cpu_sgemm(false, !f.turned, rows, gates, cols, x, ldx, f.at, f.ld, beta, y, ldy);
}

/* ---- sums of gradients ---- */

bool cpu_gate_sums_apart(int threads, int rows)
{
    return threads > 1 || rows >= MANY;
}

static size_t matrices_size(const struct gate_weights *w, bool apart)
{
    return apart ? inputs_size(w) + states_size(w) : 0;
}

size_t cpu_gate_sums_size(const struct gate_weights *w, bool apart)
{
    return cpu_padded(matrices_size(w, apart) + (size_t)w->ld);
}

struct gate_sums cpu_gate_sums(const struct gate_weights *w, const struct gru_grads *dw, bool apart,
                               float *own)
{
    float *bias = own + matrices_size(w, apart);
    memset(own, 0, cpu_gate_sums_size(w, apart) * sizeof *own);
    if (!apart)
        return (struct gate_sums){{false, w->in, dw->ih}, {false, w->state, dw->hh}, bias};
    return (struct gate_sums){{true, w->out, own}, {true, w->out, own + inputs_size(w)}, bias};
}

void cpu_gate_sum_product(struct gate_sum s, int gate, int column, int gates, int cols, int rows,
                          const float *g, int ldg, const float *x, int ldx)
{
    float *to = s.at + gate_place(s.turned, s.ld, gate, column);
    if (s.turned)
        cpu_sgemm(true, false, cols, gates, rows, x, ldx, g, ldg, 1, to, s.ld);
    else
        cpu_sgemm(true, false, gates, cols, rows, g, ldg, x, ldx, 1, to, s.ld);
}

void cpu_gate_sums_add(const struct gate_weights *w, int threads, bool apart, float *all,
                       const struct gru_grads *dw)
{
    size_t out = (size_t)w->out, last = (size_t)w->state, ld = (size_t)w->ld;
    for (int i = 0; i < threads; i++, all += cpu_gate_sums_size(w, apart)) {
        const float *bias = all + matrices_size(w, apart);
        if (apart && w->ih)
            turn((size_t)w->in, out, all, true, dw->ih);
        if (apart)
            turn((size_t)w->state, out, all + inputs_size(w), true, dw->hh);
        cpu_add_scaled(out, 1, bias, dw->ih_bias);
        cpu_add_scaled(out - last, 1, bias, dw->hh_bias);
        cpu_add_scaled(last, 1, bias + ld - last, dw->hh_bias + out - last);
    }
}
