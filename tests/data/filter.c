/* Filters on one user's sessions, and the copies that they work on. */
#include "data/filter.h"

#include "../tap.h"

static const struct filter *row(const char *name)
{
    const struct filter *f = filter_rows;
    while (f->name && strcmp(f->name, name))
        f++;
    return f->name ? f : NULL;
}

static int add(struct filter_chain *c, const char *name, const char *value)
{
    struct err e;
    return filter_chain_add(c, row(name), value, &e);
}

/* A user with `n` sessions of three events, an hour apart: session i begins at i·10000. */
static struct user_sessions sample(int n, bool extras)
{
    struct user_sessions h = {.user = 7};
    for (int i = 0; i < n; i++) {
        int64_t times[] = {i * 10000, i * 10000 + 10, i * 10000 + 20};
        int32_t items[] = {i, i + 1, i};
        unsigned char dwell[] = {1, 2, 3};
        float weight[] = {0.5f, 1.5f, 2.5f};
        struct extra extra[] = {
            {{"dwell", 5}, COLUMN_U8, {dwell, 3}, 0},
            {{"week", 4}, COLUMN_I32, {NULL, 0}, 100 + i},
            {{"weight", 6}, COLUMN_F32, {weight, 3}, 0},
        };
        struct session s = {.user = 7, .count = 3, .times = times, .items = items};
        s.extras = extras ? extra : NULL;
        s.extra_count = extras ? 3 : 0;
        user_sessions_add(&h, &s);
    }
    return h;
}

/* The starts of the sessions left (in units of 10000 s) with their parts: "0t 1t 2v". */
static const char *shown(const struct user_sessions *h)
{
    static char text[400];
    size_t n = 0;
    text[0] = 0;
    for (size_t i = 0; i < h->sessions.len; i++) {
        const struct session *s = h->sessions.at[i];
        n += (size_t)snprintf(text + n, sizeof text - n, "%s%d%c%s", i ? " " : "",
                              (int)(s->times[0] / 10000), " tvT"[s->part],
                              s -> count == 3      ? ""
                                   : s->count == 2 ? "<"
                                                   : "!");
    }
    return text;
}

static void check(struct filter_chain *c, int sessions, const char *expected)
{
    struct err e = {0};
    struct user_sessions h = sample(sessions, false);
    int status = filter_chain_apply(c, &h, &e);
    tap_ok(!status && !strcmp(shown(&h), expected), "%s=%s ... of %d: '%s', expected '%s'",
           c->settings.at[0].filter->name, c->settings.at[0].text, sessions, shown(&h), expected);
    user_sessions_release(&h);
}

static void one(const char *name, const char *value, int sessions, const char *expected)
{
    struct filter_chain c = {0};
    add(&c, name, value);
    check(&c, sessions, expected);
    filter_chain_release(&c);
}

static void two(const char *name, const char *value, const char *name2, const char *value2,
                int sessions, const char *expected)
{
    struct filter_chain c = {0};
    add(&c, name, value);
    add(&c, name2, value2);
    check(&c, sessions, expected);
    filter_chain_release(&c);
}

static void test_filters(void)
{
    one("min-sessions", "3", 2, "");
    one("min-sessions", "3", 3, "0  1  2 ");
    one("last-sessions", "2", 5, "3  4 ");
    one("min-events", "3", 2, "0  1 "); /* sessions have three events */
    one("min-events", "4", 2, "");
    two("first", "20019", "min-events", "3", 4, "0  1 ");
    one("last-sessions", "9", 2, "0  1 ");
    one("first", "20020", 4, "0  1  2 ");  /* the edge itself belongs to it */
    one("first", "20019", 4, "0  1  2 <"); /* cut in its middle */
    one("first", "20009", 4, "0  1 ");     /* one event left: dropped */
    one("first", "2e4", 4, "0  1 ");
    one("first", "0", 4, "");
    one("split", "user:0.8", 5, "0t 1t 2t 3t 4T");
    one("split", "user:0.8", 3, "0t 1t 2T");
    one("split", "user:0.8", 1, "0T");
    one("split", "user:1", 2, "0t 1t");
    one("split", "user:2/3", 3, "0t 1t 2T");
    two("split", "user:0.8", "validation", "0.5", 5, "0t 1t 2v 3v 4T");
    two("split", "user:0.8", "validation", "0.1", 5, "0t 1t 2t 3v 4T");
    two("split", "user:0.8", "validation", "0", 5, "0t 1t 2t 3t 4T");
    two("last-sessions", "2", "min-sessions", "3", 5, "");
    two("min-sessions", "3", "last-sessions", "2", 5, "3  4 ");
    two("last-sessions", "2", "first", "10020", 4, "2  3 ");
    two("first", "10020", "last-sessions", "1", 4, "1 ");
}

static void test_months(void)
{
    static const struct {
        const char *name;
        int64_t seconds;
    } spans[] = {
        {"1month", 2500000}, {"2months", 5000000}, {"3months", 8000000}, {"25e5", 2500000}};
    for (size_t i = 0; i < sizeof spans / sizeof *spans; i++) {
        struct filter_chain c = {0};
        int status = add(&c, "first", spans[i].name);
        tap_ok(!status && c.settings.at[0].number == spans[i].seconds, "first=%s", spans[i].name);
        filter_chain_release(&c);
    }
}

