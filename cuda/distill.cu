/* The loss over all items with a teacher (struct taught; lib/nn/cpu_distill.c has the equations).
 *
 * T = 800, N = 37,000, H = 100: of a chunk's scores, 4 TN = 120 MB of each model, two products write
 * them, one kernel reads both and writes dscore over the student's, and two products read that. */
#include "output.h"

/* A thread's part of a row: the student's softmax, the teacher's, Σ e of the teacher times the
 * student's score less its top. */
struct taught_row {
    float top, other, not_finite;
};

/* Completes a block's rows: x += bias, y = (y + bias) / temperature; their largest numbers. */
static __device__ inline struct taught_row complete(int items, const float *bias, float *x,
                                                    const float *other_bias, float temperature,
                                                    float *y, float *room)
{
    struct taught_row r = {-INFINITY, -INFINITY, 0};
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

/* A block computes a row of score and taught [rows, items]: its loss, and dscore in place of the
 * scores (share > 0). */
static __global__ void distill_rows(int first, struct output_layer o, struct taught by,
                                    float *score, float *taught, float share, float *loss)
{
    __shared__ float room[WARP];
    int row = first + (int)blockIdx.x, target = o.target[row];
    float *x = score + (size_t)blockIdx.x * o.items, *y = taught + (size_t)blockIdx.x * o.items;
    struct taught_row r = complete(o.items, o.bias, x, by.bias, by.temperature, y, room);
    float own = x[target] - r.top, mix = by.share[row], e = 0, f = 0, both = 0;
    for (int i = (int)threadIdx.x; i < o.items; i += (int)blockDim.x) {
        float of_y = output_exp(y[i] - r.other);
        e += output_exp(x[i] - r.top);
        f += of_y;
        both += of_y * (x[i] - r.top);
    }
    e = block_sum(e, room), f = block_sum(f, room), both = block_sum(both, room);
    if (threadIdx.x == 0)
        loss[row] = maths_taught_loss(logf(e), own, both / f, mix) + r.not_finite;
    for (int i = (int)threadIdx.x; share > 0 && i < o.items; i += (int)blockDim.x) {
        float slope = maths_taught_slope(output_exp(x[i] - r.top) / e,
                                         output_exp(y[i] - r.other) / f, mix);
        x[i] = share * (slope - (i == target ? 1 - mix : 0));
    }
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
    float *score = (float *)cuda_scratch(c, row * (size_t)most), *taught = score + (size_t)most * N;
    for (int first = 0, rows; first < o->targets; first += rows) {
        const float *state = o->state + (size_t)first * H;
        rows = min(most, o->targets - first);
        output_product(c, false, true, rows, N, H, state, H, o->weight, H, 0, score, N);
        output_product(c, false, true, rows, N, W, by->state + (size_t)first * W, W, by->weight, W,
                       0, taught, N);
        if (o->add.count)
            LAUNCH(c, add_values<float>, (unsigned)rows, 128, 0, first, N, o->add, score);
        LAUNCH(c, distill_rows, (unsigned)rows, output_threads(N), 0, first, *o, *by, score, taught,
               share, loss);
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
