/* The CPU's attention over ragged rows. */
#include <math.h>
#include <omp.h>

#include "nn/cpu.h"
#include "nn/maths.h"

static int attend_threads(struct device *d, const struct ragged *r, int width, int cols)
{
    return cpu_threads_for(cpu_of(d), (double)r->total * (width + cols));
}

/* key = tanh(key); its product with scale */
VECTOR static float energy(size_t n, float *restrict key, const float *restrict scale)
{
    float sum = 0;
#pragma omp simd reduction(+ : sum)
    for (size_t j = 0; j < n; j++) {
        key[j] = maths_tanh(key[j]);
        sum += scale[j] * key[j];
    }
    return sum;
}

VECTOR static float product(size_t n, const float *a, const float *b)
{
    float sum = 0;
#pragma omp simd reduction(+ : sum)
    for (size_t j = 0; j < n; j++)
        sum += a[j] * b[j];
    return sum;
}

VECTOR static void add_scaled(size_t n, float factor, const float *restrict x, float *restrict y)
{
    for (size_t j = 0; j < n; j++)
        y[j] += factor * x[j];
}

/* x += factor · scale ∘ tanh'(key) */
VECTOR static void add_key_gradient(size_t n, float factor, const float *scale,
                                    const float *restrict key, float *restrict x)
{
    for (size_t j = 0; j < n; j++)
        x[j] += maths_tanh_back(key[j], factor * scale[j]);
}

/* w [n] = softmax(w) */
static void softmax(size_t n, float *w)
{
    float top = w[0], sum = 0;
    for (size_t j = 1; j < n; j++)
        top = w[j] > top ? w[j] : top;
    for (size_t j = 0; j < n; j++)
        sum += w[j] = maths_exp(w[j] - top);
    for (size_t j = 0; j < n; j++)
        w[j] /= sum;
}

void cpu_attend(struct device *d, const struct ragged *r, int width, int cols, float *key,
                const float *scale, const float *value, float *weight, float *out)
{
    int threads = attend_threads(d, r, width, cols);
    size_t k = (size_t)width, c = (size_t)cols;
#pragma omp parallel for num_threads(threads) schedule(static) if (threads > 1)
    for (int s = 0; s < r->count; s++) {
        size_t from = (size_t)r->start[s], to = (size_t)r->start[s + 1];
        float *own = out + (size_t)s * c;
        memset(own, 0, c * sizeof *own);
        if (from == to)
            continue;
        for (size_t j = from; j < to; j++)
            weight[j] = energy(k, key + j * k, scale);
        softmax(to - from, weight + from);
        for (size_t j = from; j < to; j++)
            add_scaled(c, weight[j], value + j * c, own);
    }
}

/* de_j = α_j (dout · value_j - Σ α (dout · value)): the gradient before the softmax. */
static void energy_gradients(size_t n, size_t cols, const float *weight, const float *value,
                             const float *dout, float *de)
{
    float mean = 0;
    for (size_t j = 0; j < n; j++) {
        de[j] = product(cols, dout, value + j * cols);
        mean += weight[j] * de[j];
    }
    for (size_t j = 0; j < n; j++)
        de[j] = weight[j] * (de[j] - mean);
}

void cpu_attend_back(struct device *d, const struct ragged *r, int width, int cols,
                     const float *key, const float *scale, const float *value, const float *weight,
                     const float *dout, float *dkey, float *dscale, float *dvalue)
{
    int threads = attend_threads(d, r, width, cols);
    size_t k = (size_t)width, c = (size_t)cols, padded = cpu_padded(k);
    float *energies = cpu_scratch(cpu_of(d), (size_t)threads * padded + (size_t)r->total);
    float *sums = energies + r->total; /* of dscale, one a thread, added in the threads' order */
    memset(sums, 0, (size_t)threads * padded * sizeof *sums);
#pragma omp parallel num_threads(threads) if (threads > 1)
    {
        float *sum = sums + (size_t)omp_get_thread_num() * padded;
#pragma omp for schedule(static)
        for (int s = 0; s < r->count; s++) {
            size_t from = (size_t)r->start[s], to = (size_t)r->start[s + 1];
            const float *own = dout + (size_t)s * c;
            energy_gradients(to - from, c, weight + from, value + from * c, own, energies + from);
            for (size_t j = from; j < to; j++) {
                add_scaled(k, energies[j], key + j * k, sum);
                if (dkey)
                    add_key_gradient(k, energies[j], scale, key + j * k, dkey + j * k);
                if (dvalue)
                    add_scaled(c, weight[j], own, dvalue + j * c);
            }
        }
    }
    if (dscale)
        cpu_sum_rows((size_t)threads, k, padded, sums, dscale);
}
