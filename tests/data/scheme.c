/* lib/data/scheme: every session once, each user's in order where that is promised; longest-first
 * against the rule written down plainly.  Steps of slots: tests/data/parallel_batches.c. */
#include "data/scheme.h"

#include "base/random.h"

#include "../tap.h"

enum { USERS = 40, SESSIONS = 400 };

/* What came out of a pass: batches of (user, number of the session). */
struct trace {
    i32_vec user, number;
    VEC(size_t) end;    /* of each batch */
    int64_t stop_after; /* batches; < 0: never */
};

static int keep(void *to, const struct batch *b, struct err *e)
{
    struct trace *t = to;
    vec_append(&t->user, column_i32(b->user), b->user.len);
    vec_append(&t->number, column_i32(b->session), b->session.len);
    vec_push(&t->end, t->user.len);
    return t->stop_after-- == 0 ? err_set(e, STATUS_IO, "no more") : 0;
}

static void trace_release(struct trace *t)
{
    vec_release(&t->user);
    vec_release(&t->number);
    vec_release(&t->end);
}

static int same_traces(const struct trace *a, const struct trace *b)
{
    return a->user.len == b->user.len && a->end.len == b->end.len &&
           !memcmp(a->user.at, b->user.at, a->user.len * sizeof *a->user.at) &&
           !memcmp(a->number.at, b->number.at, a->number.len * sizeof *a->number.at) &&
           !memcmp(a->end.at, b->end.at, a->end.len * sizeof *a->end.at);
}

/* count[u][part] sessions of user u; some users have none of a part, few have very many. */
static void make_corpus(struct session_store *c, uint64_t seed, size_t count[USERS][4])
{
    struct random random = random_of(seed, 2);
    memset(count, 0, sizeof(size_t[USERS][4]));
    size_t users = 1 + random_below(&random, USERS);
    const int32_t items[] = {1, 2};
    for (size_t u = 0; u < users; u++)
        for (enum part part = PART_TRAIN; part <= PART_TEST; part++) {
            uint32_t most = random_below(&random, 8) ? 5 : SESSIONS / 4;
            count[u][part] = random_below(&random, most);
            for (size_t s = 0; s < count[u][part]; s++) {
                int64_t start = (int64_t)part * 1000 + (int64_t)s, times[] = {start, start};
                session_store_add(c, &(struct session){.user = (int32_t)u,
                                                       .part = part,
                                                       .count = 2,
                                                       .times = times,
                                                       .items = items});
            }
        }
    session_store_group(c);
}

static void run(const char *name, const struct session_store *c, int64_t size, uint64_t seed,
                struct epoch epoch, struct trace *t)
{
    struct batching b = {.store = c, .size = size, .seed = seed, .emit = keep, .to = t};
    struct err e;
    t->stop_after = -1;
    scheme_find(name)->pass(&b, epoch, &e);
    batching_release(&b);
}

/* Every session of the part once, each user's in order, nobody twice in a batch, and batches as
 * full as the users left allow. */
static int is_whole(const struct trace *t, const size_t count[USERS][4], enum part part,
                    int64_t size)
{
    size_t done[USERS] = {0}, from = 0;
    for (size_t b = 0; b < t->end.len; from = t->end.at[b++]) {
        size_t left = 0;
        for (size_t u = 0; u < USERS; u++)
            left += done[u] < count[u][part];
        if (t->end.at[b] - from != (left < (size_t)size ? left : (size_t)size))
            return 0;
        char seen[USERS] = {0};
        for (size_t i = from; i < t->end.at[b]; i++) {
            int32_t u = t->user.at[i];
            size_t before = 0;
            for (enum part p = PART_TRAIN; p < part; p++)
                before += count[u][p];
            if (seen[u]++ || (size_t)t->number.at[i] != before + done[u]++)
                return 0;
        }
    }
    for (size_t u = 0; u < USERS; u++)
        if (done[u] != count[u][part])
            return 0;
    return 1;
}

/* Every session of the part once, in batches that are full but for the last. */
static int is_full(const struct trace *t, const size_t count[USERS][4], enum part part,
                   int64_t size)
{
    size_t wanted = 0, first[USERS];
    char *seen = mem_zero(USERS * SESSIONS, 1);
    int good = 1;
    for (size_t u = 0; u < USERS; u++) {
        first[u] = 0;
        for (enum part p = PART_TRAIN; p < part; p++)
            first[u] += count[u][p];
        wanted += count[u][part];
    }
    for (size_t b = 0; b < t->end.len; b++)
        good &= t->end.at[b] == (b + 1 < t->end.len ? (b + 1) * (size_t)size : wanted);
    good &= t->user.len == wanted && t->end.len == (wanted + (size_t)size - 1) / (size_t)size;
    for (size_t i = 0; i < t->user.len; i++) {
        size_t u = (size_t)t->user.at[i], number = (size_t)t->number.at[i] - first[u];
        good &= number < count[u][part] && !seen[u * SESSIONS + number]++;
    }
    mem_free(seen);
    return good;
}

/* The rule of longest-first: again and again the user with most sessions left, of those who are
 * not in the batch yet, the smallest id first. */
