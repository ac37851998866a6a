#include "index/around.h"

#include "base/prefetch.h"
#include "index/largest.h"

enum {
    RULE_DISTANCE = 5, /* events that a rule reaches ahead */
    AROUND = 500,      /* other items that are kept: bounds the cost where sessions are long */
    AHEAD = 8,         /* sessions that are fetched while one is read, */
    NEXT = 4           /* and how many sessions ahead all is fetched that is read of them */
};

void arounds_open(struct arounds *a, struct numbers *items, struct known_sessions *sessions,
                  int postings)
{
    *a = (struct arounds){
        .index = sessions->index, .items = items, .sessions = sessions, .postings = postings};
    for (int ahead = -NEAR_DISTANCE; ahead <= NEAR_DISTANCE; ahead++) {
        float *sum = a->added[NEAR_DISTANCE + ahead].sum;
        sum[AROUND_NEAR] = 1;
        sum[AROUND_RULE] = ahead > 0 && ahead <= RULE_DISTANCE ? 1 / (float)ahead : 0;
        sum[AROUND_NEXT] = ahead == 1;
        sum[AROUND_SECOND] = ahead == 2;
        sum[AROUND_BEFORE] = ahead == -1;
    }
}

void arounds_forget(struct arounds *a, int32_t rank)
{
    for (size_t i = 0; i < a->count; i++)
        a->place.at[a->list.at[i].number] = -1;
    a->rank = rank;
    a->count = 0;
}

void arounds_release(struct arounds *a)
{
    for (size_t i = 0; i < a->list.len; i++) {
        vec_release(&a->list.at[i].session);
        vec_release(&a->list.at[i].other);
        vec_release(&a->list.at[i].neighbour);
    }
    vec_release(&a->list);
    vec_release(&a->order);
    vec_release(&a->place);
    vec_release(&a->slot);
}

/* There is room for one more. */
static struct neighbour *neighbour_of(struct arounds *a, struct around *g, int32_t item)
{
    int32_t number = number_of(a->items, item), *slot = &a->slot.at[number];
    if (*slot < 0) {
        *slot = (int32_t)g->other.len;
        g->other.at[g->other.len++] = number;
        g->neighbour.at[g->neighbour.len++] = (struct neighbour){{0}};
    }
    return &g->neighbour.at[*slot];
}

/* Adds what is around an occurrence: items from .. to - 1, `at` but for itself. */
static void add_around(struct arounds *a, struct around *g, const int32_t *item, int at, int from,
                       int to)
{
    for (int i = from; i < to; i++) {
        float *sum = neighbour_of(a, g, item[i])->sum;
        const float *added = a->added[NEAR_DISTANCE + i - at].sum;
        for (int k = 0; k < AROUND_SUMS; k++)
            sum[k] += added[k];
    }
}

static void add_occurrence(struct arounds *a, struct around *g, const int32_t *item, int at,
                           int length)
{
    int from = at - NEAR_DISTANCE, to = at + NEAR_DISTANCE + 1;
    g->occurrences++;
    g->repeats += at + 1 < length && item[at + 1] == g->item;
    add_around(a, g, item, at, from < 0 ? 0 : from, at);
    add_around(a, g, item, at, at + 1, to < length ? to : length);
}

static void walk_session(struct arounds *a, struct around *g, int32_t rank)
{
    const struct session_index *x = a->index;
    const int32_t *item = session_index_items(x, rank);
    int length = (int)session_index_length(x, rank);
    vec_push(&g->session, known_sessions_number(a->sessions, rank));
    vec_reserve(&a->items->of, (size_t)length);
    numbers_cover(&a->slot, a->items->of.len + (size_t)length);
    vec_reserve(&g->other, (size_t)length);
    vec_reserve(&g->neighbour, (size_t)length);
    g->walked++;
    for (int i = 0; i < length; i++)
        if (item[i] == g->item)
            add_occurrence(a, g, item, i, length);
}

