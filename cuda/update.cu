/* Optimizers: one pass over the flat buffers, which also sets the gradient to 0; and sparse and
 * lazy updates of table rows. */
#include <math.h>

#include "cuda.h"

/* ---- sum of squares: blocks of fixed size, added in order on every device ---- */

enum { PART = 1 << 14, THREADS = 256 };

static __global__ void square_parts(size_t n, const float *g, double *parts)
{
    __shared__ double room[WARP];
    const size_t from = (size_t)blockIdx.x * PART, end = n - from < PART ? n : from + PART;
    double sum = 0;
#pragma unroll 4
    for (size_t i = from + threadIdx.x; i < end; i += THREADS)
        sum += (double)g[i] * g[i];
    sum = block_sum(sum, room);
    if (threadIdx.x == 0)
        parts[blockIdx.x] = sum;
}

static __global__ void sum_parts(size_t n, const double *parts, double *to)
{
    __shared__ double room[WARP];
    double sum = 0;
    for (size_t i = threadIdx.x; i < n; i += THREADS)
        sum += parts[i];
    sum = block_sum(sum, room);
    if (threadIdx.x == 0)
        *to = sum;
}

double cuda_square_sum(struct device *d, const float *g, size_t n)
{
    const size_t blocks = (n + PART - 1) / PART;
    double *parts = (double *)cuda_scratch(cuda_of(d), (blocks + 1) * sizeof *parts), sum;
    LAUNCH(d, square_parts, (unsigned)blocks, THREADS, 0, n, g, parts + 1);
    LAUNCH(d, sum_parts, 1, THREADS, 0, blocks, parts + 1, parts);
    cuda_download(d, &sum, parts, sizeof sum);
    return sum;
}

/* ---- one step ---- */

/* struct update as an argument of a kernel, without padding. */
struct rates {
    int64_t step;
    float rate, momentum, decay, scale;
};

static struct rates rates_of(const struct update *u)
{
    struct rates r = {u->step, u->rate, u->momentum, u->weight_decay, u->scale};
    return r;
}

enum rule { ADAM, ADAGRAD, ADAGRAD_MOMENTUM, SGD, SGD_MOMENTUM };

struct step {
    float scale, decay, rate, momentum;
    float rate1, root2; /* Adam's, with bias corrections */
};

static __host__ __device__ struct step step_of(const struct rates &u, int64_t step)
{
    struct step s = {u.scale, u.decay, u.rate, u.momentum, 0, 0};
    s.rate1 = (float)(u.rate / (1 - pow(ADAM_BETA1, (double)step)));
    s.root2 = (float)(1 / sqrt(1 - pow(ADAM_BETA2, (double)step)));
    return s;
}

static enum rule rule_of(const struct update *u, const float *m)
{
    return u->kind == OPTIMIZER_ADAM      ? ADAM
           : u->kind == OPTIMIZER_ADAGRAD ? m ? ADAGRAD_MOMENTUM : ADAGRAD
           : m                            ? SGD_MOMENTUM
                                          : SGD;
}

template <enum rule RULE>
static constexpr bool has_m = RULE == ADAM || RULE == ADAGRAD_MOMENTUM || RULE == SGD_MOMENTUM;
template <enum rule RULE>
static constexpr bool has_v = RULE == ADAM || RULE == ADAGRAD || RULE == ADAGRAD_MOMENTUM;

template <enum rule RULE>
static __device__ inline void move(const struct step &s, float g, float *w, float *m, float *v)
{
    g = maths_gradient(g, s.scale, *w, s.decay);
    if (RULE == ADAM)
        maths_adam(g, s.rate1, s.root2, w, m, v);
    else if (RULE == ADAGRAD)
        maths_adagrad(g, s.rate, w, v);
    else if (RULE == ADAGRAD_MOMENTUM)
        maths_adagrad_momentum(g, s.rate, s.momentum, w, m, v);
    else if (RULE == SGD)
        maths_sgd(g, s.rate, w);
    else
        maths_sgd_momentum(g, s.rate, s.momentum, w, m);
}

