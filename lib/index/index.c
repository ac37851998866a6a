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

static int64_t duration_of(const struct session_index *x)
{
    int64_t first = INT64_MAX, last = 0;
    for (int32_t i = 0; i < x->sessions; i++) {
        first = x->start[i] < first ? x->start[i] : first;
        last = x->start[i] > last ? x->start[i] : last;
    }
    return x->sessions ? last - first : 0;
}

static int64_t duration_of_part(const struct session_store *c, enum part part)
{
    int64_t first = INT64_MAX, last = 0;
    for (size_t s = 0; s < session_store_sessions(c); s++) {
        int64_t start = session_store_start(c, s);
        if (session_store_part(c, s) != part)
            continue;
        first = start < first ? start : first;
        last = start > last ? start : last;
    }
    return first < last ? last - first : 0;
}

void session_index_post(struct session_index *x)
{
    size_t n = (size_t)x->items, total = 0;
    int32_t *newest = mem_alloc(n * sizeof *newest);
    size_t *next = mem_zero(n, sizeof *next);
    x->duration = duration_of(x);
    x->posting = mem_alloc((n + 1) * sizeof *x->posting);
    each_posting(x, newest, next, NULL);
    for (size_t i = 0; i < n; i++) {
        size_t count = next[i];
        x->posting[i] = next[i] = total;
        total += count;
    }
    x->posting[n] = total;
    x->session = mem_alloc(total * sizeof *x->session);
    each_posting(x, newest, next, x->session);
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
    x->duration = duration_of_part(c, first);
    vec_release(&order);
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

int32_t session_index_before(const struct session_index *x, int64_t time)
{
    int32_t low = 0, high = x->sessions;
    while (low < high) {
        int32_t middle = low + (high - low) / 2;
        if (x->last[middle] < time)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

/* Goes back in growing steps: what is asked for is mostly near the end. */
size_t session_index_postings_among(const struct session_index *x, int32_t item, int32_t rank,
                                    size_t most)
{
    const int32_t *session = x->session + x->posting[item];
    size_t low = most, high = most, step = 1;
    while (low > 0 && session[low - 1] >= rank) {
        high = low - 1;
        low = low > step ? low - step : 0;
        step *= 2;
    }
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (session[middle] < rank)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

size_t session_index_postings(const struct session_index *x, int32_t item, int32_t rank)
{
    if (rank >= x->sessions)
        return x->posting[item + 1] - x->posting[item];
    return session_index_postings_among(x, item, rank, x->posting[item + 1] - x->posting[item]);
}
