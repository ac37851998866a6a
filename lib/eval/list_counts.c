#include "eval/list_counts.h"

#include <math.h>

void list_counts_start(struct list_counts *l)
{
    vec_clear(&l->first);
    vec_clear(&l->trained);
    l->lists = 0;
    l->shortest = 0;
    l->unknown = false;
}

static void add_item(struct list_counts *l, int32_t item, size_t place, const i32_vec *train)
{
    int32_t count = (size_t)item < train->len ? train->at[item] : -1;
    while (l->first.len <= (size_t)item)
        vec_push(&l->first, 0);
    if (!l->first.at[item] || l->first.at[item] > (int32_t)place)
        l->first.at[item] = (int32_t)place;
    if (count < 0)
        l->unknown = true;
    else
        l->trained.at[place - 1] += (uint64_t)count;
}

void list_counts_add(struct list_counts *l, const struct tops *t, const i32_vec *train)
{
    size_t k = (size_t)t->k;
    while (l->trained.len < k)
        vec_push(&l->trained, 0);
    if (t->user.len && (!l->lists || t->k < l->shortest))
        l->shortest = t->k;
    l->lists += t->user.len;
    for (size_t i = 0; i < t->item.len; i++)
        add_item(l, column_i32(t->item)[i], i % k + 1, train);
}

static double coverage(const struct list_counts *l, int64_t candidates, int32_t k)
{
    uint64_t shown = 0;
    for (size_t i = 0; i < l->first.len; i++)
        shown += l->first.at[i] && l->first.at[i] <= k;
    return (double)shown / (double)candidates;
}

static double popularity(const struct list_counts *l, int32_t k)
{
    uint64_t trained = 0;
    for (int32_t place = 0; place < k; place++)
        trained += l->trained.at[place];
    return (double)trained / k / (double)l->lists;
}

void list_counts_metrics(const struct list_counts *l, int64_t candidates, const struct cuts *c,
                         struct metrics *to)
{
    int cover = metrics_column_of(c, MEASURE_COVERAGE),
        popular = metrics_column_of(c, MEASURE_POPULARITY);
    for (int i = 0; c->lists && i < c->count; i++) {
        bool known = l->lists && c->at[i] <= l->shortest;
        to->value[cover + i] = known ? coverage(l, candidates, c->at[i]) : NAN;
        to->value[popular + i] = known && !l->unknown ? popularity(l, c->at[i]) : NAN;
    }
}

void list_counts_release(struct list_counts *l)
{
    vec_release(&l->first);
    vec_release(&l->trained);
}
