/* lib/data/parallel_batches: steps against the plain way: each slot's sessions end to end, an event
 * a step. */
#include "data/parallel_batches.h"

#include "../tap.h"
#include "schedule.h"

enum { SLOTS_MOST = 9, TOGETHER = 2600 }; /* events that are taken at once */

/* Which slot is given which session, in order. */
struct given {
    int64_t slots;
    i32_vec slot, session;
};

static void give_random(const struct session_store *c, struct random *random, int64_t slots,
                        struct given *g)
{
    *g = (struct given){.slots = slots};
    for (size_t s = 0; s < session_store_sessions(c); s++)
        if (random_below(random, 4)) {
            vec_push(&g->slot, (int32_t)random_below(random, (uint32_t)slots));
            vec_push(&g->session, (int32_t)s);
        }
}

/* All steps, end to end. */
struct trace {
    i32_vec item, target, user, session, position;
    VEC(unsigned char) reset;
    size_t taken, largest; /* how often steps were taken, and the most events at once */
    bool good;
};

static void take(struct parallel_batches *p, struct trace *t)
{
    struct steps s = parallel_batches_take(p);
    size_t n = s.reset.len;
    t->good = t->good && s.slots == p->slots && n % (size_t)s.slots == 0 && s.item.len == n &&
              s.target.len == n && s.user.len == n && s.session.len == n && s.position.len == n;
    vec_append(&t->item, column_i32(s.item), n);
    vec_append(&t->target, column_i32(s.target), n);
    vec_append(&t->user, column_i32(s.user), n);
    vec_append(&t->session, column_i32(s.session), n);
    vec_append(&t->position, column_i32(s.position), n);
    vec_append(&t->reset, column_u8(s.reset), n);
    t->taken += n > 0;
    t->largest = n > t->largest ? n : t->largest;
}

/* All steps of what is given: all of it before the first step, or only what is wanted. */
static void run(struct parallel_batches *p, const struct given *g, bool late, struct trace *t)
{
    size_t next = 0;
    *t = (struct trace){.good = true};
    parallel_batches_begin(p);
    do {
        if (parallel_batches_full(p))
            take(p, t);
        while (next < g->slot.len && (!late || parallel_batches_wants(p))) {
            parallel_batches_give(p, g->slot.at[next], g->session.at[next]);
            next++;
        }
    } while (parallel_batches_step(p));
    take(p, t);
}

/* The slot's events, end to end: whether those of the steps are they, and idle ones behind. */
static bool is_plain_slot(const struct session_store *c, const struct given *g, int32_t slot,
                          const struct trace *t, size_t *steps)
{
    size_t slots = (size_t)g->slots, at = (size_t)slot;
    int32_t user = -1;
    bool good = true;
    for (size_t i = 0; i < g->slot.len; i++) {
        size_t s = (size_t)g->session.at[i];
        const int32_t *items = session_store_items(c, s);
        for (size_t k = 0; g->slot.at[i] == slot && k + 1 < session_store_length(c, s); k++) {
            unsigned char reset = k                                  ? RESET_NONE
                                  : user == session_store_user(c, s) ? RESET_SESSION
                                                                     : RESET_USER;
            user = session_store_user(c, s);
            good = good && at < t->reset.len && t->reset.at[at] == reset &&
                   t->user.at[at] == user && t->item.at[at] == items[k] &&
                   t->session.at[at] == (int32_t)s - c->first.at[user] &&
                   t->position.at[at] == (int32_t)k && t->target.at[at] == items[k + 1];
            at += slots;
        }
    }
    *steps = at / slots > *steps ? at / slots : *steps;
    for (; at < t->reset.len; at += slots)
        good = good && t->reset.at[at] == RESET_IDLE && !t->user.at[at] && !t->item.at[at] &&
               !t->target.at[at] && !t->position.at[at];
    return good;
}

/* As many steps as the longest slot has events. */
static bool is_plain(const struct session_store *c, const struct given *g, const struct trace *t)
{
    size_t steps = 0;
    bool good = t->good;
    for (int32_t slot = 0; slot < g->slots; slot++)
        good = good && is_plain_slot(c, g, slot, t, &steps);
    return good && t->reset.len == steps * (size_t)g->slots;
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

/* Two passes by one struct, of which the second finds nothing of the first. */
static void one_log(uint64_t seed)
{
    struct random random = random_of(seed, 3);
    struct session_store c = {0};
    log_make(&c, &random, 12);
    struct parallel_batches p = {.store = &c, .slots = 1 + random_below(&random, SLOTS_MOST)};
    for (int late = 0; late < 2; late++) {
        struct given g;
        struct trace t;
        give_random(&c, &random, p.slots, &g);
        run(&p, &g, late, &t);
        tap_ok(is_plain(&c, &g, &t), "log %d, %d slots, sessions given %s", (int)seed, (int)p.slots,
               late ? "late" : "early");
        trace_release(&t);
        vec_release(&g.slot);
        vec_release(&g.session);
    }
    parallel_batches_release(&p);
    session_store_release(&c);
}

/* Many sessions in few slots, and in more than are run together. */
static void run_together(void)
{
    struct random random = random_of(1, 1);
    struct session_store c = {0};
    struct log_ids ids = {0, 0};
    struct err e;
    for (int32_t u = 0; u < 5000; u++)
        log_add(&c, &ids, &random, u, PART_TRAIN, 0, 20);
    must(session_store_end(&c, &e), &e);
    static const int64_t slots[] = {7, 4000};
    for (int i = 0; i < 2; i++) {
        struct parallel_batches p = {.store = &c, .slots = slots[i]};
        struct given g = {.slots = slots[i]};
        struct trace t;
        for (int32_t s = 0; s < 5000; s++) {
            vec_push(&g.slot, s % (int32_t)slots[i]);
            vec_push(&g.session, s);
        }
        run(&p, &g, true, &t);
        size_t steps = t.reset.len / (size_t)slots[i], together = TOGETHER / (size_t)slots[i];
        together = together ? together : 1;
        tap_ok(t.good && t.largest == together * (size_t)slots[i] &&
                   t.taken == (steps + together - 1) / together,
               "%zu steps of %d slots in runs of %zu", steps, (int)slots[i], together);
        trace_release(&t);
        vec_release(&g.slot);
        vec_release(&g.session);
        parallel_batches_release(&p);
    }
    session_store_release(&c);
}

static void nothing(void)
{
    struct random random = random_of(1, 1);
    struct session_store c = {0};
    struct log_ids ids = {0, 0};
    struct err e;
    log_add(&c, &ids, &random, 0, PART_TRAIN, 0, 1);
    must(session_store_end(&c, &e), &e);
    struct parallel_batches p = {.store = &c, .slots = 3};
    parallel_batches_begin(&p);
    tap_ok(parallel_batches_wants(&p) && !parallel_batches_step(&p), "no session, no step");
    parallel_batches_give(&p, 1, 0);
    tap_ok(parallel_batches_wants(&p) && !parallel_batches_step(&p) &&
               parallel_batches_take(&p).reset.len == 0,
           "a session of one event makes no step");
    parallel_batches_release(&p);
    session_store_release(&c);
}

int main(void)
{
    for (uint64_t seed = 0; seed < 40; seed++)
        one_log(seed);
    run_together();
    nothing();
    return tap_done();
}
