#include "baseline/by_time.h"

#include <stdlib.h>

#include "baseline/private.h"

void sort_by_time(i32_vec *sessions, const struct session_store *c,
                  int64_t (*time)(const struct session_store *c, size_t session))
{
    size_t count = sessions->len;
    struct ordered *order = mem_alloc(count * sizeof *order);
    for (size_t i = 0; i < count; i++)
        order[i] = (struct ordered){-time(c, (size_t)sessions->at[i]), sessions->at[i]};
    if (count)
        qsort(order, count, sizeof *order, greater_first);
    for (size_t i = 0; i < count; i++)
        sessions->at[i] = order[i].what;
    mem_free(order);
}
