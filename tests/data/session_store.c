/* lib/data/session_store: sessions that come mixed are brought together by user, in the order they
 * came, in memory and in a file. */
#include "data/session_store.h"

#include "base/random.h"

#include "../tap.h"
#include "made.h"

enum { USERS = 7, SESSIONS = 64 };

static void add(struct session_store *c, int32_t user, enum part part, int64_t start, size_t count)
{
    struct err e;
    int64_t times[8];
    int32_t items[8];
    for (size_t i = 0; i < count; i++) {
        times[i] = start + (int64_t)i;
        items[i] = (int32_t)(start * 10 + (int64_t)i);
    }
    struct session s = {.user = user, .part = part, .count = count, .times = times, .items = items};
    must(session_store_add(c, &s, &e), &e);
}

static void end(struct session_store *c)
{
    struct err e;
    must(session_store_end(c, &e), &e);
}

static void empty_ones(void)
{
    struct session_store c = {0};
    end(&c);
    tap_ok(session_store_users(&c) == 0 && session_store_sessions(&c) == 0 &&
               session_store_part_count(&c, PART_TEST) == 0,
           "an empty store is empty");
    add(&c, 2, PART_TEST, 5, 3);
    end(&c);
    tap_ok(session_store_users(&c) == 3 && c.first.at[2] == 0 && c.first.at[3] == 1,
           "users without a session have an empty range");
    tap_ok(session_store_length(&c, 0) == 3 && session_store_items(&c, 0)[2] == 52,
           "items are kept");
    session_store_release(&c);
}

/* Of user 0 the second and third session lie in the first, the fourth begins when that ends. */
static void overlaps(void)
{
    struct session_store c = {0};
    add(&c, 0, PART_TRAIN, 10, 8);
    add(&c, 0, PART_TRAIN, 11, 2);
    add(&c, 0, PART_TRAIN, 14, 1);
    add(&c, 0, PART_TEST, 17, 4);
    add(&c, 0, PART_TEST, 21, 2);
    add(&c, 1, PART_TRAIN, 12, 2);
    end(&c);
    tap_ok(session_store_overlaps(&c) == 2, "%zu sessions overlap", session_store_overlaps(&c));
    session_store_release(&c);
}

/* Adds a session of two events with codes in a column of the type; returns the status. */
static int add_codes(struct session_store *c, int32_t user, const char *key, enum column_type type,
                     int32_t first, struct err *e)
{
    int64_t times[] = {10 * user, 10 * user + 1};
    int32_t items[] = {user, user + 1}, codes[] = {first, 0};
    struct extra extras[] = {{.key = bytes_of("week"), .value = 7},
                             {.key = bytes_of(key), .type = type, .column = {codes, 2}}};
    struct session s = {user, PART_TRAIN, 2, times, items, extras, 2};
    return session_store_add(c, &s, e);
}

/* Codes stay with their sessions where these are sorted, in memory and in a file. */
static void columns(size_t limit)
{
    struct session_store c = {.item.limit = limit};
    struct err e;
    vec_push(&c.columns, ((struct stored_column){"action", 9, {.limit = limit}}));
    for (int32_t user = 8; user >= 0; user--)
        must(add_codes(&c, user, "action", COLUMN_I32, user, &e), &e);
    end(&c);
    bool right = true;
    for (size_t s = 0; s < 9; s++)
        right = right && session_store_items(&c, s)[0] == (int32_t)s &&
                session_store_codes(&c, 0, s)[0] == (int32_t)s &&
                session_store_codes(&c, 0, s)[1] == 0;
    tap_ok(right, "codes of sorted sessions");
    session_store_clear(&c);
    must(add_codes(&c, 3, "action", COLUMN_I32, 5, &e), &e);
    end(&c);
    tap_ok(session_store_codes(&c, 0, 0)[0] == 5, "codes after a clear");
    session_store_clear(&c);
    tap_ok(add_codes(&c, 0, "actions", COLUMN_I32, 1, &e) == STATUS_DATA, "missing: %s", e.text);
    tap_ok(add_codes(&c, 0, "action", COLUMN_F32, 1, &e) == STATUS_DATA, "of floats: %s", e.text);
    tap_ok(add_codes(&c, 0, "week", COLUMN_I32, 1, &e) == STATUS_DATA, "one number: %s", e.text);
    tap_ok(add_codes(&c, 0, "action", COLUMN_I32, 9, &e) == STATUS_DATA, "too high: %s", e.text);
    tap_ok(add_codes(&c, 0, "action", COLUMN_I32, -1, &e) == STATUS_DATA, "too low: %s", e.text);
    session_store_release(&c);
}

