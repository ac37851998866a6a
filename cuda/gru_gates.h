/* One unit of one row of a GRU: its gates from its products, and their gradients.  What the
 * recurrent kernels (cuda/gru_step.h) and those of layers of one step (cuda/gru_once.cu) put
 * around their products.
 *
 * kept and g are the row's at this unit: the gates stand n = H numbers apart, r, z, n, and fourth
 * W_hn h + b_hn.  Biases stand in the parts already. */
#ifndef CUDA_GRU_GATES_H
#define CUDA_GRU_GATES_H

#include "cuda.h"

/* Reset after, from the input's parts x and the state's parts hidden: the new state. */
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

/* Reset before, first half, from the sums of both parts of r and z: r∘h, of which W_hn takes its
 * product. */
static __device__ inline float unit_gates_before(const float x[2], float state, int n, float *kept)
{
    kept[0] = maths_sigmoid(x[0]);
    kept[n] = maths_sigmoid(x[1]);
    return kept[0] * state;
}

/* Second half: the new state. */
static __device__ inline float unit_new_before(float x, float hidden, float state, int n,
                                               float *kept)
{
    float fresh = maths_tanh(x + hidden);
    kept[2 * n] = fresh;
    kept[3 * n] = hidden;
    return maths_gru_new(kept[n], fresh, state);
}

/* From the gradient d of the new state, those before the activations; with reset before r's is
 * left as 0, for it needs that of r∘h.  Beside them d∘z goes to the state before. */
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
