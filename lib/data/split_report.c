#include "data/split_report.h"

struct items {
    i64_vec train, test;
    i64_vec since; /* time of the first training event */
};

/* ---- users ---- */

/* A session, or what the report looks at. */
struct stretch {
    int64_t start, last;
    enum part part;
};

static struct stretch stretch_of(const struct all_user_sessions *all, size_t session)
{
    return (struct stretch){session_store_start(&all->store, session),
                            all_user_sessions_last(all, session),
                            session_store_part(&all->store, session)};
}

/* With one edge for all users, sessions around it are in the later part. A user's own edge is where
 * the later part begins, and sessions of the earlier part may end after it. */
static bool astride(const struct stretch *s, const struct edge *edge, enum part part)
{
    if (edge->everyones)
        return s->start < edge->time && s->last >= edge->time;
    return s->part < part && s->last > edge->time;
}

static bool tied(const struct stretch *s, const struct edge *edge, enum part part)
{
    return !edge->everyones && s->part < part && s->last == edge->time;
}

/* Returns whether the session ties; counts it where it straddles an edge. */
static bool look_at_edges(struct split_report *r, const struct stretch *s,
                          const struct edges *edges)
{
    bool ties = false, across = false;
    for (enum part part = PART_VALIDATION; part <= PART_TEST; part++) {
        const struct edge *edge = &edges->of[part];
        across = across || (edge->set && astride(s, edge, part));
        ties = ties || (edge->set && tied(s, edge, part));
    }
    r->sessions_astride += across;
    return ties;
}

static void count_user(struct split_report *r, const struct all_user_sessions *all, size_t user)
{
    const struct session_store *c = &all->store;
    struct edges edges = all_user_sessions_edges(all, user);
    int64_t trained = r->sessions[PART_TRAIN], ended = INT64_MIN;
    bool ties = false;
    for (int32_t i = c->first.at[user]; i < c->first.at[user + 1]; i++) {
        struct stretch s = stretch_of(all, (size_t)i);
        r->sessions[s.part]++;
        r->events[s.part] += (int64_t)session_store_length(c, (size_t)i);
        ties |= look_at_edges(r, &s, &edges);
        /* what such a session looks back on holds events that come after its own */
        r->sessions_overlapping += s.start < ended;
        ended = s.last > ended ? s.last : ended;
    }
    all_user_sessions_passed(all, (size_t)c->first.at[user], (size_t)c->first.at[user + 1]);
    r->users++;
    r->users_untrained += r->sessions[PART_TRAIN] == trained;
    r->users_tied += ties;
}

/* ---- items ---- */

static void count_session(struct items *items, const struct all_user_sessions *all, size_t session)
{
    const struct session_store *c = &all->store;
    const int32_t *item = session_store_items(c, session);
    size_t n = session_store_length(c, session);
    enum part part = session_store_part(c, session);
    count_items(&items->train, item, n, part == PART_TRAIN);
    count_items(&items->test, item, n, part == PART_TEST);
    while (items->since.len < items->train.len)
        vec_push(&items->since, INT64_MAX);
    for (size_t i = 0; i < n && part == PART_TRAIN; i++) {
        int64_t time = all_user_sessions_time(all, session, i);
        if (time < items->since.at[item[i]])
            items->since.at[item[i]] = time;
    }
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

static void count_future(struct split_report *r, const struct items *items,
                         const struct all_user_sessions *all, size_t session)
{
    const int32_t *item = session_store_items(&all->store, session);
    size_t n = session_store_length(&all->store, session);
    for (size_t i = 0; i < n && session_store_part(&all->store, session) == PART_TEST; i++)
        r->test_events_future += items->train.at[item[i]] &&
                                 items->since.at[item[i]] > all_user_sessions_time(all, session, i);
}

void split_report_count(struct split_report *r, const struct all_user_sessions *all, i64_vec *train)
{
    struct items items = {.train = *train};
    size_t sessions = session_store_sessions(&all->store);
    for (size_t u = 0; u < all_user_sessions_count(all); u++)
        count_user(r, all, u);
    for (size_t s = 0; s < sessions; s++) {
        count_session(&items, all, s);
        all_user_sessions_passed(all, s, s + 1);
    }
    count_unseen(r, &items);
    for (size_t s = 0; s < sessions; s++) {
        count_future(r, &items, all, s);
        all_user_sessions_passed(all, s, s + 1);
    }
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
