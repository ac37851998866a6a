/* The CPU's optimizers: one pass over the flat buffers, which also sets the gradient to 0; and
 * sparse and lazy updates of table rows. */
#include <math.h>

#include "base/prefetch.h"
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

enum { SQUARES = 1 << 16 }; /* in a block */

static void square_sum_share(size_t blocks, size_t n, const float *g, double *part)
{
    struct span s = cpu_own_share(blocks, 1);
    for (size_t b = s.from; b < s.to; b++)
        part[b] = square_sum(b + 1 < blocks ? SQUARES : n - b * SQUARES, g + b * SQUARES);
}

/* Sums blocks of fixed size and adds them in order: the result is the same for any number of
 * threads. */
double cpu_square_sum(struct device *d, const float *g, size_t n)
{
    struct cpu *c = cpu_of(d);
    size_t blocks = (n + SQUARES - 1) / SQUARES;
    double *part = (double *)(void *)cpu_scratch(c, 2 * blocks), sum = 0;
    int threads = cpu_threads_for(c, (double)n / 8);
    CPU_IN_THREADS(threads, square_sum_share(blocks, n, g, part));
    for (size_t b = 0; b < blocks; b++)
        sum += part[b];
    return sum;
}

#define UPDATE_GRADIENT(i) maths_gradient(g[i], scale, w[i], decay)

/* A row of a table seldom has whole vectors: a loop over these, and one over what is left of them,
 * by fours, of which compilers would make a loop over single numbers. */
enum { WHOLE = 16 };

VECTOR static void adam(size_t n, float scale, float decay, float rate1, float root2,
                        const float *restrict g, float *restrict w, float *restrict m,
                        float *restrict v)
{
    size_t whole = n - n % WHOLE;
#pragma omp simd
    for (size_t i = 0; i < whole; i++)
        maths_adam(UPDATE_GRADIENT(i), rate1, root2, w + i, m + i, v + i);
#pragma omp simd simdlen(4)
    for (size_t i = whole; i < n; i++)
        maths_adam(UPDATE_GRADIENT(i), rate1, root2, w + i, m + i, v + i);
}

VECTOR static void adagrad(size_t n, float scale, float decay, float rate, const float *restrict g,
                           float *restrict w, float *restrict v)
{
    size_t whole = n - n % WHOLE;
#pragma omp simd
    for (size_t i = 0; i < whole; i++)
        maths_adagrad(UPDATE_GRADIENT(i), rate, w + i, v + i);
#pragma omp simd simdlen(4)
    for (size_t i = whole; i < n; i++)
        maths_adagrad(UPDATE_GRADIENT(i), rate, w + i, v + i);
}

VECTOR static void adagrad_momentum(size_t n, float scale, float decay, float rate, float momentum,
                                    const float *restrict g, float *restrict w, float *restrict m,
                                    float *restrict v)
{
    size_t whole = n - n % WHOLE;
#pragma omp simd
    for (size_t i = 0; i < whole; i++)
        maths_adagrad_momentum(UPDATE_GRADIENT(i), rate, momentum, w + i, m + i, v + i);
#pragma omp simd simdlen(4)
    for (size_t i = whole; i < n; i++)
        maths_adagrad_momentum(UPDATE_GRADIENT(i), rate, momentum, w + i, m + i, v + i);
}

VECTOR static void sgd(size_t n, float scale, float decay, float rate, const float *restrict g,
                       float *restrict w)
{
#pragma omp simd
    for (size_t i = 0; i < n; i++)
        maths_sgd(UPDATE_GRADIENT(i), rate, w + i);
}

VECTOR static void sgd_momentum(size_t n, float scale, float decay, float rate, float momentum,
                                const float *restrict g, float *restrict w, float *restrict m)
{
#pragma omp simd
    for (size_t i = 0; i < n; i++)
        maths_sgd_momentum(UPDATE_GRADIENT(i), rate, momentum, w + i, m + i);
}

/* Adam's rate and its divisor of √v, bias corrections included. */
struct step {
    float rate1, root2;
};

static struct step step_from(const struct update *u, double b1t, double b2t)
{
    return (struct step){(float)(u->rate / (1 - b1t)), (float)(1 / sqrt(1 - b2t))};
}

static struct step step_of(const struct update *u, int64_t step)
{
    return step_from(u, pow(ADAM_BETA1, (double)step), pow(ADAM_BETA2, (double)step));
}

static void update_some(const struct update *u, struct step s, size_t n, const float *g, float *w,
                        float *m, float *v)
{
    if (u->kind == OPTIMIZER_ADAM)
        adam(n, u->scale, u->weight_decay, s.rate1, s.root2, g, w, m, v);
    else if (u->kind == OPTIMIZER_ADAGRAD && m)
        adagrad_momentum(n, u->scale, u->weight_decay, u->rate, u->momentum, g, w, m, v);
    else if (u->kind == OPTIMIZER_ADAGRAD)
        adagrad(n, u->scale, u->weight_decay, u->rate, g, w, v);
    else if (m)
        sgd_momentum(n, u->scale, u->weight_decay, u->rate, u->momentum, g, w, m);
    else
        sgd(n, u->scale, u->weight_decay, u->rate, g, w);
}

