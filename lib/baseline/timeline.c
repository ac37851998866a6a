#include "baseline/timeline.h"

#include <stdlib.h>

void timeline_add(struct timeline *t, const struct session *s)
{
    struct timed timed = {s->times[0], s->times[s->count - 1], s->user,
                          s->part,     t->items.len,           s->count};
    vec_append(&t->items, s->items, s->count);
    vec_push(&t->sessions, timed);
}

struct keyed {
    int64_t key;
    int32_t number;
};

static int compare_keyed(const void *a, const void *b)
{
    const struct keyed *x = a, *y = b;
    if (x->key != y->key)
        return x->key < y->key ? -1 : 1;
    return (x->number > y->number) - (x->number < y->number);
}

void timeline_ready(struct timeline *t)
{
    size_t count = t->sessions.len;
    struct keyed *order = mem_alloc(count * sizeof *order);
    for (int by_user = 0; by_user < 2; by_user++) {
        for (size_t i = 0; i < count; i++) {
            const struct timed *s = &t->sessions.at[i];
            order[i] = (struct keyed){by_user ? s->user : s->end, (int32_t)i};
        }
        if (count)
            qsort(order, count, sizeof *order, compare_keyed);
        for (size_t i = 0; i < count; i++)
            vec_push(by_user ? &t->by_user : &t->by_end, order[i].number);
    }
    mem_free(order);
}

size_t timeline_user(const struct timeline *t, int32_t user)
{
    size_t low = 0, high = t->by_user.len;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (t->sessions.at[t->by_user.at[middle]].user < user)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

void timeline_release(struct timeline *t)
{
    vec_release(&t->sessions);
    vec_release(&t->items);
    vec_release(&t->by_end);
    vec_release(&t->by_user);
}
