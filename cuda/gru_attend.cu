/* A GRU with attention to a memory in every step.
 *
 * The context is a sum of memory rows, and so is its part of the gates: with V_j = W_ih value_j,
 * one product for all memory rows before the steps, a step adds Σ α_j V_j instead of W_ih c.  For
 * 15 memory rows at H = 100 that is 4,500 multiplications instead of 30,000.  Beside the state's
 * matrix a step then needs only the query's, 40 KB, which stays in the first-level cache.  Contexts
 * and the gradients of keys, values and scale are computed outside the steps for all rows at once:
 * they follow from α, the queries and the gradients of the energies. */
#include "gru_step.h"

/* The memory, as an argument of a kernel. */
struct attend_memory {
    const int32_t *start; /* memory rows of each sequence */
    const int32_t *group; /* matrix of each sequence; NULL: all use the first */
    const int32_t *at;    /* where each row's weights begin */
    int width, ld, longest, state;
    const float *key, *query, *scale; /* as in struct memory */
    const float *input;               /* V [memory rows, 3H] */
};

/* The memory rows of a tile's sequences. */
struct tile_memory {
    int first[TILE_MOST], count[TILE_MOST], group[TILE_MOST];
};

/* The first threads, one a sequence, fill *to; a barrier must follow. */
static __device__ inline void tile_memory_open(const struct recurrence &k,
                                               const struct attend_memory &l,
                                               const struct tile &tile, struct tile_memory *to)
{
    int i = (int)threadIdx.x;
    if (i >= k.tile)
        return;
    int s = tile.sequence[i];
    to->first[i] = s < 0 ? 0 : l.start[s];
    to->count[i] = s < 0 ? 0 : l.start[s + 1] - l.start[s];
    to->group[i] = s < 0 || !l.group ? 0 : l.group[s];
}

/* Memory rows of sequence s in step t; 0 beyond its end. */
static __device__ inline int rows_at(const struct tile &tile, const struct tile_memory &at, int s,
                                     int t)
{
    return t < tile.steps[s] ? at.count[s] : 0;
}

static __device__ inline int lane_of(void)
{
    return (int)threadIdx.x % WARP;
}

static __device__ inline int warp_of(void)
{
    return (int)threadIdx.x / WARP;
}

static __device__ inline int warps_of(void)
{
    return (int)blockDim.x / WARP;
}

/* ---- forward ---- */

/* Adds Σ α_j V_j to a step's input products. */
struct forward_more {
    const struct tile_memory *at;
    const float *alpha; /* [S, longest] */
    const float *input;
    int longest, state;

    template <int FROM, int COUNT> __device__ void add(int s, int j, float *x) const
    {
        const float *own = alpha + (size_t)s * longest;
        const float *v = input + ((size_t)at->first[s] * 3 + FROM) * state + j;
        for (int i = 0; i < at->count[s]; i++, v += 3 * (size_t)state)
#pragma unroll
            for (int gate = 0; gate < COUNT; gate++)
                x[gate] += own[i] * v[(size_t)gate * state];
    }
};

/* query [S, width] = W_q h of the sequences that have memory rows: a warp computes an element. */
template <int S>
static __device__ inline void find_queries(const struct recurrence &k,
                                           const struct attend_memory &l, const struct tile &tile,
                                           const struct tile_memory &at, int t, const float *state,
                                           float *query)
{
    for (int i = warp_of(); i < S * l.width; i += warps_of()) {
        int s = i / l.width, w = i - s * l.width;
        if (!rows_at(tile, at, s, t))
            continue;
        const float *row = l.query + ((size_t)at.group[s] * l.width + w) * l.ld;
        float sum = 0;
        for (int j = lane_of(); j < k.state; j += WARP)
            sum += row[j] * state[s * k.padded + j];
        sum = warp_sum(sum);
        if (lane_of() == 0)
            query[i] = sum;
    }
}