static float *part_of(float *state, size_t at)
{
    return state ? state + at : NULL;
}

static void update_share(const struct update *u, struct step step, size_t n, float *w, float *g,
                         float *m, float *v)
{
    enum { BLOCK = 1 << 11 }; /* set to 0 while it is in the cache */
    struct span s = cpu_own_share(n, 16);
    for (size_t at = s.from; at < s.to; at += BLOCK) {
        size_t some = s.to - at < BLOCK ? s.to - at : BLOCK;
        update_some(u, step, some, g + at, w + at, part_of(m, at), part_of(v, at));
        memset(g + at, 0, some * sizeof *g);
    }
}

void cpu_update(struct device *d, const struct update *u, size_t n, float *w, float *g, float *m,
                float *v)
{
    int threads = cpu_threads_for(cpu_of(d), (double)n);
    CPU_IN_THREADS(threads, update_share(u, step_of(u, u->step), n, w, g, m, v));
}

/* ---- rows of tables ---- */

enum { PASSED = 128 }; /* weights at once: few enough to stay in the cache */

/* maths_adam_pass for several weights, group by group, so that each group is a plain loop over
 * them. */
VECTOR static void pass_adam(const struct adam_passed *p, size_t n, float *restrict w,
                             float *restrict m, float *restrict v)
{
    float sum[PASSED], root[PASSED];
#pragma omp simd
    for (size_t i = 0; i < n; i++)
        sum[i] = 0, root[i] = sqrtf(v[i]);
    for (int g = 0; g < p->groups; g++)
#pragma omp simd
        for (size_t i = 0; i < n; i++)
            sum[i] += maths_adam_fall(&p->group[g], root[i]);
#pragma omp simd
    for (size_t i = 0; i < n; i++) {
        w[i] -= m[i] * sum[i];
        m[i] *= p->m;
        v[i] *= p->v;
    }
}

static void pass_row(const struct adam_passed *p, size_t n, float *w, float *m, float *v)
{
    for (size_t at = 0; at < n; at += PASSED)
        pass_adam(p, n - at < PASSED ? n - at : PASSED, w + at, m + at, v + at);
}

/* The effect of the steps since a row's last one, stored because many rows share it. */
enum { MEMO = 128 };

struct memo {
    int64_t last[MEMO]; /* 0: empty */
    struct adam_passed passed[MEMO];
    /* Of the other optimizers, for that many steps; 0: empty. */
    int64_t steps[MEMO];
    struct linear_passed linear[MEMO];
};

static const struct adam_passed *adam_since(struct memo *memo, const struct update *u, int64_t last)
{
    int64_t k = u->step - 1 - last;
    struct adam_passed *p = &memo->passed[last % MEMO];
    if (memo->last[last % MEMO] == last)
        return p;
    double b1t = pow(ADAM_BETA1, (double)last), b2t = pow(ADAM_BETA2, (double)last);
    memo->last[last % MEMO] = last;
    p->m = (float)pow(ADAM_BETA1, (double)k);
    p->v = (float)pow(ADAM_BETA2, (double)k);
    p->groups = maths_adam_groups(k);
    for (int g = 0; g < p->groups; g++)
        p->group[g] = maths_adam_group((double)u->rate, b1t, b2t, k, g);
    return p;
}

VECTOR static void pass_linear(float ww, float wm, float mw, float mm, size_t n, float *restrict w,
                               float *restrict m)
{
    size_t whole = n - n % WHOLE;
#pragma omp simd
    for (size_t i = 0; i < whole; i++) {
        float value = w[i];
        w[i] = ww * value + wm * m[i];
        m[i] = mw * value + mm * m[i];
    }
#pragma omp simd simdlen(4)
    for (size_t i = whole; i < n; i++) {
        float value = w[i];
        w[i] = ww * value + wm * m[i];
        m[i] = mw * value + mm * m[i];
    }
}

/* Number of steps after which Adagrad's velocity is 0 (maths_velocity_passed).  More steps have the
 * same effect, and most rows have waited longer. */
static int64_t velocity_steps(double momentum)
{
    return momentum > 0 && momentum < 1 ? (int64_t)(-70 / log(momentum)) + 1 : INT64_MAX;
}

static const struct linear_passed *linear_since(struct memo *memo, const struct update *u,
                                                double momentum, int64_t k)
{
    struct linear_passed *p = &memo->linear[k % MEMO];
    if (memo->steps[k % MEMO] == k)
        return p;
    memo->steps[k % MEMO] = k;
    *p = u->kind == OPTIMIZER_SGD
             ? maths_linear_power(
                   maths_sgd_step((double)u->rate, momentum, (double)u->weight_decay), k)
             : maths_velocity_passed(momentum, k);
    return p;
}

