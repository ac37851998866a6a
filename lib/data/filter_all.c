#include <math.h>

#include "base/nth.h"
#include "base/num.h"
#include "base/time.h"
#include "data/batch.h"
#include "data/filters.h"

static const double pi = 3.14159265358979323846;

static int64_t user_events(const struct session_store *c, size_t user)
{
    return (int64_t)(session_store_place(c, (size_t)c->first.at[user + 1]) -
                     session_store_place(c, (size_t)c->first.at[user]));
}

/* ---- users below or above the mean ---- */

enum { LENGTH, COUNT };

/* Reads "below" or "above" from the first n bytes. */
static bool parse_side(const char *text, size_t n, int *side)
{
    bool below = n == 5 && !strncmp(text, "below", n), above = n == 5 && !strncmp(text, "above", n);
    *side = above - below;
    return below || above;
}

static int parse_one_side(struct filter_setting *s, int which, const char *text, struct err *e)
{
    if (parse_side(text, strlen(text), &s->side[which]))
        return 0;
    return err_set(e, STATUS_USAGE, "'%s' is not below or above", text);
}

int filter_parse_user_length(struct filter_setting *s, const char *text, struct err *e)
{
    return parse_one_side(s, LENGTH, text, e);
}

int filter_parse_user_count(struct filter_setting *s, const char *text, struct err *e)
{
    return parse_one_side(s, COUNT, text, e);
}

int filter_parse_user_group(struct filter_setting *s, const char *text, struct err *e)
{
    const char *dash = strchr(text, '-');
    if (dash && parse_side(text, (size_t)(dash - text), &s->side[LENGTH]) &&
        parse_side(dash + 1, strlen(dash + 1), &s->side[COUNT]))
        return 0;
    return err_set(e, STATUS_USAGE,
                   "'%s' is not below-below, below-above, above-below or above-above", text);
}

static void statistics(size_t sessions, int64_t events, double x[2])
{
    x[COUNT] = (double)sessions;
    x[LENGTH] = (double)events / x[COUNT];
}

/* Adds to a sum and keeps what it had no bits for (Kahan): users at the mean are known as such, be
 * they ever so many. */
static void add_exactly(double *sum, double *rest, double x)
{
    double more = x + *rest, now = *sum + more;
    *rest = more - (now - *sum);
    *sum = now;
}

int filter_survey_user_means(struct filter_setting *s, const struct all_user_sessions *all,
                             struct err *e)
{
    size_t users = all_user_sessions_count(all);
    double rest[2] = {0, 0};
    (void)e;
    for (size_t u = 0; u < users; u++) {
        double x[2];
        const int32_t *first = all->store.first.at + u;
        statistics((size_t)(first[1] - first[0]), user_events(&all->store, u), x);
        for (int i = 0; i < 2; i++)
            add_exactly(&s->mean[i], &rest[i], x[i]);
        all_user_sessions_passed(all, (size_t)first[0], (size_t)first[1]);
    }
    for (int i = 0; i < 2 && users; i++)
        s->mean[i] /= (double)users;
    return 0;
}

int filter_apply_user_means(const struct filter_setting *s, struct user_sessions *h, struct err *e)
{
    double x[2];
    bool drop = false;
    (void)e;
    statistics(h->sessions.len, user_sessions_events(h), x);
    for (int i = 0; i < 2; i++) /* a mean of equal numbers may differ from them by rounding */
        drop = drop || s->side[i] * (x[i] - s->mean[i]) < -1e-12 * s->mean[i];
    if (drop)
        user_sessions_clear(h);
    return 0;
}

/* ---- support ---- */

static bool has_support(const struct filter_setting *s, int32_t item)
{
    return s->counts.at[item] >= s->least_item;
}

