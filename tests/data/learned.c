/* lib/data/learned: the oldest and the newest shares, against a count of the sessions before each.
 */
#include "data/learned.h"

#include "../tap.h"
#include "schedule.h"

/* The sessions of which shares are taken; NULL: all of the training part. */
static unsigned char *among;

static bool is_in(const struct session_store *c, size_t s)
{
    return session_store_part(c, s) == PART_TRAIN && (!among || among[s]);
}

/* Whether session a is before b: of all by its start alone, of a user by its number. */
static bool is_before(const struct session_store *c, bool of_user, size_t a, size_t b)
{
    if (!is_in(c, a))
        return false;
    return of_user ? session_store_user(c, a) == session_store_user(c, b) && a < b
                   : session_store_start(c, a) < session_store_start(c, b);
}

/* How many training sessions are before it, and in all. */
static int64_t before(const struct session_store *c, bool of_user, size_t session, int64_t *all)
{
    int64_t count = 0;
    *all = 0;
    for (size_t s = 0; s < session_store_sessions(c); s++) {
        bool counts = !of_user || session_store_user(c, s) == session_store_user(c, session);
        count += is_before(c, of_user, s, session);
        *all += counts && is_in(c, s);
    }
    return count;
}

/* The oldest: fewer than the share's number are before it, or, where those of its own start lie
 * across the edge, all of them are behind it. */
static bool is_plain(const struct session_store *c, const struct learned_share *share, size_t s)
{
    int64_t all, rank = before(c, share->of_each_user, s, &all), same = 0;
    int64_t edge = share->newest
                       ? all - (share->of.over * all + share->of.under - 1) / share->of.under
                       : share->of.over * all / share->of.under;
    for (size_t i = 0; i < session_store_sessions(c) && !share->of_each_user; i++)
        same += i != s && is_in(c, i) && session_store_start(c, i) == session_store_start(c, s);
    bool oldest = rank + same < edge; /* the session at the edge starts later */
    return share->newest ? !oldest : oldest;
}

static void one_log(uint64_t seed, struct learned_share share, bool of_some)
{
    static const struct learned_share all = {.of = {1, 1}};
    struct random random = random_of(seed, 3);
    struct session_store c = {0};
    unsigned char *learned, *rest;
    struct err e;
    struct learned_share other = {fraction_rest(share.of), !share.newest, share.of_each_user};
    log_make(&c, &random, 12);
    int wrong = 0, both = 0, count = 0;
    among = of_some ? mem_alloc(session_store_sessions(&c)) : NULL;
    for (size_t s = 0; of_some && s < session_store_sessions(&c); s++)
        among[s] = random_below(&random, 4) > 0;
    int status = learned_choose(&c, among, (struct learned_share[]){share, all}, &learned, &e);
    learned_choose(&c, among, (struct learned_share[]){all, other}, &rest, &e);
    for (size_t s = 0; s < session_store_sessions(&c); s++)
        if (session_store_part(&c, s) == PART_TRAIN && !is_in(&c, s)) {
            wrong += learned[s] || rest[s];
        } else if (is_in(&c, s)) {
            wrong += learned[s] != is_plain(&c, &share, s);
            both += learned[s] == rest[s];
            count += learned[s];
        }
    tap_ok(!wrong && !both && status == (count ? 0 : STATUS_DATA),
           "log %d%s: the %s %d/%d%s: %d wrong, %d in both or none", (int)seed,
           of_some ? ", of some sessions" : "", share.newest ? "newest" : "oldest",
           (int)share.of.over, (int)share.of.under, share.of_each_user ? " of each user" : "",
           wrong, both);
    mem_free(learned);
    mem_free(rest);
    mem_free(among);
    session_store_release(&c);
}

static bool is_same(const struct learned_share *a, const struct learned_share *b)
{
    return a->of.over == b->of.over && a->of.under == b->of.under && a->newest == b->newest &&
           a->of_each_user == b->of_each_user;
}

static void check_header(void)
{
    const struct learned_share some[2] = {{{1, 4}, true, false}, {{8, 10}, false, true}};
    const struct learned_share all[2] = {{{1, 1}, true, false}, {{1, 1}, false, false}};
    struct learned_share found[2], none[2];
    struct meta m = {0}, empty = {0};
    learned_note(&m, some);
    learned_noted(&m, found);
    learned_note(&empty, all);
    learned_noted(&empty, none);
    bool same = true;
    for (int i = 0; i < 2; i++)
        same = same && is_same(&found[i], &some[i]) && is_same(&none[i], &all[i]);
    tap_ok(same && !empty.entries.len, "a header names the shares that are not all");
    meta_release(&m);
    meta_release(&empty);
}

static void check_parse(void)
{
    struct learned_share s;
    tap_ok(learned_share_parse("4/5", &s) && s.of.over == 4 && s.of.under == 5 && !s.of_each_user,
           "4/5");
    tap_ok(learned_share_parse("user:0.2", &s) && s.of.over == 2 && s.of_each_user, "user:0.2");
    tap_ok(!learned_share_parse("0", &s) && !learned_share_parse("user:", &s) &&
               !learned_share_parse("user:1.1", &s) && !learned_share_parse("users:0.1", &s),
           "what is no share");
}

int main(void)
{
    check_header();
    check_parse();
    for (uint64_t seed = 0; seed < 10; seed++)
        for (int i = 0; i < 8; i++)
            one_log(seed, (struct learned_share){{1 + (int64_t)seed % 4, 5}, i & 1, i & 2}, i & 4);
    return tap_done();
}
