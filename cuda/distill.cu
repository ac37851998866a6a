/* The loss over all items with a teacher (struct taught; lib/nn/cpu_distill.c has the equations).
 *
 * T = 800, N = 37,000, H = 100: of a chunk's scores, 4 TN = 120 MB of each model, two products
 * write them, one kernel reads both, one more writes dscore over the student's, and two products
 * read that. */
#include "output.h"

#include "nn/taught.h"

#include <vector>

/* The largest numbers of a row. */
struct taught_tops {
    float top, other, not_finite;
};

/* Of a row: the largest scores, the target's less the student's largest; Σ e of both models, and of
 * the teacher's e times the student's score less its largest. */
struct row_sums {
    float top, other, own, e, f, both;
};

/* Completes a block's rows: x += bias, y = (y + bias) / temperature; their largest numbers. */
static __device__ inline struct taught_tops complete(int items, const float *bias, float *x,
                                                     const float *other_bias, float temperature,
                                                     float *y, float *room)
{
    struct taught_tops r = {-INFINITY, -INFINITY, 0};
    for (int i = (int)threadIdx.x; i < items; i += (int)blockDim.x) {
        x[i] += bias[i];
        y[i] = (y[i] + other_bias[i]) / temperature;
        r.top = fmaxf(x[i], r.top);
        r.other = fmaxf(y[i], r.other);
        r.not_finite += x[i] * 0.0f + y[i] * 0.0f;
    }
    r.top = block_max(r.top, room);
    r.other = block_max(r.other, room);
    r.not_finite = block_sum(r.not_finite, room);
    return r;
}

/* A block sums up a row of score and taught [rows, items], and completes both. */
static __global__ void sum_rows(int first, struct output_layer o, struct taught by, float *score,
                                float *taught, struct row_sums *sum)
{
    __shared__ float room[WARP];
    int target = o.target[first + (int)blockIdx.x];
    float *x = score + (size_t)blockIdx.x * o.items, *y = taught + (size_t)blockIdx.x * o.items;
    struct taught_tops r = complete(o.items, o.bias, x, by.bias, by.temperature, y, room);
    float own = target < 0 ? 0 : x[target] - r.top, e = 0, f = 0, both = 0;
    for (int i = (int)threadIdx.x; i < o.items; i += (int)blockDim.x) {
        float of_y = output_exp(y[i] - r.other);
        e += output_exp(x[i] - r.top);
        f += of_y;
        both += of_y * (x[i] - r.top);
    }
    e = block_sum(e, room), f = block_sum(f, room), both = block_sum(both, room);
    if (threadIdx.x == 0)
        sum[blockIdx.x] = {r.top, r.other, own, e + r.not_finite, f, both};
}

/* The loss of a row, and dscore in place of the scores (share > 0). */
static __global__ void learn_rows(int first, struct output_layer o, struct taught by,
                                  const struct row_sums *sum, float *score, const float *taught,
                                  float share, float *loss)
{
    int row = first + (int)blockIdx.x, target = o.target[row];
    float *x = score + (size_t)blockIdx.x * o.items, mix = by.share[row];
    const float *y = taught + (size_t)blockIdx.x * o.items;
    struct row_sums s = sum[blockIdx.x];
    if (threadIdx.x == 0)
        loss[row] = maths_taught_loss(logf(s.e), s.own, s.both / s.f, mix);
    for (int i = (int)threadIdx.x; share > 0 && i < o.items; i += (int)blockDim.x) {
        float slope = maths_taught_slope(output_exp(x[i] - s.top) / s.e,
                                         output_exp(y[i] - s.other) / s.f, mix);
        x[i] = share * (slope - (i == target ? 1 - mix : 0));
    }
}

/* Of a part of the items: joins the sums [rows] of a chunk, of the device, with those of others. */
static void join_rows(struct cuda *c, const struct output_join *j, int first, int rows,
                      struct row_sums *sum)
{
    size_t n = (size_t)rows;
    std::vector<struct row_sums> host(n);
    std::vector<float> top(n), other(n), own(n), room(n);
    std::vector<double> e(n), f(n), both(n);
    cuda_download(&c->device, host.data(), sum, n * sizeof *sum);
    for (size_t i = 0; i < n; i++) {
        struct row_sums s = host[i];
        top[i] = s.top, other[i] = s.other, own[i] = s.own + s.top;
        e[i] = s.e, f[i] = s.f, both[i] = (double)s.both + (double)s.f * (double)s.top;
    }
    j->sums(j, first, rows, top.data(), e.data(), own.data());
    taught_join(j, first, rows, other.data(), f.data(), both.data(), room.data());
    for (size_t i = 0; i < n; i++)
        host[i] = {top[i],      other[i],    own[i] - top[i],
                   (float)e[i], (float)f[i], (float)(both[i] - f[i] * (double)top[i])};
    cuda_upload(&c->device, sum, host.data(), n * sizeof *sum);
}

void cuda_output_distill(struct device *d, const struct output_layer *o, const struct taught *by,
                         float *loss, float *dstate, float *dweight, float *dbias)
{
    struct cuda *c = cuda_of(d);
    int H = o->width, N = o->items, W = by->width;
    if (!o->targets || !N)
        return;
    bool learns = dstate || dweight || o->add.grad;
    float share = learns ? 1.0f / (float)o->targets : 0;
    size_t row = 2 * (size_t)N * sizeof(float), fit = c->workspace / row;
    int most = fit < 1 ? 1 : fit < (size_t)o->targets ? (int)fit : o->targets;
    struct output_layer on_device = *o;
    on_device.join = NULL;
    if (o->join)
        most = o->join->rows;
    size_t sums = output_aligned((size_t)most * sizeof(struct row_sums));
    char *at = (char *)cuda_scratch(c, sums + row * (size_t)most);
    struct row_sums *sum = (struct row_sums *)at;
    float *score = (float *)(at + sums), *taught = score + (size_t)most * N;
    for (int first = 0, rows; first < o->targets; first += rows) {
        const float *state = o->state + (size_t)first * H;
        rows = min(most, o->targets - first);
        output_product(c, false, true, rows, N, H, state, H, o->weight, H, 0, score, N);
        output_product(c, false, true, rows, N, W, by->state + (size_t)first * W, W, by->weight, W,
                       0, taught, N);
        if (o->add.count)
            LAUNCH(c, add_values<float>, (unsigned)rows, 128, 0, first, N, o->add, score);
        LAUNCH(c, sum_rows, (unsigned)rows, output_threads(N), 0, first, on_device, *by, score,
               taught, sum);
        if (o->join)
            join_rows(c, o->join, first, rows, sum);
        LAUNCH(c, learn_rows, (unsigned)rows, output_threads(N), 0, first, on_device, *by, sum,
               score, taught, share, loss);
        if (o->add.count && o->add.grad)
            LAUNCH(c, add_gradients<float>, (unsigned)rows, 128, 0, first, N, o->add, score);
        if (dstate)
            output_product(c, false, false, rows, H, N, score, N, o->weight, H, 1,
                           dstate + (size_t)first * H, H);
        if (dweight)
            output_product(c, true, false, N, H, rows, score, N, state, H, 1, dweight, H);
        if (dbias)
            cuda_sum_rows(c, rows, N, N, score, dbias);
    }
}
