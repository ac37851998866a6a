/* The loss over all items and its gradients, with p = softmax of a row's scores, u = the unit
 * vector of its target and T targets:
 *
 *     loss = -log p[target], dscore = (p - u) / T, dstate = dscore W, dW = dscoreᵀ state.
 *
 * T = 800, N = 94,000, H = 100 in bf16: the scores of a chunk are 2 TN = 150 MB.  The first product
 * writes them, one kernel reads them and writes dscore in their place, and two products read that:
 * 750 MB, of which the products alone move 450, so that memory allows 1.67 times the products'
 * time.  The copies of the weights and of their gradient come on top (2 NH and 4 NH bytes, once).
 * A block of the kernel computes a row and keeps it in shared memory between its two passes where
 * it fits (N up to 116,000 in bf16); each pass takes one exponential a score. */
#include "output.h"

#include <vector>

/* First pass over a row: copies the scores into shared memory `held` (NULL: not) and returns their
 * maximum and sum. */
template <class T>
static __device__ inline struct softmax_sum first_pass(int items, const T *x, uint4 *held)
{
    enum { N = vector_of<T>::SIZE };
    const uint4 *from = (const uint4 *)x;
    struct softmax_sum s = {-INFINITY, 0, 0};
    int own = (int)threadIdx.x, stride = (int)blockDim.x;
    uint4 next = own * N < items ? from[own] : uint4();
    for (int i = own; i * N < items; i += stride) { /* the next load is on its way */
        uint4 raw = next;
        if ((i + stride) * N < items)
            next = from[i + stride];
        float y[N];
        unpack(raw, y, T());
        if (held)
            held[i] = raw;
        if (i * N + N <= items)
            softmax_add<N>(&s, y, N);
        else
            softmax_add<N>(&s, y, items - i * N);
    }
    return s;
}

/* Second pass: the gradients of the row's scores into x, from `held` where they are. */
template <class T>
static __device__ inline void second_pass(int items, int target, struct softmax_sum s, float share,
                                          T *x, const uint4 *held)
{
    enum { N = vector_of<T>::SIZE };
    float factor = share / s.sum;
    for (int i = (int)threadIdx.x; i * N < items; i += (int)blockDim.x) {
        uint4 raw = held ? held[i] : ((const uint4 *)x)[i];
        float y[N];
        unpack(raw, y, T());
#pragma unroll
        for (int e = 0; e < N; e++) {
            y[e] = factor * output_exp(y[e] - s.top);
            y[e] -= i * N + e == target ? share : 0;
        }
        ((uint4 *)x)[i] = pack(y, T());
    }
}

/* A block computes a row of score [rows, stride]: its loss, and dscore in its place (share > 0). */
template <class T>
static __global__ void __launch_bounds__(1024)
    row_losses(int items, int stride, const int32_t *target, T *score, float share, bool holds,
               float *loss)
{
    SHARED(uint4, shared);
    __shared__ float room[WARP];
    T *x = score + (size_t)blockIdx.x * stride;
    uint4 *held = holds ? shared : NULL;
    int at = target[blockIdx.x];
    float own = number_of(x[at]);
    struct softmax_sum s = softmax_join(first_pass(items, x, held), room);
    if (threadIdx.x == 0)
        loss[blockIdx.x] = loss_of(s, own);
    if (share > 0)
        second_pass(items, at, s, share, x, held);
}

/* ---- a part of the items ----
 *
 * Between the two passes the rows' sums go to the host, which joins them with those of the other
 * parts, and come back. */

/* The sums of score [rows, stride], a block a row, and the scores of the targets that are here. */
template <class T>
static __global__ void __launch_bounds__(1024)
    row_sums(int items, int stride, const int32_t *target, const T *score, struct softmax_sum *sums,
             float *own)
{
    __shared__ float room[WARP];
    const T *x = score + (size_t)blockIdx.x * stride;
    struct softmax_sum s = softmax_join(first_pass(items, x, (uint4 *)NULL), room);
    if (threadIdx.x == 0) {
        int at = target[blockIdx.x];
        sums[blockIdx.x] = s;
        own[blockIdx.x] = at < 0 ? 0 : number_of(x[at]);
    }
}

template <class T>
static __global__ void __launch_bounds__(1024)
    joined_losses(int items, int stride, const int32_t *target, T *score, float share,
                  const struct softmax_sum *sums, const float *own, float *loss)
{
    struct softmax_sum s = sums[blockIdx.x];
    if (threadIdx.x == 0)
        loss[blockIdx.x] = loss_of(s, own[blockIdx.x]);
    if (share > 0)
        second_pass(items, target[blockIdx.x], s, share, score + (size_t)blockIdx.x * stride,
                    (const uint4 *)NULL);
}