/* Element i of each buffer, a float or a float4. */
template <enum rule RULE, class V>
static __device__ inline void move_at(const struct step &s, const V &g, size_t i, V *w, V *m, V *v)
{
    V of_w = w[i], of_m = V(), of_v = V();
    if (has_m<RULE>)
        of_m = m[i];
    if (has_v<RULE>)
        of_v = v[i];
#pragma unroll
    for (int k = 0; k < (int)(sizeof(V) / sizeof(float)); k++)
        move<RULE>(s, ((const float *)&g)[k], (float *)&of_w + k, (float *)&of_m + k,
                   (float *)&of_v + k);
    w[i] = of_w;
    if (has_m<RULE>)
        m[i] = of_m;
    if (has_v<RULE>)
        v[i] = of_v;
}

static __device__ inline bool all_zero(float x)
{
    return x == 0;
}

static __device__ inline bool all_zero(const float4 &x)
{
    return x.x == 0 && x.y == 0 && x.z == 0 && x.w == 0;
}

/* Most of a large table's gradient is 0 and need not be written. */
template <enum rule RULE, class V>
static __global__ void update_all(struct step s, size_t n, V *w, V *g, V *m, V *v)
{
    for EACH (i, n) {
        V own = g[i];
        move_at<RULE>(s, own, i, w, m, v);
        if (!all_zero(own))
            g[i] = V();
    }
}

static bool by_four(const void *a, const void *b, const void *c, const void *d)
{
    return ((uintptr_t)a | (uintptr_t)b | (uintptr_t)c | (uintptr_t)d) % sizeof(float4) == 0;
}

template <enum rule RULE>
static void update(struct device *d, const struct step &s, size_t n, float *w, float *g, float *m,
                   float *v)
{
    size_t fours = by_four(w, g, m, v) ? n / 4 : 0, done = 4 * fours;
    LAUNCH(d, (update_all<RULE, float4>), cuda_grid(cuda_of(d), fours, 256), 256, 0, s, fours,
           (float4 *)w, (float4 *)g, (float4 *)m, (float4 *)v);
    LAUNCH(d, (update_all<RULE, float>), cuda_grid(cuda_of(d), n - done, 256), 256, 0, s, n - done,
           w + done, g + done, m ? m + done : m, v ? v + done : v);
}

/* Calls the function template for the rule. */
#define BY_RULE(function, rule, ...)                                                               \
    do {                                                                                           \
        if ((rule) == ADAM)                                                                        \
            function<ADAM>(__VA_ARGS__);                                                           \
        else if ((rule) == ADAGRAD)                                                                \
            function<ADAGRAD>(__VA_ARGS__);                                                        \
        else if ((rule) == ADAGRAD_MOMENTUM)                                                       \
            function<ADAGRAD_MOMENTUM>(__VA_ARGS__);                                               \
        else if ((rule) == SGD)                                                                    \
            function<SGD>(__VA_ARGS__);                                                            \
        else                                                                                       \
            function<SGD_MOMENTUM>(__VA_ARGS__);                                                   \
    } while (0)

void cuda_update(struct device *d, const struct update *u, size_t n, float *w, float *g, float *m,
                 float *v)
{
    BY_RULE(update, rule_of(u, m), d, step_of(rates_of(u), u->step), n, w, g, m, v);
}

/* ---- rows of tables: a warp processes a row ---- */

/* The threads of a warp compute the groups of the closed form together, then share the columns. */
static __device__ inline void pass_adam(const struct rates &u, int64_t from, int64_t k,
                                        struct adam_passed *p, size_t n, float *w, float *m,
                                        float *v)
{
    const int member = (int)threadIdx.x % WARP;
    if (member < ADAM_GROUPS) {
        const double b1t = pow(ADAM_BETA1, (double)from), b2t = pow(ADAM_BETA2, (double)from);
        p->group[member] = maths_adam_group((double)u.rate, b1t, b2t, k, member);
    } else if (member == ADAM_GROUPS) {
        p->groups = maths_adam_groups(k);
        p->m = (float)pow(ADAM_BETA1, (double)k);
        p->v = (float)pow(ADAM_BETA2, (double)k);
    }
    __syncwarp();
    for (size_t j = (size_t)member; j < n; j += WARP)
        maths_adam_pass(p, w + j, m + j, v + j);
}

