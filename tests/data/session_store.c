/* lib/data/session_store: sessions that come mixed are brought together by user, in the order they
 * came. */
#include "data/session_store.h"

#include "base/random.h"

#include "../streams.h"
#include "../tap.h"

static void add(struct session_store *c, int32_t user, enum part part, int64_t start, size_t count)
{
    int64_t times[8];
    int32_t items[8];
    for (size_t i = 0; i < count; i++) {
        times[i] = start + (int64_t)i;
        items[i] = (int32_t)(start * 10 + (int64_t)i);
    }
    session_store_add(
        c, &(struct session){
               .user = user, .part = part, .count = count, .times = times, .items = items});
}

static void empty_ones(void)
{
    struct session_store c = {0};
    session_store_group(&c);
    tap_ok(session_store_users(&c) == 0 && session_store_sessions(&c) == 0 &&
               session_store_part(&c, PART_TEST) == 0,
           "an empty corpus is empty");
    add(&c, 2, PART_TEST, 5, 3);
    session_store_group(&c);
    tap_ok(session_store_users(&c) == 3 && c.first.at[2] == 0 && c.first.at[3] == 1,
           "users without a session have an empty range");
    tap_ok(session_store_length(&c, 0) == 3 && session_store_items(&c, 0)[2] == 52,
           "items are kept");
    session_store_release(&c);
}

/* Starts count up over the whole log, so the sorted order can be told from the starts alone. */
static int random_log(uint64_t seed, int mixed)
{
    struct random random = random_of(seed, 0);
    struct session_store c = {0};
    int32_t users = 1 + (int32_t)random_below(&random, 7);
    size_t sessions = 1 + random_below(&random, 60);
    int32_t user_of[64];
    size_t length_of[64];
    for (size_t s = 0; s < sessions; s++) {
        user_of[s] = mixed ? (int32_t)random_below(&random, (uint32_t)users)
                           : (int32_t)(s * (size_t)users / sessions);
        length_of[s] = 1 + random_below(&random, 8);
        add(&c, user_of[s], s % 3 ? PART_TRAIN : PART_TEST, (int64_t)s, length_of[s]);
    }
    session_store_group(&c);
    int good = session_store_sessions(&c) == sessions;
    size_t at = 0, train = 0;
    for (int32_t u = 0; u < (int32_t)session_store_users(&c); u++) {
        good = good && c.first.at[u] == at;
        for (size_t s = 0; s < sessions; s++) {
            if (user_of[s] != u)
                continue;
            good = good && at < sessions && c.user.at[at] == u && c.start.at[at] == (int64_t)s;
            good = good && c.part.at[at] == (s % 3 ? PART_TRAIN : PART_TEST);
            good = good && session_store_length(&c, at) == length_of[s];
            good = good && session_store_items(&c, at)[length_of[s] - 1] ==
                               (int32_t)(s * 10 + length_of[s] - 1);
            train += s % 3 != 0;
            at++;
        }
    }
    good = good && at == sessions && session_store_part(&c, PART_TRAIN) == train;
    session_store_release(&c);
    return good;
}

/* Reads a stream in which session i is of user i % 2 and of parts[i]; the status. */
static int read_parts(const enum part *parts, size_t count, struct session_store *c, struct err *e)
{
    struct meta m;
    struct frame_out out;
    struct buf bytes = {0};
    FILE *file = tmpfile();
    struct output_file sink = {.fd = fileno(file)};
    stream_meta(&m, STREAM_SESSIONS);
    must(frame_out_open(&out, &sink, &m, false, e), e);
    stream_names(&out, count < 2 ? (int)count : 2, count > 0, e);
    for (size_t i = 0; i < count; i++) {
        const int64_t times[] = {(int64_t)i * 10, (int64_t)i * 10 + 1};
        const int32_t items[] = {0, 0};
        struct session s = {(int32_t)i % 2, parts[i], 2, times, items, NULL, 0};
        must(write_session(&out, &s, e), e);
    }
    must(frame_out_end(&out, e), e);
    frame_out_release(&out);
    meta_release(&m);
    stream_bytes(file, &bytes);
    const char *path = stream_file(bytes.at, bytes.len);
    struct sessions_in *in = NULL;
    must(sessions_in_open(&in, &path, 1, e), e);
    int status = session_store_read(c, in, NULL, e);
    sessions_in_close(in);
    buf_release(&bytes);
    return status;
}

static void reading(void)
{
    static const struct {
        enum part parts[6];
        size_t count;
        const char *message; /* NULL: is read */
    } rows[] = {
        {{PART_TRAIN, PART_TRAIN, PART_VALIDATION, PART_TEST, PART_TEST, PART_TEST}, 6, NULL},
        {{PART_TEST, PART_TRAIN, PART_TEST, PART_TRAIN}, 4, NULL},
        {{PART_TEST, PART_TRAIN, PART_TRAIN}, 3, "record 5: a train session comes after a test"},
        {{PART_TRAIN, PART_TEST, PART_TRAIN, PART_VALIDATION}, 4, "a validation session comes"},
        {{PART_TRAIN, PART_NONE}, 2, "record 4: the session is in no part"},
        {{PART_NONE}, 0, "no session"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct session_store c = {0};
        struct err e = {0};
        int status = read_parts(rows[i].parts, rows[i].count, &c, &e);
        if (rows[i].message) {
            tap_ok(status == STATUS_DATA && strstr(e.text, rows[i].message), "refused: %s",
                   rows[i].message);
        } else {
            int good = status == 0 && session_store_sessions(&c) == rows[i].count;
            for (size_t s = 0; good && s < rows[i].count; s++)
                good = c.part.at[c.first.at[s % 2] + s / 2] == rows[i].parts[s];
            tap_ok(good, "a stream with its users mixed is read (%d)", (int)i);
        }
        session_store_release(&c);
    }
}

int main(void)
{
    empty_ones();
    reading();
    for (uint64_t seed = 0; seed < 50; seed++) {
        tap_ok(random_log(seed, 0), "log %d, user by user", (int)seed);
        tap_ok(random_log(seed, 1), "log %d, users mixed", (int)seed);
    }
    return tap_done();
}
