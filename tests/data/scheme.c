/* lib/data/scheme: every session of a pass once, each user's in order where that is promised;
 * longest-first and the slots of parallel mini-batches against the rules written down plainly. */
#include "data/scheme.h"

#include "../tap.h"
#include "schedule.h"

enum { USERS = 40, SLOTS_MOST = 9 };

/* Which sessions a pass has to have. */
struct wanted {
    const struct session_store *store;
    enum part part;
    int64_t since;
    size_t least; /* events */
};

static bool is_wanted(const struct wanted *w, size_t s)
{
    return session_store_part(w->store, s) == w->part &&
           session_store_length(w->store, s) >= w->least &&
           (w->part != PART_TRAIN || session_store_start(w->store, s) >= w->since);
}

/* The user's first session from `from` on that is wanted; -1: there is none. */
static int32_t next_of(const struct wanted *w, int32_t user, int32_t from)
{
    int32_t first = w->store->first.at[user];
    for (int32_t s = from > first ? from : first; s < w->store->first.at[user + 1]; s++)
        if (is_wanted(w, (size_t)s))
            return s;
    return -1;
}

static size_t count_wanted(const struct wanted *w, int32_t user, int32_t from)
{
    size_t count = 0;
    for (int32_t s = next_of(w, user, from); s >= 0; s = next_of(w, user, s + 1))
        count++;
    return count;
}

static int32_t user_of(const struct wanted *w, int32_t session)
{
    return session_store_user(w->store, (size_t)session);
}

/* Every session that is wanted once, and no other. */
static bool is_whole(const struct schedule_trace *t, const struct wanted *w)
{
    size_t sessions = session_store_sessions(w->store);
    char *seen = mem_zero(sessions, 1);
    bool good = true;
    for (size_t i = 0; i < t->session.len; i++)
        good = good && !seen[t->session.at[i]]++;
    for (size_t s = 0; s < sessions; s++)
        good = good && seen[s] == is_wanted(w, s);
    mem_free(seen);
    return good;
}

/* Each user's sessions in order, nobody twice in a batch, and batches as full as the users who have
 * sessions left allow. */
static bool keeps_order(const struct schedule_trace *t, const struct wanted *w, size_t size)
{
    int32_t done[USERS] = {0}; /* behind the user's last session so far */
    int32_t users = (int32_t)session_store_users(w->store);
    size_t from = 0;
    for (size_t b = 0; b < t->end.len; from = t->end.at[b++]) {
        char seen[USERS] = {0};
        size_t left = 0;
        for (int32_t u = 0; u < users; u++)
            left += next_of(w, u, done[u]) >= 0;
        if (t->end.at[b] - from != (left < size ? left : size))
            return false;
        for (size_t i = from; i < t->end.at[b]; i++) {
            int32_t s = t->session.at[i], u = user_of(w, s);
            if (seen[u]++ || s != next_of(w, u, done[u]))
                return false;
            done[u] = s + 1;
        }
    }
    return true;
}

/* Batches that are full but for the last. */
static bool is_full(const struct schedule_trace *t, size_t size)
{
    size_t batches = (t->session.len + size - 1) / size;
    bool good = t->end.len == batches;
    for (size_t b = 0; good && b < batches; b++)
        good = t->end.at[b] == (b + 1 < batches ? (b + 1) * size : t->session.len);
    return good;
}

/* The rule of longest-first: again and again the user with most sessions left, of those who are
 * not in the batch yet, the smallest id first. */
static bool is_longest_first(const struct schedule_trace *t, const struct wanted *w)
{
    int32_t users = (int32_t)session_store_users(w->store);
    size_t left[USERS], from = 0;
    for (int32_t u = 0; u < users; u++)
        left[u] = count_wanted(w, u, 0);
    for (size_t b = 0; b < t->end.len; from = t->end.at[b++]) {
        char seen[USERS] = {0};
        for (size_t i = from; i < t->end.at[b]; i++) {
            int32_t best = -1;
            for (int32_t u = 0; u < users; u++)
                if (!seen[u] && left[u] > 0 && (best < 0 || left[u] > left[best]))
                    best = u;
            if (user_of(w, t->session.at[i]) != best)
                return false;
            seen[best] = 1;
        }
        for (int32_t u = 0; u < users; u++)
            left[u] -= seen[u] != 0;
    }
    return true;
}

