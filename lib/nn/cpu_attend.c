/* The CPU's attention over ragged rows. */
#include <omp.h>

#include "nn/cpu.h"
#include "nn/maths.h"

static int attend_threads(struct device *d, const struct ragged *r, int width, int cols)
{
    return cpu_threads_for(cpu_of(d), (double)r->total * (width + cols));
}

/* key = tanh(key); returns scale · key. */
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

static const float *scale_of(const struct rows *group, size_t s, size_t width, const float *scale)
{
    return group ? scale + (size_t)group->at[s] * width : scale;
}

static void attend_share(const struct ragged *r, const struct rows *group, size_t k, size_t c,
                         float *key, const float *scale, const float *value, float *weight,
                         float *out)
{
    struct span share = cpu_own_share((size_t)r->count, 1);
    for (size_t s = share.from; s < share.to; s++) {
        size_t from = (size_t)r->start[s], to = (size_t)r->start[s + 1];
        float *own = out + s * c;
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

void cpu_attend(struct device *d, const struct ragged *r, const struct rows *group, int width,
                int cols, float *key, const float *scale, const float *value, float *weight,
                float *out)
{
    int threads = attend_threads(d, r, width, cols);
    CPU_IN_THREADS(threads, attend_share(r, group, (size_t)width, (size_t)cols, key, scale, value,
                                         weight, out));
}

void cpu_add_by_group(struct device *d, const struct rows *group, int count, int cols,
                      const float *g, float *to)
{
    if (group)
        cpu_gather_back(d, group, cols, g, to);
    else
        cpu_sum_rows((size_t)count, (size_t)cols, (size_t)cols, g, to);
}

/* sums [count, k]: each sequence's gradient of scale. */
static void attend_back_share(const struct ragged *r, const struct rows *group, size_t k, size_t c,
                              const float *key, const float *scale, const float *value,
                              const float *weight, const float *dout, float *dkey, float *dvalue,
                              float *energies, float *sums)
{
    struct span share = cpu_own_share((size_t)r->count, 1);
    for (size_t s = share.from; s < share.to; s++) {
        size_t from = (size_t)r->start[s], to = (size_t)r->start[s + 1];
        const float *own = dout + s * c, *a = scale_of(group, s, k, scale);
        cpu_softmax_back(to - from, c, weight + from, value + from * c, own, energies + from);
        for (size_t j = from; j < to; j++) {
            cpu_add_scaled(k, energies[j], key + j * k, sums + s * k);
            if (dkey)
                add_key_gradient(k, energies[j], a, key + j * k, dkey + j * k);
            if (dvalue)
                cpu_add_scaled(c, weight[j], own, dvalue + j * c);
        }
    }
}

void cpu_attend_back(struct device *d, const struct ragged *r, const struct rows *group, int width,
                     int cols, const float *key, const float *scale, const float *value,
                     const float *weight, const float *dout, float *dkey, float *dscale,
                     float *dvalue)
{
    int threads = attend_threads(d, r, width, cols);
    size_t k = (size_t)width, count = (size_t)r->count;
    float *energies = cpu_scratch(cpu_of(d), count * k + (size_t)r->total);
    float *sums = energies + r->total;
    memset(sums, 0, count * k * sizeof *sums);
    CPU_IN_THREADS(threads, attend_back_share(r, group, k, (size_t)cols, key, scale, value, weight,
                                              dout, dkey, dvalue, energies, sums));
    if (dscale)
        cpu_add_by_group(d, group, r->count, width, sums, dscale);
}

/* ---- attention of each row to the rows up to itself: threads share the sequences; the backward
 * pass computes the logistic function again instead of storing it ---- */

static int up_to_threads(struct device *d, const struct ragged *r, int width, int cols)
{
    double pairs = (double)r->total * (r->longest + 1) / 2;
    return cpu_threads_for(cpu_of(d), pairs * (width + cols));
}

/* scale · σ(query + key) */
VECTOR static float energy_up_to(size_t n, const float *query, const float *key, const float *scale)
{
    float sum = 0;
#pragma omp simd reduction(+ : sum)
    for (size_t i = 0; i < n; i++)
        sum += scale[i] * maths_sigmoid(query[i] + key[i]);
    return sum;
}

/* Gradients of one energy, given its gradient de. */
VECTOR static void energy_up_to_back(size_t n, float de, const float *query, const float *key,
                                     const float *scale, float *restrict dquery,
                                     float *restrict dkey, float *restrict dscale)
{
#pragma omp simd
    for (size_t i = 0; i < n; i++) {
        float y = maths_sigmoid(query[i] + key[i]);
        float dx = maths_sigmoid_back(y, de * scale[i]);
        dscale[i] += de * y;
        dquery[i] += dx;
        dkey[i] += dx;
    }
}

static void up_to_share(const struct ragged *r, const int32_t *at, size_t k, size_t c,
                        const float *query, const float *key, const float *scale,
                        const float *value, float *weight, float *out)
{
    struct span share = cpu_own_share((size_t)r->count, 1);
    for (size_t s = share.from; s < share.to; s++)
        for (size_t first = (size_t)r->start[s], t = first; t < (size_t)r->start[s + 1]; t++) {
            float *own = weight + at[t];
            memset(out + t * c, 0, c * sizeof *out);
            for (size_t j = first; j <= t; j++) {
                own[j - first] = energy_up_to(k, query + t * k, key + j * k, scale);
                cpu_add_scaled(c, own[j - first], value + j * c, out + t * c);
            }
        }
}

void cpu_attend_up_to(struct device *d, const struct ragged *r, const int32_t *at, int width,
                      int cols, const float *query, const float *key, const float *scale,
                      const float *value, float *weight, float *out)
{
    int threads = up_to_threads(d, r, width, cols);
    CPU_IN_THREADS(threads, up_to_share(r, at, (size_t)width, (size_t)cols, query, key, scale,
                                        value, weight, out));
}

/* sums: one row of `padded` floats a thread, its gradients of scale. */
static void up_to_back_share(const struct ragged *r, const int32_t *at, size_t k, size_t c,
                             const float *query, const float *key, const float *scale,
                             const float *value, const float *weight, const float *dout,
                             float *dquery, float *dkey, float *dvalue, float *sums, size_t padded)
{
    struct span share = cpu_own_share((size_t)r->count, 1);
    float *sum = sums + (size_t)omp_get_thread_num() * padded;
    for (size_t s = share.from; s < share.to; s++)
        for (size_t first = (size_t)r->start[s], t = first; t < (size_t)r->start[s + 1]; t++)
            for (size_t j = first; j <= t; j++) {
                float de = cpu_product(c, dout + t * c, value + j * c);
                energy_up_to_back(k, de, query + t * k, key + j * k, scale, dquery + t * k,
                                  dkey + j * k, sum);
                cpu_add_scaled(c, weight[(size_t)at[t] + j - first], dout + t * c, dvalue + j * c);
            }
}

void cpu_attend_up_to_back(struct device *d, const struct ragged *r, const int32_t *at, int width,
                           int cols, const float *query, const float *key, const float *scale,
                           const float *value, const float *weight, const float *dout,
                           float *dquery, float *dkey, float *dscale, float *dvalue)
{
    int threads = up_to_threads(d, r, width, cols);
    size_t k = (size_t)width, padded = cpu_padded(k);
    /* added in the order of the threads */
    float *sums = cpu_scratch(cpu_of(d), (size_t)threads * padded);
    memset(sums, 0, (size_t)threads * padded * sizeof *sums);
    CPU_IN_THREADS(threads, up_to_back_share(r, at, k, (size_t)cols, query, key, scale, value,
                                             weight, dout, dquery, dkey, dvalue, sums, padded));
    cpu_sum_rows((size_t)threads, k, padded, sums, dscale);
}