template <enum rule RULE>
static __device__ inline void pass_linear(const struct rates &u, int64_t k, size_t n, float *w,
                                          float *m)
{
    const bool sgd = RULE == SGD || RULE == SGD_MOMENTUM;
    const double momentum = has_m<RULE> ? (double)u.momentum : 0;
    const struct linear_passed p =
        sgd ? maths_linear_power(maths_sgd_step((double)u.rate, momentum, (double)u.decay), k)
            : maths_velocity_passed(momentum, k);
    for (size_t j = threadIdx.x % WARP; j < n; j += WARP) {
        const float of_w = w[j], of_m = has_m<RULE> ? m[j] : 0;
        w[j] = (float)p.ww * of_w + (float)p.wm * of_m;
        if (has_m<RULE>)
            m[j] = (float)p.mw * of_w + (float)p.mm * of_m;
    }
}

/* With weight decay Adam and Adagrad are not linear, so steps are computed one by one. */
template <enum rule RULE>
static __device__ inline void pass_stepwise(const struct rates &u, int64_t from, size_t n, float *w,
                                            float *m, float *v)
{
    for (int64_t step = from + 1; step < u.step; step++) {
        const struct step s = step_of(u, step);
        for (size_t j = threadIdx.x % WARP; j < n; j += WARP)
            move_at<RULE>(s, 0.0f, j, w, m, v);
    }
}

template <enum rule RULE>
static __global__ void lazy_update_rows(struct rates u, struct row_plan r, int cols, float *w,
                                     float *m, float *v, int32_t *last)
{
    __shared__ struct adam_passed passed[ROW_WARPS];
    const size_t n = (size_t)cols;
    for WARP_ROWS (i, r.unique) {
        const int32_t row = r.row[i];
        const size_t at = (size_t)row * n;
        const int64_t from = last[row], k = u.step - 1 - from;
        float *of_m = has_m<RULE> ? m + at : m, *of_v = has_v<RULE> ? v + at : v;
        __syncwarp(); /* all threads have read `last` */
        if (k <= 0)
            continue;
        if (u.decay != 0 && RULE != SGD && RULE != SGD_MOMENTUM)
            pass_stepwise<RULE>(u, from, n, w + at, of_m, of_v);
        else if (RULE != ADAM)
            pass_linear<RULE>(u, k, n, w + at, of_m);
        else if (from > 0) /* from 0: never updated, m is 0 */
            pass_adam(u, from, k, passed + threadIdx.x / WARP, n, w + at, of_m, of_v);
        if (threadIdx.x % WARP == 0)
            last[row] = (int32_t)(u.step - 1);
        __syncwarp(); /* the next row's groups use the same memory */
    }
}

template <enum rule RULE>
static void rows_lazy_update(struct device *d, const struct update *u, const struct rows *r, int cols,
                          float *w, float *m, float *v, int32_t *last)
{
    LAUNCH(d, lazy_update_rows<RULE>, row_blocks(r->unique), ROW_WARPS * WARP, 0, rates_of(u),
           cuda_rows(r), cols, w, m, v, last);
}

void cuda_rows_lazy_update(struct device *d, const struct update *u, const struct rows *r, int cols,
                        float *w, float *m, float *v, int32_t *last)
{
    BY_RULE(rows_lazy_update, rule_of(u, m), d, u, r, cols, w, m, v, last);
}

template <enum rule RULE>
static __global__ void update_rows(struct step s, int64_t step, struct row_plan r, int cols,
                                   const float *g, float *w, float *m, float *v, int32_t *last)
{
    for WARP_ROWS (i, r.unique) {
        const size_t row = (size_t)r.row[i];
        for WARP_COLUMNS (j, cols)
            move_at<RULE>(s, g[(size_t)i * cols + j], row * cols + j, w, m, v);
        if (threadIdx.x % WARP == 0)
            last[row] = (int32_t)step;
    }
}

template <enum rule RULE>
static void rows_update(struct device *d, const struct update *u, const struct rows *r, int cols,
                        const float *g, float *w, float *m, float *v, int32_t *last)
{
    LAUNCH(d, update_rows<RULE>, row_blocks(r->unique), ROW_WARPS * WARP, 0,
           step_of(rates_of(u), u->step), u->step, cuda_rows(r), cols, g, w, m, v, last);
}

void cuda_rows_update(struct device *d, const struct update *u, const struct rows *r, int cols,
                      const float *g, float *w, float *m, float *v, int32_t *last)
{
    BY_RULE(rows_update, rule_of(u, m), d, u, r, cols, g, w, m, v, last);
}