/* ---- slots ---- */

/* A slot that has begun `steps` steps goes on behind `last`, its last session; -1: it had none. */
struct plain_slot {
    size_t steps;
    int32_t last;
};

/* What the slot goes on with; -1: it takes what comes next in the queue. */
static int32_t own_next(const struct wanted *w, const struct plain_slot *slot, bool of_users)
{
    return of_users && slot->last >= 0 ? next_of(w, user_of(w, slot->last), slot->last + 1) : -1;
}

/* Where a user's sessions stay together, the queue has users; else sessions. */
static size_t queue_length(const struct wanted *w, bool of_users)
{
    size_t length = 0;
    for (int32_t u = 0; u < (int32_t)session_store_users(w->store); u++)
        length += of_users ? next_of(w, u, 0) >= 0 : count_wanted(w, u, 0);
    return length;
}

/* Whichever slot has the fewest steps, the lower one among several, is given the next session: its
 * user's, else one from the queue. */
static bool is_slot_by_slot(const struct schedule_trace *t, const struct wanted *w, size_t slots,
                            bool of_users)
{
    struct plain_slot slot[SLOTS_MOST] = {{0, 0}};
    size_t queue = queue_length(w, of_users);
    bool good = t->slot.len == t->session.len;
    for (size_t k = 0; k < slots; k++)
        slot[k].last = -1;
    for (size_t i = 0; good && i < t->session.len; i++) {
        size_t next = slots;
        for (size_t k = 0; k < slots; k++)
            if ((queue || own_next(w, &slot[k], of_users) >= 0) &&
                (next == slots || slot[k].steps < slot[next].steps))
                next = k;
        int32_t session = t->session.at[i], own = own_next(w, &slot[next], of_users);
        bool begins = !of_users || session == next_of(w, user_of(w, session), 0);
        good = (size_t)t->slot.at[i] == next && (own >= 0 ? session == own : begins);
        queue -= own < 0;
        slot[next].steps += session_store_length(w->store, (size_t)session) - 1;
        slot[next].last = session;
    }
    return good && queue == 0;
}

/* ---- logs ---- */

/* The sessions that began at `since` or later, as a mask that the caller frees; 0: NULL, all. */
static unsigned char *learned_since(const struct session_store *c, int64_t since)
{
    if (!since)
        return NULL;
    unsigned char *learned = mem_zero(session_store_sessions(c), 1);
    for (size_t s = 0; s < session_store_sessions(c); s++)
        learned[s] = session_store_start(c, s) >= since;
    return learned;
}

static void one_pass(const struct scheme *scheme, const struct session_store *c, struct log_ids ids,
                     uint64_t seed, enum part part, int64_t since)
{
    static const int64_t sizes[] = {1, 3, 10, 1000};
    int64_t size = scheme->parallel ? 1 + (int64_t)seed % SLOTS_MOST : sizes[seed % 4];
    unsigned char *learned = learned_since(c, since);
    struct schedule_out o = {.store = c, .size = size, .learned = learned, .seed = seed};
    const struct wanted w = {c, part, since, scheme->parallel ? 2 : 1};
    struct schedule_trace t;
    schedule_pass(scheme, &o, ids, (struct epoch){1, part}, &t);
    bool good = is_whole(&t, &w);
    if (scheme->parallel)
        good = good && is_slot_by_slot(&t, &w, (size_t)size, scheme->keeps_order);
    else
        good = good && (scheme->keeps_order ? keeps_order(&t, &w, (size_t)size)
                                            : is_full(&t, (size_t)size));
    if (!strcmp(scheme->name, "longest-first"))
        good = good && is_longest_first(&t, &w);
    tap_ok(good, "log %d, %s, %s, since %d", (int)seed, scheme->name, part_name[part], (int)since);
    schedule_trace_release(&t);
    mem_free(learned);
}