/* alpha = scale · tanh(query + key): a warp computes a memory row's. */
template <int S>
static __device__ inline void find_energies(const struct attend_memory &l, const struct tile &tile,
                                            const struct tile_memory &at, int t, const float *query,
                                            float *alpha)
{
    for (int s = 0; s < S; s++) {
        const float *scale = l.scale + (size_t)at.group[s] * l.width;
        const float *own = query + (size_t)s * l.width;
        for (int i = warp_of(); i < rows_at(tile, at, s, t); i += warps_of()) {
            const float *key = l.key + (size_t)(at.first[s] + i) * l.width;
            float sum = 0;
            for (int j = lane_of(); j < l.width; j += WARP)
                sum += scale[j] * maths_tanh(own[j] + key[j]);
            sum = warp_sum(sum);
            if (lane_of() == 0)
                alpha[(size_t)s * l.longest + i] = sum;
        }
    }
}

/* alpha = softmax(alpha), also into weight: a warp computes a sequence's. */
template <int S>
static __device__ inline void find_weights(const struct attend_memory &l, const struct tile &tile,
                                           const struct tile_memory &at, int t, float *alpha,
                                           float *weight)
{
    for (int s = warp_of(); s < S; s += warps_of()) {
        int n = rows_at(tile, at, s, t);
        if (!n)
            continue;
        float *own = alpha + (size_t)s * l.longest, *to = weight + l.at[tile.first[s] + t];
        float top = -INFINITY, sum = 0;
        for (int i = lane_of(); i < n; i += WARP)
            top = own[i] > top ? own[i] : top;
        top = warp_max(top);
        for (int i = lane_of(); i < n; i += WARP)
            sum += own[i] = maths_exp(own[i] - top);
        sum = warp_sum(sum);
        for (int i = lane_of(); i < n; i += WARP)
            to[i] = own[i] /= sum;
    }
}

/* Floats of each sequence: those of a forward step, query [width], alpha [longest]. */
template <int S, bool SPILLS>
static __global__ void __launch_bounds__(RECURRENT_THREADS, 1)
    forward(struct recurrence k, struct forward_step f, struct attend_memory l, const float *h0,
            float *weight)
{
    SHARED(float, shared);
    __shared__ struct tile tile;
    __shared__ struct tile_memory at;
    forward_open(k, &f, block_open<SPILLS>(k, shared), S);
    float *query = f.reset + (size_t)S * k.padded, *alpha = query + (size_t)S * l.width;
    struct forward_more more = {&at, alpha, l.input, l.longest, k.state};
    for (int round = 0; round * (int)gridDim.x < k.tiles; round++) {
        int number = tile_of(round);
        if (number >= k.tiles)
            continue;
        tile_open(k, number, &tile);
        tile_memory_open(k, l, tile, &at);
        forward_begin<S>(k, f, tile, h0);
        for (int t = 0; t < tile.steps[0]; t++) {
            find_queries<S>(k, l, tile, at, t, f.state, query);
            __syncthreads();
            find_energies<S>(l, tile, at, t, query, alpha);
            __syncthreads();
            find_weights<S>(l, tile, at, t, alpha, weight);
            step_forward<S>(k, f, tile, t, more);
        }
    }
}

/* context [total, cols] = Σ_j α_j value_j */
static __global__ void contexts(int total, int cols, const int32_t *owner, const int32_t *start,
                                const int32_t *at, const float *weight, const float *value,
                                float *context)
{
    for EACH (i, (size_t)total * cols) {
        size_t row = i / cols, col = i - row * cols;
        int s = owner[row];
        const float *own = weight + at[row];
        float sum = 0;
        for (int j = start[s]; j < start[s + 1]; j++)
            sum += *own++ * value[(size_t)j * cols + col];
        context[i] = sum;
    }
}

static struct attend_memory attend_memory_of(const struct memory *m, int state, const float *input)
{
    const struct attend_memory l = {
        m->rows->start,   m->group ? m->group->at : NULL, m->at,  m->width, m->ld,
        m->rows->longest, state,                          m->key, m->query, m->scale,
        input};
    return l;
}

