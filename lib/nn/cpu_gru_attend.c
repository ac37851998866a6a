/* The CPU's recurrent layer that looks back at every step. */
#include <omp.h>

#include "nn/cpu_gru.h"
#include "nn/maths.h"

static size_t group_of(const struct memory *m, int s)
{
    return m->group ? (size_t)m->group->at[s] : 0;
}

/* y [lanes, n] = or += x [lanes, k] W or W transposed, W the lanes' own matrices [width, ld] */
static void lanes_product(const struct lanes *l, const struct memory *m, int run, bool transpose,
                          int n, int k, const float *x, float beta, float *y)
{
    if (!m->group) {
        cpu_sgemm(false, transpose, run, n, k, x, k, m->query, m->ld, beta, y, n);
        return;
    }
    size_t size = (size_t)m->width * (size_t)m->ld;
    for (int i = 0; i < run; i++)
        cpu_sgemm(false, transpose, 1, n, k, x + (size_t)i * (size_t)k, k,
                  m->query + group_of(m, lanes_sequence(l, i)) * size, m->ld, beta,
                  y + (size_t)i * (size_t)n, n);
}

/* scale · tanh(query + key) */
VECTOR static float energy(size_t n, const float *query, const float *key, const float *scale)
{
    float sum = 0;
#pragma omp simd reduction(+ : sum)
    for (size_t j = 0; j < n; j++)
        sum += scale[j] * maths_tanh(query[j] + key[j]);
    return sum;
}

/* The weights of one row, and its context. */
static void look_back(const struct memory *m, int s, const float *query, float *weight,
                      float *context)
{
    size_t width = (size_t)m->width, cols = (size_t)m->cols;
    size_t from = (size_t)m->rows->start[s], n = (size_t)m->rows->start[s + 1] - from;
    const float *scale = m->scale + group_of(m, s) * width;
    memset(context, 0, cols * sizeof *context);
    if (!n)
        return;
    for (size_t j = 0; j < n; j++)
        weight[j] = energy(width, query, m->key + (from + j) * width, scale);
    cpu_softmax(n, weight);
    for (size_t j = 0; j < n; j++)
        cpu_add_scaled(cols, weight[j], m->value + (from + j) * cols, context);
}

/* Scratch of the lanes. */
struct looking {
    float *state, *hidden, *query, *context; /* [lanes, H], [., 3H], [., width], [., cols] */
};

static void look_back_step(const struct lanes *l, const struct gru_weights *w,
                           const struct memory *m, int t, const struct looking *s, float *kept,
                           float *context, float *weight)
{
    int run = lanes_running(l, t), H = w->state;
    size_t n = (size_t)H, cols = (size_t)m->cols, width = (size_t)m->width;
    lanes_product(l, m, run, true, m->width, H, s->state, 0, s->query);
    for (int i = 0; i < run; i++) {
        size_t row = lanes_row(l, i, t), lane = (size_t)i;
        float *own = s->context + lane * cols;
        look_back(m, lanes_sequence(l, i), s->query + lane * width, weight + m->at[row], own);
        memcpy(context + row * cols, own, cols * sizeof *own);
    }
    cpu_sgemm(false, true, run, 3 * H, m->cols, s->context, m->cols, w->ih + w->in - m->cols, w->in,
              0, s->hidden, 3 * H);
    for (int i = 0; i < run; i++)
        cpu_add_scaled(3 * n, 1, s->hidden + (size_t)i * 3 * n, kept + lanes_row(l, i, t) * 4 * n);
}

