/* Remembered sessions against a plain list of them all. */
#include "model/memory_slots.h"

#include "base/random.h"
#include "../tap.h"

enum { USERS = 7, STEPS = 20000, MOST = 20 };

struct plain {
    int32_t session[MOST], slot[MOST];
    int count;
};

static int32_t plain_find(const struct plain *p, int32_t session)
{
    for (int i = 0; i < p->count; i++)
        if (p->session[i] == session)
            return p->slot[i];
    return -1;
}

static void plain_add(struct plain *p, int capacity, int32_t session, int32_t slot)
{
    while (p->count && p->session[p->count - 1] >= session)
        p->count--;
    if (p->count == capacity) {
        memmove(p->session, p->session + 1, (MOST - 1) * sizeof *p->session);
        memmove(p->slot, p->slot + 1, (MOST - 1) * sizeof *p->slot);
        p->count--;
    }
    p->session[p->count] = session;
    p->slot[p->count++] = slot;
}

static int agree(const struct memory_slots *past, const struct plain *plain, int32_t user,
                 struct random *r)
{
    int32_t asked[8], slot[8];
    int known = 0, wrong = 0, count = (int)random_below(r, 9);
    int32_t session = plain[user].count ? plain[user].session[plain[user].count - 1] - 12 : 0;
    for (int i = 0; i < count; i++)
        asked[i] = session = session + 1 + (int32_t)random_below(r, 3);
    int got = memory_slots_find(past, user, asked, count, slot);
    for (int i = 0; i < count; i++) {
        int32_t expected = plain_find(&plain[user], asked[i]);
        wrong += slot[i] != expected;
        known += expected >= 0;
    }
    return !wrong && got == known;
}

/* Slots in use differ, and no more are used than sessions can be remembered. */
static int slots_differ(const struct memory_slots *p)
{
    char *seen = mem_zero((size_t)p->slots + 1, 1);
    int wrong = p->slots > p->users * p->capacity;
    for (int32_t u = 0; u < p->users; u++)
        for (int32_t i = 0; i < p->user[u].count; i++) {
            int32_t place = (p->user[u].first + i) % p->user[u].room;
            wrong += seen[p->user[u].entry[place].slot]++ != 0;
        }
    mem_free(seen);
    return !wrong;
}

static void check_capacity(int capacity)
{
    static struct plain plain[USERS];
    struct random r = random_of(3, (uint64_t)capacity);
    struct memory_slots past;
    int wrong = 0;
    memset(plain, 0, sizeof plain);
    memory_slots_init(&past, USERS, capacity);
    for (int step = 0; step < STEPS && !wrong; step++) {
        int32_t user = (int32_t)random_below(&r, USERS);
        struct plain *p = &plain[user];
        int32_t last = p->count ? p->session[p->count - 1] : -1;
        int32_t session = last + 1 + (int32_t)(random_below(&r, 4) == 0);
        if (random_below(&r, 50) == 0 && session > 3)
            session -= 3; /* the test pass comes again */
        int32_t slot = memory_slots_add(&past, user, session);
        plain_add(p, capacity, session, slot);
        wrong += !agree(&past, plain, user, &r);
        wrong += step % 100 == 0 && !slots_differ(&past);
        if (random_below(&r, 200) == 0) {
            memory_slots_forget(&past, user);
            p->count = 0;
        }
        if (random_below(&r, 3000) == 0) {
            memory_slots_clear(&past);
            memset(plain, 0, sizeof plain);
        }
    }
    tap_ok(!wrong, "the newest %d sessions of each user, found by number", capacity);
    memory_slots_release(&past);
}

int main(void)
{
    struct memory_slots none;
    int32_t slot, session = 0;
    for (int capacity = 1; capacity < 18; capacity += 1 + capacity / 4)
        check_capacity(capacity);
    memory_slots_init(&none, 2, 0);
    tap_ok(memory_slots_add(&none, 1, 0) == -1 &&
               memory_slots_find(&none, 1, &session, 1, &slot) == 0 && slot == -1,
           "nothing is remembered where nothing is to be");
    memory_slots_release(&none);
    return tap_done();
}
