/* The CPU's grouped matrices: small products, shared out among the threads. */
#include <omp.h>

#include "nn/cpu.h"

static int group_threads(struct device *d, const struct ragged *r, int in, int out)
{
    return cpu_threads_for(cpu_of(d), (double)r->total * in * out / 16);
}

void cpu_group_linear(struct device *d, const struct ragged *r, const struct rows *group, int in,
                      int out, const float *x, const float *w, int ldw, bool accumulate, float *y)
{
    int threads = group_threads(d, r, in, out);
#pragma omp parallel for num_threads(threads) schedule(static) if (threads > 1)
    for (int s = 0; s < r->count; s++) {
        size_t from = (size_t)r->start[s], size = (size_t)out * (size_t)ldw;
        cpu_sgemm(false, true, r->start[s + 1] - r->start[s], out, in, x + from * (size_t)in, in,
                  w + (size_t)group->at[s] * size, ldw, accumulate ? 1 : 0, y + from * (size_t)out,
                  out);
    }
}

/* One thread has all that goes to a matrix, and adds it in the plan's order. */
void cpu_group_linear_back(struct device *d, const struct ragged *r, const struct rows *group,
                           int in, int out, const float *x, const float *w, int ldw,
                           const float *dy, float *dx, float *dw)
{
    int threads = group_threads(d, r, in, out);
    size_t size = (size_t)out * (size_t)ldw;
#pragma omp parallel for num_threads(threads) schedule(static) if (threads > 1)
    for (int u = 0; u < group->unique; u++) {
        size_t matrix = (size_t)group->row[u] * size;
        for (int32_t i = group->start[u]; i < group->start[u + 1]; i++) {
            int32_t s = group->order[i];
            size_t from = (size_t)r->start[s];
            int rows = r->start[s + 1] - r->start[s];
            const float *own = dy + from * (size_t)out;
            if (dx)
                cpu_sgemm(false, false, rows, in, out, own, out, w + matrix, ldw, 1,
                          dx + from * (size_t)in, in);
            if (dw)
                cpu_sgemm(true, false, out, in, rows, own, out, x + from * (size_t)in, in, 1,
                          dw + matrix, ldw);
        }
    }
}
