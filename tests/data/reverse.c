/* lib/data/reverse: sessions from their end, and twice as they were. */
#include "data/reverse.h"

#include <string.h>

#include "../tap.h"

static bool same_column(const struct extra *a, const struct extra *b)
{
    return a->type == b->type && a->column.len == b->column.len && a->value == b->value &&
           (!a->column.at
                ? !b->column.at
                : !memcmp(a->column.at, b->column.at, a->column.len * column_size(a->type)));
}

static bool same(const struct session *a, const struct session *b)
{
    bool equal = a->user == b->user && a->part == b->part && a->count == b->count &&
                 a->extra_count == b->extra_count &&
                 !memcmp(a->items, b->items, a->count * sizeof *a->items) &&
                 !memcmp(a->times, b->times, a->count * sizeof *a->times);
    for (size_t i = 0; equal && i < a->extra_count; i++)
        equal = same_column(&a->extras[i], &b->extras[i]);
    return equal;
}

int main(void)
{
    static const int64_t times[] = {100, 103, 103, 110}, back[] = {100, 107, 107, 110};
    static const int32_t items[] = {7, 5, 5, 9}, from_end[] = {9, 5, 5, 7};
    static int32_t code[] = {1, 2, 3, 4}, code_back[] = {4, 3, 2, 1};
    static float real[] = {0.5f, 1, 2, 4}, real_back[] = {4, 2, 1, 0.5f};
    const struct extra extras[] = {
        {.key = bytes_of("code"), .type = COLUMN_I32, .column = {code, 4}},
        {.key = bytes_of("one"), .value = 77},
        {.key = bytes_of("real"), .type = COLUMN_F32, .column = {real, 4}}};
    const struct session s = {.user = 3,
                              .part = PART_TEST,
                              .count = 4,
                              .times = times,
                              .items = items,
                              .extras = extras,
                              .extra_count = 3};
    const struct session one = {.count = 1, .times = times + 3, .items = items + 3};
    struct reversed first = {0}, second = {0};
    struct session turned = session_reverse(&first, &s);
    tap_ok(!memcmp(turned.items, from_end, sizeof from_end), "items from the end");
    tap_ok(!memcmp(turned.times, back, sizeof back), "times between events as they were");
    tap_ok(!memcmp(turned.extras[0].column.at, code_back, sizeof code_back) &&
               !memcmp(turned.extras[2].column.at, real_back, sizeof real_back) &&
               !turned.extras[1].column.at && turned.extras[1].value == 77,
           "columns of events from the end, single integers as they were");
    struct session again = session_reverse(&second, &turned);
    tap_ok(same(&s, &again), "twice reversed it is the session");
    turned = session_reverse(&first, &one);
    tap_ok(same(&one, &turned), "a session of one event is itself");
    reversed_release(&first);
    reversed_release(&second);
    return tap_done();
}
