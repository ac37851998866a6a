/* lib/data/batch: each session with the earlier sessions that a plain scan of the log gives it. */
#include "data/batch.h"

#include "base/random.h"

#include "../tap.h"

enum { SESSIONS = 80, ITEMS = 30, MOST = 5 };

/* The log, kept apart from the store, in the order of the times at which sessions begin. */
struct log {
    size_t sessions;
    int32_t user[SESSIONS];
    int64_t start[SESSIONS], last[SESSIONS];
    int32_t items[SESSIONS][MOST];
    size_t length[SESSIONS];
};

/* Some sessions begin at the same time, many before the user's session ahead of them has ended; a
 * few last for decades. */
static void log_random(struct log *l, struct random *random)
{
    int64_t now = 1000000000 + random_below(random, 1000000);
    l->sessions = 2 + random_below(random, SESSIONS - 1);
    for (size_t s = 0; s < l->sessions; s++) {
        l->user[s] = (int32_t)random_below(random, 4);
        l->start[s] = now;
        l->length[s] = 1 + random_below(random, MOST);
        for (size_t i = 0; i < l->length[s]; i++)
            l->items[s][i] = (int32_t)random_below(random, ITEMS);
        int64_t lasts = random_below(random, 2) ? random_below(random, 300000) : 0;
        if (!random_below(random, 20))
            lasts = 1000000000;
        l->last[s] = now + (l->length[s] > 1 ? lasts : 0);
        now += random_below(random, 3) ? random_below(random, 90000) : 0;
    }
}

static int fill(struct session_store *c, const struct log *l)
{
    struct err e;
    int status = 0;
    for (size_t s = 0; s < l->sessions; s++) {
        int64_t times[MOST];
        for (size_t i = 0; i < l->length[s]; i++)
            times[i] = i + 1 < l->length[s] ? l->start[s] : l->last[s];
        status += session_store_add(c,
                                    &(struct session){.user = l->user[s],
                                                      .part = PART_TRAIN,
                                                      .count = l->length[s],
                                                      .times = times,
                                                      .items = l->items[s]},
                                    &e);
    }
    return status + session_store_end(c, &e);
}

static int32_t plain_bucket(const int64_t *edges, size_t count, int64_t age)
{
    for (size_t k = 0; k < count; k++)
        if (age < edges[k])
            return (int32_t)k;
    return (int32_t)count;
}

/* 2001-09-03 was a Monday. */
static int32_t plain_week_hour(int64_t t)
{
    return (int32_t)((t - 999475200 + 520 * 604800LL) % 604800 / 3600);
}

/* The columns of the batch that a scan of the log makes. */
struct plain {
    const struct log *log;
    const struct batching *of;
    i32_vec user, session, length, item, history, delta, week, number, past_length, past_item;
    i64_vec start, past_start;
};

/* How many events of the session have an id in the batch; `to`, unless NULL, gets the ids. */
static int32_t plain_items(const struct plain *p, size_t s, i32_vec *to)
{
    int32_t count = 0;
    for (size_t i = 0; i < p->log->length[s]; i++) {
        int32_t item = p->log->items[s][i], row = p->of->row ? p->of->row[item] : item;
        count += row >= 0;
        if (row >= 0 && to)
            vec_push(to, row);
    }
    return count;
}

/* The session's number among its user's. */
static int32_t plain_number(const struct log *l, size_t s)
{
    int32_t number = 0;
    for (size_t h = 0; h < s; h++)
        number += l->user[h] == l->user[s];
    return number;
}

/* Whether h is one of the user's sessions before s, has ended before s began, and is not empty. */
static bool plain_is_earlier(const struct plain *p, size_t h, size_t s)
{
    const struct log *l = p->log;
    return l->user[h] == l->user[s] && l->last[h] < l->start[s] && plain_items(p, h, NULL) > 0;
}

static void plain_add(struct plain *p, size_t s)
{
    const struct log *l = p->log;
    const struct batching *b = p->of;
    int32_t length = plain_items(p, s, &p->item), earlier = 0, count = 0;
    int32_t before = b->before ? b->before[l->user[s]] : 0;
    if (!length)
        return;
    for (size_t h = 0; h < s; h++)
        earlier += plain_is_earlier(p, h, s);
    for (size_t h = 0; h < s; h++) {
        if (!plain_is_earlier(p, h, s) || earlier-- > b->history)
            continue;
        count++;
        vec_push(&p->delta, plain_bucket(b->edges, b->edge_count, l->start[s] - l->start[h]));
        vec_push(&p->week, plain_week_hour(l->start[h] + b->week_shift));
        vec_push(&p->number, before + plain_number(l, h));
        vec_push(&p->past_start, l->start[h]);
        if (b->history_items)
            vec_push(&p->past_length, plain_items(p, h, &p->past_item));
    }
    vec_push(&p->user, l->user[s]);
    vec_push(&p->session, before + plain_number(l, s));
    vec_push(&p->start, l->start[s]);
    vec_push(&p->length, length);
    vec_push(&p->history, count);
}

