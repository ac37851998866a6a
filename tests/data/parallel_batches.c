/* lib/data/parallel_batches and the schemes with slots: steps against slots run plainly, one event
 * at a time; every session rebuilt from them; the stream's reader takes them. */
#include "data/parallel_batches.h"

#include "base/random.h"
#include "data/scheme.h"

#include "../streams.h"
#include "../tap.h"

enum { USERS = 12, LANES_MOST = 9 };

static void make_corpus(struct session_store *c, struct random *random)
{
    size_t users = 1 + random_below(random, USERS);
    for (size_t u = 0; u < users; u++)
        for (enum part part = PART_TRAIN; part <= PART_TEST; part++)
            for (uint32_t n = random_below(random, random_below(random, 5) ? 4 : 30); n > 0; n--) {
                int64_t times[6] = {0};
                int32_t items[6];
                size_t length = 1 + random_below(random, 6);
                for (size_t i = 0; i < length; i++)
                    items[i] = (int32_t)random_below(random, 1000);
                session_store_add(c, &(struct session){.user = (int32_t)u,
                                                       .part = part,
                                                       .count = length,
                                                       .times = times,
                                                       .items = items});
            }
    session_store_group(c);
}

/* All steps of a pass, records joined. */
struct trace {
    i32_vec item, target, user, session, position;
    VEC(unsigned char) reset;
    size_t records, largest; /* steps of the largest record */
    int64_t lanes, stop_after;
    int good;
};

static int keep(void *to, const struct steps *s, struct err *e)
{
    struct trace *t = to;
    size_t n = s->reset.len;
    t->good &= s->lanes == t->lanes && n > 0 && n % (size_t)s->lanes == 0;
    t->good &= s->item.len == n && s->target.len == n && s->user.len == n;
    t->good &= s->session.len == n && s->position.len == n;
    vec_append(&t->item, column_i32(s->item), n);
    vec_append(&t->target, column_i32(s->target), n);
    vec_append(&t->user, column_i32(s->user), n);
    vec_append(&t->session, column_i32(s->session), n);
    vec_append(&t->position, column_i32(s->position), n);
    vec_append(&t->reset, column_u8(s->reset), n);
    t->records++;
    t->largest = n > t->largest ? n : t->largest;
    return t->stop_after-- == 0 ? err_set(e, STATUS_IO, "no more") : 0;
}

static void trace_release(struct trace *t)
{
    vec_release(&t->item);
    vec_release(&t->target);
    vec_release(&t->user);
    vec_release(&t->session);
    vec_release(&t->position);
    vec_release(&t->reset);
}

static void run(const char *name, const struct session_store *c, int64_t lanes, uint64_t seed,
                struct epoch epoch, struct trace *t)
{
    struct err e;
    *t = (struct trace){.lanes = lanes, .stop_after = -1, .good = 1};
    struct batching b = {.store = c, .size = lanes, .seed = seed, .emit_steps = keep, .to = t};
    scheme_find(name)->pass(&b, epoch, &e);
    batching_release(&b);
}

static size_t session_of(const struct session_store *c, const struct trace *t, size_t i)
{
    return c->first.at[t->user.at[i]] + (size_t)t->session.at[i];
}

/* The sessions with a target as they begin in the steps, which are the turns of session-parallel;
 * of each user the first alone for those of user-parallel. */
static size_t turns_begun(const struct session_store *c, const struct trace *t, bool users,
                          struct session_range turns[])
{
    size_t count = 0;
    for (size_t i = 0; i < t->reset.len; i++) {
        if (t->reset.at[i] != RESET_SESSION && t->reset.at[i] != RESET_USER)
            continue;
        size_t first = session_of(c, t, i), end = first + 1;
        if (users && t->reset.at[i] != RESET_USER)
            continue;
        while (users && end < session_store_sessions(c) && c->user.at[end] == c->user.at[first] &&
               c->part.at[end] == c->part.at[first])
            end++;
        turns[count++] = (struct session_range){first, end};
    }
    return count;
}

/* What a lane has to say of each step, written down event by event: whichever lane is free first,
 * the lower one among several, takes the next turn. */
