/* The CPU's memory: scratch, allocation, copies, and numbers for the host. */
#include "base/mem.h"
#include "nn/cpu.h"

float *cpu_scratch(struct cpu *c, size_t n)
{
    if (n > c->scratch_size) {
        mem_free(c->scratch);
        c->scratch_size = 0;
        c->scratch = mem_aligned((n + n / 4) * sizeof(float)); /* room for a somewhat larger step */
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

static void fill_share(float *to, float value, size_t n)
{
    struct span s = cpu_own_share(n, 16);
    if (value == 0)
        memset(to + s.from, 0, (s.to - s.from) * sizeof *to);
    else
        for (size_t i = s.from; i < s.to; i++)
            to[i] = value;
}

void cpu_fill(struct device *d, float *to, float value, size_t n)
{
    int threads = cpu_threads_for(cpu_of(d), (double)n / 8);
    CPU_IN_THREADS(threads, fill_share(to, value, n));
}

void cpu_copy(struct device *d, float *to, const float *from, size_t n)
{
    cpu_upload(d, to, from, n * sizeof *to);
}

static void add_share(float *to, const float *from, size_t n)
{
    struct span s = cpu_own_share(n, 16);
    cpu_add_scaled(s.to - s.from, 1, from + s.from, to + s.from);
}

void cpu_add(struct device *d, float *to, const float *from, size_t n)
{
    int threads = cpu_threads_for(cpu_of(d), (double)n / 8);
    CPU_IN_THREADS(threads, add_share(to, from, n));
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
    cpu_of(d)->dropouts = 0;
}
