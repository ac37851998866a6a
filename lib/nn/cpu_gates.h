/* The weights of the CPU's recurrent layers as factors of products, and the sums of their
 * gradients.  A layer has `out` gates: 3H in a GRU, 4H in an LSTM.
 *
 * Products are fastest where vectors run along the gates, of which there are more than there are
 * inputs or units, so the matrices are turned: weights once a pass, as every step of the sequences
 * multiplies by them, and gradients once at the end. */
#ifndef NN_CPU_GATES_H
#define NN_CPU_GATES_H

#include "nn/cpu.h"

/* A layer's weights.  The rows of g, the gradients of its gates' sums, are `ld` floats apart: first
 * come those of the input's parts; those of the state's parts are the same, but for the last H,
 * which end the row. */
struct gate_weights {
    int out, ld, in, state;
    const float *ih, *hh; /* [out, in] or NULL, [out, state] */
};

static inline struct gate_weights gru_gates(const struct gru_weights *w)
{
    return (struct gate_weights){3 * w->state, 4 * w->state, w->in, w->state, w->ih, w->hh};
}

/* Floats of both matrices. */
size_t cpu_gate_factors_size(const struct gate_weights *w);

/* One of the matrices, or what follows one of its gates and columns. */
struct gate_factor {
    bool turned; /* [in, out], else [out, in] */
    int ld;
    const float *at;
};

struct gate_factors {
    struct gate_factor ih, hh;
};

/* Where a gate and a column are in a matrix. */
static inline size_t gate_place(bool turned, int ld, int gate, int column)
{
    return (size_t)(turned ? column : gate) * (size_t)ld + (size_t)(turned ? gate : column);
}

/* Both matrices: copies in `own`, turned, where there are several steps of many rows.  Few rows, as
 * those of an answer, would wait for the copies, and for kernels that oneDNN makes for them. */
struct gate_factors cpu_gate_factors(const struct ragged *r, const struct gate_weights *w,
                                     float *own);

/* The factor from a gate and a column on. */
struct gate_factor cpu_gate_factor_from(struct gate_factor f, int gate, int column);

/* y [rows, gates] = x [rows, cols] times the factor's first gates and columns, + beta y. */
void cpu_gate_product(struct gate_factor f, int rows, int gates, int cols, const float *x, int ldx,
                      float beta, float *y, int ldy);

/* Where the gradient of a matrix is added. */
struct gate_sum {
    bool turned;
    int ld;
    float *at;
};

struct gate_sums {
    struct gate_sum ih, hh;
    float *bias; /* [ld] of the rows of g */
};

/* Whether each thread sums the gradients in turned matrices of its own: where there are several
 * threads, or so many rows that adding these matrices to the gradients is little beside them. */
bool cpu_gate_sums_apart(int threads, int rows);

/* Floats of a thread's sums. */
size_t cpu_gate_sums_size(const struct gate_weights *w, bool apart);

/* The sums of a thread in `own`, all 0; not apart: the matrices are the gradients dw themselves. */
struct gate_sums cpu_gate_sums(const struct gate_weights *w, const struct gru_grads *dw, bool apart,
                               float *own);

/* The sum's first gates and columns, from `gate` and `column` on, += gᵀ x, of g [rows, gates] and
 * x [rows, cols]. */
void cpu_gate_sum_product(struct gate_sum s, int gate, int column, int gates, int cols, int rows,
                          const float *g, int ldg, const float *x, int ldx);

/* dw += the sums of all threads, in the order of the threads. */
void cpu_gate_sums_add(const struct gate_weights *w, int threads, bool apart, float *all,
                       const struct gru_grads *dw);

#endif