/* Where sessions are long, keeps those that occur there most often. */
static void keep_around(struct arounds *a, struct around *g)
{
    size_t kept = 0;
    if (g->other.len <= AROUND)
        return;
    vec_clear(&a->order);
    for (size_t i = 0; i < g->other.len; i++) {
        const float *sum = g->neighbour.at[i].sum;
        vec_push(&a->order, sum[AROUND_NEAR] + 4 * sum[AROUND_RULE]);
    }
    struct cut cut = largest_cut(a->order.at, a->order.len, AROUND, &a->about);
    for (size_t i = 0; i < g->other.len; i++)
        if (cut_takes(&cut, a->order.at[i])) {
            g->other.at[kept] = g->other.at[i];
            g->neighbour.at[kept++] = g->neighbour.at[i];
        }
    g->other.len = g->neighbour.len = kept;
}

/* What is read of a session: its number, and those of its items; later the items' facts. */
PREFETCH fetch_numbers(const struct arounds *a, int32_t rank)
{
    const struct session_index *x = a->index;
    const int32_t *item = session_index_items(x, rank);
    size_t length = session_index_length(x, rank);
    __builtin_prefetch(&a->sessions->ranks.number[rank], 1);
    for (size_t i = 0; i < length; i++) {
        __builtin_prefetch(&a->items->number[item[i]], 1);
        __builtin_prefetch(&x->posting[item[i]]);
    }
}

/* Reads ahead of the walk, whose sessions are anywhere in memory, in turns: where a session's items
 * are, the items, and what is read of them. */
PREFETCH fetch(const struct arounds *a, const int32_t *session, size_t n)
{
    const struct session_index *x = a->index;
    if (n > 2 * AHEAD)
        __builtin_prefetch(&x->event[session[n - 2 * AHEAD]]);
    if (n > AHEAD)
        __builtin_prefetch(session_index_items(x, session[n - AHEAD]));
    if (n > NEXT)
        fetch_numbers(a, session[n - NEXT]);
}

/* What the walk has not fetched when it comes to the first sessions. */
PREFETCH fetch_first(const struct arounds *a, const int32_t *session, size_t n)
{
    const struct session_index *x = a->index;
    for (size_t i = 1; i <= 2 * AHEAD && i <= n; i++)
        __builtin_prefetch(&x->event[session[n - i]]);
    for (size_t i = 1; i <= AHEAD && i <= n; i++)
        __builtin_prefetch(session_index_items(x, session[n - i]));
    for (size_t i = 1; i <= NEXT && i <= n; i++)
        fetch_numbers(a, session[n - i]);
}

static void walk_postings(struct arounds *a, struct around *g)
{
    const struct session_index *x = a->index;
    const int32_t *session = session_index_ranks(x, g->item);
    size_t n = (size_t)g->uses;
    fetch_first(a, session, n);
    for (; n > 0 && g->walked < a->postings; n--) {
        fetch(a, session, n);
        walk_session(a, g, session[n - 1]);
    }
    for (size_t i = 0; i < g->other.len; i++)
        a->slot.at[g->other.at[i]] = -1;
    keep_around(a, g);
}

static struct around *next_around(struct arounds *a, int32_t number)
{
    if (a->count == a->list.len)
        vec_push(&a->list, ((struct around){.item = -1}));
    a->place.at[number] = (int32_t)a->count;
    struct around *g = &a->list.at[a->count++];
    g->number = number;
    g->item = a->items->of.at[number];
    g->walked = g->occurrences = g->repeats = 0;
    vec_clear(&g->session);
    vec_clear(&g->other);
    vec_clear(&g->neighbour);
    return g;
}

struct around *arounds_of(struct arounds *a, int32_t number)
{
    numbers_cover(&a->place, (size_t)number + 1);
    if (a->place.at[number] >= 0)
        return &a->list.at[a->place.at[number]];
    struct around *g = next_around(a, number);
    g->uses = (int32_t)session_index_postings(a->index, g->item, a->rank);
    walk_postings(a, g);
    return g;
}
