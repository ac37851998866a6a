#include "index/item_facts.h"

#include <math.h>

enum {
    LATE = 200,
    RECENT = 20 /* the last windows: the log's duration divided by these */
};

void item_facts_open(struct item_facts_of *f, const struct session_index *x)
{
    size_t items = (size_t)x->item_room;
    *f = (struct item_facts_of){.index = x,
                                .item = mem_aligned_zero(items, sizeof *f->item),
                                .root = mem_zero(items, sizeof *f->root)};
}

void item_facts_release(struct item_facts_of *f)
{
    mem_free(f->item);
    mem_free(f->root);
}

void item_facts_begin(struct item_facts_of *f, int64_t time, bool ended)
{
    int32_t began = session_index_before(f->index, time);
    if (!++f->session) { /* it has come round */
        memset(f->root, 0, (size_t)f->index->item_room * sizeof *f->root);
        f->session = 1;
    }
    f->ended = ended;
    f->counts = ended ? began : f->index->sessions;
    f->rank = -1;
}

bool item_facts_come_to(struct item_facts_of *f, int64_t now)
{
    const struct session_index *x = f->index;
    int32_t rank = session_index_before(x, now), was = f->rank;
    f->now = now;
    f->rank = rank;
    f->late = session_index_before(x, now - x->duration / LATE);
    f->recent = session_index_before(x, now - x->duration / RECENT);
    return rank != was;
}

void item_facts_hold(struct item_facts_of *f, int32_t item)
{
    struct item_facts *i = &f->item[item];
    i->holders = (int32_t)session_index_postings(f->index, item, f->counts);
    i->before = -1;
    f->root[item] = (struct item_root){f->session, 1 / sqrtf((float)i->holders + FACTS_SMOOTH)};
}

/* Rank of the posting behind `count` of them. */
static int32_t next_of(const struct session_index *x, int32_t item, int32_t count)
{
    return (size_t)count < session_index_postings(x, item, x->sessions)
               ? session_index_ranks(x, item)[count]
               : INT32_MAX;
}

/* How many of the item's postings are of ranks below `rank`, if `count` of them are for sure. */
static int32_t go_on(const struct session_index *x, int32_t item, int32_t count, int32_t rank,
                     int32_t *next)
{
    while (*next < rank)
        *next = next_of(x, item, ++count);
    return count;
}

static void note_last(const struct item_facts_of *f, int32_t item, struct item_facts *i)
{
    const struct session_index *x = f->index;
    int32_t uses = i->before ? i->before : item_facts_uses(f, i); /* or it is seen later only */
    if (!uses)
        return;
    i->last = session_index_ranks(x, item)[uses - 1];
    __builtin_prefetch(&x->last[i->last]);
}

static void count_uses(const struct item_facts_of *f, int32_t item, struct item_facts *i)
{
    const struct session_index *x = f->index;
    i->before =
        f->rank == f->counts ? i->holders : (int32_t)session_index_postings(x, item, f->rank);
    i->late = (int32_t)session_index_postings_among(x, item, f->late, (size_t)i->before);
    i->recent = (int32_t)session_index_postings_among(x, item, f->recent, (size_t)i->late);
    i->next = next_of(x, item, i->before);
    i->next_late = next_of(x, item, i->late);
    i->next_recent = next_of(x, item, i->recent);
    if (!i->has_first && session_index_postings(x, item, x->sessions)) {
        i->first = x->start[session_index_ranks(x, item)[0]];
        i->has_first = true;
    }
    note_last(f, item, i);
}

void item_facts_count(struct item_facts_of *f, int32_t item)
{
    const struct session_index *x = f->index;
    struct item_facts *i = &f->item[item];
    if (!item_facts_held(f, item))
        item_facts_hold(f, item);
    if (i->before < 0) {
        count_uses(f, item, i);
        return;
    }
    if (i->next < f->rank) {
        i->before = go_on(x, item, i->before, f->rank, &i->next);
        note_last(f, item, i);
    }
    i->late = go_on(x, item, i->late, f->late, &i->next_late);
    i->recent = go_on(x, item, i->recent, f->recent, &i->next_recent);
}