/* input [memory rows, 3H] = value W_ihᵀ, with the columns of W_ih for the context. */
static void memory_inputs(struct cuda *c, const struct gru_weights *w, const struct memory *m,
                          int x_cols, float *input)
{
    cuda_gemm_wide(c, false, true, m->rows->total, 3 * w->state, m->cols, m->value, m->cols,
                   w->ih + x_cols, w->in, 0, input, 3 * w->state);
}

void cuda_gru_attend(struct device *d, const struct ragged *r, const struct gru_weights *w,
                     const struct memory *m, int x_cols, const float *x, const float *h0, float *h,
                     float *kept, float *context, float *weight)
{
    struct cuda *c = cuda_of(d);
    if (!r->total || !w->state)
        return;
    size_t each = 2 * (size_t)recurrent_padded(w->state) + (size_t)m->width + m->rows->longest;
    struct recurrent_plan p = plan_gru(c, r, w, true, each);
    size_t packed = recurrent_scratch(&p), inputs = (size_t)m->rows->total * 3 * w->state;
    float *scratch = (float *)cuda_scratch(c, (packed + inputs) * sizeof(float));
    float *input = scratch + packed;
    recurrent_pack(c, &p, w->hh, scratch);
    memory_inputs(c, w, m, x_cols, input);
    cuda_gemm_wide(c, false, true, r->total, 3 * w->state, x_cols, x, x_cols, w->ih, w->in, 0, kept,
                   4 * w->state);
    struct forward_step f = {w->ih_bias, w->hh_bias, NULL, NULL, NULL, NULL, h, kept};
    LAUNCH_TILES(c, p, forward, p.k, f, attend_memory_of(m, w->state, input), h0, weight);
    size_t values = (size_t)r->total * m->cols;
    LAUNCH(c, contexts, cuda_grid(c, values, 256), 256, 0, r->total, m->cols, r->owner,
           m->rows->start, m->at, weight, m->value, context);
}

/* ---- backward ---- */

/* Kept for the backward steps: q of each row, α; results of the steps: de, dq. */
struct attend_saved {
    const float *query, *weight; /* [total, width], [weights] */
    float *de, *dquery;          /* [weights], [total, width] */
};

/* The gradient that a step sends back through its query, [parts, S, padded]. */
struct backward_more {
    const float *part;
    int parts, stride, padded;

    __device__ float carried(int s, int j) const
    {
        float sum = 0;
        for (int p = 0; p < parts; p++)
            sum += part[(size_t)p * stride + s * padded + j];
        return sum;
    }
};

/* de [S, longest] = the gradients of the weights, g · V_j: a warp computes a memory row's. */
template <int S>
static __device__ inline void weights_back(const struct recurrence &k,
                                           const struct attend_memory &l, const struct tile &tile,
                                           const struct tile_memory &at, int t, const float *g,
                                           float *de)
{
    int n = 3 * k.state;
    for (int s = 0; s < S; s++) {
        const float *row = g + (size_t)(tile.first[s] + t) * 4 * k.state;
        for (int i = warp_of(); i < rows_at(tile, at, s, t); i += warps_of()) {
            const float *input = l.input + (size_t)(at.first[s] + i) * n;
            float sum = 0;
            for (int j = lane_of(); j < n; j += WARP)
                sum += row[j] * input[j];
            sum = warp_sum(sum);
            if (lane_of() == 0)
                de[(size_t)s * l.longest + i] = sum;
        }
    }
}

/* Through the softmax to the gradients of the energies: a warp computes a sequence's. */
template <int S>
static __device__ inline void energies_back(const struct attend_memory &l,
                                            const struct attend_saved &b, const struct tile &tile,
                                            const struct tile_memory &at, int t, float *de)
{
    for (int s = warp_of(); s < S; s += warps_of()) {
        int n = rows_at(tile, at, s, t);
        if (!n)
            continue;
        size_t first = (size_t)l.at[tile.first[s] + t];
        const float *weight = b.weight + first;
        float *own = de + (size_t)s * l.longest, *to = b.de + first, mean = 0;
        for (int i = lane_of(); i < n; i += WARP)
            mean += weight[i] * own[i];
        mean = warp_sum(mean);
        for (int i = lane_of(); i < n; i += WARP)
            to[i] = own[i] = weight[i] * (own[i] - mean);
    }
}