static bool same_i32(struct column got, const i32_vec *wanted)
{
    return got.len == wanted->len && (!got.len || !memcmp(got.at, wanted->at, 4 * got.len));
}

static bool same_i64(struct column got, const i64_vec *wanted)
{
    return got.len == wanted->len && (!got.len || !memcmp(got.at, wanted->at, 8 * got.len));
}

static bool is_plain(const struct batch *b, const struct plain *p)
{
    return same_i32(b->user, &p->user) && same_i32(b->session, &p->session) &&
           same_i64(b->start, &p->start) && same_i32(b->length, &p->length) &&
           same_i32(b->item, &p->item) && same_i32(b->history, &p->history) &&
           same_i32(b->history_delta, &p->delta) && same_i32(b->history_week, &p->week) &&
           same_i32(b->history_session, &p->number) && same_i64(b->history_start, &p->past_start) &&
           same_i32(b->history_length, &p->past_length) && same_i32(b->history_item, &p->past_item);
}

static void plain_release(struct plain *p)
{
    i32_vec *v[] = {&p->user,  &p->session, &p->length, &p->item,        &p->history,
                    &p->delta, &p->week,    &p->number, &p->past_length, &p->past_item};
    for (size_t i = 0; i < sizeof v / sizeof *v; i++)
        vec_release(v[i]);
    vec_release(&p->start);
    vec_release(&p->past_start);
}

/* Whether these places of the store hold these items. */
static bool stand_at(const struct batching *b, struct column item, struct column place)
{
    const int32_t *stored = (const int32_t *)(const void *)b->store->item.at;
    bool good = place.len == (b->stored ? item.len : 0);
    for (size_t i = 0; good && i < place.len; i++) {
        int32_t own = stored[column_i32(place)[i]];
        good = column_i32(item)[i] == (b->row ? b->row[own] : own) &&
               (!i || column_i32(place)[i] != column_i32(place)[i - 1]);
    }
    return good;
}

/* Makes the batch of sessions from .. from + count - 1 of the log, the last one first. */
static bool batch_is_plain(struct batching *b, const struct log *l, size_t from, size_t count,
                           bool learn)
{
    struct plain p = {.log = l, .of = b};
    int32_t picked[SESSIONS];
    for (size_t i = 0; i < count; i++) {
        size_t s = from + count - 1 - i;
        picked[i] = b->store->first.at[l->user[s]] + plain_number(l, s);
        plain_add(&p, s);
    }
    struct batch made = batching_make(b, picked, count, learn);
    bool good = is_plain(&made, &p) && made.learn == learn && stand_at(b, made.item, made.place) &&
                stand_at(b, made.history_item, made.history_place);
    plain_release(&p);
    return good;
}

/* The ids of a model that does not know each third item, or one item alone. */
static void make_rows(int32_t row[ITEMS], uint64_t seed)
{
    for (int32_t i = 0, next = 0; i < ITEMS; i++)
        row[i] = (seed % 4 == 3 ? i == 7 : i % 3 > 0) ? next++ : -1;
}

static void histories(uint64_t seed)
{
    struct random random = random_of(seed, 1);
    struct log l;
    struct session_store c = {0};
    int32_t row[ITEMS];
    int64_t edges[200];
    size_t edge_count = random_below(&random, 200);
    log_random(&l, &random);
    bool good = fill(&c, &l) == 0;
    make_rows(row, seed);
    for (size_t k = 0; k < edge_count; k++)
        edges[k] = (k ? edges[k - 1] : 0) + 1 + random_below(&random, 7200);
    const struct stored_events stored = {NULL, NULL};
    const int32_t before[] = {7, 0, 1000, 1};
    struct batching b = {.store = &c,
                         .stored = seed % 5 ? &stored : NULL,
                         .row = seed % 4 > 1 ? row : NULL,
                         .before = seed % 3 ? before : NULL,
                         .history = random_below(&random, 6),
                         .history_items = seed % 2,
                         .edges = edges,
                         .edge_count = edge_count,
                         .week_shift = (int64_t)random_below(&random, 200000) - 100000};
    good = good && batch_is_plain(&b, &l, 0, l.sessions, true);
    good = good && batch_is_plain(&b, &l, 1, 1, false);
    good = good && batch_is_plain(&b, &l, l.sessions / 2, l.sessions / 2, true);
    tap_ok(good, "log %d, %s, %d earlier sessions%s%s", (int)seed,
           b.row ? "some items unknown" : "all items", (int)b.history,
           b.history_items ? " with their items" : "",
           b.before ? ", behind others that only count" : "");
    batching_release(&b);
    session_store_release(&c);
}

static void buckets(void)
{
    const int64_t edges[] = {3600, 7200, 10800};
    tap_ok(batch_age_bucket(edges, 3, 0) == 0 && batch_age_bucket(edges, 3, 3599) == 0,
           "below the first edge");
    tap_ok(batch_age_bucket(edges, 3, 3600) == 1 && batch_age_bucket(edges, 3, 7199) == 1,
           "an edge belongs to the bucket above");
    tap_ok(batch_age_bucket(edges, 3, 10800) == 3 && batch_age_bucket(edges, 3, 1 << 30) == 3,
           "beyond the last edge");
    tap_ok(batch_age_bucket(NULL, 0, 5) == 0, "no edges");
}