static void one_log(uint64_t seed)
{
    struct random random = random_of(seed, 2);
    struct session_store c = {0};
    struct log_ids ids = log_make(&c, &random, USERS);
    for (const struct scheme *s = scheme_table; s->name; s++)
        for (enum part part = PART_TRAIN; part <= (s->parallel ? PART_TRAIN : PART_TEST); part++) {
            one_pass(s, &c, ids, seed, part, 0);
            one_pass(s, &c, ids, seed, part, 500);
        }
    session_store_release(&c);
}

/* ---- random choices ---- */

static bool same_traces(const struct schedule_trace *a, const struct schedule_trace *b)
{
    return a->session.len == b->session.len && a->end.len == b->end.len &&
           !memcmp(a->session.at, b->session.at, a->session.len * sizeof *a->session.at) &&
           !memcmp(a->end.at, b->end.at, a->end.len * sizeof *a->end.at);
}

/* The choices of one scheme: those of a seed and an epoch, again, of another seed, another epoch.
 */
static void seeds(const struct scheme *scheme)
{
    static const struct {
        uint64_t seed;
        int64_t epoch;
    } choices[] = {{1, 1}, {1, 1}, {2, 1}, {1, 2}};
    struct random random = random_of(11, 3);
    struct session_store c = {0};
    struct log_ids ids = log_make(&c, &random, USERS);
    struct schedule_trace t[4];
    for (int i = 0; i < 4; i++) {
        struct schedule_out o = {.store = &c, .size = 5, .seed = choices[i].seed};
        schedule_pass(scheme, &o, ids, (struct epoch){choices[i].epoch, PART_TRAIN}, &t[i]);
    }
    tap_ok(t[0].session.len > 30 && same_traces(&t[0], &t[1]), "%s: one seed, one order",
           scheme->name);
    tap_ok(same_traces(&t[0], &t[2]) == scheme->repeats, "%s: another seed", scheme->name);
    tap_ok(same_traces(&t[0], &t[3]) == scheme->repeats, "%s: another epoch", scheme->name);
    for (int i = 0; i < 4; i++)
        schedule_trace_release(&t[i]);
    session_store_release(&c);
}

/* A log of two events a session; session i is of user users[i]. */
static struct log_ids plain_log(struct session_store *c, const int32_t *users, size_t count)
{
    struct log_ids ids = {0, 0};
    struct random random = random_of(1, 1);
    struct err e;
    for (size_t i = 0; i < count; i++)
        log_add(c, &ids, &random, users[i], PART_TRAIN, (int64_t)i, 2);
    must(session_store_end(c, &e), &e);
    return ids;
}

/* In how many of 2,000 epochs, written to one stream, each user is the first. */
static void count_first(const char *name, const struct session_store *c, struct log_ids ids,
                        int64_t size, int first[USERS])
{
    const struct scheme *scheme = scheme_find(name);
    struct made m;
    struct schedule_trace t;
    struct err e;
    schedule_open(&m, c, ids, scheme, size);
    struct schedule_out o = {.store = c, .out = &m.out, .size = size, .seed = 1};
    for (int64_t epoch = 1; epoch <= 2000; epoch++) {
        must(write_epoch(&m.out, (struct epoch){epoch, PART_TRAIN}, &e), &e);
        must(scheme->pass(&o, (struct epoch){epoch, PART_TRAIN}, &e), &e);
    }
    schedule_read(&m, &t, NULL);
    memset(first, 0, USERS * sizeof *first);
    for (size_t p = 0; p < t.begin.len; p++) {
        size_t record = t.begin.at[p], at = record ? t.end.at[record - 1] : 0;
        first[session_store_user(c, (size_t)t.session.at[at])]++;
    }
    schedule_trace_release(&t);
}

/* Each of ten users with a session left is drawn first about equally often. */
static void even_draws(const char *name)
{
    static const int32_t users[] = {0, 1, 2, 3, 4, 5, 6, 7, 8, 9};
    struct session_store c = {0};
    struct log_ids ids = plain_log(&c, users, 10);
    int first[USERS];
    bool even = true;
    count_first(name, &c, ids, 3, first);
    for (int u = 0; u < 10; u++)
        even = even && first[u] > 140 && first[u] < 260; /* 200 ± 4.5 standard deviations */
    tap_ok(even, "%s draws every user alike", name);
    session_store_release(&c);
}

