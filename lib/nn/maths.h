/* The maths of the operations, once for every device: C for gcc, __host__ __device__ for nvcc.
 *
 * Plain functions of numbers, without branches that depend on data, so that a loop around them
 * becomes vector code. */
#ifndef NN_MATHS_H
#define NN_MATHS_H

#include <math.h>
#include <stdint.h>
#include <string.h>

#include "base/random.h"

#ifdef __CUDACC__
#define MATHS static inline __host__ __device__
#else
#define MATHS static inline __attribute__((always_inline))
#endif

/* ---- elementary functions, good to a few units in the last place ---- */

/* e^x = 2^n e^r, n the integer nearest to x / ln 2, |r| <= ln 2 / 2; the polynomial of Cephes'
 * expf.  Below -87.3 and above 88.3 it stays at the value there; NaN gives NaN. */
MATHS float maths_exp(float x)
{
    const float to_integer =
        12582912.0f; /* 1.5 · 2^23: adding it rounds, n stands in the low bits */
    float low = x < -87.3f ? -87.3f : x;
    float t = low > 88.3f ? 88.3f : low;
    float shifted = t * 1.44269504f + to_integer;
    float n = shifted - to_integer;
    float r = t - n * 0.693359375f - n * -2.12194440e-4f;
    float p = 1.9875691500e-4f;
    p = p * r + 1.3981999507e-3f;
    p = p * r + 8.3334519073e-3f;
    p = p * r + 4.1665795894e-2f;
    p = p * r + 1.6666665459e-1f;
    p = p * r + 5.0000001201e-1f;
    p = p * (r * r) + r + 1.0f;
    uint32_t bits;
    memcpy(&bits, &shifted, sizeof bits);
    bits = (bits + 127u) << 23;
    float power;
    memcpy(&power, &bits, sizeof power);
    return p * power;
}

MATHS float maths_sigmoid(float x)
{
    return 1.0f / (1.0f + maths_exp(-x));
}

/* Cephes' tanhf: a polynomial near zero, where 1 - 2/(e^2x + 1) would cancel. */
MATHS float maths_tanh(float x)
{
    float size = x < 0 ? -x : x;
    float far = 1.0f - 2.0f / (maths_exp(2.0f * size) + 1.0f);
    float s = x * x;
    float p = -5.70498872745e-3f;
    p = p * s + 2.06390887954e-2f;
    p = p * s - 5.37397155531e-2f;
    p = p * s + 1.33314422036e-1f;
    p = p * s - 3.33332819422e-1f;
    float near = p * s * x + x;
    return size < 0.625f ? near : x < 0 ? -far : far;
}

/* An integer that orders as the float does, for the largest of many: compilers make vector code of
 * it, where NaN would keep them from comparing floats out of order.  NaN comes beyond infinity. */
MATHS int32_t maths_order(float x)
{
    int32_t bits;
    memcpy(&bits, &x, sizeof bits);
    return bits ^ (bits >> 31 & 0x7fffffff);
}

MATHS float maths_order_back(int32_t order)
{
    int32_t bits = order ^ (order >> 31 & 0x7fffffff);
    float x;
    memcpy(&x, &bits, sizeof x);
    return x;
}

/* The upper half of a float32, rounded to the nearest, halves to the even one (bfloat16: its range,
 * 7 bits of fraction); and back.  NaN stays NaN. */
MATHS uint16_t maths_to_bf16(float x)
{
    uint32_t bits;
    memcpy(&bits, &x, sizeof bits);
    uint32_t rounded = (bits + 0x7fffu + (bits >> 16 & 1u)) >> 16;
    return (uint16_t)(x == x ? rounded : bits >> 16 | 0x40u);
}

MATHS float maths_from_bf16(uint16_t x)
{
    uint32_t bits = (uint32_t)x << 16;
    float value;
    memcpy(&value, &bits, sizeof value);
    return value;
}

/* Gradients through an activation, from its value: σ' = y(1 - y), tanh' = 1 - y². */
MATHS float maths_sigmoid_back(float y, float dy)
{
    return dy * y * (1.0f - y);
}

MATHS float maths_tanh_back(float y, float dy)
{
    return dy * (1.0f - y * y);
}

/* ---- gated recurrent unit (models.md, "GRU"): input parts x, state parts h, with their biases
 * r = σ(x_r + h_r), z = σ(x_z + h_z), h' = (1 - z)∘n + z∘h, and
 * n = tanh(x_n + r∘h_n) (reset after; Cho et al. 2014 in PyTorch's form)
 * n = tanh(x_n + W_hn(r∘h) + b_hn) (reset before; Cho et al. 2014, eq. 5 to 8) ---- */

MATHS float maths_gru_new(float z, float n, float h)
{
    return (1.0f - z) * n + z * h;
}

/* Before their activations: dz and dn from the gradient dh of h'. */
MATHS float maths_gru_dz(float z, float n, float h, float dh)
{
    return maths_sigmoid_back(z, dh * (h - n));
}

MATHS float maths_gru_dn(float z, float n, float dh)
{
    return maths_tanh_back(n, dh * (1.0f - z));
}

/* ---- dropout ---- */

/* Elements 4·block .. 4·block+3 of the tensor draw these words; the key is kept apart from that of
 * the initial values. */
MATHS void maths_dropout_words(uint64_t seed, uint64_t step, uint32_t tensor, uint32_t block,
                               uint32_t word[4])
{
    const uint32_t counter[4] = {block, tensor, (uint32_t)step, (uint32_t)(step >> 32)};
    random_philox(seed ^ 0x64726f706f757421u, counter, word);
}

/* What an element is multiplied by: 0 with probability `rate`, else 1 / (1 - rate). */
MATHS float maths_dropout_factor(uint32_t word, float rate, float kept)
{
    return random_unit(word) < rate ? 0.0f : kept;
}

/* ---- optimizers: g is the gradient, already scaled, weight decay included ---- */

/* Kingma & Ba 2015, as torch.optim.Adam: m = β₁m + (1-β₁)g, v = β₂v + (1-β₂)g²,
 * w -= lr/(1-β₁ᵗ) · m / (√v/√(1-β₂ᵗ) + ε). */
#define ADAM_BETA1   0.9
#define ADAM_BETA2   0.999
#define ADAM_EPSILON 1e-8f

MATHS void maths_adam(float g, float rate1, float root2, float *w, float *m, float *v)
{
    const float b1 = (float)ADAM_BETA1, b2 = (float)ADAM_BETA2;
    const float c1 = (float)(1 - ADAM_BETA1), c2 = (float)(1 - ADAM_BETA2);
    *m = b1 * *m + c1 * g;
    *v = b2 * *v + c2 * (g * g);
    *w -= rate1 * (*m / (sqrtf(*v) * root2 + ADAM_EPSILON));
}

/* Adagrad with momentum, as GRU4Rec (Hidasi et al. 2016) has it: a = a + g²,
 * velocity = momentum · velocity - lr · g / √(a + 1e-6), w += velocity. */
#define ADAGRAD_EPSILON 1e-6f

MATHS float maths_adagrad_step(float g, float rate, float *sum)
{
    *sum += g * g;
    return rate * (g / sqrtf(*sum + ADAGRAD_EPSILON));
}

#endif