/* A session that begins in the second in which another ends did not see how that one ended. */
static void ended_before(void)
{
    enum { BEGINS = 1 << 30 };
    static const struct {
        int64_t start, last;
        const char *what;
    } earlier[] = {{BEGINS - 9, BEGINS - 1, "ended a second before: history"},
                   {BEGINS - 9, BEGINS, "ends in that second: none"},
                   {BEGINS - 9, BEGINS + 9, "ends later: none"},
                   {BEGINS, BEGINS, "begins and ends in that second: none"},
                   {0, BEGINS + 9, "lasts for decades: none"}};
    for (size_t i = 0; i < sizeof earlier / sizeof *earlier; i++) {
        struct log l = {.sessions = 2,
                        .start = {earlier[i].start, BEGINS},
                        .last = {earlier[i].last, BEGINS + 300},
                        .length = {2, 2}};
        struct session_store c = {0};
        struct batching b = {.store = &c, .history = 5};
        bool good = fill(&c, &l) == 0;
        struct batch made = batching_make(&b, (int32_t[]){1}, 1, true);
        tap_ok(good && column_i32(made.history)[0] == (i == 0), "a session that %s",
               earlier[i].what);
        batching_release(&b);
        session_store_release(&c);
    }
}

/* A column, dwell times and hours of two sessions, with all items and without some. */
static void contexts(void)
{
    static const int64_t edges[] = {10, 60};
    static const int32_t row[] = {-1, 0, 1};
    static const int32_t all[4][5] = {
        {4, 3, 2, 1, 0}, {0, 1, 2, 3, 0}, {1, 1, 1, 1, 23}, {0, 1, 2, -1, -1}};
    static const int32_t some[4][3] = {{3, 2, 1}, {0, 2, 3}, {1, 1, 1}, {1, 2, -1}};
    struct context_source source[] = {{.kind = CONTEXT_COLUMN},
                                      {CONTEXT_DWELL, 0, edges, 2},
                                      {.kind = CONTEXT_HOUR},
                                      {CONTEXT_OWN_DWELL, 0, edges, 2}};
    struct session_store c = {.keeps_times = true};
    struct err e;
    int64_t first[] = {3600, 3605, 3615, 3675}, second[] = {86399};
    int32_t items[] = {0, 1, 2, 1}, codes[] = {4, 3, 2, 1}, code[] = {0}, picked[] = {0, 1};
    struct extra extra = {.key = bytes_of("a"), .type = COLUMN_I32, .column = {codes, 4}};
    vec_push(&c.columns, ((struct stored_column){.key = "a", .codes = 5}));
    int status =
        session_store_add(&c, &(struct session){0, PART_TRAIN, 4, first, items, &extra, 1}, &e);
    extra.column = (struct column){code, 1};
    status +=
        session_store_add(&c, &(struct session){1, PART_TRAIN, 1, second, items, &extra, 1}, &e);
    status += session_store_end(&c, &e);
    const unsigned char wanted[] = {0, 0, 0, 0, 1}; /* the code of an event of item 0 */
    const struct intent_source intent = {0, wanted};
    struct batching b = {.store = &c, .context = source, .contexts = 4};
    struct batch made = batching_make(&b, picked, 2, true);
    bool right = !status;
    for (int k = 0; k < 4; k++)
        right =
            right && made.context[k].len == 5 && !memcmp(made.context[k].at, all[k], sizeof all[k]);
    tap_ok(right && !made.intent.len, "contexts of all events");
    b.intent = &intent;
    made = batching_make(&b, picked, 2, true);
    tap_ok(made.intent.len == 2 && column_u8(made.intent)[0] == 1 && column_u8(made.intent)[1] == 0,
           "which sessions have an event with a code that is wanted");
    b.row = row;
    made = batching_make(&b, picked, 2, true);
    right = made.length.len == 1 && made.intent.len == 1 && column_u8(made.intent)[0] == 1;
    for (int k = 0; k < 4; k++)
        right = right && made.context[k].len == 3 &&
                !memcmp(made.context[k].at, some[k], sizeof some[k]);
    tap_ok(right, "contexts of known items: the first takes the time of the session's start");
    b.week_shift = 3600;
    made = batching_make(&b, picked, 2, true);
    tap_ok(column_i32(made.context[2])[0] == 2, "hours are shifted");
    b.open_ended = true;
    made = batching_make(&b, picked, 2, true);
    tap_ok(column_i32(made.context[3])[0] == 1 && column_i32(made.context[3])[1] == -1 &&
               column_i32(made.context[1])[2] == 3,
           "the time to an event that has not come is not known");
    batching_release(&b);
    session_store_release(&c);
}

int main(void)
{
    buckets();
    contexts();
    ended_before();
    for (uint64_t seed = 0; seed < 60; seed++)
        histories(seed);
    return tap_done();
}
