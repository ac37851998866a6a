#include "index/index.h"

#include <stdlib.h>

/* ---- sessions by time ---- */

struct by_end {
    int64_t last;
    int32_t session; /* of the store; breaks ties, so that the order is one */
};

static int compare_ends(const void *a, const void *b)
{
    const struct by_end *x = a, *y = b;
    if (x->last != y->last)
        return x->last < y->last ? -1 : 1;
    return (x->session > y->session) - (x->session < y->session);
}

typedef VEC(struct by_end) by_end_vec;

static by_end_vec sessions_of(const struct session_store *c, enum part first, enum part last)
{
    by_end_vec found = {0};
    for (size_t s = 0; s < session_store_sessions(c); s++)
        if (session_store_part(c, s) >= first && session_store_part(c, s) <= last)
            vec_push(&found, ((struct by_end){session_store_last(c, s), (int32_t)s}));
    if (found.len)
        qsort(found.at, found.len, sizeof *found.at, compare_ends);
    return found;
}

static void copy_sessions(struct session_index *x, const struct session_store *c,
                          const by_end_vec *order)
{
    size_t events = 0, n = order->len;
    for (size_t i = 0; i < n; i++)
        events += session_store_length(c, (size_t)order->at[i].session);
    x->sessions = (int32_t)n;
    x->start = mem_alloc(n * sizeof *x->start);
    x->last = mem_alloc(n * sizeof *x->last);
    x->event = mem_alloc((n + 1) * sizeof *x->event);
    x->item = mem_alloc(events * sizeof *x->item);
    x->event[0] = 0;
    for (size_t i = 0; i < n; i++) {
        size_t s = (size_t)order->at[i].session, length = session_store_length(c, s);
        x->start[i] = session_store_start(c, s);
        x->last[i] = session_store_last(c, s);
        memcpy(x->item + x->event[i], session_store_items(c, s), length * sizeof *x->item);
        x->event[i + 1] = x->event[i] + (int64_t)length;
    }
}

/* ---- postings ---- */

/* Calls for each item of each session once: counts into `next`, or places the ranks. */
static void each_posting(const struct session_index *x, int32_t *newest, size_t *next,
                         int32_t *place)
{
    for (int32_t i = 0; i < x->items; i++)
        newest[i] = -1;
    for (int32_t rank = 0; rank < x->sessions; rank++) {
        const int32_t *item = session_index_items(x, rank);
        for (size_t k = 0; k < session_index_length(x, rank); k++) {
            if (newest[item[k]] == rank)
                continue;
            newest[item[k]] = rank;
            if (place)
                place[next[item[k]]] = rank;
            next[item[k]]++;
        }
    }
}

/* Extends the time from the first start to the last one by another start. */
static void note_start(struct session_index *x, int64_t start)
{
    int64_t last = x->first_start == INT64_MAX ? start : x->first_start + x->duration;
    last = start > last ? start : last;
    x->first_start = start < x->first_start ? start : x->first_start;
    x->duration = last - x->first_start;
}

static void note_no_start(struct session_index *x)
{
    x->duration = 0;
    x->first_start = INT64_MAX;
}

static void note_part(struct session_index *x, const struct session_store *c, enum part part)
{
    note_no_start(x);
    for (size_t s = 0; s < session_store_sessions(c); s++)
        if (session_store_part(c, s) == part)
            note_start(x, session_store_start(c, s));
}

/* What lies behind all postings may be read as ranks that do not count. */
static int32_t *resized_postings(int32_t *session, size_t room)
{
    session = mem_resize(session, (room + POSTINGS_FEW) * sizeof *session);
    memset(session + room, 0, POSTINGS_FEW * sizeof *session);
    return session;
}

void session_index_post(struct session_index *x)
{
    size_t n = (size_t)x->items, total = 0;
    int32_t *newest = mem_alloc(n * sizeof *newest);
    size_t *next = mem_zero(n, sizeof *next);
    note_no_start(x);
    for (int32_t i = 0; i < x->sessions; i++)
        note_start(x, x->start[i]);
    x->posting = mem_alloc(n * sizeof *x->posting);
    each_posting(x, newest, next, NULL);
    for (size_t i = 0; i < n; i++) {
        int32_t count = (int32_t)next[i];
        x->posting[i] = (struct item_postings){total, count, count, -1, newest[i]};
        next[i] = total;
        total += (size_t)count;
    }
    x->posting_end = x->posting_room = total;
    x->item_room = x->items;
    x->session_room = x->sessions;
    x->event_room = (size_t)x->event[x->sessions];
    x->session = resized_postings(NULL, total);
    each_posting(x, newest, next, x->session);
    for (size_t i = 0; i < n; i++)
        if (x->posting[i].count)
            x->posting[i].first = x->session[x->posting[i].from];
    mem_free(newest);
    mem_free(next);
}

void session_index_build(struct session_index *x, const struct session_store *c, int32_t items,
                         enum part first, enum part last)
{
    by_end_vec order = sessions_of(c, first, last);
    *x = (struct session_index){.items = items};
    copy_sessions(x, c, &order);
    session_index_post(x);
    note_part(x, c, first);
    vec_release(&order);
}

void session_index_leave_endless(struct session_index *x)
{
    int32_t all = x->sessions;
    while (x->sessions && x->last[x->sessions - 1] == INT64_MAX)
        x->sessions--;
    if (x->sessions == all)
        return;
    mem_free(x->posting);
    mem_free(x->session);
    session_index_post(x);
}

/* ---- growing ---- */