/* One user of nine sessions and nine of one: the first is first as often as all of the others. */
static void long_users(void)
{
    static const int32_t users[] = {0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9};
    struct session_store c = {0};
    struct log_ids ids = plain_log(&c, users, 18);
    int first[USERS];
    count_first("user-parallel", &c, ids, 1, first);
    /* 1,000 ± 4.5 standard deviations */
    tap_ok(first[0] > 900 && first[0] < 1100, "a user of half the sessions is first %d of 2000",
           first[0]);
    session_store_release(&c);
}

/* ---- what is learned from, what is written together, what fails ---- */

static void learning(void)
{
    static const int32_t users[] = {0, 0, 1, 1, 2};
    struct session_store c = {0};
    struct log_ids ids = plain_log(&c, users, 5);
    struct schedule_out o = {.store = &c, .size = 3, .min_batch = 3};
    struct schedule_trace t;
    schedule_pass(scheme_of_tests(), &o, ids, (struct epoch){1, PART_TRAIN}, &t);
    tap_ok(t.learn.len == 2 && t.learn.at[0] == 1 && t.learn.at[1] == 0 && o.left_out == 2,
           "a batch of --min-batch sessions is learned from; a smaller one is not, and is counted");
    schedule_trace_release(&t);
    for (size_t s = 0; s < session_store_sessions(&c); s++)
        ((struct stored_session *)(void *)c.head.memory.at)[s].part = PART_TEST;
    schedule_pass(scheme_of_tests(), &o, ids, (struct epoch){1, PART_TEST}, &t);
    tap_ok(t.learn.len == 2 && t.learn.at[1] == 1 && o.left_out == 2,
           "outside training the size does not matter");
    schedule_trace_release(&t);
    session_store_release(&c);
}

/* Slots of very many sessions are written in several records. */
static void long_records(void)
{
    struct random random = random_of(1, 1);
    struct session_store c = {0};
    struct log_ids ids = {0, 0};
    struct schedule_trace t;
    struct err e;
    for (int64_t s = 0; s < 20000; s++)
        log_add(&c, &ids, &random, (int32_t)(s / 1000), PART_TRAIN, s, 2);
    must(session_store_end(&c, &e), &e);
    struct schedule_out o = {.store = &c, .size = 7};
    schedule_pass(scheme_find("user-parallel"), &o, ids, (struct epoch){1, PART_TRAIN}, &t);
    tap_ok(t.end.len == 3 && t.end.at[0] == 8192 && t.end.at[1] == 16384 && t.end.at[2] == 20000,
           "20,000 sessions in records of 64 KiB");
    schedule_trace_release(&t);
    session_store_release(&c);
}

static int refuse_third(void *to, struct bytes record, struct err *e)
{
    int *records = to;
    (void)record;
    return ++*records == 3 ? err_set(e, STATUS_IO, "no") : 0;
}

static void failing(void)
{
    struct random random = random_of(11, 3);
    struct session_store c = {0};
    struct err e;
    struct log_ids ids = {0, 0};
    for (int64_t s = 0; s < 40000; s++)
        log_add(&c, &ids, &random, (int32_t)(s / 4000), PART_TRAIN, s, 2);
    must(session_store_end(&c, &e), &e);
    for (const struct scheme *s = scheme_table; s->name; s++) {
        struct frame_out out;
        int records = 0;
        frame_out_divert(&out, refuse_third, &records);
        struct schedule_out o = {.store = &c, .out = &out, .size = 5};
        tap_ok(s->pass(&o, (struct epoch){1, PART_TRAIN}, &e) == STATUS_IO && records == 3,
               "%s stops when its output fails", s->name);
        frame_out_release(&out);
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
    tap_ok(scheme_of_tests() == scheme_find("longest-first"), "tests are longest-first");
    buf_release(&names);
    for (uint64_t seed = 0; seed < 40; seed++)
        one_log(seed);
    for (const struct scheme *s = scheme_table; s->name; s++)
        seeds(s);
    even_draws("shuffled");
    even_draws("sessions");
    even_draws("session-parallel");
    even_draws("user-parallel");
    long_users();
    learning();
    long_records();
    failing();
    return tap_done();
}
