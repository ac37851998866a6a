/* lib/data/batch: each session with the history that a plain scan of the log gives it. */
#include "data/batch.h"

#include "base/random.h"

#include "../tap.h"

enum { SESSIONS = 80 };

/* The log, kept apart from the corpus: session s of the log starts at start[s]. */
struct log {
    size_t sessions;
    int32_t user[SESSIONS];
    int64_t start[SESSIONS];
    int32_t items[SESSIONS][5];
    size_t length[SESSIONS];
};

static void log_random(struct log *l, struct random *random)
{
    int64_t now = 1000000000 + random_below(random, 1000000);
    l->sessions = 2 + random_below(random, SESSIONS - 1);
    for (size_t s = 0; s < l->sessions; s++) {
        l->user[s] = (int32_t)random_below(random, 4);
        l->start[s] = now;
        l->length[s] = 2 + random_below(random, 4);
        for (size_t i = 0; i < l->length[s]; i++)
            l->items[s][i] = (int32_t)random_below(random, 1000);
        now += random_below(random, 3) ? random_below(random, 90000) : 0;
    }
}

static void log_corpus(const struct log *l, struct session_store *c)
{
    for (size_t s = 0; s < l->sessions; s++) {
        int64_t times[5];
        for (size_t i = 0; i < l->length[s]; i++)
            times[i] = l->start[s] + (int64_t)i;
        session_store_add(c, &(struct session){.user = l->user[s],
                                               .part = PART_TRAIN,
                                               .count = l->length[s],
                                               .times = times,
                                               .items = l->items[s]});
    }
    session_store_group(c);
}

/* The nth session of a user in the log. */
static size_t log_find(const struct log *l, int32_t user, int32_t number)
{
    for (size_t s = 0; s < l->sessions; s++)
        if (l->user[s] == user && number-- == 0)
            return s;
    return 0;
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

struct check {
    const struct log *log;
    const struct batching *batching;
    int good, batches, learn;
};

static int check_batch(void *to, const struct batch *b, struct err *e)
{
    (void)e;
    struct check *k = to;
    const struct log *l = k->log;
    const struct batching *g = k->batching;
    size_t item = 0, h = 0, past = 0;
    for (size_t i = 0; i < b->user.len; i++) {
        int32_t user = column_i32(b->user)[i], number = column_i32(b->session)[i];
        size_t s = log_find(l, user, number);
        int32_t count = number < g->history ? number : (int32_t)g->history;
        k->good &= column_i64(b->start)[i] == l->start[s];
        k->good &= column_i32(b->length)[i] == (int32_t)l->length[s];
        k->good &= !memcmp(column_i32(b->item) + item, l->items[s], 4 * l->length[s]);
        k->good &= column_i32(b->history)[i] == count;
        for (int32_t n = number - count; n < number; n++, h++) {
            size_t earlier = log_find(l, user, n);
            int64_t start = l->start[earlier], age = l->start[s] - start;
            if (g->history_items) {
                k->good &= column_i32(b->history_length)[h] == (int32_t)l->length[earlier];
                k->good &= !memcmp(column_i32(b->history_item) + past, l->items[earlier],
                                   4 * l->length[earlier]);
                past += l->length[earlier];
            }
            k->good &= column_i32(b->history_session)[h] == n;
            k->good &= column_i64(b->history_start)[h] == start;
            k->good &=
                column_i32(b->history_delta)[h] == plain_bucket(g->edges, g->edge_count, age);
            k->good &= column_i32(b->history_week)[h] == plain_week_hour(start + g->week_shift);
        }
        item += l->length[s];
    }
    k->good &= b->item.len == item && b->history_start.len == h && b->history_week.len == h;
    k->good &= b->history_delta.len == h && b->history_session.len == h;
    k->good &= !b->history_length.at == !g->history_items && b->history_item.len == past;
    k->good &= !b->history_item.at == !g->history_items;
    k->good &= b->history_length.len == (g->history_items ? h : 0);
    k->batches++;
    k->learn = b->learn;
    return 0;
}

static int histories(uint64_t seed)
{
    struct random random = random_of(seed, 1);
    struct log l;
    struct session_store c = {0};
    log_random(&l, &random);
    log_corpus(&l, &c);
    int64_t edges[200];
    size_t edge_count = random_below(&random, 200);
    for (size_t k = 0; k < edge_count; k++)
        edges[k] = (k ? edges[k - 1] : 0) + 1 + random_below(&random, 7200);
    struct batching b = {.store = &c,
                         .history = random_below(&random, 6),
                         .history_items = seed % 2,
                         .edges = edges,
                         .edge_count = edge_count,
                         .emit = check_batch,
                         .week_shift = (int64_t)random_below(&random, 200000) - 100000};
    struct check k = {.log = &l, .batching = &b, .good = 1};
    b.to = &k;
    struct err e;
    size_t picked[SESSIONS];
    for (size_t s = 0; s < l.sessions; s++)
        picked[s] = l.sessions - 1 - s;
    k.good &= batching_emit(&b, PART_TRAIN, picked, l.sessions, &e) == 0;
    k.good &= batching_emit(&b, PART_TRAIN, picked + 1, 1, &e) == 0;
    batching_release(&b);
    session_store_release(&c);
    return k.good && k.batches == 2;
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

static void learning(void)
{
    struct random random = random_of(3, 1);
    struct log l;
    struct session_store c = {0};
    log_random(&l, &random);
    log_corpus(&l, &c);
    struct batching b = {.store = &c, .min_batch = 2, .emit = check_batch};
    struct check k = {.log = &l, .batching = &b, .good = 1};
    b.to = &k;
    struct err e;
    const size_t picked[] = {0, 1};
    batching_emit(&b, PART_TRAIN, picked, 2, &e);
    tap_ok(k.learn == 1 && b.left_out == 0, "a batch of --min-batch sessions is learned from");
    batching_emit(&b, PART_TRAIN, picked, 1, &e);
    tap_ok(k.learn == 0 && b.left_out == 1, "a smaller one is not, and is counted");
    batching_emit(&b, PART_TEST, picked, 1, &e);
    tap_ok(k.learn == 1 && b.left_out == 1, "outside training the size does not matter");
    batching_release(&b);
    session_store_release(&c);
}

static int refuse(void *to, const struct batch *b, struct err *e)
{
    (void)to, (void)b;
    return err_set(e, STATUS_IO, "no");
}

static void failing(void)
{
    struct session_store c = {0};
    const int64_t times[] = {1, 2};
    const int32_t items[] = {0, 1};
    session_store_add(
        &c, &(struct session){.part = PART_TEST, .count = 2, .times = times, .items = items});
    session_store_group(&c);
    struct batching b = {.store = &c, .emit = refuse};
    struct err e;
    tap_ok(batching_emit(&b, PART_TEST, &(size_t){0}, 1, &e) == STATUS_IO, "failure is passed on");
    batching_release(&b);
    session_store_release(&c);
}

int main(void)
{
    buckets();
    for (uint64_t seed = 0; seed < 40; seed++)
        tap_ok(histories(seed), "histories of log %d", (int)seed);
    learning();
    failing();
    return tap_done();
}