/* dquery [S, width] = Σ_j de_j scale ∘ tanh', also stored for all rows. */
template <int S>
static __device__ inline void queries_back(const struct attend_memory &l,
                                           const struct attend_saved &b, const struct tile &tile,
                                           const struct tile_memory &at, int t, const float *de,
                                           float *dquery)
{
    for (int i = (int)threadIdx.x; i < S * l.width; i += (int)blockDim.x) {
        int s = i / l.width, w = i - s * l.width;
        if (t >= tile.steps[s])
            continue;
        size_t own = (size_t)(tile.first[s] + t) * l.width + w;
        const float *key = l.key + (size_t)at.first[s] * l.width + w;
        float scale = l.scale[(size_t)at.group[s] * l.width + w], query = b.query[own], sum = 0;
        for (int j = 0; j < at.count[s]; j++, key += l.width)
            sum += maths_tanh_back(maths_tanh(query + *key), de[(size_t)s * l.longest + j] * scale);
        dquery[i] = b.dquery[own] = sum;
    }
}

/* part [parts, S, padded] = dquery W_q; the parts share its rows. */
template <int S>
static __device__ inline void states_back(const struct recurrence &k, const struct attend_memory &l,
                                          const struct tile_memory &at, int parts,
                                          const float *dquery, float *part)
{
    int share = (l.width + parts - 1) / parts, floats = S * k.padded;
    for (int i = (int)threadIdx.x; i < parts * floats; i += (int)blockDim.x) {
        int p = i / floats, s = i % floats / k.padded, j = i % k.padded;
        int from = p * share, to = min(from + share, l.width);
        const float *column = l.query + (size_t)at.group[s] * l.width * l.ld + j;
        float sum = 0;
        if (j < k.state && at.count[s])
            for (int w = from; w < to; w++)
                sum += dquery[(size_t)s * l.width + w] * column[(size_t)w * l.ld];
        part[i] = sum;
    }
}

/* Floats of each sequence: those of a backward step, dquery [width], de [longest], and its part of
 * the result of states_back [max(threads, padded)]. */
template <int S, bool SPILLS>
static __global__ void __launch_bounds__(RECURRENT_THREADS, 1)
    backward(struct recurrence k, struct backward_step b, struct attend_memory l,
             struct attend_saved lb, float *dh0)
{
    SHARED(float, shared);
    __shared__ struct tile tile;
    __shared__ struct tile_memory at;
    struct block_memory m = block_open<SPILLS>(k, shared);
    backward_open(k, &b, m, S);
    float *dquery = b.step + (size_t)S * 3 * k.padded, *de = dquery + (size_t)S * l.width;
    float *part = de + (size_t)S * l.longest;
    int stride = S * k.padded, parts = max((int)blockDim.x / stride, 1);
    struct backward_more more = {part, parts, stride, k.padded};
    for (int round = 0; round * (int)gridDim.x < k.tiles; round++) {
        int number = tile_of(round);
        if (number >= k.tiles)
            continue;
        tile_open(k, number, &tile);
        tile_memory_open(k, l, tile, &at);
        backward_begin(k, m, S);
        for (int t = tile.steps[0] - 1; t >= 0; t--) {
            step_backward<S>(k, b, tile, t, more);
            __syncthreads();
            weights_back<S>(k, l, tile, at, t, b.g, de);
            __syncthreads();
            energies_back<S>(l, lb, tile, at, t, de);
            __syncthreads();
            queries_back<S>(l, lb, tile, at, t, de, dquery);
            __syncthreads();
            states_back<S>(k, l, at, parts, dquery, part);
            __syncthreads();
        }
        backward_end<S>(k, b, tile, dh0, more);
    }
}

