/* lib/data/rounds: the sessions of a part by rounds, as two loops give them. */
#include "data/rounds.h"

#include "../tap.h"
#include "schedule.h"

/* The sessions that count; NULL: all. */
static const unsigned char *mark;

/* Session n of the part of the user; -1: there is none. */
static int32_t plain_session(const struct session_store *c, size_t user, enum part part, size_t n)
{
    for (int32_t s = c->first.at[user]; s < c->first.at[user + 1]; s++)
        if (session_store_part(c, (size_t)s) == part && (!mark || mark[s]) && n-- == 0)
            return s;
    return -1;
}

/* The sessions of round n of all users; their count. */
static size_t plain_round(const struct session_store *c, enum part part, size_t n, i32_vec *to)
{
    vec_clear(to);
    for (size_t u = 0; u < session_store_users(c); u++)
        if (plain_session(c, u, part, n) >= 0)
            vec_push(to, plain_session(c, u, part, n));
    return to->len;
}

static bool is_batch(const struct rounds *r, const int32_t *wanted, size_t count)
{
    return r->picked.len == count && !memcmp(r->picked.at, wanted, count * sizeof *wanted);
}

/* Batches as full as the round allows, none of two rounds. */
static bool is_plain(struct rounds *r, const struct session_store *c, enum part part, size_t size)
{
    i32_vec round = {0};
    bool good = true;
    for (size_t n = 0; good && plain_round(c, part, n, &round); n++)
        for (size_t at = 0; good && at < round.len; at += size) {
            size_t left = round.len - at;
            good = rounds_next(r, size) && is_batch(r, round.at + at, left < size ? left : size);
        }
    vec_release(&round);
    return good && !rounds_next(r, size) && !rounds_next(r, size);
}

/* Those of each user from one on, and from there on none of them. */
static void marked(const struct session_store *c, struct random *random)
{
    unsigned char *made = mem_zero(session_store_sessions(c) + 1, 1);
    for (size_t u = 0; u < session_store_users(c); u++) {
        int32_t n = c->first.at[u + 1] - c->first.at[u];
        for (int32_t s = c->first.at[u] + (int32_t)random_below(random, (uint32_t)n + 1);
             s < c->first.at[u + 1]; s++)
            made[s] = 1;
    }
    for (unsigned char as = 0; as < 2; as++) {
        struct rounds r;
        rounds_open_marked(&r, c, PART_TRAIN, made, as);
        for (size_t s = 0; as == 0 && s < session_store_sessions(c); s++)
            made[s] = !made[s];
        mark = made;
        tap_ok(is_plain(&r, c, PART_TRAIN, 3), "only sessions with mark %d", as);
        mark = NULL;
        for (size_t s = 0; as == 0 && s < session_store_sessions(c); s++)
            made[s] = !made[s];
        rounds_release(&r);
    }
    mem_free(made);
}

int main(void)
{
    static const size_t sizes[] = {1, 3, 1000};
    for (uint64_t seed = 0; seed < 20; seed++) {
        struct random random = random_of(seed, 1);
        struct session_store c = {0};
        log_make(&c, &random, seed % 5 ? 12 : 1);
        for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++)
            for (enum part part = PART_TRAIN; part <= PART_TEST; part++) {
                struct rounds r;
                rounds_open(&r, &c, part);
                tap_ok(is_plain(&r, &c, part, sizes[i]), "log %d, %s, batches of %zu", (int)seed,
                       part_name[part], sizes[i]);
                rounds_release(&r);
            }
        marked(&c, &random);
        session_store_release(&c);
    }
    return tap_done();
}
