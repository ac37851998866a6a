#include "index/around.h"

enum {
    RULE_DISTANCE = 5,  /* events that a rule reaches ahead */
    NEAR_DISTANCE = 30, /* positions within which items occur together */
    AROUND = 500        /* other items that are kept: bounds the cost where sessions are long */
};

int32_t *arounds_no_slots(size_t n)
{
    int32_t *slot = mem_alloc(n * sizeof *slot);
    for (size_t i = 0; i < n; i++)
        slot[i] = -1;
    return slot;
}

void arounds_open(struct arounds *a, const struct session_index *x, int postings)
{
    *a = (struct arounds){
        .index = x, .postings = postings, .slot = arounds_no_slots((size_t)x->item_room)};
}

void arounds_forget(struct arounds *a, int32_t rank)
{
    a->rank = rank;
    a->count = 0;
}

void arounds_release(struct arounds *a)
{
    for (size_t i = 0; i < a->list.len; i++) {
        vec_release(&a->list.at[i].session);
        vec_release(&a->list.at[i].neighbour);
    }
    vec_release(&a->list);
    vec_release(&a->order);
    mem_free(a->slot);
}

static struct neighbour *neighbour_of(struct arounds *a, struct around *g, int32_t item)
{
    if (a->slot[item] < 0) {
        a->slot[item] = (int32_t)g->neighbour.len;
        vec_push(&g->neighbour, ((struct neighbour){.item = item}));
    }
    return &g->neighbour.at[a->slot[item]];
}

/* Adds what stands around an occurrence. */
static void add_around(struct arounds *a, struct around *g, const int32_t *item, int at, int length)
{
    int from = at - NEAR_DISTANCE, to = at + NEAR_DISTANCE + 1;
    from = from < 0 ? 0 : from;
    to = to < length ? to : length;
    g->occurrences++;
    for (int i = from; i < to; i++) {
        struct neighbour *n = neighbour_of(a, g, item[i]);
        int ahead = i - at;
        n->near += ahead != 0;
        n->next += ahead == 1;
        n->second += ahead == 2;
        n->before += ahead == -1;
        if (ahead > 0 && ahead <= RULE_DISTANCE)
            n->rule += 1 / (float)ahead;
    }
}

static void walk_session(struct arounds *a, struct around *g, int32_t rank)
{
    const struct session_index *x = a->index;
    const int32_t *item = session_index_items(x, rank);
    int length = (int)session_index_length(x, rank);
    vec_push(&g->session, rank);
    g->walked++;
    for (int i = 0; i < length; i++)
        if (item[i] == g->item)
            add_around(a, g, item, i, length);
}

/* Where sessions are long, keeps those that stand there most often. */
static void keep_around(struct arounds *a, struct around *g)
{
    size_t kept = 0;
    if (g->neighbour.len <= AROUND)
        return;
    vec_clear(&a->order);
    for (size_t i = 0; i < g->neighbour.len; i++) {
        const struct neighbour *n = &g->neighbour.at[i];
        vec_push(&a->order, ((struct valued){n->near + 4 * n->rule, (int32_t)i}));
    }
    largest_first(&a->order, AROUND);
    for (size_t i = 0; i < AROUND; i++)
        g->neighbour.at[a->order.at[i].at].kept = true;
    for (size_t i = 0; i < g->neighbour.len; i++)
        if (g->neighbour.at[i].kept)
            g->neighbour.at[kept++] = g->neighbour.at[i];
    g->neighbour.len = kept;
}

static void walk_postings(struct arounds *a, struct around *g)
{
    const struct session_index *x = a->index;
    const int32_t *session = x->session + x->posting[g->item];
    size_t n = (size_t)g->uses;
    while (n-- > 0 && g->walked < a->postings)
        walk_session(a, g, session[n]);
    for (size_t i = 0; i < g->neighbour.len; i++)
        a->slot[g->neighbour.at[i].item] = -1;
    keep_around(a, g);
}

struct around *arounds_of(struct arounds *a, int32_t item)
{
    for (size_t i = 0; i < a->count; i++)
        if (a->list.at[i].item == item)
            return &a->list.at[i];
    if (a->count == a->list.len)
        vec_push(&a->list, ((struct around){.item = -1}));
    struct around *g = &a->list.at[a->count++];
    g->item = item;
    g->uses = (int32_t)session_index_postings(a->index, item, a->rank);
    g->walked = g->occurrences = 0;
    vec_clear(&g->session);
    vec_clear(&g->neighbour);
    walk_postings(a, g);
    return g;
}
