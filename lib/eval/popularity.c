#include "eval/popularity.h"

#include <stdlib.h>

#include "base/ascending.h"
#include "base/num.h"

struct popularity popularity_of(const int32_t *train, size_t items, int shares)
{
    struct popularity p = {0};
    uint64_t events = 0, below = 0;
    int share = 0; /* shares that are full */
    int32_t *count = mem_alloc(items * sizeof *count);
    for (size_t i = 0; i < items; i++)
        events += (uint64_t)(count[i] = train[i] > 0 ? train[i] : 0);
    if (items)
        qsort(count, items, sizeof *count, ascending_i32);
    for (size_t i = 0; i < items; i++) {
        int before = share;
        below += (uint64_t)count[i];
        while (share < shares && below &&
               below * (uint64_t)shares >= events * (uint64_t)(share + 1))
            share++;
        if (share > before && (!p.groups || p.edge[p.groups - 1] < count[i]))
            p.edge[p.groups++] = count[i];
    }
    mem_free(count);
    return p;
}

int popularity_group(const struct popularity *p, int32_t train)
{
    int group = 1;
    if (!train)
        return 0;
    while (group < p->groups && p->edge[group - 1] < train)
        group++;
    return group;
}

int32_t popularity_low(const struct popularity *p, int group)
{
    return group > 1 ? p->edge[group - 2] + 1 : group;
}

int32_t popularity_high(const struct popularity *p, int group)
{
    return group && group <= p->groups ? p->edge[group - 1] : 0;
}

int32_t popularity_median(int32_t *train, size_t n)
{
    qsort(train, n, sizeof *train, ascending_i32);
    return train[(n - 1) / 2];
}

int32_t popularity_count(struct bytes text)
{
    int64_t count;
    bool known = num_i64(text.at, text.len, &count) && count >= 0 && count <= INT32_MAX;
    return known ? (int32_t)count : -1;
}