/* dvalue [memory rows, cols] += Σ over the steps of α dcontext */
static __global__ void values_back(int rows, int cols, const int32_t *owner,
                                   const int32_t *memory_start, const int32_t *start,
                                   const int32_t *at, const float *weight, const float *dcontext,
                                   float *dvalue)
{
    for EACH (i, (size_t)rows * cols) {
        size_t row = i / cols, col = i - row * cols;
        int s = owner[row], place = (int)row - memory_start[s];
        float sum = 0;
        for (int step = start[s]; step < start[s + 1]; step++)
            sum += weight[at[step] + place] * dcontext[(size_t)step * cols + col];
        dvalue[i] += sum;
    }
}

/* Columns of a block of keys_back, and its warps, which share a sequence's memory rows. */
enum { KEY_COLUMNS = WARP, KEY_WARPS = 8 };

/* A block computes KEY_COLUMNS columns of a sequence: dkey += Σ over the steps of de scale ∘ tanh'
 * (NULL: not wanted), dscale [count, width] = Σ over steps and memory rows of de tanh. */
static __global__ void keys_back(struct attend_memory l, struct attend_saved b,
                                 const int32_t *start, int tiles, float *dkey, float *dscale)
{
    __shared__ float sums[KEY_WARPS][KEY_COLUMNS];
    int s = (int)blockIdx.x / tiles, w = (int)blockIdx.x % tiles * KEY_COLUMNS + (int)threadIdx.x;
    int warp = (int)threadIdx.y, first = l.start[s], n = l.start[s + 1] - first;
    float all = 0;
    if (w < l.width) {
        float scale = l.scale[(size_t)(l.group ? l.group[s] : 0) * l.width + w];
        for (int j = warp; j < n; j += KEY_WARPS) {
            size_t own = (size_t)(first + j) * l.width + w;
            float key = l.key[own], sum = 0;
            for (int row = start[s]; row < start[s + 1]; row++) {
                float y = maths_tanh(b.query[(size_t)row * l.width + w] + key);
                float de = b.de[l.at[row] + j];
                sum += maths_tanh_back(y, de * scale);
                all += de * y;
            }
            if (dkey)
                dkey[own] += sum;
        }
    }
    sums[warp][threadIdx.x] = all;
    __syncthreads();
    if (warp == 0 && w < l.width) {
        for (int i = 1; i < KEY_WARPS; i++)
            all += sums[i][threadIdx.x];
        dscale[(size_t)s * l.width + w] = all;
    }
}

/* Computes the queries of all rows again from the states before them. */
static void all_queries(struct cuda *c, const struct ragged *r, const struct memory *m, int state,
                        const float *before, float *query)
{
    if (m->group)
        cuda_group_linear(&c->device, r, m->group, state, m->width, before, m->query, m->ld, false,
                          query);
    else
        cuda_gemm(c, false, true, r->total, m->width, state, before, state, m->query, m->ld, 0,
                  query, m->width);
}

static void query_gradient(struct cuda *c, const struct ragged *r, const struct memory *m,
                           int state, const float *before, const float *dquery, float *to)
{
    if (m->group)
        cuda_group_linear_back(&c->device, r, m->group, state, m->width, before, m->query, m->ld,
                               dquery, NULL, to);
    else
        cuda_gemm(c, true, false, m->width, state, r->total, dquery, m->width, before, state, 1, to,
                  m->ld);
}

/* Scratch after the packed matrix, in this order. */
struct attend_scratch {
    float *input;    /* [memory rows, 3H] */
    float *g;        /* [total, 4H] */
    float *before;   /* [total, H] */
    float *query;    /* [total, width] */
    float *dquery;   /* [total, width] */
    float *dcontext; /* [total, cols] */
    float *dscale;   /* [count, width] */
    float *de;       /* [weights] */
};

