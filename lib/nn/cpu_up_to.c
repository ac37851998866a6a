/* The CPU's attention of each row to the rows up to itself: sequences shared out among the threads,
 * the logistic function computed again on the way back rather than kept. */
#include <omp.h>

#include "nn/cpu.h"
#include "nn/maths.h"

static int up_to_threads(struct device *d, const struct ragged *r, int width, int cols)
{
    double pairs = (double)r->total * (r->longest + 1) / 2;
    return cpu_threads_for(cpu_of(d), pairs * (width + cols));
}

/* scale · σ(query + key) */
VECTOR static float energy(size_t n, const float *query, const float *key, const float *scale)
{
    float sum = 0;
#pragma omp simd reduction(+ : sum)
    for (size_t i = 0; i < n; i++)
        sum += scale[i] * maths_sigmoid(query[i] + key[i]);
    return sum;
}

/* Gradients of one energy, de its own. */
VECTOR static void energy_back(size_t n, float de, const float *query, const float *key,
                               const float *scale, float *restrict dquery, float *restrict dkey,
                               float *restrict dscale)
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

void cpu_attend_up_to(struct device *d, const struct ragged *r, const int32_t *at, int width,
                      int cols, const float *query, const float *key, const float *scale,
                      const float *value, float *weight, float *out)
{
    int threads = up_to_threads(d, r, width, cols);
    size_t k = (size_t)width, c = (size_t)cols;
#pragma omp parallel for num_threads(threads) schedule(static) if (threads > 1)
    for (int s = 0; s < r->count; s++)
        for (size_t first = (size_t)r->start[s], t = first; t < (size_t)r->start[s + 1]; t++) {
            float *own = weight + at[t];
            memset(out + t * c, 0, c * sizeof *out);
            for (size_t j = first; j <= t; j++) {
                own[j - first] = energy(k, query + t * k, key + j * k, scale);
                cpu_add_scaled(c, own[j - first], value + j * c, out + t * c);
            }
        }
}

void cpu_attend_up_to_back(struct device *d, const struct ragged *r, const int32_t *at, int width,
                           int cols, const float *query, const float *key, const float *scale,
                           const float *value, const float *weight, const float *dout,
                           float *dquery, float *dkey, float *dscale, float *dvalue)
{
    int threads = up_to_threads(d, r, width, cols);
    size_t k = (size_t)width, c = (size_t)cols, padded = cpu_padded(k);
    /* of dscale, one a thread, added in the threads' order */
    float *sums = cpu_scratch(cpu_of(d), (size_t)threads * padded);
    memset(sums, 0, (size_t)threads * padded * sizeof *sums);
#pragma omp parallel num_threads(threads) if (threads > 1)
    {
        float *sum = sums + (size_t)omp_get_thread_num() * padded;
#pragma omp for schedule(static)
        for (int s = 0; s < r->count; s++)
            for (size_t first = (size_t)r->start[s], t = first; t < (size_t)r->start[s + 1]; t++)
                for (size_t j = first; j <= t; j++) {
                    float de = cpu_product(c, dout + t * c, value + j * c);
                    energy_back(k, de, query + t * k, key + j * k, scale, dquery + t * k,
                                dkey + j * k, sum);
                    cpu_add_scaled(c, weight[(size_t)at[t] + j - first], dout + t * c,
                                   dvalue + j * c);
                }
    }
    cpu_sum_rows((size_t)threads, k, padded, sums, dscale);
}