/* The log, kept apart from the store: session s of the log begins at s. */
struct log {
    size_t sessions;
    int32_t user[SESSIONS];
    size_t length[SESSIONS];
};

static enum part part_of(size_t s)
{
    return s % 3 ? PART_TRAIN : PART_TEST;
}

static void fill(struct session_store *c, struct log *l, struct random *random, bool mixed)
{
    uint32_t users = 1 + random_below(random, USERS);
    l->sessions = 1 + random_below(random, SESSIONS - 1);
    for (size_t s = 0; s < l->sessions; s++) {
        l->user[s] =
            mixed ? (int32_t)random_below(random, users) : (int32_t)(s * users / l->sessions);
        l->length[s] = 1 + random_below(random, 8);
        add(c, l->user[s], part_of(s), (int64_t)s, l->length[s]);
    }
    end(c);
}

/* Session `at` of the store is session s of the log. */
static bool is_session(const struct session_store *c, size_t at, const struct log *l, size_t s)
{
    size_t length = l->length[s];
    bool good = at < session_store_sessions(c) && session_store_user(c, at) == l->user[s] &&
                session_store_start(c, at) == (int64_t)s &&
                session_store_last(c, at) == (int64_t)(s + length - 1) &&
                session_store_part(c, at) == part_of(s) && session_store_length(c, at) == length;
    for (size_t i = 0; good && i < length; i++)
        good = session_store_items(c, at)[i] == (int32_t)(s * 10 + i);
    return good;
}

/* Whether the store has the sessions of the log, user by user. */
static bool holds(const struct session_store *c, const struct log *l)
{
    bool good = session_store_sessions(c) == l->sessions;
    size_t at = 0, train = 0;
    for (int32_t u = 0; u < (int32_t)session_store_users(c); u++) {
        good = good && (size_t)c->first.at[u] == at;
        for (size_t s = 0; s < l->sessions; s++) {
            if (l->user[s] != u)
                continue;
            good = good && is_session(c, at++, l, s);
            train += part_of(s) == PART_TRAIN;
        }
    }
    return good && at == l->sessions && session_store_part_count(c, PART_TRAIN) == train;
}

/* In memory, in a file from the first event on, and in one that takes over in the middle. */
static void random_logs(uint64_t seed, bool mixed)
{
    static const size_t limits[] = {0, 1, 300};
    for (size_t i = 0; i < sizeof limits / sizeof *limits; i++) {
        struct random random = random_of(seed, 0);
        struct session_store c = {.item.limit = limits[i]};
        struct log l;
        fill(&c, &l, &random, mixed);
        size_t bytes = 0;
        for (size_t s = 0; s < l.sessions; s++)
            bytes += 4 * l.length[s];
        tap_ok(holds(&c, &l) && c.item.filed == (limits[i] && bytes > limits[i]),
               "log %d, users %s, %zu bytes, limit %zu", (int)seed, mixed ? "mixed" : "one by one",
               bytes, limits[i]);
        struct err e;
        must(session_store_within(&c, 1, &e), &e);
        session_store_forget(&c);
        tap_ok(holds(&c, &l) && c.head.filed && c.item.filed,
               "log %d, where the program may hold nothing afterwards", (int)seed);
        session_store_clear(&c);
        fill(&c, &l, &random, mixed);
        tap_ok(holds(&c, &l) && c.item.limit == limits[i], "log %d, filled anew", (int)seed);
        session_store_release(&c);
    }
}

static void long_sessions(void)
{
    static const int64_t lasts[] = {0, STORED_LONG - 1, STORED_LONG, TIME_LIMIT - 101};
    struct session_store c = {0};
    struct err e;
    bool good = true;
    for (size_t i = 0; i < 4; i++) {
        const int64_t times[] = {100, 100 + lasts[i]};
        struct session s = {
            .part = PART_TRAIN, .count = 2, .times = times, .items = (int32_t[]){0, 0}};
        must(session_store_add(&c, &s, &e), &e);
    }
    end(&c);
    for (size_t i = 0; i < 4; i++)
        good = good && session_store_start(&c, i) == 100 &&
               session_store_last(&c, i) == (lasts[i] < STORED_LONG ? 100 + lasts[i] : INT64_MAX);
    tap_ok(good, "a session that lasts too long to be kept never ends");
    session_store_release(&c);
}