static struct attend_scratch take_scratch(struct cuda *c, const struct ragged *r, int state,
                                          const struct memory *m, size_t packed, float **start)
{
    size_t total = (size_t)r->total, n = (size_t)state, width = (size_t)m->width;
    size_t inputs = (size_t)m->rows->total * 3 * n, scales = (size_t)r->count * width;
    size_t rows = total * (5 * n + 2 * width + (size_t)m->cols);
    float *at = (float *)cuda_scratch(c, (packed + inputs + rows + scales + (size_t)m->weights) *
                                             sizeof(float));
    struct attend_scratch s;
    *start = at;
    s.input = at + packed;
    s.g = s.input + inputs;
    s.before = s.g + total * 4 * n;
    s.query = s.before + total * n;
    s.dquery = s.query + total * width;
    s.dcontext = s.dquery + total * width;
    s.dscale = s.dcontext + total * (size_t)m->cols;
    s.de = s.dscale + scales;
    return s;
}

/* Computes the memory's gradients from those of the steps. */
static void memory_back(struct cuda *c, const struct ragged *r, const struct gru_weights *w,
                        const struct memory *m, int x_cols, const struct attend_scratch *s,
                        const float *weight, const struct memory_grads *dm)
{
    struct attend_saved b = {s->query, weight, s->de, s->dquery};
    int n = w->state, tiles = (m->width + KEY_COLUMNS - 1) / KEY_COLUMNS;
    size_t values = (size_t)m->rows->total * m->cols;
    if (dm->value) {
        cuda_gemm_wide(c, false, false, r->total, m->cols, 3 * n, s->g, 4 * n, w->ih + x_cols,
                       w->in, 0, s->dcontext, m->cols);
        LAUNCH(c, values_back, cuda_grid(c, values, 256), 256, 0, m->rows->total, m->cols,
               m->rows->owner, m->rows->start, r->start, m->at, weight, s->dcontext, dm->value);
    }
    if (dm->key || dm->scale)
        LAUNCH(c, keys_back, (unsigned)(r->count * tiles), dim3(KEY_COLUMNS, KEY_WARPS), 0,
               attend_memory_of(m, n, s->input), b, r->start, tiles, dm->key, s->dscale);
    if (dm->scale)
        cuda_add_by_group(c, m->group, r->count, m->width, s->dscale, dm->scale);
    if (dm->query)
        query_gradient(c, r, m, n, s->before, s->dquery, dm->query);
}

void cuda_gru_attend_back(struct device *d, const struct ragged *r, const struct gru_weights *w,
                          const struct memory *m, int x_cols, const float *x, const float *h0,
                          const float *h, const float *kept, const float *context,
                          const float *weight, const float *dh, float *dx, float *dh0,
                          const struct gru_grads *dw, const struct memory_grads *dm)
{
    struct cuda *c = cuda_of(d);
    if (!r->total || !w->state)
        return;
    size_t padded = (size_t)recurrent_padded(w->state);
    size_t threads = RECURRENT_THREADS, part = padded > threads ? padded : threads;
    struct recurrent_plan p =
        plan_gru(c, r, w, false, 4 * padded + m->width + m->rows->longest + part);
    float *scratch;
    struct attend_scratch s = take_scratch(c, r, w->state, m, recurrent_scratch(&p), &scratch);
    recurrent_pack(c, &p, w->hh, scratch);
    gru_before(c, r, w->state, h0, h, s.before);
    all_queries(c, r, m, w->state, s.before, s.query);
    memory_inputs(c, w, m, x_cols, s.input);

    struct backward_step b = {s.before, kept, dh, s.g, NULL, NULL, NULL, NULL};
    struct attend_saved lb = {s.query, weight, s.de, s.dquery};
    LAUNCH_TILES(c, p, backward, p.k, b, attend_memory_of(m, w->state, s.input), lb, dh0);

    gru_inputs_back(c, r->total, w, 0, x_cols, x, s.g, 4 * w->state, dx, dw);
    gru_inputs_back(c, r->total, w, x_cols, m->cols, context, s.g, 4 * w->state, NULL, dw);
    memory_back(c, r, w, m, x_cols, &s, weight, dm);
    gru_state_back(c, r->total, w, kept, s.g, s.before, dw);
}
