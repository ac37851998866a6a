/* lib/data/epochs: which passes an epoch has, which come again, and what is left of the training
 * part for learning. */
#include "data/epochs.h"

#include "../tap.h"
#include "schedule.h"

/* Writes the epochs of a log of `ids` and reads them; whether the events went to a file. */
static bool run(const struct session_store *log, struct log_ids ids, const struct epochs_options *o,
                struct buf *bytes, struct schedule_trace *t)
{
    struct made in, out;
    struct meta m;
    struct epochs p;
    struct err e;
    made_open(&in);
    log_write(log, ids, &in.out);
    struct sessions_in *sessions = made_again(&in);
    meta_copy(&m, sessions_in_meta(sessions));
    epochs_meta(&m, o);
    made_with(&out, &m);
    meta_release(&m);
    must(epochs_open(&p, o, sessions, &out.out, &e), &e);
    for (int64_t number = 1; number <= o->epochs; number++)
        must(epochs_write(&p, number, &e), &e);
    bool filed = p.store.head.filed;
    sessions_in_close(sessions);
    epochs_release(&p);
    schedule_read(&out, t, bytes);
    return filed;
}

/* Sessions by part, in the order of their times; parts[i] of users[i]. */
static struct log_ids log_of(struct session_store *c, const int32_t *users, const enum part *parts,
                             size_t count)
{
    struct random random = random_of(1, 1);
    struct log_ids ids = {0, 0};
    struct err e;
    for (size_t i = 0; i < count; i++)
        log_add(c, &ids, &random, users[i], parts[i], 10 * (int64_t)i, 2);
    must(session_store_end(c, &e), &e);
    return ids;
}

/* One word a pass: 1train 1test 2train=1 */
static const char *passes(const struct schedule_trace *t)
{
    static struct buf words;
    buf_clear(&words);
    for (size_t i = 0; i < t->pass.len; i++) {
        buf_format(&words, "%s%d%s", i ? " " : "", (int)t->pass.at[i].number,
                   part_name[t->pass.at[i].part]);
        if (t->again.at[i])
            buf_format(&words, "=%d", t->again.at[i]);
    }
    buf_byte(&words, 0);
    return words.at;
}

