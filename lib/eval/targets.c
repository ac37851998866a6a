#include "eval/targets.h"

#include <stdlib.h>

/* Mixes bits so that each bit of the input changes half of the output's (splitmix64's finalizer).
 */
static uint64_t mixed(uint64_t x)
{
    x = (x ^ x >> 30) * 0xbf58476d1ce4e5b9;
    x = (x ^ x >> 27) * 0x94d049bb133111eb;
    return x ^ x >> 31;
}

static uint64_t pair(int32_t high, int32_t low)
{
    return (uint64_t)(uint32_t)high << 32 | (uint32_t)low;
}

/* A sum of hashes does not depend on their order.  The session takes no part, since ranks as text
 * do not say it. */
void targets_add(struct targets *t, struct target_place at, bool listed)
{
    t->count++;
    t->digest += mixed(mixed(pair(at.user, at.position)) + pair(1, at.item));
    if (listed)
        vec_push(&t->at, at);
}

static int compare_i32(int32_t a, int32_t b)
{
    return (a > b) - (a < b);
}

static int compare_places(const struct target_place *x, const struct target_place *y)
{
    int order = compare_i32(x->user, y->user);
    order = order ? order : compare_i32(x->session, y->session);
    return order ? order : compare_i32(x->position, y->position);
}

static int compare_targets(const void *a, const void *b)
{
    const struct target_place *x = a, *y = b;
    int order = compare_places(x, y);
    return order ? order : compare_i32(x->item, y->item);
}

static void make_ready(struct targets *t, bool sessions)
{
    for (size_t i = 0; i < t->at.len && !sessions; i++)
        t->at.at[i].session = 0;
    if (t->at.len)
        qsort(t->at.at, t->at.len, sizeof *t->at.at, compare_targets);
}

struct targets_difference targets_compare(struct targets *t, struct targets *base, bool sessions)
{
    struct targets_difference d = {0};
    make_ready(t, sessions);
    make_ready(base, sessions);
    for (size_t i = 0, j = 0; i < t->at.len && j < base->at.len;) {
        const struct target_place *x = &t->at.at[i], *y = &base->at.at[j];
        int order = compare_places(x, y);
        if (!order && x->item != y->item && !d.others++) {
            d.first = *x;
            d.base = *y;
        }
        d.common += !order;
        i += order <= 0;
        j += order >= 0;
    }
    return d;
}

void targets_clear(struct targets *t)
{
    t->count = t->digest = 0;
    vec_clear(&t->at);
}

void targets_release(struct targets *t)
{
    vec_release(&t->at);
}