static void test_refused(void)
{
    static const char *const bad[][2] = {
        {"min-sessions", "0"},
        {"min-sessions", "x"},
        {"min-sessions", "1.5"},
        {"last-sessions", "-1"},
        {"first", "4months"},
        {"first", "-1"},
        {"first", "1.5"},
        {"first", "1e30"},
        {"split", "0.8"},
        {"split", "user:"},
        {"split", "user:1.1"},
        {"split", "users:0.8"},
        {"validation", "2"},
        {"validation", "0.12345678901"},
        {"user-group", "below"},
        {"user-group", "belw-above"},
        {"user-group", "below-x"},
        {"dwell-bins", "15,x"},
        {"dwell-bins", "15,15"},
        {"delta-buckets", "linear:1"},
        {"delta-buckets", "linear:0x5"},
        {"delta-buckets", "linear:x5"},
        {"delta-buckets", "linear:5x"},
        {"week-shift", "x"},
        {"week-shift", "-604800"},
        {"week-shift", "604800"},
        {"timezone", ""},
        {"timezone", "+01:0000"},
        {"timezone", "x"},
        {"timezone", "+99"},
        {"since", "x"},
        {"until", "2014-13-01"},
    };
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        struct filter_chain c = {0};
        tap_ok(add(&c, bad[i][0], bad[i][1]) == STATUS_USAGE && !c.settings.len, "%s=%s is refused",
               bad[i][0], bad[i][1]);
        filter_chain_release(&c);
    }
    struct filter_chain c = {0};
    add(&c, "split", "user:0.5");
    tap_ok(add(&c, "split", "user:0.5") == STATUS_USAGE, "a second split");
    add(&c, "validation", "0.5");
    tap_ok(add(&c, "validation", "0.5") == STATUS_USAGE, "a second validation");
    filter_chain_release(&c);
    add(&c, "validation", "0.5");
    tap_ok(add(&c, "split", "user:0.5") == STATUS_USAGE, "validation before split");
    filter_chain_release(&c);
}

static void test_already_split(void)
{
    struct err e;
    struct filter_chain split = {0}, validation = {0};
    struct user_sessions h = sample(4, false);
    add(&split, "split", "user:0.5");
    add(&validation, "validation", "0.5");
    tap_ok(filter_chain_apply(&validation, &h, &e) == STATUS_DATA, "validation of no split");
    tap_ok(filter_chain_apply(&split, &h, &e) == 0, "split");
    tap_ok(filter_chain_apply(&split, &h, &e) == STATUS_DATA, "split of a split");
    tap_ok(filter_chain_apply(&validation, &h, &e) == 0 && !strcmp(shown(&h), "0t 1v 2T 3T"),
           "validation of a split");
    tap_ok(filter_chain_apply(&validation, &h, &e) == STATUS_DATA, "validation of a validation");
    filter_chain_release(&split);
    filter_chain_release(&validation);
    user_sessions_release(&h);
}

static void test_extras(void)
{
    struct user_sessions h = sample(2, true);
    session_cut(h.sessions.at[1], 2);
    const struct session *s = h.sessions.at[1];
    tap_ok(s->count == 2 && s->extra_count == 3, "cut to two");
    tap_ok(s->extras[0].column.len == 2 && column_u8(s->extras[0].column)[1] == 2 &&
               bytes_equal(s->extras[0].key, bytes_of("dwell")),
           "a per-event extra is cut");
    tap_ok(s->extras[1].column.at == NULL && s->extras[1].value == 101, "a value stays");
    tap_ok(s->extras[2].column.len == 2 && column_f32(s->extras[2].column)[1] == 1.5f,
           "another type is cut");
    tap_ok(h.sessions.at[0]->extras[0].column.len == 3, "the other session is left alone");
    session_cut(h.sessions.at[0], 0);
    user_sessions_sweep(&h);
    tap_ok(h.sessions.len == 1 && h.sessions.at[0] == s, "a session of no event is swept");
    user_sessions_release(&h);
}