void cpu_gru_attend(struct device *d, const struct ragged *r, const struct gru_weights *w,
                    const struct memory *m, int x_cols, const float *x, const float *h0, float *h,
                    float *kept, float *context, float *weight)
{
    size_t n = (size_t)w->state, count = (size_t)r->count, width = (size_t)m->width;
    size_t cols = (size_t)m->cols;
    float *scratch = cpu_scratch(cpu_of(d), count * (4 * n + width + cols));
    cpu_gemm(d, false, true, r->total, 3 * w->state, x_cols, x, x_cols, w->ih, w->in, 0, kept,
             4 * w->state);
    int threads = gru_threads(d, r, w);
#pragma omp parallel num_threads(threads) if (threads > 1)
    {
        struct lanes l = {r, omp_get_thread_num(), omp_get_num_threads()};
        size_t before = lanes_before(&l);
        float *own = scratch + before * (4 * n + width + cols);
        size_t lanes = (size_t)lanes_running(&l, -1);
        struct looking s = {own, own + lanes * n, own + lanes * 4 * n,
                            own + lanes * (4 * n + width)};
        cpu_gru_begin(&l, n, h0, s.state);
        for (int t = 0; t < r->longest && lanes_running(&l, t) > 0; t++) {
            look_back_step(&l, w, m, t, &s, kept, context, weight);
            cpu_gru_step(&l, w, t, s.state, s.hidden, h, kept);
        }
    }
}

/* ---- backward ---- */

/* One memory row: with its energy's gradient de, dquery += and dkey += (NULL: not wanted)
 * de · scale ∘ tanh', dscale += de · tanh. */
VECTOR static void energy_back(size_t n, float de, const float *query, const float *key,
                               const float *scale, float *restrict dquery, float *restrict dscale,
                               float *restrict dkey)
{
    for (size_t j = 0; j < n; j++) {
        float y = maths_tanh(query[j] + key[j]);
        float g = maths_tanh_back(y, de * scale[j]);
        dquery[j] += g;
        dscale[j] += de * y;
        if (dkey)
            dkey[j] += g;
    }
}

struct looking_back {
    const struct memory *m;
    const struct memory_grads *dm;
    const float *query, *weight; /* [total, width] q of each row; α */
    float *dquery;               /* [total, width] */
    float *dscale;               /* [count, width] */
    float *de;                   /* [weights] */
};

/* One row of sequence s, from the gradient of its context. */
static void look_back_back(const struct looking_back *b, int s, size_t row, const float *dcontext)
{
    const struct memory *m = b->m;
    size_t width = (size_t)m->width, cols = (size_t)m->cols;
    size_t from = (size_t)m->rows->start[s], n = (size_t)m->rows->start[s + 1] - from;
    const float *weight = b->weight + m->at[row], *scale = m->scale + group_of(m, s) * width;
    float *de = b->de + m->at[row], *dquery = b->dquery + row * width;
    memset(dquery, 0, width * sizeof *dquery);
    cpu_softmax_back(n, cols, weight, m->value + from * cols, dcontext, de);
    for (size_t j = 0; j < n; j++) {
        size_t at = from + j;
        energy_back(width, de[j], b->query + row * width, m->key + at * width, scale, dquery,
                    b->dscale + (size_t)s * width, b->dm->key ? b->dm->key + at * width : NULL);
        if (b->dm->value)
            cpu_add_scaled(cols, weight[j], dcontext, b->dm->value + at * cols);
    }
}

/* Scratch of the lanes. */
struct carrying {
    float *carry, *step, *dcontext, *dquery; /* [lanes, H], [., 3H], [., cols], [., width] */
};

/* What the step's own rows leave: carry += what came through the query. */
static void look_back_step_back(const struct lanes *l, const struct gru_weights *w,
                                const struct looking_back *b, int t, const struct carrying *c,
                                const float *g)
{
    const struct memory *m = b->m;
    int run = lanes_running(l, t), H = w->state;
    size_t n = (size_t)H, cols = (size_t)m->cols, width = (size_t)m->width;
    for (int i = 0; i < run; i++)
        memcpy(c->step + (size_t)i * 3 * n, g + lanes_row(l, i, t) * 4 * n, 3 * n * sizeof *g);
    cpu_sgemm(false, false, run, m->cols, 3 * H, c->step, 3 * H, w->ih + w->in - m->cols, w->in, 0,
              c->dcontext, m->cols);
    for (int i = 0; i < run; i++) {
        size_t row = lanes_row(l, i, t), lane = (size_t)i;
        look_back_back(b, lanes_sequence(l, i), row, c->dcontext + lane * cols);
        memcpy(c->dquery + lane * width, b->dquery + row * width, width * sizeof *g);
    }
    lanes_product(l, m, run, false, H, m->width, c->dquery, 1, c->carry);
}

