#include "index/item_facts.h"

#include <math.h>

enum {
    LATE = 200,
    RECENT = 20 /* the last windows: the log's duration divided by these */
};

void item_facts_open(struct item_facts_of *f, const struct session_index *x,
                     const struct numbers *items)
{
    *f = (struct item_facts_of){.index = x, .items = items};
}

void item_facts_release(struct item_facts_of *f)
{
    vec_release(&f->item);
    vec_release(&f->root);
}

void item_facts_begin(struct item_facts_of *f, int64_t time, bool ended)
{
    vec_clear(&f->root);
    f->ended = ended;
    f->counts = ended ? session_index_before(f->index, time) : f->index->sessions;
    f->rank = -1;
}

void item_facts_cover(struct item_facts_of *f)
{
    size_t more = f->items->of.len - f->root.len;
    if (!more)
        return;
    vec_reserve(&f->item, f->items->of.len);
    vec_reserve(&f->root, more);
    memset(f->root.at + f->root.len, 0, more * sizeof *f->root.at);
    f->root.len += more;
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
    struct item_facts *i = &f->item.at[item];
    i->holders = (int32_t)session_index_postings(f->index, f->items->of.at[item], f->counts);
    i->before = -1;
    f->root.at[item] = 1 / sqrtf((float)i->holders + FACTS_SMOOTH);
}

/* Rank of the posting behind `count` of them. */
static int32_t next_of(const struct session_index *x, int32_t item, int32_t count)
{
    return count < x->posting[item].count ? session_index_ranks(x, item)[count] : INT32_MAX;
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

static void note_first(const struct item_facts_of *f, int32_t item, struct item_facts *i)
{
    const struct session_index *x = f->index;
    if (!x->posting[item].count)
        return;
    i->first = session_index_ranks(x, item)[0];
    __builtin_prefetch(&x->start[i->first]);
}

static void count_uses(const struct item_facts_of *f, int32_t item, struct item_facts *i)
{
    const struct session_index *x = f->index;
    i->before = session_index_postings_near(x, item, f->rank, i->holders);
    i->late = session_index_postings_near(x, item, f->late, i->before);
    i->recent = session_index_postings_near(x, item, f->recent, i->late);
    i->next = next_of(x, item, i->before);
    i->next_late = next_of(x, item, i->late);
    i->next_recent = next_of(x, item, i->recent);
    note_first(f, item, i);
    note_last(f, item, i);
}

void item_facts_count(struct item_facts_of *f, int32_t number)
{
    const struct session_index *x = f->index;
    struct item_facts *i = &f->item.at[number];
    int32_t item = f->items->of.at[number];
    if (!item_facts_held(f, number))
        item_facts_hold(f, number);
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