static void lazy_update_linear(struct memo *memo, const struct update *u, int64_t most,
                               int64_t last, size_t n, float *w, float *m)
{
    bool sgd = u->kind == OPTIMIZER_SGD;
    int64_t k = u->step - 1 - last;
    double momentum = m ? (double)u->momentum : 0;
    if (sgd ? !m && u->weight_decay == 0 : !m || last == 0) /* the steps change nothing */
        return;
    const struct linear_passed *p = linear_since(memo, u, momentum, !sgd && k > most ? most : k);
    if (m)
        pass_linear((float)p->ww, (float)p->wm, (float)p->mw, (float)p->mm, n, w, m);
    else
        for (size_t i = 0; i < n; i++)
            w[i] *= (float)p->ww;
}

/* With weight decay Adam and Adagrad are not linear, so the steps are computed one by one.  That
 * costs as much arithmetic as dense updates, but rows are read and written once. */
static void lazy_update_stepwise(const struct update *u, int64_t last, size_t n, float *w, float *m,
                                 float *v)
{
    enum { BLOCK = 1 << 8 }; /* stays in the cache over all steps */
    static const float none[BLOCK];
    double first = (double)last + 1;
    for (size_t at = 0; at < n; at += BLOCK) {
        double b1t = pow(ADAM_BETA1, first), b2t = pow(ADAM_BETA2, first);
        for (int64_t step = last + 1; step < u->step; step++, b1t *= ADAM_BETA1, b2t *= ADAM_BETA2)
            update_some(u, step_from(u, b1t, b2t), n - at < BLOCK ? n - at : BLOCK, none, w + at,
                        part_of(m, at), part_of(v, at));
    }
}

/* Rows are scattered over tables that no cache holds, so each is prefetched a few rows ahead; of a
 * long row only the beginning, since the processor then prefetches the rest. */
PREFETCH ask_for(const struct rows *r, int i, size_t n, const float *w, const float *m,
                 const float *v, const int32_t *last)
{
    enum { LINE = 16, AHEAD = 4, SHORT_AHEAD = 16, MOST = 1 << 10 };
    i += n < LINE ? SHORT_AHEAD : AHEAD;
    if (i >= r->unique)
        return;
    __builtin_prefetch(last + r->row[i], 1);
    for (size_t at = (size_t)r->row[i] * n, to = at + (n < MOST ? n : MOST); at < to; at += LINE) {
        __builtin_prefetch(w + at, 1);
        if (m)
            __builtin_prefetch(m + at, 1);
        if (v)
            __builtin_prefetch(v + at, 1);
    }
}

/* Rows differ in what they need, so threads take a few at a time. */
static void lazy_update_share(const struct update *u, const struct rows *r, size_t n, float *w,
                              float *m, float *v, int32_t *last)
{
    enum { SHARE = 4 };
    int64_t most = velocity_steps((double)u->momentum);
    bool reads_v = u->kind == OPTIMIZER_ADAM || u->weight_decay != 0;
    struct memo memo;
    memset(memo.last, 0, sizeof memo.last);
    memset(memo.steps, 0, sizeof memo.steps);
#pragma omp for schedule(dynamic, SHARE)
    for (int i = 0; i < r->unique; i++) {
        size_t at = (size_t)r->row[i] * n;
        int64_t from = last[r->row[i]];
        ask_for(r, i, n, w, m, reads_v ? v : NULL, last);
        if (from >= u->step - 1)
            continue;
        last[r->row[i]] = (int32_t)(u->step - 1);
        if (u->weight_decay != 0 && u->kind != OPTIMIZER_SGD)
            lazy_update_stepwise(u, from, n, w + at, part_of(m, at), part_of(v, at));
        else if (u->kind == OPTIMIZER_ADAM && from) /* from 0: never updated, m is 0 */
            pass_row(adam_since(&memo, u, from), n, w + at, m + at, v + at);
        else if (u->kind != OPTIMIZER_ADAM)
            lazy_update_linear(&memo, u, most, from, n, w + at, part_of(m, at));
    }
}

void cpu_rows_lazy_update(struct device *d, const struct update *u, const struct rows *r, int cols,
                          float *w, float *m, float *v, int32_t *last)
{
    int threads = cpu_threads_for(cpu_of(d), (double)r->unique * cols / 4);
    CPU_IN_THREADS(threads, lazy_update_share(u, r, (size_t)cols, w, m, v, last));
}

static void rows_update_share(const struct update *u, struct step step, const struct rows *r,
                              size_t n, const float *g, float *w, float *m, float *v, int32_t *last)
{
    struct span s = cpu_own_share((size_t)r->unique, 1);
    for (size_t i = s.from; i < s.to; i++) {
        size_t at = (size_t)r->row[i] * n;
        ask_for(r, (int)i, n, w, m, v, last);
        update_some(u, step, n, g + i * n, w + at, part_of(m, at), part_of(v, at));
        last[r->row[i]] = (int32_t)u->step;
    }
}

void cpu_rows_update(struct device *d, const struct update *u, const struct rows *r, int cols,
                     const float *g, float *w, float *m, float *v, int32_t *last)
{
    int threads = cpu_threads_for(cpu_of(d), (double)r->unique * cols / 4);
    CPU_IN_THREADS(threads,
                   rows_update_share(u, step_of(u, u->step), r, (size_t)cols, g, w, m, v, last));
}