/* Events that are left of a session; one alone is dropped (session_keep_items). */
static int64_t events_left(const struct filter_setting *s, const struct session_store *c,
                           size_t session)
{
    const int32_t *items = session_store_items(c, session);
    int64_t left = 0;
    for (size_t i = 0; i < session_store_length(c, session); i++)
        left += has_support(s, items[i]);
    return left < 2 ? 0 : left;
}

/* Counts the items of what is left of a user. */
static void count_left(const struct filter_setting *s, const struct session_store *c, size_t user,
                       i64_vec *counts)
{
    size_t from = (size_t)c->first.at[user], end = (size_t)c->first.at[user + 1];
    int64_t events = 0;
    for (size_t i = from; i < end; i++)
        events += events_left(s, c, i);
    for (size_t i = from; i < end && events >= s->least_user; i++) {
        const int32_t *items = session_store_items(c, i);
        size_t n = events_left(s, c, i) ? session_store_length(c, i) : 0;
        for (size_t j = 0; j < n; j++)
            counts->at[items[j]] += has_support(s, items[j]);
    }
}

static bool any_below(const struct filter_setting *s)
{
    for (size_t i = 0; i < s->counts.len; i++)
        if (s->counts.at[i] && s->counts.at[i] < s->least_item)
            return true;
    return false;
}

/* Counts what items without support leave until that takes no other its own: the result is the
 * largest log in which every item and every user has its support, and does not depend on the order.
 * Whoever has no support among more has none among fewer, so that the last counts say all. */
int filter_survey_support(struct filter_setting *s, const struct all_user_sessions *all,
                          struct err *e)
{
    const struct session_store *c = &all->store;
    i64_vec counts = {0};
    (void)e;
    vec_clear(&s->counts);
    for (size_t i = 0; s->least_item && i < session_store_sessions(c); i++) {
        count_items(&s->counts, session_store_items(c, i), session_store_length(c, i), 1);
        all_user_sessions_passed(all, i, i + 1);
    }
    vec_reserve(&counts, s->counts.len);
    counts.len = s->counts.len;
    for (bool again = !s->once && counts.len; again; again = any_below(s)) {
        memset(counts.at, 0, counts.len * sizeof *counts.at);
        for (size_t u = 0; u < all_user_sessions_count(all); u++) {
            count_left(s, c, u, &counts);
            all_user_sessions_passed(all, (size_t)c->first.at[u], (size_t)c->first.at[u + 1]);
        }
        i64_vec before = s->counts;
        s->counts = counts;
        counts = before;
    }
    vec_release(&counts);
    return 0;
}

int filter_apply_support(const struct filter_setting *s, struct user_sessions *h, struct err *e)
{
    (void)e;
    for (size_t i = 0; s->least_item && i < h->sessions.len; i++)
        session_keep_items(h->sessions.at[i], s->counts.at, s->least_item);
    if (user_sessions_events(h) < s->least_user)
        user_sessions_clear(h);
    return 0;
}

/* ---- the newest sessions ---- */

/* Filters of what is learned from look at all sessions before a split, at those of training after.
 */
static bool is_training(enum part part)
{
    return part <= PART_TRAIN;
}

struct begun {
    int64_t start;
    int32_t user; /* the place among all: ids are those of the streams that were merged */
    size_t session;
};

/* Older first; of two at one time, that of the user earlier in the input is older. */
static int compare_begun(const void *a, const void *b)
{
    const struct begun *x = a, *y = b;
    if (x->start != y->start)
        return x->start < y->start ? -1 : 1;
    if (x->user != y->user)
        return x->user < y->user ? -1 : 1;
    return (x->session > y->session) - (x->session < y->session);
}

static bool is_older(const struct filter_setting *s, struct begun session, enum part part)
{
    struct begun oldest = {s->oldest.start, s->oldest.user, s->oldest.session};
    return is_training(part) && compare_begun(&session, &oldest) < 0;
}

