/* Ranks, ties and best items from the scores of the loss: the same product, but with float32 scores
 * whatever its factors are; the target's score is one of them.
 *
 * A row of N = 94,000 scores is 376 KB.  A block reads it once for the softmax's sum and the counts
 * of items above and equal to the target, and once more, from the second-level cache, for the best
 * items: 300 MB of memory and as much of the cache for T = 800, 0.1 ms. */
#include "output.h"

#include <vector>

/* ---- the best: (score, id) sorted as one number, all different ---- */

typedef unsigned long long place;

/* A higher score first; of equal scores the lower id.  0 is below all. */
static __device__ inline place place_of(float score, int item)
{
    unsigned order = (unsigned)maths_order(score + 0.0f) ^ 0x80000000u; /* -0 equals 0 */
    return (place)order << 32 | (0xffffffffu - (unsigned)item);
}

static __device__ inline int place_item(place p)
{
    return (int)(0xffffffffu - (unsigned)p);
}

static __device__ inline float place_score(place p)
{
    return maths_order_back((int32_t)((unsigned)(p >> 32) ^ 0x80000000u));
}

/* All threads: sorts the first `filled` of x, highest first, by Batcher's bitonic network; x has
 * room for the next power of two.  Barriers come before its reads and after its writes. */
static __device__ inline void sort_places(place *x, int filled)
{
    int n = 1;
    while (n < filled)
        n *= 2;
    __syncthreads();
    for (int i = filled + (int)threadIdx.x; i < n; i += (int)blockDim.x)
        x[i] = 0;
    __syncthreads();
    for (int size = 2; size <= n; size *= 2)
        for (int step = size / 2; step > 0; step /= 2) {
            for (int i = (int)threadIdx.x; i < n / 2; i += (int)blockDim.x) {
                int low = 2 * i - (i & (step - 1)), high = low + step;
                place a = x[low], b = x[high];
                if ((a < b) == !(low & size)) {
                    x[low] = b;
                    x[high] = a;
                }
            }
            __syncthreads();
        }
}

/* A block's working memory for a row's best. */
struct best {
    place *x;    /* [room], shared or global memory */
    int room, k; /* room: a power of two, at least k plus what all threads add at once */
    int *filled; /* shared */
};

enum { AT_ONCE = 4 };

/* All threads: moves the k best candidates (candidate NULL: all items) of x [items] to the front,
 * sorted; returns their number. */
static __device__ inline int find_best(struct best b, int items, const float *x,
                                       const unsigned char *candidate)
{
    int each = AT_ONCE * (int)blockDim.x, most = 0; /* upper bound of what is filled */
    place floor = 0;                                /* not above it: not among the best */
    if (threadIdx.x == 0)
        *b.filled = 0;
    __syncthreads();
    for (int from = 0; from < items; from += each) {
        if (most + each > b.room) {
            __syncthreads();
            most = *b.filled;
            __syncthreads();
        }
        if (most + each > b.room) {
            sort_places(b.x, most);
            most = min(most, b.k);
            floor = most == b.k ? b.x[most - 1] : 0;
            if (threadIdx.x == 0)
                *b.filled = most;
            __syncthreads();
        }
        int at = from + AT_ONCE * (int)threadIdx.x;
        for (int i = at; i < at + AT_ONCE && i < items; i++) {
            place p = place_of(x[i], i);
            if (p > floor && (!candidate || candidate[i]))
                b.x[atomicAdd(b.filled, 1)] = p;
        }
        most += each;
    }
    __syncthreads();
    int filled = *b.filled;
    sort_places(b.x, filled);
    return min(filled, b.k);
}

/* ---- a row ---- */

/* Arguments: inputs and destinations of the results. */
struct ranks {
    const int32_t *target;
    const unsigned char *candidate; /* NULL: all items are */
    float *loss;                    /* NULL: the best alone are wanted */
    int32_t *rank, *ties;
    int k, room;
    int32_t *item; /* [rows, k] */
    float *score;
    place *spill; /* [blocks, room] where shared memory is too small, else NULL */
    /* [rows] of a chunk, for a part of the items: the targets' scores, and where the sums go; the
     * losses come later.  NULL: the items are all */
    const float *known;
    struct softmax_sum *sums;
};

