#include "data/sessions.h"

#include <stdlib.h>

int session_rules_check(const struct session_rules *rules, struct err *e)
{
    if (rules->cut == 1)
        return err_set(e, STATUS_USAGE, "--cut 1: pieces have 2 events or more, 0 cuts nothing");
    if (rules->max_events && rules->max_events < rules->min_events)
        return err_set(e, STATUS_USAGE,
                       "--max-events %lld is below --min-events %lld: 0 sets no limit",
                       (long long)rules->max_events, (long long)rules->min_events);
    return 0;
}

static bool is_newest_first(const char *order, const event_vec *events)
{
    if (strcmp(order, "auto"))
        return !strcmp(order, "newest-first");
    const struct event *at = events->at;
    for (size_t i = 1; i < events->len; i++)
        if (at[i].time < at[i - 1].time)
            return true;
    return !events->len || at[0].time == at[events->len - 1].time;
}

static void reverse(event_vec *events)
{
    struct event *low = events->at, *high = events->at + events->len;
    while (low < high) {
        struct event swapped = *low;
        *low++ = *--high;
        *high = swapped;
    }
}

static int by_time_and_row(const void *a, const void *b)
{
    const struct event *x = a, *y = b;
    if (x->time != y->time)
        return x->time < y->time ? -1 : 1;
    return x->row < y->row ? -1 : 1;
}

static void put_in_order(const char *order, event_vec *events)
{
    if (events->len > 1 && is_newest_first(order, events))
        reverse(events);
    bool sorted = true;
    for (size_t i = 0; i < events->len; i++) {
        events->at[i].row = (uint32_t)i;
        sorted = sorted && (!i || events->at[i - 1].time <= events->at[i].time);
    }
    if (!sorted)
        qsort(events->at, events->len, sizeof *events->at, by_time_and_row);
}

/* Keeps the session that stands at the end of the set, from `start`, whole, in pieces, or not. */
static void close_session(const struct session_rules *rules, struct session_set *set, size_t start)
{
    size_t count = set->times.len - start, cut = rules->cut ? (size_t)rules->cut : count;
    bool too_short = (int64_t)count < rules->min_events;
    bool too_long = rules->max_events && (int64_t)count > rules->max_events;
    if (too_short || too_long) {
        set->counts.too_short += too_short;
        set->counts.too_long += !too_short;
        set->times.len = set->items.len = start;
        return;
    }
    for (size_t from = 0; from < count; from += cut) {
        size_t piece = count - from < cut ? count - from : cut;
        if (from && piece == 1) {
            set->counts.single++;
            set->times.len = --set->items.len;
            break;
        }
        vec_push(&set->lengths, piece);
        set->counts.sessions++;
        set->counts.kept_events += piece;
    }
}

void sessions_cut(const struct session_rules *rules, event_vec *events, struct session_set *set)
{
    put_in_order(rules->order, events);
    vec_clear(&set->times);
    vec_clear(&set->items);
    vec_clear(&set->lengths);
    vec_reserve(&set->times, events->len);
    vec_reserve(&set->items, events->len);
    set->counts.events += events->len;
    size_t start = 0;
    for (size_t i = 0; i < events->len; i++) {
        const struct event *at = events->at + i;
        if (i && at->time - at[-1].time >= rules->gap) {
            close_session(rules, set, start);
            start = set->times.len;
        }
        bool repeat = set->items.len > start && set->items.at[set->items.len - 1] == at->item;
        if (repeat && !rules->keep_repeats) {
            set->counts.repeats++;
            continue;
        }
        vec_push(&set->times, at->time);
        vec_push(&set->items, at->item);
    }
    if (events->len)
        close_session(rules, set, start);
}

void sessions_release(struct session_set *set)
{
    vec_release(&set->times);
    vec_release(&set->items);
    vec_release(&set->lengths);
}
