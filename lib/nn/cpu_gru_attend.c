/* The CPU's GRU with attention to a memory in every step. */
#include <omp.h>

#include "nn/cpu_gru.h"
#include "nn/maths.h"

static size_t group_of(const struct memory *m, int s)
{
    return m->group ? (size_t)m->group->at[s] : 0;
}

/* y [sequences, n] = or += x [sequences, k] times W or its transpose; W [width, ld] is the query
 * matrix of each sequence. */
static void queries_product(const struct gru_block *block, const struct memory *m, int run,
                            bool transpose, int n, int k, const float *x, float beta, float *y)
{
    if (!m->group) {
        cpu_sgemm(false, transpose, run, n, k, x, k, m->query, m->ld, beta, y, n);
        return;
    }
    size_t size = (size_t)m->width * (size_t)m->ld;
    for (int i = 0; i < run; i++)
        cpu_sgemm(false, transpose, 1, n, k, x + (size_t)i * (size_t)k, k,
                  m->query + group_of(m, block_sequence(block, i)) * size, m->ld, beta,
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

/* Attention of one row of sequence s: weight [memory rows] and context [cols]. */
static void attend_row(const struct memory *m, int s, const float *query, float *weight,
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

/* Inputs and outputs of the layer's forward pass. */
struct layer {
    const struct gru_weights *w;
    const struct memory *m;
    int x_cols;
    const float *x, *h0;
    float *h, *kept, *context, *weight;
};

/* Scratch of a block: [x_cols] floats a row, [4H + width + cols] a sequence. */
struct attend_block {
    struct gate_factors weights;
    float *packed;                           /* [rows, x_cols] */
    float *state, *hidden, *query, *context; /* [sequences, H], [., 3H], [., width], [., cols] */
};

/* Computes the contexts of step t and adds their products to its input products in kept [running,
 * 4H]. */
static void attend_step(const struct gru_block *block, const struct layer *y, int t,
                        const struct attend_block *b, float *kept)
{
    const struct gru_weights *w = y->w;
    const struct memory *m = y->m;
    int run = block_running(block, t), H = w->state;
    size_t cols = (size_t)m->cols, width = (size_t)m->width;
    queries_product(block, m, run, true, m->width, H, b->state, 0, b->query);
    for (int i = 0; i < run; i++) {
        size_t row = block_row(block, i, t), place = (size_t)i;
        float *own = b->context + place * cols;
        attend_row(m, block_sequence(block, i), b->query + place * width, y->weight + m->at[row],
                   own);
        memcpy(y->context + row * cols, own, cols * sizeof *own);
    }
    cpu_gate_product(cpu_gate_factor_from(b->weights.ih, 0, y->x_cols), run, 3 * H, m->cols,
                     b->context, m->cols, 1, kept, 4 * H);
}

static void forward_block(const struct gru_block *block, const struct layer *y,
                          const struct gate_factors *f, float *scratch)
{
    const struct gru_weights *w = y->w;
    size_t n = (size_t)w->state, rows = block_rows(block);
    size_t sequences = (size_t)block_running(block, -1);
    struct attend_block b = {.weights = *f, .packed = scratch};
    b.state = b.packed + rows * (size_t)y->x_cols;
    b.hidden = b.state + sequences * n;
    b.query = b.hidden + sequences * 3 * n;
    b.context = b.query + sequences * (size_t)y->m->width;
    float *kept = y->kept + block_first(block) * 4 * n;
    cpu_gru_pack(block, (size_t)y->x_cols, (size_t)y->x_cols, y->x, b.packed);
    cpu_gate_product(f->ih, (int)rows, 3 * w->state, y->x_cols, b.packed, y->x_cols, 0, kept,
                     4 * w->state);
    cpu_gru_begin(block, n, y->h0, b.state);
    for (int t = 0; t < block_steps(block); t++) {
        attend_step(block, y, t, &b, kept);
        cpu_gru_step(block, w, f->hh, t, !t && !y->h0, b.state, b.hidden, y->h, kept);
        kept += (size_t)block_running(block, t) * 4 * n;
    }
}

static void forward_share(const struct ragged *r, int parts, const struct layer *y, float *scratch,
                          size_t size)
{
    const struct gate_weights gates = gru_gates(y->w);
    struct span s = cpu_own_share((size_t)parts, 1);
    scratch += (size_t)omp_get_thread_num() * size;
    struct gate_factors f = cpu_gate_factors(r, &gates, scratch);
    scratch += cpu_gate_factors_size(&gates);
    for (size_t part = s.from; part < s.to; part++)
        forward_block(&(struct gru_block){r, (int)part, parts}, y, &f, scratch);
}

void cpu_gru_attend(struct device *d, const struct ragged *r, const struct gru_weights *w,
                    const struct memory *m, int x_cols, const float *x, const float *h0, float *h,
                    float *kept, float *context, float *weight)
{
    const struct layer y = {w, m, x_cols, x, h0, h, kept, context, weight};
    const struct gate_weights gates = gru_gates(w);
    struct gru_blocks b = gru_blocks(d, r, w->state);
    struct gru_block first = {r, 0, b.parts};
    size_t n = (size_t)w->state, each = 4 * n + (size_t)m->width + (size_t)m->cols;
    size_t size =
        cpu_gate_factors_size(&gates) +
        cpu_padded(block_rows(&first) * (size_t)x_cols + (size_t)block_running(&first, -1) * each);
    float *scratch = cpu_scratch(cpu_of(d), (size_t)b.threads * size);
    CPU_IN_THREADS(b.threads, forward_share(r, b.parts, &y, scratch, size));
}

/* ---- backward ---- */

/* One memory row.  With y = tanh(query + key) and the gradient de of its energy: dquery and dkey
 * (NULL: not wanted) += de · scale ∘ (1 - y²), dscale += de · y. */
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

/* Inputs and outputs of the backward pass, and scratch that covers all rows and sequences. */
struct attend_layer_back {
    const struct gru_weights *w;
    const struct memory *m;
    const struct memory_grads *dm;
    int x_cols;
    const float *x, *h0, *h, *kept, *context, *weight, *dh;
    float *dx, *dh0;
    float *before, *query, *dquery; /* [total, H], [total, width] twice */
    float *dscale;                  /* [count, width] */
    float *de;                      /* [weights] */
};

/* Backward pass of the attention of one row of sequence s, from the gradient of its context. */
static void attend_row_back(const struct attend_layer_back *y, int s, size_t row,
                            const float *dcontext)
{
    const struct memory *m = y->m;
    size_t width = (size_t)m->width, cols = (size_t)m->cols;
    size_t from = (size_t)m->rows->start[s], n = (size_t)m->rows->start[s + 1] - from;
    const float *weight = y->weight + m->at[row], *scale = m->scale + group_of(m, s) * width;
    float *de = y->de + m->at[row], *dquery = y->dquery + row * width;
    memset(dquery, 0, width * sizeof *dquery);
    cpu_softmax_back(n, cols, weight, m->value + from * cols, dcontext, de);
    for (size_t j = 0; j < n; j++) {
        size_t at = from + j;
        energy_back(width, de[j], y->query + row * width, m->key + at * width, scale, dquery,
                    y->dscale + (size_t)s * width, y->dm->key ? y->dm->key + at * width : NULL);
        if (y->dm->value)
            cpu_add_scaled(cols, weight[j], dcontext, y->dm->value + at * cols);
    }
}

/* Scratch of a block: [5H + max(x_cols, cols)] floats a row, [3H + width + cols] a sequence. */
struct block_back {
    float *g, *before, *packed; /* [rows, 4H], [rows + sequences, H], [rows, .] */
    float *carry, *spare;       /* [sequences, H] */
    float *dcontext, *dquery;   /* [sequences, cols], [sequences, width] */
};

/* From g [running, 4H] of step t: carry += the gradient that reaches the state through the
 * query. */
static void attend_step_back(const struct gru_block *block, const struct attend_layer_back *y,
                             int t, const struct block_back *b, const float *g)
{
    const struct gru_weights *w = y->w;
    const struct memory *m = y->m;
    int run = block_running(block, t), H = w->state;
    size_t cols = (size_t)m->cols, width = (size_t)m->width;
    cpu_sgemm(false, false, run, m->cols, 3 * H, g, 4 * H, w->ih + y->x_cols, w->in, 0, b->dcontext,
              m->cols);
    for (int i = 0; i < run; i++) {
        size_t row = block_row(block, i, t), place = (size_t)i;
        attend_row_back(y, block_sequence(block, i), row, b->dcontext + place * cols);
        memcpy(b->dquery + place * width, y->dquery + row * width, width * sizeof *g);
    }
    queries_product(block, m, run, false, H, m->width, b->dquery, 1, b->carry);
}

static void backward_block(const struct gru_block *block, const struct attend_layer_back *y,
                           const struct gate_sums *dw, float *scratch)
{
    const struct gru_weights *w = y->w;
    const struct gate_weights gates = gru_gates(w);
    size_t n = (size_t)w->state, rows = block_rows(block);
    size_t sequences = (size_t)block_running(block, -1);
    size_t at = rows, wide = (size_t)(y->x_cols > y->m->cols ? y->x_cols : y->m->cols);
    struct block_back b = {.g = scratch};
    b.before = b.g + rows * 4 * n;
    b.packed = b.before + (rows + sequences) * n;
    b.carry = b.packed + rows * wide;
    b.spare = b.carry + sequences * n;
    b.dcontext = b.spare + sequences * n;
    b.dquery = b.dcontext + sequences * (size_t)y->m->cols;
    const float *kept = y->kept + block_first(block) * 4 * n;
    cpu_gru_before(block, n, y->h0, y->h, b.before);
    memset(b.carry, 0, sequences * n * sizeof *b.carry);
    for (int t = block_steps(block) - 1; t >= 0; t--) {
        at -= (size_t)block_running(block, t);
        cpu_gru_step_back(block, w, t, !t && !y->dh0, b.before + at * n, kept + at * 4 * n, y->dh,
                          b.carry, b.g + at * 4 * n, b.spare);
        attend_step_back(block, y, t, &b, b.g + at * 4 * n);
    }
    cpu_gru_end_back(block, n, b.carry, y->dh0);
    cpu_gru_states_back(block, w, rows, !y->h0, kept, b.g, b.before, dw);
    cpu_gru_inputs_back(block, &gates, rows, 0, y->x_cols, y->x, b.g, b.packed, y->dx, dw);
    cpu_gru_inputs_back(block, &gates, rows, y->x_cols, y->m->cols, y->context, b.g, b.packed, NULL,
                        dw);
}

static void states_before(const struct ragged *r, size_t n, const float *h0, const float *h,
                          float *before)
{
    for (int s = 0; s < r->count; s++) {
        size_t from = (size_t)r->start[s], rows = (size_t)r->start[s + 1] - from;
        if (!rows)
            continue;
        if (h0)
            memcpy(before + from * n, h0 + (size_t)s * n, n * sizeof *before);
        else
            memset(before + from * n, 0, n * sizeof *before);
        memcpy(before + (from + 1) * n, h + from * n, (rows - 1) * n * sizeof *before);
    }
}

/* Computes the queries of all rows again from the states before them. */
static void find_queries(struct device *d, const struct ragged *r,
                         const struct attend_layer_back *y)
{
    const struct memory *m = y->m;
    int H = y->w->state;
    states_before(r, (size_t)H, y->h0, y->h, y->before);
    if (m->group)
        cpu_group_linear(d, r, m->group, H, m->width, y->before, m->query, m->ld, false, y->query);
    else
        cpu_gemm(d, false, true, r->total, m->width, H, y->before, H, m->query, m->ld, 0, y->query,
                 m->width);
}

static void query_gradient(struct device *d, const struct ragged *r,
                           const struct attend_layer_back *y)
{
    const struct memory *m = y->m;
    int H = y->w->state;
    if (m->group)
        cpu_group_linear_back(d, r, m->group, H, m->width, y->before, m->query, m->ld, y->dquery,
                              NULL, y->dm->query);
    else
        cpu_gemm(d, true, false, m->width, H, r->total, y->dquery, m->width, y->before, H, 1,
                 y->dm->query, m->ld);
}

static void backward_share(const struct ragged *r, int parts, const struct attend_layer_back *y,
                           float *all, size_t sums, float *scratch, size_t size)
{
    const struct gate_weights gates = gru_gates(y->w);
    size_t own = (size_t)omp_get_thread_num();
    struct span s = cpu_own_share((size_t)parts, 1);
    struct gate_sums to = cpu_gate_sums(&gates, NULL, true, all + own * sums);
    for (size_t part = s.from; part < s.to; part++)
        backward_block(&(struct gru_block){r, (int)part, parts}, y, &to, scratch + own * size);
}

/* Runs all blocks.  Each thread has gradients and `size` floats of scratch of its own in `all`. */
static void run_blocks_back(const struct ragged *r, struct gru_blocks b,
                            const struct attend_layer_back *y, float *all, size_t size,
                            const struct gru_grads *dw)
{
    const struct gate_weights gates = gru_gates(y->w);
    size_t sums = cpu_gate_sums_size(&gates, true);
    float *scratch = all + (size_t)b.threads * sums;
    CPU_IN_THREADS(b.threads, backward_share(r, b.parts, y, all, sums, scratch, size));
    cpu_gate_sums_add(&gates, b.threads, true, all, dw);
}

void cpu_gru_attend_back(struct device *d, const struct ragged *r, const struct gru_weights *w,
                         const struct memory *m, int x_cols, const float *x, const float *h0,
                         const float *h, const float *kept, const float *context,
                         const float *weight, const float *dh, float *dx, float *dh0,
                         const struct gru_grads *dw, const struct memory_grads *dm)
{
    struct attend_layer_back y = {.w = w,
                                  .m = m,
                                  .dm = dm,
                                  .x_cols = x_cols,
                                  .x = x,
                                  .h0 = h0,
                                  .h = h,
                                  .kept = kept,
                                  .context = context,
                                  .weight = weight,
                                  .dh = dh,
                                  .dx = dx,
                                  .dh0 = dh0};
    const struct gate_weights gates = gru_gates(w);
    struct gru_blocks b = gru_blocks(d, r, w->state);
    struct gru_block first = {r, 0, b.parts};
    size_t n = (size_t)w->state, width = (size_t)m->width, cols = (size_t)m->cols;
    size_t total = (size_t)r->total, wide = (size_t)(x_cols > m->cols ? x_cols : m->cols);
    size_t sums = (size_t)r->count * width, weights = (size_t)m->weights;
    size_t size = cpu_padded(block_rows(&first) * (5 * n + wide) +
                             (size_t)block_running(&first, -1) * (3 * n + cols + width));
    y.before =
        cpu_scratch(cpu_of(d), cpu_padded(total * (n + 2 * width) + sums + weights) +
                                   (size_t)b.threads * (cpu_gate_sums_size(&gates, true) + size));
    y.query = y.before + total * n;
    y.dquery = y.query + total * width;
    y.dscale = y.dquery + total * width;
    y.de = y.dscale + sums;
    find_queries(d, r, &y);
    memset(y.dscale, 0, sums * sizeof *y.dscale);
    run_blocks_back(r, b, &y, y.before + cpu_padded(total * (n + 2 * width) + sums + weights), size,
                    dw);
    if (dm->query)
        query_gradient(d, r, &y);
    if (dm->scale)
        cpu_add_by_group(d, m->group, r->count, m->width, y.dscale, dm->scale);
}
