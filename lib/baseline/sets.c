#include "baseline/sets.h"

#include <stdlib.h>

#include "base/ascending.h"

void sets_add(struct sets *x, const struct session *s)
{
    if (!x->begin.len)
        vec_push(&x->begin, 0);
    vec_push(&x->time, s->times[s->count - 1]);
    vec_append(&x->item, s->items, s->count);
    vec_push(&x->begin, x->item.len);
}

size_t sets_unique(int32_t *places, size_t count)
{
    size_t kept = 0;
    if (count)
        qsort(places, count, sizeof *places, ascending_i32);
    for (size_t i = 0; i < count; i++)
        if (i == 0 || places[i] != places[kept - 1])
            places[kept++] = places[i];
    return kept;
}

struct dated {
    int64_t time;
    int32_t number; /* in the input */
};

static int compare_dated(const void *a, const void *b)
{
    const struct dated *x = a, *y = b;
    if (x->time != y->time)
        return x->time < y->time ? 1 : -1;
    return (x->number < y->number) - (x->number > y->number);
}

/* Sessions newest first, as sets of places. */
static void reorder(struct sets *x, const int32_t *place)
{
    size_t sessions = x->time.len;
    struct dated *order = mem_alloc(sessions * sizeof *order);
    for (size_t i = 0; i < sessions; i++)
        order[i] = (struct dated){x->time.at[i], (int32_t)i};
    if (sessions)
        qsort(order, sessions, sizeof *order, compare_dated);
    struct sets to = {0};
    vec_push(&to.begin, 0);
    for (size_t i = 0; i < sessions; i++) {
        size_t from = x->begin.at[order[i].number], count = x->begin.at[order[i].number + 1] - from;
        vec_reserve(&to.item, count);
        int32_t *set = to.item.at + to.item.len;
        for (size_t j = 0; j < count; j++)
            set[j] = place[x->item.at[from + j]];
        to.item.len += sets_unique(set, count);
        vec_push(&to.time, order[i].time);
        vec_push(&to.begin, to.item.len);
    }
    mem_free(order);
    sets_release(x);
    *x = to;
}

void sets_ready(struct sets *x, const int32_t *place, int32_t items)
{
    reorder(x, place);
    x->use = mem_zero((size_t)items + 1, sizeof *x->use);
    x->user = mem_alloc(x->item.len * sizeof *x->user);
    for (size_t i = 0; i < x->item.len; i++)
        x->use[x->item.at[i] + 1]++;
    for (int32_t p = 0; p < items; p++)
        x->use[p + 1] += x->use[p];
    size_t *next = mem_alloc((size_t)items * sizeof *next);
    memcpy(next, x->use, (size_t)items * sizeof *next);
    for (int32_t s = 0; s < sets_count(x); s++)
        for (size_t i = x->begin.at[s]; i < x->begin.at[s + 1]; i++)
            x->user[next[x->item.at[i]]++] = s;
    mem_free(next);
}

void sets_release(struct sets *x)
{
    vec_release(&x->time);
    vec_release(&x->begin);
    vec_release(&x->item);
    mem_free(x->use);
    mem_free(x->user);
    x->use = NULL;
    x->user = NULL;
}
