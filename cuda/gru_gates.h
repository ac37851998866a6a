/* One unit of one row of a GRU: its gates from its products, and their gradients, for the recurrent
 * kernels (cuda/gru_step.h) and for layers of one step (cuda/gru_once.cu).
 *
 * kept and g point to this unit of the row: its gates are n = H numbers apart, in the order r, z,
 * n, W_hn h + b_hn.  The parts include the biases. */
#ifndef CUDA_GRU_GATES_H
#define CUDA_GRU_GATES_H

#include "cuda.h"

/* Reset after: the new state from the input parts x and the state parts hidden. */
static __device__ inline float unit_after(const float x[3], const float hidden[3], float state,
                                          int n, float *kept)
{
    float r = maths_sigmoid(x[0] + hidden[0]), z = maths_sigmoid(x[1] + hidden[1]);
    float fresh = maths_tanh(x[2] + r * hidden[2]);
    kept[0] = r;
    kept[n] = z;
    kept[2 * n] = fresh;
    kept[3 * n] = hidden[2];
    return maths_gru_new(z, fresh, state);
}

/* Reset before, first half: returns r∘h, the factor of W_hn; x: the sums of both parts of r
 * and z. */
static __device__ inline float unit_gates_before(const float x[2], float state, int n, float *kept)
{
    kept[0] = maths_sigmoid(x[0]);
    kept[n] = maths_sigmoid(x[1]);
    return kept[0] * state;
}

/* Reset before, second half: the new state. */
static __device__ inline float unit_new_before(float x, float hidden, float state, int n,
                                               float *kept)
{
    float fresh = maths_tanh(x + hidden);
    kept[2 * n] = fresh;
    kept[3 * n] = hidden;
    return maths_gru_new(kept[n], fresh, state);
}

/* g = the gradients before the activations, from the gradient d of the new state.  With reset
 * before, the reset gate's is 0, since it needs the gradient of r∘h.  The caller adds d∘z to the
 * gradient of the state before. */
static __device__ inline void unit_back(bool reset_before, const float *kept, int n, float before,
                                        float d, float g[4])
{
    float z = kept[n], fresh = kept[2 * n], dn = maths_gru_dn(z, fresh, d);
    g[0] = reset_before ? 0 : maths_sigmoid_back(kept[0], dn * kept[3 * n]);
    g[1] = maths_gru_dz(z, fresh, before, d);
    g[2] = dn;
    g[3] = reset_before ? dn : dn * kept[0];
}

#endif