/* An array of `room` elements has to hold `count`: more room for both this and later ones. */
static size_t more_room(size_t room, size_t count)
{
    return count <= room ? room : count + count / 4 + 64;
}

static void *resized(void *at, size_t room, size_t size)
{
    return mem_resize(at, room * size);
}

void session_index_widen(struct session_index *x, int32_t items)
{
    size_t room = more_room((size_t)x->item_room, (size_t)items);
    if (room > (size_t)x->item_room)
        x->posting = resized(x->posting, room, sizeof *x->posting);
    x->item_room = (int32_t)room;
    while (x->items < items)
        x->posting[x->items++] = (struct item_postings){.first = -1, .newest = -1};
}

/* Moves the item's postings behind all others, with twice the room. */
static void move_postings(struct session_index *x, struct item_postings *p)
{
    int32_t room = 2 * p->room + 2;
    size_t all = more_room(x->posting_room, x->posting_end + (size_t)room);
    if (all > x->posting_room)
        x->session = resized_postings(x->session, all);
    x->posting_room = all;
    memcpy(x->session + x->posting_end, x->session + p->from,
           (size_t)p->count * sizeof *x->session);
    p->from = x->posting_end;
    p->room = room;
    x->posting_end += (size_t)room;
}

/* Adds the session of the highest rank to the item's postings, unless it is there. */
static void post(struct session_index *x, int32_t item)
{
    struct item_postings *p = &x->posting[item];
    int32_t rank = x->sessions - 1;
    if (p->newest == rank)
        return;
    if (p->count == p->room)
        move_postings(x, p);
    if (!p->count)
        p->first = rank;
    x->session[p->from + (size_t)p->count++] = p->newest = rank;
}

static void make_room(struct session_index *x, size_t events)
{
    size_t sessions = more_room((size_t)x->session_room, (size_t)x->sessions + 1);
    size_t all = more_room(x->event_room, (size_t)x->event[x->sessions] + events);
    if (sessions > (size_t)x->session_room) {
        x->start = resized(x->start, sessions, sizeof *x->start);
        x->last = resized(x->last, sessions, sizeof *x->last);
        x->event = resized(x->event, sessions + 1, sizeof *x->event);
        x->session_room = (int32_t)sessions;
    }
    if (all > x->event_room)
        x->item = resized(x->item, all, sizeof *x->item);
    x->event_room = all;
}

void session_index_add(struct session_index *x, int64_t start, int64_t last, const int32_t *item,
                       size_t count)
{
    make_room(x, count);
    int32_t rank = x->sessions++;
    x->start[rank] = start;
    x->last[rank] = last;
    memcpy(x->item + x->event[rank], item, count * sizeof *item);
    x->event[rank + 1] = x->event[rank] + (int64_t)count;
    note_start(x, start);
    for (size_t i = 0; i < count; i++)
        post(x, item[i]);
}

int64_t session_index_newest(const struct session_index *x)
{
    return x->sessions ? x->last[x->sessions - 1] : INT64_MIN;
}

void session_index_release(struct session_index *x)
{
    mem_free(x->start);
    mem_free(x->last);
    mem_free(x->event);
    mem_free(x->item);
    mem_free(x->posting);
    mem_free(x->session);
    *x = (struct session_index){0};
}

/* ---- queries ---- */

/* This search and the next go without branches: which way they turn cannot be foretold. */
int32_t session_index_before(const struct session_index *x, int64_t time)
{
    const int64_t *last = x->last;
    size_t n = (size_t)x->sessions;
    while (n > 1) {
        size_t half = n / 2;
        last += half & -(size_t)(last[half - 1] < time);
        n -= half;
    }
    return (int32_t)(last - x->last) + (n && *last < time);
}

/* How many of n ascending ranks are below `rank`. */
static size_t count_below(const int32_t *session, size_t n, int32_t rank)
{
    const int32_t *first = session;
    if (!n)
        return 0;
    while (n > 1) {
        size_t half = n / 2;
        session += half & -(size_t)(session[half - 1] < rank);
        n -= half;
    }
    return (size_t)(session - first) + (*session < rank);
}

/* Goes away from there in steps that double, until it has passed the answer. */
int32_t session_index_postings_near(const struct session_index *x, int32_t item, int32_t rank,
                                    int32_t about)
{
    const int32_t *session = session_index_ranks(x, item);
    int32_t low = about, high = about, all = x->posting[item].count, step = 1;
    if (low > 0 && session[low - 1] >= rank)
        for (; low > 0 && session[low - 1] >= rank; step *= 2) {
            high = low - 1;
            low = low > step ? low - step : 0;
        }
    else
        for (; high < all && session[high] < rank; step *= 2) {
            low = high + 1;
            high = high < all - step ? high + step : all;
        }
    return low + (int32_t)count_below(session + low, (size_t)(high - low), rank);
}

/* Of many looks first where the rank would be if the item's sessions came in equal steps. */
size_t session_index_postings(const struct session_index *x, int32_t item, int32_t rank)
{
    const struct item_postings *p = &x->posting[item];
    if (p->newest < rank)
        return (size_t)p->count;
    if (p->first >= rank)
        return 0;
    if (p->count <= POSTINGS_FEW)
        return (size_t)session_index_few_below(x->session + p->from, p->count, rank);
    float part = (float)(rank - p->first) / (float)(p->newest - p->first);
    int32_t about = (int32_t)(part * (float)(p->count - 1));
    return (size_t)session_index_postings_near(x, item, rank, about);
}
