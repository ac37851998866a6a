#include "data/session_cut.h"

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

static int by_time(const struct event *a, const struct event *b)
{
    if (a->time != b->time)
        return a->time < b->time ? -1 : 1;
    return (a->order > b->order) - (a->order < b->order);
}

static bool is_newest_first(const char *order, const event_vec *events)
{
    if (strcmp(order, "auto"))
        return !strcmp(order, "newest-first");
    const struct event *at = events->at;
    for (size_t i = 1; i < events->len; i++)
        if (by_time(&at[i], &at[i - 1]) < 0)
            return true;
    return !events->len || !by_time(&at[0], &at[events->len - 1]);
}

static void reverse(struct event *low, size_t count)
{
    struct event *high = low + count;
    while (low < high) {
        struct event swapped = *low;
        *low++ = *--high;
        *high = swapped;
    }
}

static int by_time_and_row(const void *a, const void *b)
{
    const struct event *x = a, *y = b;
    int order = by_time(x, y);
    return order ? order : (x->row > y->row) - (x->row < y->row);
}

static int by_time_and_row_reversed(const void *a, const void *b)
{
    const struct event *x = a, *y = b;
    int order = by_time(x, y);
    return order ? order : (x->row < y->row) - (x->row > y->row);
}

/* Sorts events of which each is at or before the one before it: those of one time stay as they are.
 */
static void turn_round(event_vec *events)
{
    reverse(events->at, events->len);
    for (size_t from = 0, to; from < events->len; from = to) {
        to = from + 1;
        while (to < events->len && !by_time(&events->at[to], &events->at[from]))
            to++;
        reverse(events->at + from, to - from);
    }
}

/* How events follow each other: earlier, later or at the same time as the one before, perhaps with
 * its item.
 */
struct time_steps {
    uint64_t fell, rose, ties, duplicates;
};

static struct time_steps steps_of(const event_vec *events)
{
    struct time_steps s = {0};
    for (size_t i = 1; i < events->len; i++) {
        const struct event *at = &events->at[i];
        int step = by_time(at, at - 1);
        s.fell += step < 0;
        s.rose += step > 0;
        s.duplicates += !step && at->item == at[-1].item;
    }
    s.ties = events->len ? events->len - 1 - s.fell - s.rose : 0;
    return s;
}

static void put_in_order(const char *order, event_vec *events, struct session_counts *counts)
{
    struct event *at = events->at;
    bool newest_first = events->len > 1 && is_newest_first(order, events);
    for (size_t i = 0; i < events->len; i++)
        at[i].row = (uint32_t)i;
    if (newest_first)
        reverse(at, events->len);
    struct time_steps steps = steps_of(events);
    counts->unordered += steps.fell;
    if (steps.fell) {
        if (!steps.rose) /* as in a log that is newest first */
            turn_round(events);
        else
            qsort(at, events->len, sizeof *at,
                  newest_first ? by_time_and_row_reversed : by_time_and_row);
        steps = steps_of(events);
    }
    counts->ties += steps.ties;
    counts->duplicates += steps.duplicates;
}

static int by_session_and_place(const void *a, const void *b)
{
    const struct session_place *x = a, *y = b;
    if (x->session != y->session)
        return x->session < y->session ? -1 : 1;
    return (x->place > y->place) - (x->place < y->place);
}

static int by_first_and_place(const void *a, const void *b)
{
    const struct session_place *x = a, *y = b;
    if (x->first != y->first)
        return x->first < y->first ? -1 : 1;
    return (x->place > y->place) - (x->place < y->place);
}

static bool are_together(const event_vec *events)
{
    for (size_t i = 1; i < events->len; i++)
        if (events->at[i].session != events->at[0].session)
            return false;
    return true;
}

/* Groups the events by session, in order of the sessions' first events. */
static void gather(event_vec *events, struct session_set *set)
{
    if (are_together(events))
        return;
    vec_clear(&set->places);
    for (size_t i = 0; i < events->len; i++)
        vec_push(&set->places, ((struct session_place){events->at[i].session, i, 0}));
    struct session_place *at = set->places.at;
    qsort(at, events->len, sizeof *at, by_session_and_place);
    for (size_t i = 0; i < events->len; i++)
        at[i].first = i && at[i].session == at[i - 1].session ? at[i - 1].first : at[i].place;
    qsort(at, events->len, sizeof *at, by_first_and_place);
    vec_clear(&set->gathered);
    for (size_t i = 0; i < events->len; i++)
        vec_push(&set->gathered, events->at[at[i].place]);
    memcpy(events->at, set->gathered.at, events->len * sizeof *events->at);
}

static int by_start(const void *a, const void *b)
{
    const struct session_span *x = a, *y = b;
    if (x->start != y->start)
        return x->start < y->start ? -1 : 1;
    return (x->from > y->from) - (x->from < y->from);
}

static void shrink(struct session_set *set, size_t count)
{
    set->times.len = set->items.len = set->rows.len = count;
}

/* Keeps the session at the end of the set, from `start` on, whole or in pieces, or drops it. */
static void close_session(const struct session_rules *rules, struct session_set *set, size_t start)
{
    size_t count = set->times.len - start, cut = rules->cut ? (size_t)rules->cut : count;
    bool too_short = (int64_t)count < rules->min_events;
    bool too_long = rules->max_events && (int64_t)count > rules->max_events;
    if (too_short || too_long) {
        *(too_short ? &set->counts.too_short : &set->counts.too_long) += 1;
        *(too_short ? &set->counts.short_events : &set->counts.long_events) += count;
        shrink(set, start);
        return;
    }
    set->counts.cut += count > cut;
    for (size_t from = 0; from < count; from += cut) {
        size_t piece = count - from < cut ? count - from : cut;
        if (from && piece == 1) {
            set->counts.single++;
            shrink(set, start + from);
            break;
        }
        vec_push(&set->spans,
                 ((struct session_span){set->times.at[start + from], start + from, piece}));
        set->counts.sessions++;
        set->counts.kept_events += piece;
        set->counts.pieces += count > cut;
    }
}

/* Whether the event begins a session; the one before it is at[-1]. */
static bool begins(const struct session_rules *rules, const struct event *at)
{
    if (rules->given)
        return at->session != at[-1].session;
    return at->time - at[-1].time >= rules->gap;
}

void sessions_cut(const struct session_rules *rules, event_vec *events, struct session_set *set)
{
    put_in_order(rules->order, events, &set->counts);
    if (rules->given)
        gather(events, set);
    shrink(set, 0);
    vec_clear(&set->spans);
    vec_reserve(&set->times, events->len);
    vec_reserve(&set->items, events->len);
    vec_reserve(&set->rows, events->len);
    set->counts.events += events->len;
    size_t start = 0;
    for (size_t i = 0; i < events->len; i++) {
        const struct event *at = events->at + i;
        if (i && begins(rules, at)) {
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
        vec_push(&set->rows, at->row);
    }
    if (events->len)
        close_session(rules, set, start);
    if (rules->given &&
        set->spans.len > 1) /* a later session may begin before a piece of an earlier one */
        qsort(set->spans.at, set->spans.len, sizeof *set->spans.at, by_start);
}

void sessions_release(struct session_set *set)
{
    vec_release(&set->times);
    vec_release(&set->items);
    vec_release(&set->rows);
    vec_release(&set->spans);
    vec_release(&set->places);
    vec_release(&set->gathered);
}
