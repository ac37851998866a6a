#include "index/scored_items.h"

void scored_items_open(struct scored_items *c, const struct numbers *items)
{
    *c = (struct scored_items){.items = items};
}

void scored_items_release(struct scored_items *c)
{
    vec_release(&c->slot);
    mem_free(c->item);
    mem_free(c->rule);
    mem_free(c->near);
    mem_free(c->knn);
    mem_free(c->chosen);
}

static void empty(struct scored_items *c, size_t from, size_t to)
{
    float *const scores[] = {c->rule, c->near, c->knn};
    for (size_t k = 0; to > from && k < sizeof scores / sizeof *scores; k++)
        memset(scores[k] + from, 0, (to - from) * sizeof **scores);
    if (to > from)
        memset(c->chosen + from, 0, to - from);
}

void scored_items_clear(struct scored_items *c)
{
    for (size_t i = 0; i < c->count; i++)
        c->slot.at[c->item[i]] = -1;
    empty(c, 0, c->count);
    c->count = 0;
}

void scored_items_grow(struct scored_items *c, size_t need)
{
    size_t before = c->room;
    c->room = need + need / 2;
    c->item = mem_resize(c->item, c->room * sizeof *c->item);
    c->rule = mem_resize(c->rule, c->room * sizeof *c->rule);
    c->near = mem_resize(c->near, c->room * sizeof *c->near);
    c->knn = mem_resize(c->knn, c->room * sizeof *c->knn);
    c->chosen = mem_resize(c->chosen, c->room * sizeof *c->chosen);
    empty(c, before, c->room);
}