static int is_plain(const struct session_store *c, const struct trace *t,
                    const struct session_range *turns, size_t count)
{
    size_t lanes = (size_t)t->lanes, next = 0, row[LANES_MOST] = {0};
    size_t steps = t->reset.len / lanes;
    char *seen = mem_zero(t->reset.len + 1, 1);
    int good = 1;
    int32_t user[LANES_MOST];
    for (size_t lane = 0; lane < lanes; lane++)
        user[lane] = -1;
    for (;;) {
        size_t lane = 0;
        for (size_t i = 1; i < lanes; i++)
            lane = row[i] < row[lane] ? i : lane;
        if (next == count)
            break;
        const struct session_range turn = turns[next++];
        for (size_t s = turn.next; s < turn.end; s++)
            for (size_t k = 0; k + 1 < session_store_length(c, s); k++) {
                size_t i = row[lane]++ * lanes + lane;
                if (i >= t->reset.len) {
                    mem_free(seen);
                    return 0;
                }
                unsigned char reset = k                             ? RESET_NONE
                                      : user[lane] == c->user.at[s] ? RESET_SESSION
                                                                    : RESET_USER;
                good &= t->reset.at[i] == reset && session_of(c, t, i) == s;
                good &= t->position.at[i] == (int32_t)k && t->user.at[i] == c->user.at[s];
                good &= t->item.at[i] == session_store_items(c, s)[k];
                good &= t->target.at[i] == session_store_items(c, s)[k + 1];
                user[lane] = c->user.at[s];
                seen[i] = 1;
            }
    }
    size_t longest = 0;
    for (size_t lane = 0; lane < lanes; lane++)
        longest = row[lane] > longest ? row[lane] : longest;
    for (size_t i = 0; i < t->reset.len; i++)
        good &= seen[i] == (t->reset.at[i] != RESET_IDLE);
    mem_free(seen);
    return good && steps == longest;
}

/* Every session of the part that has a target begins once, and no other. */
static int is_whole(const struct session_store *c, const struct trace *t, enum part part)
{
    char *begun = mem_zero(session_store_sessions(c) + 1, 1);
    int good = t->good;
    for (size_t i = 0; i < t->reset.len; i++)
        if (t->reset.at[i] == RESET_SESSION || t->reset.at[i] == RESET_USER)
            good &= !begun[session_of(c, t, i)]++;
    for (size_t s = 0; s < session_store_sessions(c); s++)
        good &= begun[s] == (c->part.at[s] == part && session_store_length(c, s) > 1);
    mem_free(begun);
    return good;
}

static int write_to(void *out, const struct steps *s, struct err *e)
{
    return write_steps(out, s, e);
}

/* Writes the steps as a stream and reads it by its rules. */
static int is_readable(const struct session_store *c, const struct scheme *scheme, int64_t lanes)
{
    struct meta m = {.kind = STREAM_BATCHES};
    struct err e = {0};
    struct frame_out out;
    FILE *file = stream_temporary();
    struct output_file sink = {.fd = fileno(file)};
    meta_add_program(&m, "maker", "1", (struct bytes){0});
    meta_set_int(&m, "history", 0);
    meta_set_int(&m, "lanes", lanes);
    meta_set_bool(&m, "keeps_order", scheme->keeps_order);
    must(frame_out_open(&out, &sink, &m, false, &e), &e);
    stream_names(&out, USERS, 1000, &e);
    struct batching b = {.store = c, .size = lanes, .emit_steps = write_to, .to = &out};
    for (int64_t number = 1; number <= 2; number++)
        for (enum part part = PART_TRAIN; part <= PART_TEST; part++) {
            must(write_epoch(&out, (struct epoch){number, part}, &e), &e);
            must(scheme->pass(&b, (struct epoch){number, part}, &e), &e);
        }
    must(frame_out_end(&out, &e), &e);
    frame_out_release(&out);
    meta_release(&m);
    struct buf stream = {0};
    stream_bytes(file, &stream);
    int status = stream_check(stream.at, stream.len, &e);
    if (status)
        printf("# %s\n", e.text);
    buf_release(&stream);
    return status == 0;
}

static void one_log(uint64_t seed)
{
    struct random random = random_of(seed, 3);
    struct session_store c = {0};
    make_corpus(&c, &random);
    int64_t lanes = 1 + random_below(&random, LANES_MOST);
    struct session_range *turns = mem_alloc((session_store_sessions(&c) + 1) * sizeof *turns);
    for (const struct scheme *s = scheme_table; s->name; s++) {
        if (!s->parallel)
            continue;
        for (enum part part = PART_TRAIN; part <= PART_TEST; part++) {
            struct trace t;
            run(s->name, &c, lanes, seed, (struct epoch){1, part}, &t);
            size_t count = turns_begun(&c, &t, s->keeps_order, turns);
            tap_ok(is_whole(&c, &t, part), "log %d, %s, %s: each session once", (int)seed, s->name,
                   part_name[part]);
            tap_ok(is_plain(&c, &t, turns, count), "log %d, %s, %s: as lanes run plainly",
                   (int)seed, s->name, part_name[part]);
            trace_release(&t);
        }
        tap_ok(is_readable(&c, s, lanes), "log %d, %s: a stream by the rules", (int)seed, s->name);
    }
    mem_free(turns);
    session_store_release(&c);
}

