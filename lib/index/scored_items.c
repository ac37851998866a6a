#include "index/scored_items.h"

#include "index/around.h"
#include "index/largest.h"

void scored_items_open(struct scored_items *c, size_t items)
{
    *c = (struct scored_items){.slot = arounds_no_slots(items)};
}

void scored_items_release(struct scored_items *c)
{
    mem_free(c->slot);
    mem_free(c->item);
    mem_free(c->rule);
    mem_free(c->near);
    mem_free(c->knn);
    mem_free(c->chosen);
}

void scored_items_clear(struct scored_items *c)
{
    for (size_t i = 0; i < c->count; i++)
        c->slot[c->item[i]] = -1;
    c->count = 0;
}

void scored_items_reserve(struct scored_items *c, size_t more)
{
    size_t need = c->count + more;
    if (need <= c->room)
        return;
    c->room = need + need / 2;
    c->item = mem_resize(c->item, c->room * sizeof *c->item);
    c->rule = mem_resize(c->rule, c->room * sizeof *c->rule);
    c->near = mem_resize(c->near, c->room * sizeof *c->near);
    c->knn = mem_resize(c->knn, c->room * sizeof *c->knn);
    c->chosen = mem_resize(c->chosen, c->room * sizeof *c->chosen);
}

void scored_items_choose(struct scored_items *c, const float *score, size_t best)
{
    struct cut cut = largest_cut(score, c->count, best);
    for (size_t i = 0; i < c->count; i++)
        c->chosen[i] |= cut_takes(&cut, score[i]);
}
