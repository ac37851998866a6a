/* The loss over the whole vocabulary and its gradients, with p = softmax of a row's scores, u = its
 * unit vector at the target and T targets:
 *   loss = -log p[target], dscore = (p - u) / T, dstate = dscore W, dW = dscoreᵀ state.
 *
 * T = 800, N = 94,000, H = 100 in bf16, the scores of a chunk being 2 TN = 150 MB: the first
 * product writes them, one kernel reads them and writes dscore in their place, the two other
 * products read that: 750 MB, of which the products alone have 450, so that 1.67 times the products
 * is what memory allows.  Beside them stand the copies of the weights and their gradient (2 NH and
 * 4 NH bytes, once).  The kernel has a row a block and keeps it in shared memory between its two
 * looks where it fits there (N up to 116,000 in bf16); each look is an exponential a score. */
#include "output.h"

/* Of a row: the scores into shared memory `held` (NULL: not), and what was seen of them. */
template <class T>
static __device__ inline struct attended first_look(int items, const T *x, uint4 *held)
{
    enum { N = vector_of<T>::SIZE };
    const uint4 *from = (const uint4 *)x;
    struct attended s = {-INFINITY, 0, 0};
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
            see<N>(&s, y, N);
        else
            see<N>(&s, y, items - i * N);
    }
    return s;
}

/* The gradients of the row's scores into x, from where they were held. */
template <class T>
static __device__ inline void second_look(int items, int target, struct attended s, float share, T *x,
                                          const uint4 *held)
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

/* A block a row of score [rows, stride]: its loss, and dscore in its place (share > 0). */
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
    struct attended s = see_all(first_look(items, x, held), room);
    if (threadIdx.x == 0)
        loss[blockIdx.x] = loss_of(s, own);
    if (share > 0)
        second_look(items, at, s, share, x, held);
}

/* What a product over states with ones gave: g [items, ld] its first columns += to dweight, the
 * next += to dbias (NULL: not wanted). */
static __global__ void add_joined(int items, int width, int ld, const float *g, float *dweight,
                                  float *dbias)
{
    for WARP_ROWS (i, items) {
        for LANES (j, width)
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
    struct joined<T, T> j = output_join<T, T>(c, o, dweight ? of_grad : 0);
    float share = dstate || dweight ? 1.0f / (float)o->targets : 0, *grad = (float *)j.rest;
    size_t row = (size_t)j.items * sizeof(T);
    bool holds = share > 0 && row + 1024 <= c->shared_most;
    unsigned threads = output_threads(o->items);
    for (int first = 0, rows; first < o->targets; first += rows) {
        const T *state = j.state + (size_t)first * j.width;
        rows = min(j.rows, o->targets - first);
        output_scores(c, &j, first, rows);
        LAUNCH(c, row_losses<T>, (unsigned)rows, threads, holds ? row : 0, o->items, j.items,
               o->target + first, j.score, share, holds, loss + first);
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