static int same(const struct trace *a, const struct trace *b)
{
    return a->item.len == b->item.len &&
           !memcmp(a->item.at, b->item.at, a->item.len * sizeof *a->item.at) &&
           !memcmp(a->user.at, b->user.at, a->user.len * sizeof *a->user.at) &&
           !memcmp(a->reset.at, b->reset.at, a->reset.len);
}

static void seeds(const char *name)
{
    struct random random = random_of(11, 3);
    struct session_store c = {0};
    struct trace a, again, other_seed, other_epoch;
    make_corpus(&c, &random);
    run(name, &c, 3, 1, (struct epoch){1, PART_TRAIN}, &a);
    run(name, &c, 3, 1, (struct epoch){1, PART_TRAIN}, &again);
    run(name, &c, 3, 2, (struct epoch){1, PART_TRAIN}, &other_seed);
    run(name, &c, 3, 1, (struct epoch){2, PART_TRAIN}, &other_epoch);
    tap_ok(a.reset.len > 30 && same(&a, &again), "%s: one seed, one order", name);
    tap_ok(!same(&a, &other_seed), "%s: another seed, another order", name);
    tap_ok(!same(&a, &other_epoch), "%s: another epoch, another order", name);
    trace_release(&a);
    trace_release(&again);
    trace_release(&other_seed);
    trace_release(&other_epoch);
    session_store_release(&c);
}

/* One user of nine sessions and nine of one: he is the first as often as one of them. */
static void long_users(void)
{
    struct session_store c = {0};
    const int64_t times[] = {1, 2};
    const int32_t items[] = {0, 1};
    for (int32_t i = 0; i < 18; i++)
        session_store_add(&c, &(struct session){.user = i < 9 ? 0 : i - 8,
                                                .part = PART_TRAIN,
                                                .count = 2,
                                                .times = times,
                                                .items = items});
    session_store_group(&c);
    int first = 0;
    for (int64_t epoch = 1; epoch <= 2000; epoch++) {
        struct trace t;
        run("user-parallel", &c, 1, 1, (struct epoch){epoch, PART_TRAIN}, &t);
        first += t.user.at[0] == 0;
        trace_release(&t);
    }
    /* 1,000 ± 4.5 standard deviations */
    tap_ok(first > 900 && first < 1100, "a user of half the sessions is first in %d of 2000 draws",
           first);
    session_store_release(&c);
}

/* 2,000 sessions of 20 events in few lanes, and in more than a record of 64 KiB has room for. */
static void records(void)
{
    struct session_store c = {0};
    int64_t times[20] = {0};
    int32_t items[20] = {0};
    for (int32_t u = 0; u < 2000; u++)
        session_store_add(
            &c, &(struct session){
                    .user = u, .part = PART_TRAIN, .count = 20, .times = times, .items = items});
    session_store_group(&c);
    struct trace t;
    run("user-parallel", &c, 7, 1, (struct epoch){1, PART_TRAIN}, &t);
    tap_ok(t.good && t.records == (t.reset.len * 25 + 65535) / 65536 && t.largest * 25 <= 65536 &&
               (t.largest + 7) * 25 > 65536,
           "records of 64 KiB at most");
    trace_release(&t);
    run("user-parallel", &c, 4000, 1, (struct epoch){1, PART_TRAIN}, &t);
    tap_ok(t.good && t.records == 19 && t.largest == 4000, "one step at least");
    trace_release(&t);
    t = (struct trace){.lanes = 7, .stop_after = 2};
    struct batching b = {.store = &c, .size = 7, .emit_steps = keep, .to = &t};
    struct err e;
    tap_ok(scheme_find("user-parallel")->pass(&b, (struct epoch){1, PART_TRAIN}, &e) == STATUS_IO &&
               t.records == 3,
           "stops when its output fails");
    trace_release(&t);
    session_store_release(&c);
}

int main(void)
{
    for (uint64_t seed = 0; seed < 40; seed++)
        one_log(seed);
    seeds("user-parallel");
    seeds("session-parallel");
    long_users();
    records();
    return tap_done();
}
