#include "nn/cpu.h"

#include <omp.h>
#include <stdio.h>

#include "base/mem.h"
#include "nn/blas.h"

static const struct operations cpu_operations = {
#define OPERATION_ROW(type, name, arguments) .name = cpu_##name,
    DEVICE_OPERATIONS(OPERATION_ROW)
#undef OPERATION_ROW
};

struct device *cpu_open(const struct device_options *o)
{
    struct cpu *c = mem_zero(1, sizeof *c);
    c->threads = o->threads > 0 ? o->threads : omp_get_max_threads();
    /* The output layer counts on every thread that it asks for. */
    omp_set_dynamic(0);
    if (c->threads > omp_get_thread_limit())
        c->threads = omp_get_thread_limit();
    c->workspace = (o->workspace ? o->workspace : (size_t)128 << 20) / sizeof(float);
    c->bf16 = o->precision == PRECISION_BF16;
    snprintf(c->name, sizeof c->name, "cpu: %s, %d thread%s%s", blas_name(), c->threads,
             c->threads == 1 ? "" : "s", c->bf16 ? ", bf16" : "");
    c->device =
        (struct device){.op = &cpu_operations, .name = c->name, .close = cpu_close, .host = true};
    return &c->device;
}

void cpu_close(struct device *d)
{
    if (!d)
        return;
    mem_free(cpu_of(d)->scratch);
    mem_free(cpu_of(d)->fetched[0]);
    mem_free(cpu_of(d)->fetched[1]);
    mem_free(d);
}

float *cpu_scratch(struct cpu *c, size_t n)
{
    if (n > c->scratch_size) {
        mem_free(c->scratch);
        c->scratch_size = 0;
        c->scratch =
            mem_aligned((n + n / 4) * sizeof(float)); /* the next step may be a bit larger */
        c->scratch_size = n + n / 4;
    }
    return c->scratch;
}

/* ---- memory ---- */

void *cpu_alloc(struct device *d, size_t bytes)
{
    (void)d;
    return mem_aligned(bytes);
}

void cpu_release(struct device *d, void *p)
{
    (void)d;
    mem_free(p);
}

void cpu_upload(struct device *d, void *to, const void *from_host, size_t bytes)
{
    (void)d;
    if (bytes)
        memcpy(to, from_host, bytes);
}

void cpu_send(struct device *d, void *to, const void *from_host, size_t bytes)
{
    cpu_upload(d, to, from_host, bytes);
}

void cpu_download(struct device *d, void *to_host, const void *from, size_t bytes)
{
    (void)d;
    if (bytes)
        memcpy(to_host, from, bytes);
}

void cpu_fill(struct device *d, float *to, float value, size_t n)
{
    int threads = cpu_threads_for(cpu_of(d), (double)n / 8);
#pragma omp parallel num_threads(threads) if (threads > 1)
    {
        struct span s = cpu_share(n, 16, omp_get_thread_num(), omp_get_num_threads());
        if (value == 0)
            memset(to + s.from, 0, (s.to - s.from) * sizeof *to);
        else
            for (size_t i = s.from; i < s.to; i++)
                to[i] = value;
    }
}

void cpu_copy(struct device *d, float *to, const float *from, size_t n)
{
    cpu_upload(d, to, from, n * sizeof *to);
}

void cpu_add(struct device *d, float *to, const float *from, size_t n)
{
    int threads = cpu_threads_for(cpu_of(d), (double)n / 8);
#pragma omp parallel num_threads(threads) if (threads > 1)
    {
        struct span s = cpu_share(n, 16, omp_get_thread_num(), omp_get_num_threads());
        cpu_add_scaled(s.to - s.from, 1, from + s.from, to + s.from);
    }
}

/* ---- numbers for the host ---- */

int cpu_fetch(struct device *d, const void *from, size_t bytes)
{
    struct cpu *c = cpu_of(d);
    int place = c->fetches & 1;
    if (bytes > c->fetched_size[place]) {
        mem_free(c->fetched[place]);
        c->fetched[place] = mem_aligned(bytes);
        c->fetched_size[place] = bytes;
    }
    cpu_upload(d, c->fetched[place], from, bytes);
    c->fetches = (c->fetches + 1) & 0xffff;
    return place;
}

const void *cpu_fetched(struct device *d, int ticket)
{
    return cpu_of(d)->fetched[ticket];
}

void cpu_step(struct device *d)
{
    (void)d;
}