/* ---- from a stream ---- */

/* Writes a log in which session i is of user users[i] and of parts[i]. */
static void write_parts(struct frame_out *out, const int *users, const enum part *parts,
                        size_t count)
{
    struct err e;
    int most = 0;
    for (size_t i = 0; i < count; i++)
        most = users[i] >= most ? users[i] + 1 : most;
    stream_names(out, most, count > 0, &e);
    for (size_t i = 0; i < count; i++) {
        const int64_t times[] = {(int64_t)i * 10, (int64_t)i * 10 + 1};
        struct session s = {users[i], parts[i], 2, times, (int32_t[]){0, 0}, NULL, 0};
        must(write_session(out, &s, &e), &e);
    }
}

static int keep_record(void *to, struct bytes record, struct err *e)
{
    (void)e;
    buf_append(to, record.at, record.len);
    return 0;
}

static void reading(void)
{
    static const struct {
        int users[6];
        enum part parts[6];
        size_t count;
        bool written; /* the sessions are written too, as batcher does */
        const char *message;
    } rows[] = {
        {{0, 1, 0, 1, 0, 1},
         {PART_TRAIN, PART_TRAIN, PART_VALIDATION, PART_TEST, PART_TEST, PART_TEST},
         6,
         false,
         NULL},
        {{0, 1, 0, 1}, {PART_TEST, PART_TRAIN, PART_TEST, PART_TRAIN}, 4, false, NULL},
        {{0, 0, 1, 1}, {PART_TRAIN, PART_VALIDATION, PART_TRAIN, PART_TEST}, 4, true, NULL},
        {{0, 1, 0},
         {PART_TRAIN, PART_TRAIN, PART_TRAIN},
         3,
         true,
         "record 5: the sessions of a user do not follow each other, as the sessionizers write"},
        {{1, 0},
         {PART_TRAIN, PART_TRAIN},
         2,
         true,
         "record 4: the sessions of a user do not follow"},
        {{0, 1, 0},
         {PART_TEST, PART_TRAIN, PART_TRAIN},
         3,
         false,
         "record 5: a train session comes after a test"},
        {{0, 0}, {PART_TEST, PART_VALIDATION}, 2, true, "a validation session comes after a test"},
        {{0, 1}, {PART_TRAIN, PART_NONE}, 2, false, "record 4: the session is in no part: split"},
        {{0}, {PART_NONE}, 0, false, "no session"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct session_store c = {0};
        struct made m;
        struct frame_out out;
        struct err e = {0};
        struct buf wanted = {0}, copy = {0};
        frame_out_divert(&out, keep_record, &wanted);
        write_parts(&out, rows[i].users, rows[i].parts, rows[i].count);
        frame_out_release(&out);
        made_open(&m);
        write_parts(&m.out, rows[i].users, rows[i].parts, rows[i].count);
        struct sessions_in *in = made_again(&m);
        frame_out_divert(&out, keep_record, &copy);
        int status = session_store_read(&c, in, rows[i].written ? &out : NULL, &e);
        bool good = rows[i].message ? status == STATUS_DATA && strstr(e.text, rows[i].message)
                                    : !status && session_store_sessions(&c) == rows[i].count;
        size_t at[2] = {0, 0};
        for (size_t s = 0; good && !rows[i].message && s < rows[i].count; s++) {
            int u = rows[i].users[s];
            good = session_store_part(&c, (size_t)c.first.at[u] + at[u]++) == rows[i].parts[s];
        }
        tap_ok(good, "%s", rows[i].message ? rows[i].message : "is read");
        if (rows[i].written && !rows[i].message)
            tap_ok(bytes_equal((struct bytes){wanted.at, wanted.len},
                               (struct bytes){copy.at, copy.len}),
                   "and written as it was");
        sessions_in_close(in);
        frame_out_release(&out);
        buf_release(&wanted);
        buf_release(&copy);
        session_store_release(&c);
    }
}

int main(void)
{
    empty_ones();
    overlaps();
    columns(0);
    columns(16);
    long_sessions();
    reading();
    for (uint64_t seed = 0; seed < 25; seed++) {
        random_logs(seed, false);
        random_logs(seed, true);
    }
    return tap_done();
}