static struct begun begun_of(const struct all_user_sessions *all, size_t user, size_t session)
{
    return (struct begun){session_store_start(&all->store, session), (int32_t)user,
                          session - (size_t)all->store.first.at[user]};
}

/* Items of all sessions that those that stay do not have. */
static int64_t count_lost(const struct filter_setting *s, const struct all_user_sessions *all)
{
    enum { BEFORE = 1, AFTER = 2 };
    const struct session_store *c = &all->store;
    item_mark_vec marks = {0};
    int64_t lost = 0;
    for (size_t i = 0, u = 0; i < session_store_sessions(c); i++) {
        u += i == (size_t)c->first.at[u + 1];
        bool stays = !is_older(s, begun_of(all, u, i), session_store_part(c, i));
        mark_items(&marks, session_store_items(c, i), session_store_length(c, i),
                   stays ? BEFORE | AFTER : BEFORE);
        all_user_sessions_passed(all, i, i + 1);
    }
    bool split = session_store_part_count(c, PART_NONE) < session_store_sessions(c);
    for (size_t i = 0; i < marks.len && split; i++)
        lost += marks.at[i] == BEFORE;
    vec_release(&marks);
    return lost;
}

/* Sessions of training in the order of compare_begun, by three numbers: the rank goes on among
 * those that are equal in the ones before. */
enum { BY_START, BY_USER, BY_SESSION, KEYS };

static struct begun begun_of_rank(const struct all_user_sessions *all, uint64_t rank)
{
    static const int bits[KEYS] = {TIME_BITS, 31, 31};
    const struct session_store *c = &all->store;
    uint64_t found[KEYS] = {0};
    for (int by = 0; by < KEYS; by++) {
        struct nth n;
        nth_begin(&n, rank, bits[by]);
        do
            for (size_t i = 0, u = 0; i < session_store_sessions(c); i++) {
                u += i == (size_t)c->first.at[u + 1];
                struct begun b = begun_of(all, u, i);
                uint64_t key[KEYS] = {(uint64_t)b.start, (uint64_t)b.user, b.session};
                if (is_training(session_store_part(c, i)) &&
                    !memcmp(key, found, (size_t)by * sizeof *key))
                    nth_show(&n, key[by]);
                all_user_sessions_passed(all, i, i + 1);
            }
        while (nth_again(&n));
        found[by] = n.value;
        rank = n.rank;
    }
    return (struct begun){(int64_t)found[BY_START], (int32_t)found[BY_USER], found[BY_SESSION]};
}

int filter_survey_recent(struct filter_setting *s, const struct all_user_sessions *all,
                         struct err *e)
{
    const struct session_store *c = &all->store;
    size_t training =
        session_store_part_count(c, PART_NONE) + session_store_part_count(c, PART_TRAIN);
    (void)e;
    size_t stay = (size_t)fraction_floor(s->fraction, (int64_t)training);
    s->oldest.start = INT64_MAX;
    if (stay) {
        struct begun oldest = begun_of_rank(all, training - stay);
        s->oldest.start = oldest.start;
        s->oldest.user = oldest.user;
        s->oldest.session = oldest.session;
    }
    s->items_lost = count_lost(s, all);
    return 0;
}

int filter_apply_recent(const struct filter_setting *s, struct user_sessions *h, struct err *e)
{
    (void)e;
    for (size_t i = 0; i < h->sessions.len; i++)
        if (is_older(s, (struct begun){h->sessions.at[i]->times[0], h->place, i},
                     h->sessions.at[i]->part))
            session_cut(h->sessions.at[i], 0);
    return 0;
}

/* ---- dwell time ---- */

enum { MOST_BINS = 1000 }; /* a header has 64 KiB */

/* Reads "15,40,100", seconds that rise. */
static bool parse_edges(i64_vec *edges, const char *text)
{
    size_t len = strcspn(text, ",");
    int64_t edge, before = edges->len ? edges->at[edges->len - 1] : 0;
    if (!num_i64(text, len, &edge) || edge <= before || edges->len == MOST_BINS - 1)
        return false;
    vec_push(edges, edge);
    return !text[len] || parse_edges(edges, text + len + 1);
}

