/* The maths of the operations, once for every device: C for gcc, __host__ __device__ for nvcc.
 * Plain functions of numbers without branches that depend on data, so that compilers vectorize
 * loops around them. */
#ifndef NN_MATHS_H
#define NN_MATHS_H

#include <math.h>
#include <stdint.h>
#include <string.h>

#include "base/random.h"
#include "nn/ops.h"

#ifdef __CUDACC__
#define MATHS static inline __host__ __device__
#else
#define MATHS static inline __attribute__((always_inline))
#endif

/* ---- elementary functions, good to a few units in the last place ---- */

/* e^x = 2^n e^r, n the integer nearest to x / ln 2, |r| <= ln 2 / 2, by the polynomial of Cephes'
 * expf.  Constant below -87.3 and above 88.3; NaN gives NaN. */
MATHS float maths_exp(float x)
{
    const float to_integer =
        12582912.0f; /* 1.5 · 2^23: adding it rounds, and n is in the low bits */
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

/* e^x for x that are not far above 0, for scores minus a number near their maximum, in fewer
 * operations: 2^n 2^r, n the integer nearest to x / ln 2, |r| <= 1/2.  Not for x above 80.  The
 * relative error is 3e-7 plus 6e-8 |x| / ln 2, large only where the value is small beside e^0.
 * Constant below -87.3, and where x is NaN with a sign: the words are compared, since of numbers,
 * which may be NaN, compilers make no minimum but a choice between two results. */
MATHS float maths_exp_below(float x)
{
    const float to_integer = 12583039.0f; /* 1.5 · 2^23 + 127: the low bits are the exponent's */
    const uint32_t last = 0xc2ae999a;     /* -87.3; words of numbers below it are greater */
    uint32_t word;
    memcpy(&word, &x, sizeof word);
    word = word < last ? word : last;
    memcpy(&x, &word, sizeof x);
    float t = x * 1.44269504f;
    float shifted = t + to_integer;
    float r = t - (shifted - to_integer);
    float p = 1.338130254e-3f;
    p = p * r + 9.666368515e-3f;
    p = p * r + 5.550381014e-2f;
    p = p * r + 2.402234904e-1f;
    p = p * r + 6.931471806e-1f;
    p = p * r + 1.0f;
    uint32_t bits;
    memcpy(&bits, &shifted, sizeof bits);
    bits <<= 23;
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

/* log(1 + u), 0 <= u <= 1: 2 artanh s = 2 s (1 + s²/3 + s⁴/5 + ...) with s = u / (2 + u) <= 1/3.
 * The series is cut to four terms, with a relative error of at most 5e-9.  Small u keep full
 * precision. */
MATHS float maths_log1p(float u)
{
    float s = u / (2.0f + u), t = s * s;
    float p = 0.140122293f;
    p = p * t + 0.139995706f;
    p = p * t + 0.200108495f;
    p = p * t + 0.333332066f;
    return 2.0f * s * (t * p + 1.0f);
}

/* An integer in the same order as the float, for maxima: compilers vectorize its maximum, but not
 * that of floats, because of NaN.  NaN is above infinity. */
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

/* To bfloat16, the upper half of a float32 (its range, 7 bits of fraction), rounded to the nearest,
 * ties to even; and back.  NaN stays NaN. */
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

/* Gradients through an activation from its value y: σ' = y(1 - y), tanh' = 1 - y². */
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

/* dz and dn, the gradients before the activations, from the gradient dh of h'. */
MATHS float maths_gru_dz(float z, float n, float h, float dh)
{
    return maths_sigmoid_back(z, dh * (h - n));
}

MATHS float maths_gru_dn(float z, float n, float dh)
{
    return maths_tanh_back(n, dh * (1.0f - z));
}

/* ---- long short-term memory (Hochreiter and Schmidhuber 1997, in PyTorch's form): from the sums
 * of input and state products and their biases i, f, o = σ(.), g = tanh(.), c' = f∘c + i∘g,
 * h' = o∘tanh(c') ---- */

MATHS float maths_lstm_cell(float i, float f, float g, float c)
{
    return f * c + i * g;
}

/* The gradient of c' through h', from t = tanh(c') and the gradient dh of h'. */
MATHS float maths_lstm_dc(float o, float t, float dh)
{
    return maths_tanh_back(t, dh * o);
}

/* ---- directions of rows: u = x / |x|, from the sum of squares; of the cosine c = u · v the
 * gradient is (v - u c) / |x| ---- */

MATHS float maths_inverse_length(float squares)
{
    return squares > 0 ? 1.0f / sqrtf(squares) : 0.0f;
}

MATHS float maths_cosine_back(float u, float v, float cosine, float inverse)
{
    return (v - u * cosine) * inverse;
}

/* ---- a softmax that is taught (nn/ops.h, struct taught): q and s from e = e^(score - top) of both
 * models and their sums, `mix` the target's share of the teacher ---- */

/* log q_i = score_i - top - log Σ e; own: score - top of the target, taught: Σ_i s_i (score_i -
 * top). */
MATHS float maths_taught_loss(float log_sum, float own, float taught, float mix)
{
    return log_sum - (1.0f - mix) * own - mix * taught;
}

/* The slope of the loss by a score, but for the target's own: q - λ s. */
MATHS float maths_taught_slope(float q, float s, float mix)
{
    return q - mix * s;
}

/* ---- layer normalization: y = gain ∘ x^ + bias, x^ = (x - mean) / √(variance + ε); with g = gain
 * ∘ dy, the means of a row over g and over g ∘ x^ give dx = (g - mean(g) - x^ ∘ mean(g ∘ x^)) /
 * √(variance + ε) ---- */

/* As in PyTorch. */
#define LAYER_NORM_EPSILON 1e-5f

MATHS float maths_normal(float x, float mean, float inverse)
{
    return (x - mean) * inverse;
}

MATHS float maths_normal_back(float g, float normal, float mean_g, float mean_gn, float inverse)
{
    return (g - mean_g - normal * mean_gn) * inverse;
}

/* ---- losses over some of the items (nn/ops.h, enum loss_kind) ---- */

/* log σ(x) and its derivative σ(-x) for any x, both from e^-|x|. */
MATHS float maths_log_sigmoid(float x)
{
    float size = x < 0 ? -x : x;
    return (x < 0 ? x : 0.0f) - maths_log1p(maths_exp(-size));
}

MATHS float maths_log_sigmoid_back(float x)
{
    float size = x < 0 ? -x : x, power = maths_exp(-size);
    return (x < 0 ? 1.0f : power) / (1.0f + power);
}

/* A negative's term of the pairwise losses before its weight, from its score y_j and the target's
 * y_i: TOP1: σ(y_j - y_i) + σ(y_j²); BPR: -log σ(y_i - y_j); BPR-max: σ(y_i - y_j); hinge: max(0, 1
 * + y_j - y_i). */
MATHS float maths_pair(int kind, float own, float other)
{
    if (kind == LOSS_BPR)
        return -maths_log_sigmoid(own - other);
    if (kind == LOSS_BPR_MAX)
        return maths_sigmoid(own - other);
    if (kind == LOSS_HINGE)
        return 1.0f + other - own > 0 ? 1.0f + other - own : 0.0f;
    return maths_sigmoid(other - own) + maths_sigmoid(other * other);
}

/* Its derivatives by the target's score and by the negative's score. */
MATHS void maths_pair_back(int kind, float own, float other, float *by_own, float *by_other)
{
    if (kind == LOSS_BPR) {
        *by_other = maths_log_sigmoid_back(own - other);
        *by_own = -*by_other;
    } else if (kind == LOSS_BPR_MAX) {
        *by_own = maths_sigmoid_back(maths_sigmoid(own - other), 1);
        *by_other = -*by_own;
    } else if (kind == LOSS_HINGE) {
        *by_other = 1.0f + other - own > 0 ? 1.0f : 0.0f;
        *by_own = -*by_other;
    } else {
        *by_own = -maths_sigmoid_back(maths_sigmoid(other - own), 1);
        *by_other = 2 * other * maths_sigmoid_back(maths_sigmoid(other * other), 1) - *by_own;
    }
}

/* Whether a candidate is a negative for a target, from the items and the owners of both. */
MATHS bool maths_negative(int32_t item, int32_t target, int32_t owner, int32_t own_owner)
{
    return (item != target) & ((owner != own_owner) | (owner < 0));
}

/* ---- dropout ---- */

#define MATHS_DROPOUT_KEY 0x64726f706f757421u

/* The four random words of elements 4·block .. 4·block+3 of the tensor.  Their key differs from the
 * one of initial values. */
MATHS void maths_dropout_words(uint64_t seed, uint64_t step, uint32_t tensor, uint32_t block,
                               uint32_t word[4])
{
    const uint32_t counter[4] = {block, tensor, (uint32_t)step, (uint32_t)(step >> 32)};
    random_philox(seed ^ MATHS_DROPOUT_KEY, counter, word);
}

/* The same as 64-bit numbers (base/random.h). */
MATHS void maths_dropout_words_wide(const uint32_t multiplier[2], uint64_t seed, uint64_t step,
                                    uint32_t tensor, uint32_t block, uint64_t word[4])
{
    const uint64_t counter[4] = {block, tensor, (uint32_t)step, step >> 32};
    random_philox_wide(multiplier, seed ^ MATHS_DROPOUT_KEY, counter, word);
}

/* The factor of an element: 0 with probability `rate`, else 1 / (1 - rate). */
MATHS float maths_dropout_factor(uint32_t word, float rate, float kept)
{
    return random_unit(word) < rate ? 0.0f : kept;
}

/* ---- optimizers: g is the gradient, already scaled, weight decay included ---- */

MATHS float maths_gradient(float g, float scale, float w, float decay)
{
    return scale * g + decay * w;
}

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

/* Adagrad with momentum, as in GRU4Rec (Hidasi et al.  2016): a = a + g², velocity = momentum ·
 * velocity - lr · g / √(a + 1e-6), w += velocity. */
#define ADAGRAD_EPSILON 1e-6f

MATHS float maths_adagrad_step(float g, float rate, float *sum)
{
    *sum += g * g;
    return rate * (g / sqrtf(*sum + ADAGRAD_EPSILON));
}

MATHS void maths_adagrad(float g, float rate, float *w, float *sum)
{
    *w -= maths_adagrad_step(g, rate, sum);
}

MATHS void maths_adagrad_momentum(float g, float rate, float momentum, float *w, float *velocity,
                                  float *sum)
{
    *velocity = momentum * *velocity - maths_adagrad_step(g, rate, sum);
    *w += *velocity;
}

/* velocity = momentum · velocity + g, w -= lr · velocity (torch.optim.SGD). */
MATHS void maths_sgd(float g, float rate, float *w)
{
    *w -= rate * g;
}

MATHS void maths_sgd_momentum(float g, float rate, float momentum, float *w, float *velocity)
{
    *velocity = momentum * *velocity + g;
    *w -= rate * *velocity;
}

/* ---- lazy updates: the effect of k steps without a gradient at once ---- */

/* Adam without weight decay, step t being the row's last: m falls as β₁ʲ, v as β₂ʲ, and w by
 *
 *     m Σ_j a_j / (c_j √v + ε),  a_j = lr β₁ʲ/(1-β₁ᵗ⁺ʲ),  c_j = √(β₂ʲ/(1-β₂ᵗ⁺ʲ)),  j = 1 .. k.
 *
 * The terms are taken in groups: one of weight A = Σ a_j at C, the mean of its c_j, with the series
 * of 1 / (c √v + ε) about C up to the fourth power of (C - c_j)/C; y = C √v / (C √v + ε), computed
 * as 1 - ε / (C √v + ε), since v may be infinite.  What that leaves out is below 4e-5 lr, whatever
 * t, k and the gradients were.  After ADAM_FADED steps β₁ʲ counts no more. */
enum { ADAM_GROUPS = 6, ADAM_FADED = 200 };

struct adam_group {
    float weight, root, moment[3]; /* A, C, mean of ((C - c_j)/C)^2, ^3, ^4 */
};

struct adam_passed {
    struct adam_group group[ADAM_GROUPS];
    int groups; /* groups that have terms */
    float m, v; /* factors of m and v */
};

/* Group g of k steps after step t > 0, from β₁ᵗ and β₂ᵗ.  One walk sums powers of the distance of
 * c_j from the group's first c, weighted; they give the mean and the moments about it. */
MATHS struct adam_group maths_adam_group(double rate, double b1t, double b2t, int64_t k, int g)
{
    const int first[ADAM_GROUPS + 1] = {1, 3, 6, 12, 22, 40, ADAM_FADED + 1};
    const int from = first[g], to = k < first[g + 1] - 1 ? (int)k + 1 : first[g + 1];
    double b1j = pow(ADAM_BETA1, from), b2j = pow(ADAM_BETA2, from);
    const double root = sqrt(b2j / (1 - b2t * b2j));
    double s0 = 0, s1 = 0, s2 = 0, s3 = 0, s4 = 0;
    struct adam_group to_group = {0, 1, {0, 0, 0}};
    if (from >= to)
        return to_group;
    for (int j = from; j < to; j++, b1j *= ADAM_BETA1, b2j *= ADAM_BETA2) {
        double p = 1 - b1t * b1j, q = 1 - b2t * b2j, both = 1 / (p * q);
        double off = 1 - sqrt(b2j * p * both) / root, part = b1j * q * both;
        s0 += part, part *= off;
        s1 += part, part *= off;
        s2 += part, part *= off;
        s3 += part, part *= off;
        s4 += part;
    }
    s1 /= s0, s2 /= s0, s3 /= s0, s4 /= s0;
    const double mean = 1 - s1, square = mean * mean;
    to_group.weight = (float)(rate * s0);
    to_group.root = (float)(root * mean);
    to_group.moment[0] = (float)((s2 - s1 * s1) / square);
    to_group.moment[1] = (float)((s3 - s1 * (3 * s2 - 2 * s1 * s1)) / (square * mean));
    to_group.moment[2] =
        (float)((s4 - s1 * (4 * s3 - s1 * (6 * s2 - 3 * s1 * s1))) / (square * square));
    return to_group;
}

/* How many groups k steps fill; the others are empty. */
MATHS int maths_adam_groups(int64_t k)
{
    return k < 3 ? 1 : k < 6 ? 2 : k < 12 ? 3 : k < 22 ? 4 : k < 40 ? 5 : ADAM_GROUPS;
}

MATHS float maths_adam_fall(const struct adam_group *g, float root_v)
{
    float x = 1.0f / (g->root * root_v + ADAM_EPSILON), y = 1.0f - ADAM_EPSILON * x;
    return g->weight * x * (1.0f + y * y * (g->moment[0] + y * (g->moment[1] + y * g->moment[2])));
}

MATHS void maths_adam_pass(const struct adam_passed *p, float *w, float *m, float *v)
{
    float root_v = sqrtf(*v), sum = 0;
    for (int g = 0; g < p->groups; g++)
        sum += maths_adam_fall(&p->group[g], root_v);
    *w -= *m * sum;
    *m *= p->m;
    *v *= p->v;
}

/* SGD and Adagrad without weight decay are linear in w and the velocity m: one step is a matrix. */
struct linear_passed {
    double ww, wm, mw, mm; /* w = ww w + wm m, m = mw w + mm m */
};

/* SGD: m = μm + λw, w -= lr m. */
MATHS struct linear_passed maths_sgd_step(double rate, double momentum, double decay)
{
    struct linear_passed p = {1 - rate * decay, -rate * momentum, decay, momentum};
    return p;
}

/* The effect of k steps: the matrix to the power k. */
MATHS struct linear_passed maths_linear_power(struct linear_passed a, int64_t k)
{
    struct linear_passed p = {1, 0, 0, 1};
    for (; k > 0; k /= 2) {
        struct linear_passed q = p, b = a;
        if (k % 2) {
            p.ww = q.ww * b.ww + q.wm * b.mw;
            p.wm = q.ww * b.wm + q.wm * b.mm;
            p.mw = q.mw * b.ww + q.mm * b.mw;
            p.mm = q.mw * b.wm + q.mm * b.mm;
        }
        a.ww = b.ww * b.ww + b.wm * b.mw;
        a.wm = b.ww * b.wm + b.wm * b.mm;
        a.mw = b.mw * b.ww + b.mm * b.mw;
        a.mm = b.mw * b.wm + b.mm * b.mm;
    }
    return p;
}

/* Adagrad: k times m = μm, w += m, so w += (μ + μ² + ... + μᵏ) m.  Once m no longer matters it
 * becomes 0: processors are slow with numbers that small. */
MATHS struct linear_passed maths_velocity_passed(double momentum, int64_t k)
{
    double power = k > 0 ? pow(momentum, (double)k) : 1;
    struct linear_passed p = {1, momentum < 1 ? momentum * (1 - power) / (1 - momentum) : (double)k,
                              0, power < 1e-30 ? 0 : power};
    return p;
}

#endif