static void which_passes(void)
{
    static const enum part all[] = {PART_TRAIN, PART_TRAIN, PART_VALIDATION, PART_TEST};
    static const enum part train[] = {PART_TRAIN, PART_TRAIN, PART_TRAIN, PART_TRAIN};
    static const enum part test[] = {PART_TRAIN, PART_TRAIN, PART_TEST, PART_TEST};
    static const enum part untrained[] = {PART_VALIDATION, PART_TEST, PART_TEST, PART_TEST};
    static const struct {
        const char *scheme;
        const enum part *parts;
        int64_t epochs, from, every;
        const char *passes;
    } rows[] = {
        {"longest-first", all, 2, 1, 1, "1train 1validation 1test 2train=1 2validation=1 2test=1"},
        {"longest-first", all, 3, 2, 1,
         "1train 1validation 2train=1 2validation=1 2test 3train=1 3validation=1 3test=2"},
        {"longest-first", all, 2, 3, 1, "1train 1validation 2train=1 2validation=1"},
        {"longest-first", all, 5, 1, 2,
         "1train 1validation 1test 2train=1 3train=1 3validation=1 3test=1 4train=1 5train=1 "
         "5validation=1 5test=1"},
        {"longest-first", all, 6, 2, 3,
         "1train 2train=1 2validation 2test 3train=1 4train=1 5train=1 5validation=2 5test=2 "
         "6train=1 6validation=2 6test=2"},
        {"longest-first", all, 4, 3, 2,
         "1train 1validation 2train=1 3train=1 3validation=1 3test 4train=1 4validation=1 4test=3"},
        {"longest-first", train, 2, 1, 1, "1train 2train=1"},
        {"longest-first", test, 2, 1, 1, "1train 1test 2train=1 2test=1"},
        {"longest-first", untrained, 2, 1, 1,
         "1train 1validation 1test 2train 2validation=1 2test=1"},
        {"shuffled", all, 3, 3, 1,
         "1train 1validation 2train 2validation=1 3train 3validation=1 3test"},
        {"sessions", test, 2, 1, 1, "1train 1test 2train 2test=1"},
        {"user-parallel", all, 2, 1, 1, "1train 1validation 1test 2train 2validation=1 2test=1"},
        {"session-parallel", untrained, 2, 2, 1, "1train 1validation 2train 2validation=1 2test"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        static const int32_t users[] = {0, 0, 0, 0};
        struct session_store c = {0};
        struct schedule_trace t;
        struct log_ids ids = log_of(&c, users, rows[i].parts, 4);
        struct epochs_options o = {.scheme = scheme_find(rows[i].scheme),
                                   .size = 3,
                                   .epochs = rows[i].epochs,
                                   .test_from = rows[i].from,
                                   .test_every = rows[i].every,
                                   .learned = {{{1, 1}, .newest = true}, {{1, 1}}}};
        run(&c, ids, &o, NULL, &t);
        tap_ok(!strcmp(passes(&t), rows[i].passes), "%s from %d, every %d: %s", rows[i].scheme,
               (int)rows[i].from, (int)rows[i].every, passes(&t));
        schedule_trace_release(&t);
        session_store_release(&c);
    }
}

/* Training sessions begin at 0, 10, 20, 30, 30, 50, in the order of the users' ids. */
static void recent(void)
{
    static const struct {
        struct fraction share;
        const char *sessions;
    } rows[] = {{{1, 1}, "0 1 2 3 4 5"}, {{9, 10}, "0 1 2 3 4 5"}, {{5, 6}, "1 2 3 4 5"},
                {{1, 2}, "3 4 5"},       {{2, 5}, "3 4 5"},        {{1, 3}, "3 4 5"},
                {{1, 6}, "5"},           {{1, 1000000000}, "5"}};
    static const int64_t start[] = {0, 10, 20, 30, 30, 50};
    struct random random = random_of(1, 1);
    struct session_store c = {0};
    struct log_ids ids = {0, 0};
    struct err e;
    for (int32_t s = 0; s < 6; s++)
        log_add(&c, &ids, &random, s / 2, PART_TRAIN, start[s], 2);
    log_add(&c, &ids, &random, 3, PART_TEST, 0, 2);
    must(session_store_end(&c, &e), &e);
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct epochs_options o = {.scheme = scheme_of_tests(),
                                   .size = 1,
                                   .epochs = 1,
                                   .test_from = 1,
                                   .test_every = 1,
                                   .learned = {{rows[i].share, .newest = true}, {{1, 1}}}};
        struct schedule_trace t;
        struct buf shown = {0};
        run(&c, ids, &o, NULL, &t);
        for (int32_t s = 0; s < 7; s++) /* the test session, 6, is always there */
            for (size_t k = 0; k < t.session.len; k++)
                if (t.session.at[k] == s)
                    buf_format(&shown, s ? " %d" : "%d", s);
        buf_byte(&shown, 0);
        const char *got = shown.at + (*shown.at == ' ');
        size_t n = strlen(rows[i].sessions);
        tap_ok(!strncmp(got, rows[i].sessions, n) && !strcmp(got + n, " 6"),
               "%lld/%lld of six training sessions: %s", (long long)rows[i].share.over,
               (long long)rows[i].share.under, got);
        buf_release(&shown);
        schedule_trace_release(&t);
    }
    session_store_release(&c);
}

/* Where the events are kept does not show. */
static void memory(void)
{
    struct random random = random_of(4, 1);
    struct session_store c = {0};
    struct log_ids ids = log_make(&c, &random, 20);
    struct buf bytes[2] = {{0}, {0}};
    bool filed[2];
    for (int i = 0; i < 2; i++) {
        struct epochs_options o = {.scheme = scheme_find("user-parallel"),
                                   .size = 3,
                                   .epochs = 3,
                                   .test_from = 1,
                                   .test_every = 1,
                                   .learned = {{{7, 10}, .newest = true}, {{1, 1}}},
                                   .memory = i};
        struct schedule_trace t;
        filed[i] = run(&c, ids, &o, &bytes[i], &t);
        schedule_trace_release(&t);
    }
    tap_ok(!filed[0] && filed[1] && bytes[0].len > 1000 &&
               bytes_equal((struct bytes){bytes[0].at, bytes[0].len},
                           (struct bytes){bytes[1].at, bytes[1].len}),
           "the same %zu bytes with sessions in a file", bytes[0].len);
    buf_release(&bytes[0]);
    buf_release(&bytes[1]);
    session_store_release(&c);
}

int main(void)
{
    which_passes();
    recent();
    memory();
    return tap_done();
}
