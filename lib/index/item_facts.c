#include "index/item_facts.h"

#include <math.h>

#include "base/prefetch.h"
#include "base/vector.h"

enum {
    LATE = 200,
    RECENT = 20, /* the last windows: the log's duration divided by these */
    AHEAD = 12,  /* items whose facts are fetched before they are needed: memory is slow */
    FURTHER = 32 /* the same where little is done for each */
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
    vec_release(&f->roots);
    vec_release(&f->fresh);
    vec_release(&f->searched);
}

void item_facts_begin(struct item_facts_of *f, int64_t time, bool ended)
{
    vec_clear(&f->root);
    f->ended = ended;
    f->counts = ended ? session_index_before(f->index, time) : f->index->sessions;
    f->rank = -1;
}

/* Makes room for the facts of all items that have numbers. */
static void cover(struct item_facts_of *f)
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
    f->late_out = (float)(rank - f->late) / (float)(rank + 1);
    f->recent_out = (float)(rank - f->recent) / (float)(rank + 1);
    return rank != was;
}

static const struct item_postings *postings_of(const struct item_facts_of *f, int32_t item)
{
    return &f->index->posting[f->items->of.at[item]];
}

/* About how many of the item's first `count` postings came before a window, if they came evenly;
 * left_out: the window's part of all sessions. */
static int32_t expected(int32_t count, float left_out)
{
    return count - (int32_t)(left_out * (float)count);
}

/* Fetches the postings that are read: all of few, else those from which the searches begin. */
PREFETCH expect_postings(const struct item_facts_of *f, int32_t item)
{
    const struct item_postings *p = postings_of(f, item);
    const int32_t *session = f->index->session + p->from;
    __builtin_prefetch(session + (p->count > POSTINGS_FEW ? p->count - POSTINGS_FEW : 0));
    __builtin_prefetch(session + (p->count > POSTINGS_FEW ? p->count : POSTINGS_FEW) - 1);
}

/* The same of what is not around items, for an item whose holders are known. */
PREFETCH expect_uses(const struct item_facts_of *f, int32_t item)
{
    const struct item_postings *p = postings_of(f, item);
    const int32_t *session = f->index->session + p->from;
    int32_t holders = f->item.at[item].holders;
    __builtin_prefetch(&f->index->start[p->first > 0 ? p->first : 0]);
    if (p->newest < f->recent)
        return;
    bool few = p->count <= POSTINGS_FEW;
    __builtin_prefetch(session + (few ? 0 : holders));
    __builtin_prefetch(session + (few ? POSTINGS_FEW - 1 : expected(holders, f->late_out)));
    if (!few)
        __builtin_prefetch(session + expected(holders, f->recent_out));
}

/* ---- around items ---- */

static size_t find_fresh(struct item_facts_of *f, const int32_t *item, size_t n)
{
    size_t fresh = 0;
    cover(f);
    vec_reserve(&f->fresh, n + 1);
    vec_reserve(&f->searched, n + 1);
    vec_reserve(&f->roots, n);
    for (size_t i = 0; i < n; i++) {
        f->fresh.at[fresh] = item[i];
        fresh += f->root.at[item[i]] == 0;
    }
    return fresh;
}

/* Of most items all postings count, and nothing but their number is read.  Returns how many others
 * there are, in `searched`. */
static size_t hold_whole(struct item_facts_of *f, size_t n)
{
    const int32_t *item = f->fresh.at;
    size_t others = 0;
    for (size_t i = 0; i < n; i++) {
        if (i + FURTHER < n)
            __builtin_prefetch(postings_of(f, item[i + FURTHER]));
        const struct item_postings *p = postings_of(f, item[i]);
        f->item.at[item[i]].holders = p->count;
        f->item.at[item[i]].before = -1;
        f->searched.at[others] = item[i];
        others += p->newest >= f->counts;
    }
    return others;
}

static void hold_others(struct item_facts_of *f, size_t n)
{
    const int32_t *item = f->searched.at;
    for (size_t i = 0; i < n; i++) {
        if (i + AHEAD < n)
            expect_postings(f, item[i + AHEAD]);
        f->item.at[item[i]].holders =
            (int32_t)session_index_postings(f->index, f->items->of.at[item[i]], f->counts);
    }
}

