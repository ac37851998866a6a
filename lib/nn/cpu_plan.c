/* The CPU's forms of what makes the plans of a step from few numbers. */
#include "nn/cpu.h"
#include "nn/plan.h"

void cpu_runs(struct device *d, int count, const int32_t *start, const int32_t *at,
              const int32_t *from, int32_t *to)
{
    (void)d;
    for (int i = 0; i < count; i++)
        for (int32_t j = 0; j < start[i + 1] - start[i]; j++)
            to[start[i] + j] = from[at[i] < 0 ? ~at[i] : at[i] + j];
}

void cpu_plan(struct device *d, int count, int32_t rows, const int32_t *at, int32_t *place,
              int32_t *row, int32_t *start, int32_t *order)
{
    (void)rows;
    int32_t *spare = (int32_t *)(void *)cpu_scratch(cpu_of(d), (size_t)count);
    struct row_order p = {.row = row, .start = start, .order = order, .spare = spare};
    plan_rows(&p, at, count);
    if (p.order != order)
        memcpy(order, p.order, (size_t)p.real * sizeof *order);
    if (place)
        plan_places(&p, count, place);
}

void cpu_pack(struct device *d, int count, const int32_t *start, const int32_t *sequence,
              const int32_t *after, int32_t *owner, int32_t *packed)
{
    (void)d, (void)after;
    plan_packed(start, count, sequence, owner, packed);
}

void cpu_weight_places(struct device *d, const struct ragged *r, const int32_t *first,
                       const int32_t *each, int32_t *at)
{
    (void)d;
    for (int s = 0; s < r->count; s++)
        for (int32_t i = r->start[s], k = 0; i < r->start[s + 1]; i++, k++)
            at[i] = first[s] + (each ? k * each[s] : k * (k + 1) / 2);
    at[r->total] = first[r->count];
}