/* The queries of all steps at once, from the states before them. */
static void find_queries(struct device *d, const struct ragged *r, const struct memory *m, int H,
                         const float *before, float *query)
{
    if (m->group)
        cpu_group_linear(d, r, m->group, H, m->width, before, m->query, m->ld, false, query);
    else
        cpu_gemm(d, false, true, r->total, m->width, H, before, H, m->query, m->ld, 0, query,
                 m->width);
}

static void query_gradient(struct device *d, const struct ragged *r, const struct memory *m, int H,
                           const float *before, const float *dquery, float *to)
{
    if (m->group)
        cpu_group_linear_back(d, r, m->group, H, m->width, before, m->query, m->ld, dquery, NULL,
                              to);
    else
        cpu_gemm(d, true, false, m->width, H, r->total, dquery, m->width, before, H, 1, to, m->ld);
}

void cpu_gru_attend_back(struct device *d, const struct ragged *r, const struct gru_weights *w,
                         const struct memory *m, int x_cols, const float *x, const float *h0,
                         const float *h, const float *kept, const float *context,
                         const float *weight, const float *dh, float *dx, float *dh0,
                         const struct gru_grads *dw, const struct memory_grads *dm)
{
    size_t n = (size_t)w->state, count = (size_t)r->count, total = (size_t)r->total;
    size_t width = (size_t)m->width, cols = (size_t)m->cols, lane = 4 * n + cols + width;
    float *g = cpu_scratch(cpu_of(d), total * (5 * n + 2 * width) + count * (width + lane) +
                                          (size_t)m->weights);
    float *before = g + total * 4 * n, *query = before + total * n;
    float *dquery = query + total * width, *dscale = dquery + total * width;
    float *de = dscale + count * width, *scratch = de + m->weights;
    struct looking_back b = {m, dm, query, weight, dquery, dscale, de};
    cpu_gru_before(r, n, h0, h, before);
    find_queries(d, r, m, w->state, before, query);
    memset(dscale, 0, count * width * sizeof *dscale);
    int threads = gru_threads(d, r, w);
#pragma omp parallel num_threads(threads) if (threads > 1)
    {
        struct lanes l = {r, omp_get_thread_num(), omp_get_num_threads()};
        size_t lanes = (size_t)lanes_running(&l, -1);
        float *own = scratch + lanes_before(&l) * lane;
        struct carrying c = {own, own + lanes * n, own + lanes * 4 * n,
                             own + lanes * (4 * n + cols)};
        memset(c.carry, 0, lanes * n * sizeof *c.carry);
        for (int t = r->longest - 1; t >= 0; t--)
            if (lanes_running(&l, t) > 0) {
                cpu_gru_step_back(&l, w, t, before, kept, dh, c.carry, g, c.step);
                look_back_step_back(&l, w, &b, t, &c, g);
            }
        cpu_gru_end_back(&l, n, c.carry, dh0);
    }
    cpu_gru_inputs_back(d, r->total, w, 0, x_cols, x, g, dx, dw);
    cpu_gru_inputs_back(d, r->total, w, x_cols, m->cols, context, g, NULL, dw);
    if (dm->query)
        query_gradient(d, r, m, w->state, before, dquery, dm->query);
    if (dm->scale)
        cpu_add_by_group(d, m->group, r->count, m->width, dscale, dm->scale);
    cpu_gru_states_back(d, r->total, w, kept, g, before, dw);
}
