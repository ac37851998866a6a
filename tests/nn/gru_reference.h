/* Steps of recurrent units in double precision, written plainly: a gated one (models.md, "GRU") and
 * an LSTM (PyTorch's form). */
#ifndef TESTS_NN_GRU_REFERENCE_H
#define TESTS_NN_GRU_REFERENCE_H

#include <math.h>
#include <stdbool.h>

struct reference_unit {
    int in, state;
    bool before;                               /* reset before */
    const double *ih, *hh, *ih_bias, *hh_bias; /* ih NULL: x is W_ih x [3H] */
};

static double sigmoid(double x)
{
    return 1 / (1 + exp(-x));
}

/* to [H] from x [in] and h [H]; a = W_ih x + b_ih, b = W_hh h + b_hh. */
static inline void reference_step(const struct reference_unit *u, const double *x, const double *h,
                                  double *to)
{
    int H = u->state;
    double a[3 * 257], b[3 * 257], r[257];
    for (int pass = 0; pass < 2; pass++) /* the second with r∘h, for reset before */
        for (int i = pass ? 2 * H : 0; i < 3 * H; i++) {
            a[i] = u->ih_bias[i] + (u->ih ? 0 : x[i]);
            b[i] = u->hh_bias[i];
            for (int j = 0; j < u->in; j++)
                a[i] += u->ih[i * u->in + j] * x[j];
            for (int j = 0; j < H; j++)
                b[i] += u->hh[i * H + j] * (pass && u->before ? r[j] * h[j] : h[j]);
            if (i < H)
                r[i] = sigmoid(a[i] + b[i]);
        }
    for (int i = 0; i < H; i++) {
        double z = sigmoid(a[H + i] + b[H + i]);
        double n = tanh(a[2 * H + i] + (u->before ? 1 : r[i]) * b[2 * H + i]);
        to[i] = (1 - z) * n + z * h[i];
    }
}

/* to [2H] = [h; c] from x [in] (ih NULL: W_ih x [4H]) and before [2H]; u->before is not read. */
static inline void reference_lstm_step(const struct reference_unit *u, const double *x,
                                       const double *before, double *to)
{
    int H = u->state;
    double a[4 * 257];
    for (int i = 0; i < 4 * H; i++) {
        a[i] = u->ih_bias[i] + u->hh_bias[i] + (u->ih ? 0 : x[i]);
        for (int j = 0; j < u->in; j++)
            a[i] += u->ih[i * u->in + j] * x[j];
        for (int j = 0; j < H; j++)
            a[i] += u->hh[i * H + j] * before[j];
    }
    for (int i = 0; i < H; i++) {
        double c = sigmoid(a[H + i]) * before[H + i] + sigmoid(a[i]) * tanh(a[2 * H + i]);
        to[H + i] = c;
        to[i] = sigmoid(a[3 * H + i]) * tanh(c);
    }
}

#endif