/* All threads: loss, rank and ties of one row. */
static __device__ inline void count_row(const struct ranks &r, int row, int items, const float *x,
                                        float *room, int *counts)
{
    int target = r.target[row];
    float score = r.known ? r.known[row] : x[target];
    struct softmax_sum s = {-INFINITY, 0, 0};
    int above = 0, equal = 0;
    for (int i = 4 * (int)threadIdx.x; i < items; i += 4 * (int)blockDim.x) {
        float y[4];
        int count = min(4, items - i);
        unpack(*(const uint4 *)(x + i), y, 0.0f);
        softmax_add<4>(&s, y, count);
        /* non-candidates count neither as above nor as equal */
        for (int e = 0; r.candidate && e < count; e++)
            y[e] = r.candidate[i + e] ? y[e] : NAN;
#pragma unroll
        for (int e = 0; e < 4; e++) {
            above += e < count && y[e] > score;
            equal += e < count && y[e] == score;
        }
    }
    s = softmax_join(s, room);
    above = block_sum(above, counts);
    equal = block_sum(equal, counts);
    if (threadIdx.x == 0) {
        /* the target counts as equal to itself, unless it is no candidate or its score is NaN */
        bool own = equal && target >= 0 && (!r.candidate || r.candidate[target]);
        int ties = equal - own;
        if (r.sums)
            r.sums[row] = s;
        else
            r.loss[row] = loss_of(s, score);
        r.ties[row] = ties;
        r.rank[row] = 1 + above + ties;
    }
}

/* All threads: whether all scores of a row are finite. */
static __device__ inline bool all_finite(int items, const float *x, int *counts)
{
    int strange = 0;
    for (int i = (int)threadIdx.x; i < items; i += (int)blockDim.x)
        strange += !(fabsf(x[i]) < INFINITY);
    return !block_sum(strange, counts);
}

/* score [rows, stride]; blocks take rows in turn. */
static __global__ void __launch_bounds__(1024)
    rank_rows(int rows, int items, int stride, const float *score, struct ranks r)
{
    SHARED(place, shared);
    __shared__ float room[WARP];
    __shared__ int filled, counts[WARP];
    struct best b = {r.spill ? r.spill + (size_t)blockIdx.x * r.room : shared, r.room, r.k,
                     &filled};
    for (int row = (int)blockIdx.x; row < rows; row += (int)gridDim.x) {
        const float *x = score + (size_t)row * stride;
        bool sound = true;
        if (r.loss)
            count_row(r, row, items, x, room, counts);
        else
            sound = all_finite(items, x, counts);
        if (!r.k)
            continue;
        int found = find_best(b, items, x, r.candidate);
        for (int i = (int)threadIdx.x; i < r.k; i += (int)blockDim.x) {
            r.item[(size_t)row * r.k + i] = i < found ? place_item(b.x[i]) : -1;
            r.score[(size_t)row * r.k + i] = i < found ? place_score(b.x[i]) : -INFINITY;
        }
        if (!sound && threadIdx.x == 0) { /* the same thread wrote the first place */
            r.item[(size_t)row * r.k] = -1;
            r.score[(size_t)row * r.k] = NAN;
        }
        __syncthreads();
    }
}

/* ---- a part of the items ---- */

/* The scores of the targets that are here. */
static __global__ void own_scores(int rows, int stride, const int32_t *target, const float *score,
                                  float *own)
{
    for (int i = (int)(blockIdx.x * blockDim.x + threadIdx.x); i < rows;
         i += (int)(gridDim.x * blockDim.x))
        own[i] = target[i] < 0 ? 0 : score[(size_t)i * stride + target[i]];
}

static __global__ void losses_of(int rows, const struct softmax_sum *sums, const float *own,
                                 float *loss)
{
    for (int i = (int)(blockIdx.x * blockDim.x + threadIdx.x); i < rows;
         i += (int)(gridDim.x * blockDim.x))
        loss[i] = loss_of(sums[i], own[i]);
}

