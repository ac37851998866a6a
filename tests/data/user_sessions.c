/* A user's sessions in memory: copies, cuts, moved events, order. */
#include "data/user_sessions.h"

#include "../tap.h"

static const int32_t items[] = {5, 6, 5, 7};
static const int64_t times[] = {10, 20, 30, 40};

/* Four events with two columns of extras and a single number. */
static void add(struct user_sessions *h)
{
    unsigned char dwell[] = {1, 2, 3, 4};
    int64_t big[] = {100, 200, 300, INT64_MAX};
    char dwell_key[] = "dwell";
    const struct extra extras[] = {
        {.key = {dwell_key, 5}, .type = COLUMN_U8, .column = {dwell, 4}},
        {.key = bytes_of("week"), .value = 17},
        {.key = bytes_of("big"), .type = COLUMN_I64, .column = {big, 4}},
    };
    user_sessions_add(h, &(struct session){3, PART_TRAIN, 4, times, items, extras, 3});
    memset(dwell, 0, sizeof dwell);
    memset(big, 0, sizeof big);
    memset(dwell_key, 'x', 5);
}

/* "time:item/dwell/big ..." and the number of extras. */
static bool is(const struct session *s, const char *expected)
{
    struct buf text = {0};
    for (size_t i = 0; i < s->count; i++)
        buf_format(&text, "%lld:%d/%d/%lld ", (long long)s->times[i], s->items[i],
                   ((unsigned char *)s->extras[0].column.at)[i],
                   (long long)((int64_t *)s->extras[2].column.at)[i]);
    buf_format(&text, "%zu %zu", s->extra_count, s->extras[0].column.len);
    buf_byte(&text, 0);
    bool same = !strcmp(text.at, expected);
    if (!same)
        printf("# %s\n", text.at);
    buf_release(&text);
    return same;
}

static void copies(void)
{
    struct user_sessions h = {0};
    add(&h);
    const struct session *s = h.sessions.at[0];
    tap_ok(is(s, "10:5/1/100 20:6/2/200 30:5/3/300 40:7/4/9223372036854775807 3 4") &&
               s->user == 3 && s->part == PART_TRAIN && s->extras[1].value == 17 &&
               bytes_equal(s->extras[0].key, bytes_of("dwell")),
           "a session is copied with its extras and their keys");
    user_sessions_release(&h);
}

static void cuts(void)
{
    struct user_sessions h = {0};
    add(&h);
    struct session *s = h.sessions.at[0], *tail = session_tail(s, 2);
    tap_ok(is(tail, "30:5/3/300 40:7/4/9223372036854775807 3 2") && tail->extras[1].value == 17,
           "the tail has its own part of the extras");
    session_move(s, 1, 3);
    session_cut(s, 2);
    tap_ok(is(s, "10:5/1/100 40:7/4/9223372036854775807 3 2"), "an event moves with its extras");
    tap_ok(is(tail, "30:5/3/300 40:7/4/9223372036854775807 3 2"), "the tail is a copy");
    mem_free(tail);
    user_sessions_release(&h);
}

static void frequent(void)
{
    struct user_sessions h = {0};
    i64_vec counts = {0};
    add(&h);
    add(&h);
    count_items(&counts, h.sessions.at[0]->items, h.sessions.at[0]->count, 1);
    count_items(&counts, h.sessions.at[0]->items, h.sessions.at[0]->count, 2);
    tap_ok(counts.len == 8 && !counts.at[4] && counts.at[5] == 6 && counts.at[6] == 3 &&
               counts.at[7] == 3,
           "items are counted");
    session_keep_items(h.sessions.at[0], counts.at, 6);
    tap_ok(is(h.sessions.at[0], "10:5/1/100 30:5/3/300 3 2"), "rare items leave");
    counts.at[5] = 0;
    counts.at[7] = 0;
    session_keep_items(h.sessions.at[1], counts.at, 3);
    tap_ok(h.sessions.at[1]->count == 0, "one event alone is no session");
    user_sessions_sweep(&h);
    tap_ok(h.sessions.len == 1, "which is swept out");
    user_sessions_release(&h);
    vec_release(&counts);
}

static void more_extras(void)
{
    struct user_sessions h = {0};
    unsigned char other[] = {9, 8, 7, 6};
    add(&h);
    struct extra x = {.key = bytes_of("age"), .type = COLUMN_U8, .column = {other, 4}};
    h.sessions.at[0] = session_with(h.sessions.at[0], &x);
    const struct session *s = h.sessions.at[0];
    tap_ok(s->extra_count == 4 && bytes_equal(s->extras[3].key, x.key) &&
               ((unsigned char *)s->extras[3].column.at)[3] == 6,
           "an extra is added");
    x.key = bytes_of("week");
    h.sessions.at[0] = session_with(h.sessions.at[0], &x);
    s = h.sessions.at[0];
    tap_ok(s->extra_count == 4 && bytes_equal(s->extras[1].key, bytes_of("big")) &&
               bytes_equal(s->extras[3].key, x.key) && s->extras[3].column.len == 4,
           "or takes the place of the one of its key");
    user_sessions_release(&h);
}

static void order(void)
{
    struct user_sessions h = {0};
    for (int64_t i = 0; i < 6; i++) {
        int64_t at[] = {i * i * 7 % 10, 50};
        user_sessions_add(&h, &(struct session){0, 0, 2, at, (int32_t[]){(int32_t)i, 0}, NULL, 0});
    }
    session_cut(h.sessions.at[1], 0);
    user_sessions_sweep(&h);
    /* times 0 (7) 8 3 2 5: sessions 0, 4, 3, 5, 2 */
    static const int32_t expected[] = {0, 4, 3, 5, 2};
    bool good = h.sessions.len == 5;
    for (size_t i = 0; good && i < 5; i++)
        good = h.sessions.at[i]->items[0] == expected[i];
    tap_ok(good, "the sessions that are left come by their first events");
    user_sessions_clear(&h);
    tap_ok(!h.sessions.len, "cleared");
    user_sessions_release(&h);
}

int main(void)
{
    copies();
    cuts();
    frequent();
    more_extras();
    order();
    return tap_done();
}
