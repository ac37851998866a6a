/* The items of rows: their numbers, and which of their titles counts. */
#include "data/item_table.h"

#include "../tap.h"

static void numbers(void)
{
    struct item_table t = {0};
    int32_t number[3] = {7, 7, 7};
    item_table_number(&t, NULL, 0, number);
    tap_ok(number[0] == 7 && !names_count(&t.names), "no items");
    const struct bytes first[] = {bytes_of("b"), bytes_of("a"), bytes_of("b")};
    const struct bytes called[] = {bytes_of("a title"), {0}, bytes_of("another")};
    item_table_number(&t, first, 3, number);
    item_table_call(&t, number, called, 3);
    tap_ok(number[0] == 0 && number[1] == 1 && number[2] == 0, "numbers in order of first use");
    tap_ok(bytes_equal(t.titles.at[0], bytes_of("a title")) && !t.titles.at[1].len,
           "the first title counts");
    const struct bytes then[] = {bytes_of("a"), bytes_of("c")};
    const struct bytes late[] = {bytes_of("late"), bytes_of("")};
    item_table_number(&t, then, 2, number);
    item_table_call(&t, number, late, 2);
    tap_ok(number[0] == 1 && number[1] == 2 && bytes_equal(t.titles.at[1], bytes_of("late")) &&
               !t.titles.at[2].len,
           "any title is better than none");
    item_table_release(&t);
}

static void least_titles(void)
{
    struct item_table t = {.least_title = true};
    const struct bytes name[] = {bytes_of("a"), bytes_of("a"), bytes_of("a"), bytes_of("a")};
    const struct bytes title[] = {bytes_of("m"), bytes_of("k"), bytes_of("z"), {0}};
    int32_t number[4];
    item_table_number(&t, name, 4, number);
    item_table_call(&t, number, title, 4);
    tap_ok(bytes_equal(t.titles.at[0], bytes_of("k")), "the least title counts");
    item_table_release(&t);
}

int main(void)
{
    numbers();
    least_titles();
    return tap_done();
}
