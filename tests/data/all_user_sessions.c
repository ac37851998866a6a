/* lib/data/all_user_sessions: what is read is what was added, from memory and from files. */
#include "data/all_user_sessions.h"

#include "base/random.h"

#include "../streams.h"
#include "../tap.h"

enum { USERS = 40, MOST = 6, EVENTS = 8 };

/* Times of a user's session: apart by less and by more than a store holds. */
static void fill_times(int64_t *times, size_t n, struct random *random)
{
    static const int64_t apart[] = {0, 60, 86400, STORED_LONG, (int64_t)1 << 33};
    int64_t t = random_below(random, 1000);
    for (size_t i = 0; i < n; i++) {
        times[i] = t;
        t += apart[random_below(random, 5)];
    }
}

static void add_session(struct user_sessions *h, struct random *random)
{
    int64_t times[EVENTS];
    int32_t items[EVENTS];
    float weight[EVENTS];
    unsigned char code[EVENTS];
    size_t n = 1 + random_below(random, EVENTS);
    fill_times(times, n, random);
    for (size_t i = 0; i < n; i++) {
        items[i] = (int32_t)random_below(random, 100);
        weight[i] = (float)i / 3;
        code[i] = (unsigned char)random_below(random, 256);
    }
    const struct extra extras[] = {{bytes_of("weight"), COLUMN_F32, {weight, n}, 0},
                                   {bytes_of("week"), COLUMN_I32, {NULL, 0}, -7},
                                   {bytes_of("c"), COLUMN_U8, {code, n}, 0}};
    user_sessions_add(h, &(struct session){h->user, (enum part)random_below(random, 4), n, times,
                                           items, extras, random_below(random, 4)});
}

static bool same_extra(const struct extra *a, const struct extra *b)
{
    return bytes_equal(a->key, b->key) && a->type == b->type && a->value == b->value &&
           !a->column.at == !b->column.at && a->column.len == b->column.len &&
           (!a->column.at ||
            !memcmp(a->column.at, b->column.at, a->column.len * column_size(a->type)));
}

static bool same_session(const struct session *a, const struct session *b)
{
    bool same = a->user == b->user && a->part == b->part && a->count == b->count &&
                !memcmp(a->times, b->times, a->count * sizeof *a->times) &&
                !memcmp(a->items, b->items, a->count * sizeof *a->items) &&
                a->extra_count == b->extra_count;
    for (size_t i = 0; same && i < a->extra_count; i++)
        same = same_extra(&a->extras[i], &b->extras[i]);
    return same;
}

static bool same_user(const struct user_sessions *a, const struct user_sessions *b)
{
    bool same = a->user == b->user && a->sessions.len == b->sessions.len;
    for (int part = 0; part < 4; part++)
        same = same && a->edges.of[part].set == b->edges.of[part].set &&
               a->edges.of[part].time == b->edges.of[part].time;
    for (size_t i = 0; same && i < a->sessions.len; i++)
        same = same_session(a->sessions.at[i], b->sessions.at[i]);
    return same;
}

static void make_user(struct user_sessions *h, int32_t user, struct random *random)
{
    *h = (struct user_sessions){.user = user};
    if (random_below(random, 2))
        h->edges.of[PART_TEST] = (struct edge){true, false, user};
    for (size_t i = 1 + random_below(random, MOST); i > 0; i--)
        add_session(h, random);
}

/* Ids of users fall, as they may where users come in another order than their names. */
static void read_again(struct all_user_sessions *all, bool filed, bool late)
{
    static struct user_sessions made[USERS];
    struct random random = random_of(7, 0);
    struct err e;
    int wrong = 0;
    for (int32_t u = 0; u < USERS; u++) {
        make_user(&made[u], USERS - u, &random);
        must(all_user_sessions_add(all, &made[u], &e), &e);
    }
    must(all_user_sessions_end(all, &e), &e);
    if (late)
        must(all_user_sessions_within(all, 1, &e), &e);
    for (size_t u = 0; u < USERS; u++) {
        struct user_sessions got = {0};
        all_user_sessions_load(all, u, &got);
        wrong += !same_user(&got, &made[u]);
        for (size_t i = 0; i < got.sessions.len; i++)
            wrong += all_user_sessions_last(all, (size_t)all->store.first.at[u] + i) !=
                     got.sessions.at[i]->times[got.sessions.at[i]->count - 1];
        user_sessions_release(&got);
        user_sessions_release(&made[u]);
        all_user_sessions_passed(all, (size_t)all->store.first.at[u],
                                 (size_t)all->store.first.at[u + 1]);
    }
    tap_ok(all_user_sessions_count(all) == USERS && !wrong && all->store.item.filed == filed &&
               all->rest.filed == filed && all->rest_end.filed == filed && all->edge.filed == filed,
           "%d users of %d differ when read again, %s", wrong, USERS,
           filed ? "from files" : "from memory");
}

int main(void)
{
    struct all_user_sessions all;
    struct err e;
    all_user_sessions_open(&all, 0);
    must(all_user_sessions_end(&all, &e), &e);
    tap_ok(all_user_sessions_count(&all) == 0, "empty");
    all_user_sessions_clear(&all);
    read_again(&all, false, false);
    all_user_sessions_clear(&all);
    read_again(&all, false, false);
    all_user_sessions_release(&all);
    all_user_sessions_open(&all, 600);
    read_again(&all, true, false);
    all_user_sessions_clear(&all);
    read_again(&all, true, false);
    all_user_sessions_release(&all);
    all_user_sessions_open(&all, 0);
    read_again(&all, true, true);
    all_user_sessions_release(&all);
    return tap_done();
}