static void know_scores(struct cuda *c, const struct output_join *j, int first, int rows,
                        int stride, const int32_t *target, const float *score, float *own)
{
    std::vector<float> host((size_t)rows);
    LAUNCH(c, own_scores, (unsigned)(rows + 127) / 128, 128, 0, rows, stride, target, score, own);
    cuda_download(&c->device, host.data(), own, host.size() * sizeof *own);
    j->scores(j, first, rows, host.data());
    cuda_upload(&c->device, own, host.data(), host.size() * sizeof *own);
}

/* Entries that a block needs room for: the best, and twice what all threads add at once. */
static int best_room(int k, int items, unsigned threads)
{
    size_t room = 1, kept = (size_t)(k < items ? k : items);
    while (room < kept + 2 * AT_ONCE * threads || room < 2 * kept)
        room *= 2;
    return (int)room;
}

template <class T>
static void ranks_in(struct cuda *c, const struct output_layer *o, struct ranks r)
{
    unsigned threads = output_threads(o->items), blocks = (unsigned)c->processors * 8;
    threads = threads < 256 ? threads : 256;
    r.room = r.k ? best_room(r.k, o->items, threads) : 0;
    size_t shared = (size_t)r.room * sizeof(place), spilled = 0;
    if (shared + 1024 > c->shared_most) {
        blocks = (unsigned)c->processors;
        spilled = (size_t)blocks * shared;
        shared = 0;
    }
    size_t of_sums = o->join ? output_aligned((size_t)o->targets * sizeof(struct softmax_sum)) : 0;
    spilled = output_aligned(spilled);
    struct joined<T, float> j = output_scratch<T, float>(c, o, spilled + 2 * of_sums);
    float *own = (float *)((char *)j.rest + spilled);
    if (o->join)
        r.known = own, r.sums = (struct softmax_sum *)((char *)own + of_sums);
    r.spill = spilled ? (place *)j.rest : NULL;
    for (int first = 0, rows; first < o->targets; first += rows) {
        rows = min(j.rows, o->targets - first);
        output_scores(c, o, &j, first, rows);
        if (o->join)
            know_scores(c, o->join, first, rows, j.items, r.target, j.score, own);
        LAUNCH(c, rank_rows, min((unsigned)rows, blocks), threads, shared, rows, o->items, j.items,
               j.score, r);
        if (o->join) {
            cuda_join_sums(c, o->join, first, rows, r.sums, NULL);
            LAUNCH(c, losses_of, (unsigned)(rows + 127) / 128, 128, 0, rows, r.sums, own, r.loss);
        }
        if (r.loss)
            r.target += rows, r.loss += rows, r.rank += rows, r.ties += rows;
        r.item += (size_t)rows * r.k, r.score += (size_t)rows * r.k;
    }
}

static void find_ranks(struct device *d, const struct output_layer *o, struct ranks r)
{
    struct cuda *c = cuda_of(d);
    if (!o->targets || !o->items)
        return;
    if (c->precision == PRECISION_BF16)
        ranks_in<bf16>(c, o, r);
    else
        ranks_in<float>(c, o, r);
}

void cuda_output_rank(struct device *d, const struct output_layer *o, float *loss, int32_t *rank,
                      int32_t *ties, int k, int32_t *top_item, float *top_score)
{
    find_ranks(d, o, {o->target, o->candidate, loss, rank, ties, k, 0, top_item, top_score, NULL,
                     NULL, NULL});
}

/* A GPU reads its weights so fast that a smaller copy would not pay. */
struct quantized *cuda_quantize(struct device *d, int items, int width, const float *weight)
{
    (void)d, (void)items, (void)width, (void)weight;
    return NULL;
}

void cuda_output_best(struct device *d, const struct output_layer *o, const struct quantized *q,
                      int k, int32_t *item, float *score)
{
    (void)q;
    find_ranks(d, o, {NULL, o->candidate, NULL, NULL, NULL, k, 0, item, score, NULL, NULL, NULL});
}