static int is_longest_first(const struct trace *t, const size_t count[USERS][4], enum part part)
{
    size_t left[USERS], from = 0;
    for (size_t u = 0; u < USERS; u++)
        left[u] = count[u][part];
    for (size_t b = 0; b < t->end.len; from = t->end.at[b++]) {
        char seen[USERS] = {0};
        for (size_t i = from; i < t->end.at[b]; i++) {
            int32_t best = -1;
            for (int32_t u = 0; u < USERS; u++)
                if (!seen[u] && left[u] > 0 && (best < 0 || left[u] > left[best]))
                    best = u;
            if (t->user.at[i] != best)
                return 0;
            seen[best] = 1;
        }
        for (size_t u = 0; u < USERS; u++)
            left[u] -= seen[u] != 0;
    }
    return 1;
}

static void one_log(uint64_t seed)
{
    struct session_store c = {0};
    size_t count[USERS][4];
    make_corpus(&c, seed, count);
    const int64_t sizes[] = {1, 3, 10, 1000};
    int64_t size = sizes[seed % 4];
    for (const struct scheme *s = scheme_table; s->name; s++)
        for (enum part part = PART_TRAIN; part <= PART_TEST && !s->parallel; part++) {
            struct trace t = {0};
            run(s->name, &c, size, seed, (struct epoch){1, part}, &t);
            tap_ok((s->keeps_order ? is_whole : is_full)(&t, (const size_t(*)[4])count, part, size),
                   "log %d, %s, %s, whole", (int)seed, s->name, part_name[part]);
            if (strcmp(s->name, "longest-first") == 0)
                tap_ok(is_longest_first(&t, (const size_t(*)[4])count, part),
                       "log %d, %s, longest first", (int)seed, part_name[part]);
            trace_release(&t);
        }
    session_store_release(&c);
}

static void seeds(void)
{
    struct session_store c = {0};
    size_t count[USERS][4];
    make_corpus(&c, 5, count);
    const struct epoch first = {1, PART_TRAIN}, second = {2, PART_TRAIN};
    struct trace longest[2] = {0};
    run("longest-first", &c, 5, 1, first, &longest[0]);
    run("longest-first", &c, 5, 2, second, &longest[1]);
    tap_ok(same_traces(&longest[0], &longest[1]), "longest-first: one order");
    static const char *const drawn[] = {"shuffled", "sessions"};
    for (int i = 0; i < 2; i++) {
        struct trace a = {0}, again = {0}, other_seed = {0}, other_epoch = {0};
        run(drawn[i], &c, 5, 1, first, &a);
        run(drawn[i], &c, 5, 1, first, &again);
        run(drawn[i], &c, 5, 2, first, &other_seed);
        run(drawn[i], &c, 5, 1, second, &other_epoch);
        tap_ok(a.end.len > 5 && same_traces(&a, &again), "%s: one seed, one order", drawn[i]);
        tap_ok(!same_traces(&a, &other_seed), "%s: another seed, another order", drawn[i]);
        tap_ok(!same_traces(&a, &other_epoch), "%s: another epoch, another order", drawn[i]);
        tap_ok(!same_traces(&a, &longest[0]), "%s is not longest-first", drawn[i]);
        trace_release(&a);
        trace_release(&again);
        trace_release(&other_seed);
        trace_release(&other_epoch);
    }
    trace_release(&longest[0]);
    trace_release(&longest[1]);
    session_store_release(&c);
}

/* Each of ten users with a session left is drawn first about equally often. */
static void even_draws(const char *name)
{
    struct session_store c = {0};
    const int64_t times[] = {1, 2};
    const int32_t items[] = {0, 1};
    for (int32_t u = 0; u < 10; u++)
        session_store_add(
            &c, &(struct session){
                    .user = u, .part = PART_TRAIN, .count = 2, .times = times, .items = items});
    session_store_group(&c);
    int drawn[10] = {0}, even = 1;
    for (int64_t epoch = 1; epoch <= 2000; epoch++) {
        struct trace t = {0};
        run(name, &c, 3, 1, (struct epoch){epoch, PART_TRAIN}, &t);
        drawn[t.user.at[0]]++;
        trace_release(&t);
    }
    for (int u = 0; u < 10; u++)
        even = even && drawn[u] > 140 && drawn[u] < 260; /* 200 ± 4.5 standard deviations */
    tap_ok(even, "%s draws every user alike", name);
    session_store_release(&c);
}

static void failing(void)
{
    struct session_store c = {0};
    size_t count[USERS][4];
    make_corpus(&c, 5, count);
    for (const struct scheme *s = scheme_table; s->name; s++) {
        if (s->parallel)
            continue;
        struct trace t = {.stop_after = 2};
        struct batching b = {.store = &c, .size = 5, .emit = keep, .to = &t};
        struct err e;
        tap_ok(s->pass(&b, (struct epoch){1, PART_TRAIN}, &e) == STATUS_IO && t.end.len == 3,
               "%s stops when its output fails", s->name);
        batching_release(&b);
        trace_release(&t);
    }
    session_store_release(&c);
}

int main(void)
{
    struct buf names = {0};
    scheme_names(&names);
    tap_ok(strcmp(names.at, "longest-first|shuffled|sessions|user-parallel|session-parallel") == 0,
           "the schemes' names");
    tap_ok(scheme_find("nothing") == NULL, "no such scheme");
    buf_release(&names);
    for (uint64_t seed = 0; seed < 40; seed++)
        one_log(seed);
    seeds();
    even_draws("shuffled");
    even_draws("sessions");
    failing();
    return tap_done();
}
