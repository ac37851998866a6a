/* lib/data/merge_users: each session once, users by name, a user's sessions by time, from memory
 * and from files. */
#include "data/merge_users.h"

#include "base/random.h"
#include "../streams.h"
#include "../tap.h"

enum { STREAMS = 5, USERS = 7, MOST = 4 };

static const char *const name[USERS] = {"z", "b", "\xff", "ba", "", "a", "B"};

/* A session whose one item and extra are its number in the order of adding. */
static void add(struct merge_users *m, int stream, int32_t user, int64_t start, int64_t lasts,
                int32_t number)
{
    struct err e;
    int64_t times[] = {start, start + lasts};
    int32_t items[] = {number, number};
    const struct extra extra = {bytes_of("number"), COLUMN_I32, {items, 2}, 0};
    must(merge_users_add(m, (uint64_t)stream,
                         &(struct session){user, PART_NONE, 2, times, items, &extra, 1}, &e),
         &e);
}

static void add_streams(struct merge_users *m)
{
    struct random random = {.seed = 5};
    int32_t number = 0;
    for (int stream = 0; stream < STREAMS; stream++)
        for (int32_t user = 0; user < USERS; user++) {
            int64_t start = 0;
            for (size_t i = random_below(&random, MOST); i > 0; i--)
                add(m, stream, user, start += random_below(&random, 3) * 1000,
                    random_below(&random, 2) * ((int64_t)1 << 33), number++);
        }
    m->adjoined = (uint64_t)number; /* for the count of what was added */
}

static struct names names_of_users(void)
{
    struct names names = {0};
    bool is_new;
    for (int i = 0; i < USERS; i++)
        names_add(&names, bytes_of(name[i]), &is_new);
    return names;
}

/* Whether b may come after a. */
static bool in_order(const struct session *a, const struct session *b)
{
    int order = bytes_compare(bytes_of(name[a->user]), bytes_of(name[b->user]));
    if (order)
        return order < 0;
    return a->times[0] < b->times[0] || (a->times[0] == b->times[0] && a->items[0] < b->items[0]);
}

static void whole(size_t memory)
{
    struct merge_users m;
    struct names names = names_of_users();
    struct err e;
    merge_users_open(&m, memory);
    add_streams(&m);
    uint64_t added = m.adjoined, got = 0;
    must(merge_users_end(&m, &names, &e), &e);
    bool ordered = true, same = true;
    int64_t times[1];
    int32_t items[1];
    struct session last = {0};
    for (const struct session *s; (s = merge_users_next(&m)); got++) {
        ordered = ordered && (!got || in_order(&last, s));
        same = same && s->count == 2 && s->items[0] == s->items[1] && s->extra_count == 1 &&
               !memcmp(s->extras[0].column.at, s->items, 2 * sizeof *s->items);
        times[0] = s->times[0];
        items[0] = s->items[0];
        last = (struct session){.user = s->user, .times = times, .items = items};
    }
    tap_ok(added > 30 && got == added && ordered, "%zu bytes: each of %d sessions once, in order",
           memory, (int)added);
    tap_ok(same && !merge_users_next(&m), "%zu bytes: the sessions are those that were added",
           memory);
    merge_users_release(&m);
    names_release(&names);
}

/* How many of the sessions that were added adjoin one of another stream; releases them. */
static int count_adjoined(struct merge_users *m, int64_t gap)
{
    struct names names = names_of_users();
    struct err e;
    must(merge_users_end(m, &names, &e), &e);
    m->gap = gap;
    while (merge_users_next(m))
        ;
    int count = (int)m->adjoined;
    merge_users_release(m);
    names_release(&names);
    return count;
}

/* Of two streams, what begins sooner than `gap` after a session of the other one. */
static void adjoined(int64_t gap, int expected)
{
    struct merge_users m;
    merge_users_open(&m, 0);
    add(&m, 1, 1, 100, 50, 0);
    add(&m, 1, 0, 100, 50, 1);
    add(&m, 1, 0, 160, 40, 2);  /* of one stream: as it was sessionized */
    add(&m, 2, 0, 1000, 1, 3);  /* 800 seconds after the other stream's */
    add(&m, 2, 1, 149, 1, 4);   /* within the other stream's */
    add(&m, 2, 0, 1010, 10, 5); /* of one stream, in which the user comes back */
    int count = count_adjoined(&m, gap);
    tap_ok(count == expected, "gap %d: %d sessions adjoin one of another stream", (int)gap, count);
}

/* A long session, and some of another stream that begin before it has ended. */
static void within(void)
{
    struct merge_users m;
    merge_users_open(&m, 0);
    add(&m, 1, 0, 100, 5000, 0);
    add(&m, 1, 0, 9000, 1, 1);
    add(&m, 2, 0, 200, 10, 2);
    add(&m, 2, 0, 2000, 10, 3);
    add(&m, 2, 0, 4000, 10, 4);
    add(&m, 3, 0, 4005, 2000, 5);
    add(&m, 1, 0, 5500, 1, 6); /* in the third stream's */
    add(&m, 3, 0, 6100, 1, 7);
    int count = count_adjoined(&m, 10);
    tap_ok(count == 5, "%d sessions begin before one of another stream has ended", count);
}

static void none_and_split(void)
{
    struct merge_users m;
    struct names names = names_of_users();
    struct err e;
    merge_users_open(&m, 0);
    must(merge_users_end(&m, &names, &e), &e);
    tap_ok(!merge_users_next(&m), "no session");
    int64_t time = 1;
    int32_t item = 0;
    tap_ok(merge_users_add(&m, 1, &(struct session){0, PART_TRAIN, 1, &time, &item, NULL, 0}, &e) ==
               STATUS_DATA,
           "a session of a split is refused: %s", e.text);
    merge_users_release(&m);
    names_release(&names);
}

int main(void)
{
    whole(0);
    whole(64);
    adjoined(0, 1);
    adjoined(800, 1);
    adjoined(801, 2);
    within();
    none_and_split();
    return tap_done();
}
