#include "data/split_report.h"

struct items {
    i64_vec train, test;
    i64_vec since; /* time of the first training event */
};

/* ---- users ---- */

static int64_t last_time(const struct session *s)
{
    return s->times[s->count - 1];
}

/* With one edge for all users, sessions around it are in the later part. A user's own edge is where
 * the later part begins, and sessions of the earlier part may end after it. */
static bool astride(const struct session *s, const struct edge *edge, enum part part)
{
    if (edge->everyones)
        return s->times[0] < edge->time && last_time(s) >= edge->time;
    return s->part < part && last_time(s) > edge->time;
}

static bool tied(const struct session *s, const struct edge *edge, enum part part)
{
    return !edge->everyones && s->part < part && last_time(s) == edge->time;
}

/* What such a session looks back on holds events that come after its own. */
static void look_at_overlaps(struct split_report *r, const struct user_sessions *h)
{
    int64_t ended = INT64_MIN;
    for (size_t i = 0; i < h->sessions.len; i++) {
        const struct session *s = h->sessions.at[i];
        r->sessions_overlapping += s->times[0] < ended;
        if (last_time(s) > ended)
            ended = last_time(s);
    }
}

static void look_at_edges(struct split_report *r, const struct user_sessions *h)
{
    bool ties = false;
    for (size_t i = 0; i < h->sessions.len; i++) {
        const struct session *s = h->sessions.at[i];
        bool across = false;
        for (enum part part = PART_VALIDATION; part <= PART_TEST; part++)
            if (h->edge[part].set) {
                across = across || astride(s, &h->edge[part], part);
                ties = ties || tied(s, &h->edge[part], part);
            }
        r->sessions_astride += across;
    }
    r->users_tied += ties;
}

static void count_user(struct split_report *r, const struct user_sessions *h)
{
    int64_t trained = r->sessions[PART_TRAIN];
    for (size_t i = 0; i < h->sessions.len; i++) {
        r->sessions[h->sessions.at[i]->part]++;
        r->events[h->sessions.at[i]->part] += (int64_t)h->sessions.at[i]->count;
    }
    r->users++;
    r->users_untrained += r->sessions[PART_TRAIN] == trained;
    look_at_edges(r, h);
    look_at_overlaps(r, h);
}

/* ---- items ---- */

static void count_items(struct items *items, const struct session *s)
{
    session_count_items(&items->train, s, s->part == PART_TRAIN);
    session_count_items(&items->test, s, s->part == PART_TEST);
    while (items->since.len < items->train.len)
        vec_push(&items->since, INT64_MAX);
    for (size_t i = 0; i < s->count && s->part == PART_TRAIN; i++)
        if (s->times[i] < items->since.at[s->items[i]])
            items->since.at[s->items[i]] = s->times[i];
}

static void count_unseen(struct split_report *r, const struct items *items)
{
    for (size_t i = 0; i < items->test.len; i++) {
        bool unseen = items->test.at[i] && !items->train.at[i];
        r->test_items += items->test.at[i] > 0;
        r->test_items_unseen += unseen;
        r->test_events_unseen += unseen ? items->test.at[i] : 0;
    }
}

static void count_future(struct split_report *r, const struct items *items, const struct session *s)
{
    for (size_t i = 0; i < s->count && s->part == PART_TEST; i++)
        r->test_events_future +=
            items->train.at[s->items[i]] && items->since.at[s->items[i]] > s->times[i];
}

void split_report_count(struct split_report *r, const struct all_user_sessions *all, i64_vec *train)
{
    struct items items = {.train = *train};
    for (size_t u = 0; u < all->len; u++) {
        count_user(r, &all->at[u]);
        for (size_t i = 0; i < all->at[u].sessions.len; i++)
            count_items(&items, all->at[u].sessions.at[i]);
    }
    count_unseen(r, &items);
    for (size_t u = 0; u < all->len; u++)
        for (size_t i = 0; i < all->at[u].sessions.len; i++)
            count_future(r, &items, all->at[u].sessions.at[i]);
    *train = items.train;
    vec_release(&items.test);
    vec_release(&items.since);
}

void split_report_leaks(const struct split_report *r, struct buf *to)
{
    const struct {
        int64_t count;
        const char *what;
    } leaks[] = {
        {r->users_untrained, "users have no training session"},
        {r->test_items_unseen, "test items are never seen in training"},
        {r->test_events_future, "test events are of items that training sees only later"},
        {r->sessions_astride, "sessions straddle the edge between two parts"},
        {r->sessions_overlapping, "sessions begin before an earlier one of their user has ended"},
        {r->users_tied, "users have events of one time on both sides of the edge"},
    };
    for (size_t i = 0; i < sizeof leaks / sizeof *leaks; i++)
        if (leaks[i].count)
            buf_format(to, "%s%lld %s", to->len ? "; " : "", (long long)leaks[i].count,
                       leaks[i].what);
}