/* Each number of postings becomes its root. */
VECTOR static void become_roots(float *x, size_t n)
{
    for (size_t i = 0; i < n; i++)
        x[i] = 1 / sqrtf(x[i] + FACTS_SMOOTH);
}

void item_facts_hold(struct item_facts_of *f, const int32_t *item, size_t n)
{
    size_t fresh = find_fresh(f, item, n);
    hold_others(f, hold_whole(f, fresh));
    for (size_t i = 0; i < fresh; i++)
        f->roots.at[i] = (float)f->item.at[f->fresh.at[i]].holders;
    become_roots(f->roots.at, fresh);
    for (size_t i = 0; i < fresh; i++)
        f->root.at[f->fresh.at[i]] = f->roots.at[i];
}

/* ---- by now ---- */

/* Rank of the posting behind `count` of them.  It is read, and thrown away, where there is none:
 * whether there is one cannot be foretold. */
static int32_t next_of(const struct session_index *x, int32_t item, int32_t count)
{
    const struct item_postings *p = &x->posting[item];
    int32_t rank = x->session[p->from + (size_t)count];
    return count < p->count ? rank : INT32_MAX;
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
    i->last = uses == x->posting[item].count ? x->posting[item].newest
                                             : session_index_ranks(x, item)[uses - 1];
    __builtin_prefetch(&x->last[i->last]);
}

/* Of most items all postings are older than the windows, and none is read. */
static void count_old(const struct item_postings *p, struct item_facts *i)
{
    i->before = i->late = i->recent = p->count;
    i->next = i->next_late = i->next_recent = INT32_MAX;
}

static void count_few(const struct item_facts_of *f, const struct item_postings *p,
                      struct item_facts *i)
{
    const int32_t *session = f->index->session + p->from;
    int32_t before = 0, late = 0, recent = 0;
    for (int32_t k = 0; k < POSTINGS_FEW; k++) {
        int32_t rank = k < p->count ? session[k] : INT32_MAX;
        before += rank < f->rank;
        late += rank < f->late;
        recent += rank < f->recent;
    }
    i->before = before;
    i->late = late;
    i->recent = recent;
}

static void count_many(const struct item_facts_of *f, int32_t item, struct item_facts *i)
{
    const struct session_index *x = f->index;
    i->before = session_index_postings_near(x, item, f->rank, i->holders);
    i->late = session_index_postings_near(x, item, f->late, expected(i->before, f->late_out));
    i->recent = session_index_postings_near(x, item, f->recent, expected(i->before, f->recent_out));
}

static void count_uses(const struct item_facts_of *f, int32_t item, struct item_facts *i)
{
    const struct session_index *x = f->index;
    const struct item_postings *p = &x->posting[item];
    i->first = p->first;
    if (p->newest < f->recent)
        count_old(p, i);
    else {
        if (p->count <= POSTINGS_FEW)
            count_few(f, p, i);
        else
            count_many(f, item, i);
        i->next = next_of(x, item, i->before);
        i->next_late = next_of(x, item, i->late);
        i->next_recent = next_of(x, item, i->recent);
    }
    note_last(f, item, i);
}

/* From what they were at the event before. */
static void continue_counts(const struct item_facts_of *f, int32_t item, struct item_facts *i)
{
    const struct session_index *x = f->index;
    if (i->next < f->rank) {
        i->before = go_on(x, item, i->before, f->rank, &i->next);
        note_last(f, item, i);
    }
    i->late = go_on(x, item, i->late, f->late, &i->next_late);
    i->recent = go_on(x, item, i->recent, f->recent, &i->next_recent);
}

void item_facts_count(struct item_facts_of *f, const int32_t *item, size_t n)
{
    size_t first = 0;
    item_facts_hold(f, item, n);
    for (size_t i = 0; i < n; i++) {
        f->searched.at[first] = item[i];
        first += f->item.at[item[i]].before < 0;
    }
    for (size_t i = 0; i < first; i++) {
        if (i + AHEAD < first)
            expect_uses(f, f->searched.at[i + AHEAD]);
        int32_t number = f->searched.at[i];
        count_uses(f, f->items->of.at[number], &f->item.at[number]);
    }
    for (size_t i = 0; i < n; i++)
        continue_counts(f, f->items->of.at[item[i]], &f->item.at[item[i]]);
}
