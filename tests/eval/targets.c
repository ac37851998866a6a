/* Whether two runs have the same targets, in any order. */
#include "eval/targets.h"

#include "../tap.h"

static void add(struct targets *t, int32_t user, int32_t session, int32_t position, int32_t item)
{
    targets_add(t, (struct target_place){user, session, position, item}, true);
}

static void test_digest(void)
{
    struct targets a = {0}, b = {0};
    add(&a, 0, 1, 0, 7);
    add(&a, 0, 1, 1, 8);
    add(&b, 0, 2, 1, 8); /* the session does not count */
    tap_ok(!targets_same(&a, &b), "a target less");
    add(&b, 0, 2, 0, 7);
    tap_ok(targets_same(&a, &b), "the same in another order");
    targets_clear(&b);
    add(&b, 0, 1, 0, 8);
    add(&b, 0, 1, 1, 7);
    tap_ok(!targets_same(&a, &b), "items at each other's positions");
    targets_clear(&b);
    add(&b, 1, 1, 0, 7);
    add(&b, 0, 1, 1, 8);
    tap_ok(!targets_same(&a, &b), "another user");
    targets_release(&a);
    targets_release(&b);
}

static void test_compare(void)
{
    struct targets a = {0}, b = {0};
    add(&a, 1, 0, 0, 5);
    add(&a, 0, 3, 0, 7);
    add(&a, 0, 2, 1, 4); /* not in b */
    add(&a, 0, 2, 0, 6);
    add(&b, 0, 3, 0, 9);
    add(&b, 0, 2, 0, 6);
    add(&b, 0, 4, 0, 1); /* not in a */
    add(&b, 1, 0, 0, 2);
    struct targets_difference d = targets_compare(&a, &b, true);
    tap_ok(d.common == 3 && d.others == 2, "%d of %d common places differ", (int)d.others,
           (int)d.common);
    tap_ok(d.first.user == 0 && d.first.session == 3 && d.first.item == 7 && d.base.item == 9,
           "the first one is named");
    targets_clear(&b);
    add(&b, 1, 0, 0, 5);
    add(&b, 0, 0, 0, 7); /* as 6, 7 in one list */
    add(&b, 0, 0, 0, 6);
    d = targets_compare(&a, &b, false);
    tap_ok(d.common == 3 && d.others == 0, "without sessions a user's targets are one list");
    targets_release(&a);
    targets_release(&b);
}

int main(void)
{
    test_digest();
    test_compare();
    return tap_done();
}
