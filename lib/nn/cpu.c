/* The CPU backend: its table of operations; opens and closes it. */
#include "nn/cpu.h"

#include <omp.h>
#include <stdio.h>

#include "base/mem.h"
#include "base/threads.h"
#include "nn/bf16.h"
#include "nn/blas.h"

static const struct operations cpu_operations = {
#define OPERATION_ROW(type, name, arguments) .name = cpu_##name,
    DEVICE_OPERATIONS(OPERATION_ROW)
#undef OPERATION_ROW
};

struct device *cpu_open(const struct device_options *o)
{
    struct cpu *c = mem_zero(1, sizeof *c);
    char name[BLAS_NAME];
    blas_run_alone();
    blas_name(name);
    c->threads = o->threads > 0 ? o->threads : omp_get_max_threads();
    /* The output layer needs every thread that it asks for. */
    omp_set_dynamic(0);
    if (c->threads > omp_get_thread_limit())
        c->threads = omp_get_thread_limit();
    c->threads = threads_to_be_had(c->threads);
    c->workspace = (o->workspace ? o->workspace : (size_t)128 << 20) / sizeof(float);
    c->bf16 = o->precision == PRECISION_BF16;
    c->by_float32 = c->bf16 && bf16_by_float32();
    snprintf(c->name, sizeof c->name, "cpu: %s, %d thread%s%s", name, c->threads,
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
    for (size_t i = 0; i < cpu_of(d)->dropped.len; i++)
        mem_free(cpu_of(d)->dropped.at[i].kept);
    vec_release(&cpu_of(d)->dropped);
    mem_free(cpu_of(d)->fetched[0]);
    mem_free(cpu_of(d)->fetched[1]);
    mem_free(d);
}
