/* The CPU's loss over all items with a teacher (struct taught), with T targets:
 *
 *     dscore = (q - (1 - λ) u - λ s) / T, dstate = dscore W, dW = dscoreᵀ state,
 *
 * u the unit vector of the target.  A chunk of rows has the scores of both models in memory: of
 * four products two make them and two read dscore, which takes the place of the scores. */
#include <math.h>

#include "nn/cpu.h"
#include "nn/maths.h"

/* Rows of a chunk, at most: more do not pay, and their scores leave the caches sooner. */
enum { MOST_ROWS = 256, BLOCK = 512 /* numbers that are summed in float32 */ };

/* x = (x + bias) / temperature; its largest number, or NaN where one is not finite. */
VECTOR static float complete(size_t n, const float *bias, float temperature, float *x)
{
    float top = -INFINITY, not_finite = 0, factor = 1 / temperature;
#pragma omp simd reduction(max : top) reduction(+ : not_finite)
    for (size_t i = 0; i < n; i++) {
        x[i] = (x[i] + bias[i]) * factor;
        top = x[i] > top ? x[i] : top;
        not_finite += x[i] * 0.0f;
    }
    return top + not_finite;
}

/* A block of both rows becomes exponentials; sums of e of each, and of the teacher's e times the
 * student's x - top. */
VECTOR static void become_exponentials(size_t n, float *restrict x, float top, float *restrict y,
                                       float other_top, double sum[3])
{
    float e = 0, f = 0, both = 0;
#pragma omp simd reduction(+ : e, f, both)
    for (size_t i = 0; i < n; i++) {
        float below = x[i] - top, of_y = maths_exp_below(y[i] - other_top);
        x[i] = maths_exp_below(below);
        y[i] = of_y;
        e += x[i];
        f += of_y;
        both += of_y * below;
    }
    sum[0] += (double)e, sum[1] += (double)f, sum[2] += (double)both;
}

VECTOR static void slopes(size_t n, float *restrict x, const float *restrict y, float factor,
                          float other, float mix)
{
    for (size_t i = 0; i < n; i++)
        x[i] = maths_taught_slope(x[i] * factor, y[i] * other, mix);
}

/* A row's loss; x becomes dscore where it learns. */
static float distill_row(const struct output_layer *o, const struct taught *by, size_t row,
                         bool learns, float *x, float *y)
{
    size_t n = (size_t)o->items, target = (size_t)o->target[row];
    float mix = by->share[row], share = 1 / (float)o->targets;
    double sum[3] = {0};
    for (int32_t i = o->add.count ? o->add.start[row] : 0;
         o->add.count && i < o->add.start[row + 1]; i++)
        x[o->add.item[i]] += o->add.value[i];
    float top = complete(n, o->bias, 1, x), other = complete(n, by->bias, by->temperature, y);
    float own = x[target] - top;
    for (size_t at = 0; at < n; at += BLOCK)
        become_exponentials(n - at < BLOCK ? n - at : BLOCK, x + at, top, y + at, other, sum);
    float loss = maths_taught_loss((float)log(sum[0]), own, (float)(sum[2] / sum[1]), mix);
    if (!learns)
        return loss;
    slopes(n, x, y, (float)((double)share / sum[0]), (float)((double)share / sum[1]), mix);
    x[target] -= (1 - mix) * share;
    for (int32_t i = o->add.grad ? o->add.start[row] : 0; o->add.grad && i < o->add.start[row + 1];
         i++)
        o->add.grad[i] += x[o->add.item[i]];
    return loss;
}

static void distill_share(const struct output_layer *o, const struct taught *by, int first,
                          int rows, bool learns, float *x, float *y, size_t items, float *loss)
{
    struct span s = cpu_own_share((size_t)rows, 1);
    for (size_t i = s.from; i < s.to; i++)
        loss[(size_t)first + i] =
            distill_row(o, by, (size_t)first + i, learns, x + i * items, y + i * items);
}

void cpu_output_distill(struct device *d, const struct output_layer *o, const struct taught *by,
                        float *loss, float *dstate, float *dweight, float *dbias)
{
    struct cpu *c = cpu_of(d);
    int H = o->width, N = o->items;
    size_t items = cpu_padded((size_t)N), fit = items ? c->workspace / (2 * items) : 1;
    int most = fit < 1 ? 1 : fit < MOST_ROWS ? (int)fit : MOST_ROWS;
    bool learns = dstate || dweight || o->add.grad;
    most = most < o->targets ? most : o->targets;
    float *x = cpu_scratch(c, 2 * items * (size_t)most), *y = x + items * (size_t)most;
    for (int first = 0, rows; first < o->targets; first += rows) {
        const float *state = o->state + (size_t)first * (size_t)H;
        const float *other = by->state + (size_t)first * (size_t)by->width;
        rows = most < o->targets - first ? most : o->targets - first;
        cpu_gemm(d, false, true, rows, N, H, state, H, o->weight, H, 0, x, (int)items);
        cpu_gemm(d, false, true, rows, N, by->width, other, by->width, by->weight, by->width, 0, y,
                 (int)items);
        CPU_IN_THREADS(c->threads, distill_share(o, by, first, rows, learns, x, y, items, loss));
        if (dstate)
            cpu_gemm(d, false, false, rows, H, N, x, (int)items, o->weight, H, 1,
                     dstate + (size_t)first * (size_t)H, H);
        if (dweight)
            cpu_gemm(d, true, false, N, H, rows, x, (int)items, state, H, 1, dweight, H);
        if (dbias)
            cpu_sum_rows((size_t)rows, (size_t)N, items, x, dbias);
    }
}
