/* Which candidates are spared for the users who have had them: against a search through the log. */
#include "train/user_items.h"

#include "base/random.h"

#include "../streams.h"
#include "../tap.h"

enum { USERS = 9, ITEMS = 40, MOST = 12, TARGETS = 30, CANDIDATES = 25 };

/* The last sessions of some users are no training sessions. */
static void fill(struct session_store *c, struct random *random)
{
    struct err e;
    for (int32_t u = 0; u < USERS; u++)
        for (uint32_t s = random_below(random, MOST), last = random_below(random, MOST), i = 0;
             i < s; i++) {
            int64_t times[] = {i * 100, i * 100 + 1, i * 100 + 2};
            int32_t items[3];
            for (int k = 0; k < 3; k++)
                items[k] = (int32_t)random_below(random, ITEMS);
            struct session session = {u, i < last ? PART_TRAIN : PART_TEST, 3, times, items, NULL,
                                      0};
            must(session_store_add(c, &session, &e), &e);
        }
    must(session_store_end(c, &e), &e);
}

static bool had(const struct session_store *c, int32_t user, int32_t session, int32_t item)
{
    for (int32_t s = 0; s <= session && c->first.at[user] + s < c->first.at[user + 1]; s++) {
        size_t at = (size_t)(c->first.at[user] + s);
        for (size_t i = 0; i < session_store_length(c, at); i++)
            if (session_store_part(c, at) == PART_TRAIN && session_store_items(c, at)[i] == item)
                return true;
    }
    return false;
}

/* Whether the list holds exactly the candidates that the user has had, ascending. */
static bool is_right(const struct session_store *c, const struct candidates *k, int target,
                     int32_t user, int32_t session)
{
    int32_t from = k->spared_at[target], to = k->spared_at[target + 1];
    bool right = true;
    for (int32_t item = 0; item < ITEMS; item++) {
        bool candidate = false, spared = false;
        for (int i = 0; i < k->count; i++)
            candidate = candidate || k->item[i] == item;
        for (int32_t i = from; i < to; i++)
            spared = spared || k->spared[i] == item;
        right = right && spared == (candidate && had(c, user, session, item));
    }
    for (int32_t i = from + 1; i < to; i++)
        right = right && k->spared[i - 1] < k->spared[i];
    return right;
}

static int check_step(const struct session_store *c, struct user_items *x, struct random *random)
{
    int32_t user[TARGETS], session[TARGETS], item[CANDIDATES];
    int wrong = 0;
    for (int i = 0; i < TARGETS; i++) {
        bool same = i && random_below(random, 2);
        user[i] = same ? user[i - 1] : (int32_t)random_below(random, USERS);
        session[i] =
            same && random_below(random, 2) ? session[i - 1] : (int32_t)random_below(random, MOST);
    }
    for (int i = 0; i < CANDIDATES; i++)
        item[i] = (int32_t)random_below(random, ITEMS);
    struct candidates k = {.count = CANDIDATES, .item = item};
    user_items_spare(x, user, session, TARGETS, &k);
    for (int i = 0; i < TARGETS; i++)
        wrong += !is_right(c, &k, i, user[i], session[i]);
    return wrong;
}

static void check(size_t limit)
{
    struct random random = random_of(3, 1);
    struct session_store c = {0};
    struct user_items x;
    struct err e;
    int wrong = 0;
    fill(&c, &random);
    c.item.limit = limit;
    must(user_items_open(&x, &c, ITEMS, &e), &e);
    for (int i = 0; i < 50; i++)
        wrong += check_step(&c, &x, &random);
    tap_ok(!wrong && x.had.filed == (limit > 0), "%d of %d targets have wrong items spared, %s",
           wrong, 50 * TARGETS, limit ? "from a file" : "from memory");
    user_items_release(&x);
    session_store_release(&c);
}

int main(void)
{
    check(0);
    check(100);
    return tap_done();
}