int filter_parse_dwell(struct filter_setting *s, const char *text, struct err *e)
{
    s->number = 0;
    if (!strcmp(text, "scott"))
        return 0;
    if (strchr(text, ',')) {
        s->surveys = false;
        if (parse_edges(&s->edges, text))
            return 0;
    } else if (num_i64(text, strlen(text), &s->number) && s->number >= 1 &&
               s->number <= MOST_BINS) {
        return 0;
    }
    return err_set(e, STATUS_USAGE,
                   "'%s' is not scott, a number of bins from 1 to %d, or rising edges of bins in "
                   "seconds such as 15,40,100",
                   text, MOST_BINS);
}

/* Times are whole seconds: an edge between them is the next of them, and bins that are narrower
 * fall together. */
static void add_edge(i64_vec *edges, double at)
{
    int64_t edge = (int64_t)ceil(at);
    if (!edges->len || edges->at[edges->len - 1] < edge)
        vec_push(edges, edge);
}

/* Bins of equal width up to the longest time; what is beyond the last edge is in the last bin. */
static void find_edges(struct filter_setting *s, double width, int64_t longest)
{
    vec_clear(&s->edges);
    if (s->number)
        for (int64_t k = 1; k < s->number; k++)
            add_edge(&s->edges, (double)(k * (longest + 1)) / (double)s->number);
    else if (width > 0)
        for (double k = 1; k * width <= (double)longest && s->edges.len < MOST_BINS - 1; k++)
            add_edge(&s->edges, k * width);
}

/* Scott's rule, ASARS eq. 8: t_bin = sigma · cbrt(24 sqrt(pi) / n), sigma over the n times of the
 * training part: bins know nothing of what is tested. */
int filter_survey_dwell(struct filter_setting *s, const struct all_user_sessions *all,
                        struct err *e)
{
    const struct session_store *c = &all->store;
    double n = 0, mean = 0, squares = 0;
    int64_t longest = 0;
    (void)e;
    for (size_t i = 0; i < session_store_sessions(c); i++) {
        for (size_t j = 1; is_training(session_store_part(c, i)) && j < session_store_length(c, i);
             j++) {
            int64_t dwell =
                all_user_sessions_time(all, i, j) - all_user_sessions_time(all, i, j - 1);
            double apart = (double)dwell - mean;
            mean += apart / ++n;
            squares += apart * ((double)dwell - mean);
            if (dwell > longest)
                longest = dwell;
        }
        all_user_sessions_passed(all, i, i + 1);
    }
    find_edges(s, n ? sqrt(squares / n) * cbrt(24 * sqrt(pi) / n) : 0, longest);
    return 0;
}

void filter_note_dwell(const struct filter_setting *s, struct meta *m)
{
    meta_set_i64s(m, "dwell_edges", s->edges.at, s->edges.len);
}

/* Bins count from 1; 0: the time is not known. */
int filter_apply_dwell(const struct filter_setting *s, struct user_sessions *h, struct err *e)
{
    i32_vec bins = {0};
    (void)e;
    for (size_t i = 0; i < h->sessions.len; i++) {
        struct session *session = h->sessions.at[i];
        vec_clear(&bins);
        for (size_t j = 1; j < session->count; j++)
            vec_push(&bins, 1 + batch_age_bucket(s->edges.at, s->edges.len,
                                                 session->times[j] - session->times[j - 1]));
        vec_push(&bins, 0); /* the time to an event after the last is not known */
        struct extra x = {
            .key = bytes_of("dwell"), .type = COLUMN_I32, .column = {bins.at, bins.len}};
        h->sessions.at[i] = session_with(session, &x);
    }
    vec_release(&bins);
    return 0;
}
