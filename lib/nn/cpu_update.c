/* The CPU's optimizers: one pass over the flat buffers, which also empties the gradient. */
#include <math.h>
#include <omp.h>

#include "nn/cpu.h"
#include "nn/maths.h"

VECTOR static double square_sum(size_t n, const float *g)
{
    double sum = 0;
#pragma omp simd reduction(+ : sum)
    for (size_t i = 0; i < n; i++)
        sum += (double)g[i] * g[i];
    return sum;
}

/* Blocks of fixed size, added in their order: the same for any number of threads. */
double cpu_square_sum(struct device *d, const float *g, size_t n)
{
    enum { BLOCK = 1 << 16 };
    struct cpu *c = cpu_of(d);
    size_t blocks = (n + BLOCK - 1) / BLOCK;
    double *part = (double *)(void *)cpu_scratch(c, 2 * blocks), sum = 0;
    int threads = cpu_threads_for(c, (double)n / 8);
#pragma omp parallel for num_threads(threads) schedule(static) if (threads > 1)
    for (size_t b = 0; b < blocks; b++)
        part[b] = square_sum(b + 1 < blocks ? BLOCK : n - b * BLOCK, g + b * BLOCK);
    for (size_t b = 0; b < blocks; b++)
        sum += part[b];
    return sum;
}

/* g' = scale · g + decay · w, and g = 0. */
#define UPDATE_GRADIENT(i) (scale * g[i] + decay * w[i])

VECTOR static void adam(size_t n, float scale, float decay, float rate1, float root2,
                        float *restrict w, float *restrict g, float *restrict m, float *restrict v)
{
#pragma omp simd
    for (size_t i = 0; i < n; i++) {
        maths_adam(UPDATE_GRADIENT(i), rate1, root2, w + i, m + i, v + i);
        g[i] = 0;
    }
}

VECTOR static void adagrad(size_t n, float scale, float decay, float rate, float *restrict w,
                           float *restrict g, float *restrict v)
{
#pragma omp simd
    for (size_t i = 0; i < n; i++) {
        w[i] -= maths_adagrad_step(UPDATE_GRADIENT(i), rate, v + i);
        g[i] = 0;
    }
}

VECTOR static void adagrad_momentum(size_t n, float scale, float decay, float rate, float momentum,
                                    float *restrict w, float *restrict g, float *restrict m,
                                    float *restrict v)
{
#pragma omp simd
    for (size_t i = 0; i < n; i++) {
        m[i] = momentum * m[i] - maths_adagrad_step(UPDATE_GRADIENT(i), rate, v + i);
        w[i] += m[i];
        g[i] = 0;
    }
}

VECTOR static void sgd(size_t n, float scale, float decay, float rate, float *restrict w,
                       float *restrict g)
{
#pragma omp simd
    for (size_t i = 0; i < n; i++) {
        w[i] -= rate * UPDATE_GRADIENT(i);
        g[i] = 0;
    }
}

/* v = momentum · v + g', w -= lr · v (torch.optim.SGD). */
VECTOR static void sgd_momentum(size_t n, float scale, float decay, float rate, float momentum,
                                float *restrict w, float *restrict g, float *restrict m)
{
#pragma omp simd
    for (size_t i = 0; i < n; i++) {
        m[i] = momentum * m[i] + UPDATE_GRADIENT(i);
        w[i] -= rate * m[i];
        g[i] = 0;
    }
}

/* What a step's bias correction makes of the rate and of the root of v. */
struct step {
    float rate1, root2;
};

static struct step step_of(const struct update *u, int64_t step)
{
    return (struct step){(float)(u->rate / (1 - pow(ADAM_BETA1, (double)step))),
                         (float)(1 / sqrt(1 - pow(ADAM_BETA2, (double)step)))};
}

static void update_some(const struct update *u, struct step s, size_t n, float *w, float *g,
                        float *m, float *v)
{
    if (u->kind == OPTIMIZER_ADAM)
        adam(n, u->scale, u->weight_decay, s.rate1, s.root2, w, g, m, v);
    else if (u->kind == OPTIMIZER_ADAGRAD && m)
        adagrad_momentum(n, u->scale, u->weight_decay, u->rate, u->momentum, w, g, m, v);
    else if (u->kind == OPTIMIZER_ADAGRAD)
        adagrad(n, u->scale, u->weight_decay, u->rate, w, g, v);
    else if (m)
        sgd_momentum(n, u->scale, u->weight_decay, u->rate, u->momentum, w, g, m);
    else
        sgd(n, u->scale, u->weight_decay, u->rate, w, g);
}

static float *from_row(float *table, size_t at)
{
    return table ? table + at : NULL;
}

void cpu_update(struct device *d, const struct update *u, size_t n, float *w, float *g, float *m,
                float *v)
{
    int threads = cpu_threads_for(cpu_of(d), (double)n);
#pragma omp parallel num_threads(threads) if (threads > 1)
    {
        struct span s = cpu_share(n, 16, omp_get_thread_num(), omp_get_num_threads());
        update_some(u, step_of(u, u->step), s.to - s.from, w + s.from, g + s.from,
                    from_row(m, s.from), from_row(v, s.from));
    }
}

/* ---- rows of tables ---- */

void cpu_rows_catch_up(struct device *d, const struct update *u, const struct rows *r, int cols,
                       float *w, float *m, float *v, int32_t *last)
{
    size_t n = (size_t)cols;
    float *zero = cpu_scratch(cpu_of(d), n);
    memset(zero, 0, n * sizeof *zero);
    for (int i = 0; i < r->unique; i++) {
        size_t at = (size_t)r->row[i] * n;
        int32_t *own = last + r->row[i];
        for (int64_t step = *own + 1; step < u->step; step++)
            update_some(u, step_of(u, step), n, w + at, zero, from_row(m, at), from_row(v, at));
        *own = (int32_t)(u->step - 1);
    }
}

void cpu_rows_update(struct device *d, const struct update *u, const struct rows *r, int cols,
                     const float *g, float *w, float *m, float *v, int32_t *last)
{
    size_t n = (size_t)cols;
    float *own = cpu_scratch(cpu_of(d), n);
    for (int i = 0; i < r->unique; i++) {
        size_t at = (size_t)r->row[i] * n;
        memcpy(own, g + (size_t)i * n, n * sizeof *own);
        update_some(u, step_of(u, u->step), n, w + at, own, from_row(m, at), from_row(v, at));
        last[r->row[i]] = (int32_t)u->step;
    }
}