void cuda_join_sums(struct cuda *c, const struct output_join *j, int first, int rows,
                    struct softmax_sum *sums, float *score)
{
    size_t n = (size_t)rows;
    std::vector<struct softmax_sum> host(n);
    std::vector<float> top(n), own(n);
    std::vector<double> total(n);
    cuda_download(&c->device, host.data(), sums, n * sizeof *sums);
    if (score)
        cuda_download(&c->device, own.data(), score, n * sizeof *score);
    for (size_t i = 0; i < n; i++) {
        top[i] = host[i].top;
        total[i] = (double)host[i].sum + (double)host[i].not_finite;
    }
    j->sums(j, first, rows, top.data(), total.data(), score ? own.data() : NULL);
    for (size_t i = 0; i < n; i++)
        host[i] = {top[i], (float)total[i], 0};
    cuda_upload(&c->device, sums, host.data(), n * sizeof *sums);
    if (score)
        cuda_upload(&c->device, score, own.data(), n * sizeof *score);
}

/* Splits the product over states and ones: the first columns of g [items, ld] += to dweight, the
 * next one += to dbias (NULL: not wanted). */
static __global__ void add_joined(int items, int width, int ld, const float *g, float *dweight,
                                  float *dbias)
{
    for WARP_ROWS (i, items) {
        for WARP_COLUMNS (j, width)
            dweight[(size_t)i * width + j] += g[(size_t)i * ld + j];
        if (dbias && threadIdx.x % WARP == 0)
            dbias[i] += g[(size_t)i * ld + width];
    }
}

template <class T>
static void loss_in(struct cuda *c, const struct output_layer *o, float *loss, float *dstate,
                    float *dweight, float *dbias)
{
    size_t of_grad = (size_t)o->items * output_padded(o->width + BIAS_PARTS) * sizeof(float);
    of_grad = dweight ? output_aligned(of_grad) : 0;
    size_t of_sums = o->join ? output_aligned((size_t)o->targets * sizeof(struct softmax_sum)) : 0;
    struct joined<T, T> j = output_scratch<T, T>(c, o, of_grad + 2 * of_sums);
    struct softmax_sum *sums = (struct softmax_sum *)((char *)j.rest + of_grad);
    float *own = (float *)((char *)sums + of_sums);
    bool learns = dstate || dweight || o->add.grad;
    float share = learns ? output_share(o) : 0, *grad = (float *)j.rest;
    size_t row = (size_t)j.items * sizeof(T);
    bool holds = share > 0 && row + 1024 <= c->shared_most;
    unsigned threads = output_threads(o->items);
    for (int first = 0, rows; first < o->targets; first += rows) {
        const T *state = j.state + (size_t)first * j.width;
        rows = min(j.rows, o->targets - first);
        output_scores(c, o, &j, first, rows);
        if (o->join) {
            LAUNCH(c, row_sums<T>, (unsigned)rows, threads, 0, o->items, j.items, o->target + first,
                   j.score, sums, own);
            cuda_join_sums(c, o->join, first, rows, sums, own);
            LAUNCH(c, joined_losses<T>, (unsigned)rows, threads, 0, o->items, j.items,
                   o->target + first, j.score, share, sums, own, loss + first);
        } else {
            LAUNCH(c, row_losses<T>, (unsigned)rows, threads, holds ? row : 0, o->items, j.items,
                   o->target + first, j.score, share, holds, loss + first);
        }
        if (o->add.count && o->add.grad)
            LAUNCH(c, add_gradients<T>, (unsigned)rows, 128, 0, first, j.items, o->add, j.score);
        if (dstate)
            output_product(c, false, false, rows, o->width, o->items, j.score, j.items, j.weight,
                           j.width, 1, dstate + (size_t)first * o->width, o->width);
        if (dweight)
            output_product(c, true, false, o->items, j.width, rows, j.score, j.items, state,
                           j.width, first ? 1 : 0, grad, j.width);
    }
    if (dweight)
        LAUNCH(c, add_joined, row_blocks(o->items), ROW_WARPS * WARP, 0, o->items, o->width,
               j.width, grad, dweight, dbias);
}

void cuda_output_loss(struct device *d, const struct output_layer *o, float *loss, float *dstate,
                      float *dweight, float *dbias)
{
    struct cuda *c = cuda_of(d);
    if (!o->targets || !o->items)
        return;
    if (c->precision == PRECISION_BF16)
        loss_in<bf16>(c, o, loss, dstate, dweight, dbias);
    else
        loss_in<float>(c, o, loss, dstate, dweight, dbias);
}