/* Extras follow their events wherever those go. */
static void test_moving(void)
{
    static const int64_t counts[] = {1, 5, 0, 5};
    struct user_sessions h = sample(2, true); /* the second has items 1, 2, 1 */
    struct session *s = h.sessions.at[1];
    session_keep_items(s, counts, 5);
    tap_ok(s->count == 2 && s->items[0] == 1 && s->items[1] == 1 && s->times[1] == 10020 &&
               column_u8(s->extras[0].column)[1] == 3 && s->extras[0].column.len == 2 &&
               column_f32(s->extras[2].column)[1] == 2.5f && s->extras[1].value == 101,
           "an event in the middle goes, with its extras");
    struct session *tail = session_tail(s, 1);
    tap_ok(tail->count == 1 && tail->times[0] == 10020 && tail->extra_count == 3 &&
               tail->extras[0].column.len == 1 && column_u8(tail->extras[0].column)[0] == 3 &&
               column_f32(tail->extras[2].column)[0] == 2.5f && tail->extras[1].value == 101,
           "the last event with its extras");
    mem_free(tail);
    int32_t bins[] = {4, 0}, others[] = {9, 9};
    struct extra x = {{"dwell", 5}, COLUMN_I32, {bins, 2}, 0};
    s = h.sessions.at[1] = session_with(s, &x);
    tap_ok(s->extra_count == 3 && s->extras[2].type == COLUMN_I32 &&
               column_i32(s->extras[2].column)[0] == 4 && s->extras[0].value == 101,
           "an extra takes the place of the one before");
    x = (struct extra){{"other", 5}, COLUMN_I32, {others, 2}, 0};
    s = h.sessions.at[1] = session_with(s, &x);
    tap_ok(s->extra_count == 4 && s->items[1] == 1, "another one is added");
    session_keep_items(s, counts, 6);
    user_sessions_sweep(&h);
    tap_ok(h.sessions.len == 1, "a session of fewer than two events goes");
    user_sessions_release(&h);
}

/* A session that loses its first events may begin after the one behind it. */
static void test_order(void)
{
    static const int64_t counts[] = {0, 5};
    const int64_t early[] = {0, 100, 200}, late[] = {50, 60};
    const struct session overlapping[] = {
        {.count = 3, .times = early, .items = (int32_t[]){0, 1, 1}},
        {.count = 2, .times = late, .items = (int32_t[]){1, 1}},
    };
    for (int split = 0; split < 2; split++) {
        struct user_sessions h = {0};
        for (int i = 0; i < 2; i++) {
            user_sessions_add(&h, &overlapping[i]);
            session_keep_items(h.sessions.at[i], counts, 5);
        }
        h.sessions.at[0]->part = split ? PART_TRAIN : PART_NONE;
        h.sessions.at[1]->part = split ? PART_TEST : PART_NONE;
        user_sessions_sweep(&h);
        tap_ok(h.sessions.at[0]->times[0] == 50 && h.sessions.at[1]->times[0] == 100,
               "sessions stay in order of time");
        tap_ok(h.sessions.at[0]->part == h.sessions.at[1]->part,
               "a training session that follows a test session now is one");
        user_sessions_release(&h);
    }
}

static void test_repeats(void)
{
    static const char *const kinds[] = {"consecutive", "item", "type"};
    static const size_t left[] = {4, 2, 3};
    for (int i = 0; i < 3; i++) {
        const int64_t times[] = {0, 1, 2, 3, 4};
        const int32_t items[] = {3, 3, 4, 3, 4};
        unsigned char action[] = {1, 1, 1, 2, 1};
        const struct extra x = {{"action", 6}, COLUMN_U8, {action, 5}, 0};
        const struct session s = {
            .count = 5, .times = times, .items = items, .extras = &x, .extra_count = 1};
        struct filter_chain c = {0};
        struct user_sessions h = {0};
        struct err e;
        user_sessions_add(&h, &s);
        add(&c, "repeats", kinds[i]);
        filter_chain_apply(&c, &h, &e);
        tap_ok(h.sessions.at[0]->count == left[i] && h.sessions.at[0]->times[1] == 2 &&
                   h.sessions.at[0]->extras[0].column.len == left[i],
               "repeats=%s", kinds[i]);
        filter_chain_release(&c);
        user_sessions_release(&h);
    }
}

/* Codes of actions in columns of every type; another column, or one value for all, is no such. */
static void test_types_of_actions(void)
{
    unsigned char u8[] = {1, 2, 1};
    int32_t i32[] = {1, 2, 1};
    int64_t i64[] = {1, 2, 1};
    float f32[] = {1, 2, 1};
    const struct extra cases[] = {
        {{"action", 6}, COLUMN_U8, {u8, 3}, 0},   {{"action", 6}, COLUMN_I32, {i32, 3}, 0},
        {{"action", 6}, COLUMN_I64, {i64, 3}, 0}, {{"action", 6}, COLUMN_F32, {f32, 3}, 0},
        {{"dwell", 5}, COLUMN_U8, {u8, 3}, 0},    {{"action", 6}, COLUMN_I32, {NULL, 0}, 7},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        const struct session s = {.count = 3,
                                  .times = (int64_t[]){0, 1, 2},
                                  .items = (int32_t[]){5, 5, 5},
                                  .extras = &cases[i],
                                  .extra_count = 1};
        struct filter_chain c = {0};
        struct user_sessions h = {0};
        struct err e;
        user_sessions_add(&h, &s);
        add(&c, "repeats", "type");
        filter_chain_apply(&c, &h, &e);
        /* of a single event nothing is left */
        tap_ok(i < 4 ? h.sessions.len == 1 && h.sessions.at[0]->count == 2 : !h.sessions.len,
               "actions of form %zu", i);
        filter_chain_release(&c);
        user_sessions_release(&h);
    }
}

int main(void)
{
    test_types_of_actions();
    test_filters();
    test_months();
    test_refused();
    test_already_split();
    test_extras();
    test_moving();
    test_order();
    test_repeats();
    return tap_done();
}
