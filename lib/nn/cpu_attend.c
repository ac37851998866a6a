/* The CPU's attention over ragged rows. */
#include <omp.h>

#include "nn/cpu.h"
#include "nn/maths.h"

VECTOR float cpu_product(size_t n, const float *a, const float *b)
{
    float sum = 0;
#pragma omp simd reduction(+ : sum)
    for (size_t j = 0; j < n; j++)
        sum += a[j] * b[j];
    return sum;
}

VECTOR void cpu_add_scaled(size_t n, float factor, const float *restrict x, float *restrict y)
{
    for (size_t j = 0; j < n; j++)
        y[j] += factor * x[j];
}

void cpu_softmax(size_t n, float *w)
{
    float top = w[0], sum = 0;
    for (size_t j = 1; j < n; j++)
        top = w[j] > top ? w[j] : top;
    for (size_t j = 0; j < n; j++)
        sum += w[j] = maths_exp(w[j] - top);
    for (size_t j = 0; j < n; j++)
        w[j] /= sum;
}

void cpu_softmax_back(size_t n, size_t cols, const float *weight, const float *value,
                      const float *dout, float *de)
{
    float mean = 0;
    for (size_t j = 0; j < n; j++) {
        de[j] = cpu_product(cols, dout, value + j * cols);
        mean += weight[j] * de[j];
    }
    for (size_t j = 0; j < n; j++)
        de[j] = weight[j] * (de[j] - mean);
}

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

/* x += factor · scale ∘ tanh'(key) */
VECTOR static void add_key_gradient(size_t n, float factor, const float *scale,
                                    const float *restrict key, float *restrict x)
{
    for (size_t j = 0; j < n; j++)
        x[j] += maths_tanh_back(key[j], factor * scale[j]);
}

static const float *scale_of(const struct rows *group, int s, size_t width, const float *scale)
{
    return group ? scale + (size_t)group->at[s] * width : scale;
}

void cpu_attend(struct device *d, const struct ragged *r, const struct rows *group, int width,
                int cols, float *key, const float *scale, const float *value, float *weight,
                float *out)
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
            weight[j] = energy(k, key + j * k, scale_of(group, s, k, scale));
        cpu_softmax(to - from, weight + from);
        for (size_t j = from; j < to; j++)
            cpu_add_scaled(c, weight[j], value + j * c, own);
    }
}

void cpu_add_by_group(struct device *d, const struct rows *group, int count, int cols,
                      const float *g, float *to)
{
    if (group)
        cpu_gather_back(d, group, cols, g, to);
    else
        cpu_sum_rows((size_t)count, (size_t)cols, (size_t)cols, g, to);
}

void cpu_attend_back(struct device *d, const struct ragged *r, const struct rows *group, int width,
                     int cols, const float *key, const float *scale, const float *value,
                     const float *weight, const float *dout, float *dkey, float *dscale,
                     float *dvalue)
{
    int threads = attend_threads(d, r, width, cols);
    size_t k = (size_t)width, c = (size_t)cols, count = (size_t)r->count;
    float *energies = cpu_scratch(cpu_of(d), count * k + (size_t)r->total);
    float *sums = energies + r->total; /* [count, width] of dscale */
    memset(sums, 0, count * k * sizeof *sums);
#pragma omp parallel for num_threads(threads) schedule(static) if (threads > 1)
    for (int s = 0; s < r->count; s++) {
        size_t from = (size_t)r->start[s], to = (size_t)r->start[s + 1];
        const float *own = dout + (size_t)s * c, *a = scale_of(group, s, k, scale);
        cpu_softmax_back(to - from, c, weight + from, value + from * c, own, energies + from);
        for (size_t j = from; j < to; j++) {
            cpu_add_scaled(k, energies[j], key + j * k, sums + (size_t)s * k);
            if (dkey)
                add_key_gradient(k, energies[j], a, key + j * k, dkey + j * k);
            if (dvalue)
                cpu_add_scaled(c, weight[j], own, dvalue + j * c);
        }
    }
    if (dscale)
        cpu_add_by_group(d, group, r->count, width, sums, dscale);
}
