/* Items that rows ask for: their numbers, and which of their titles counts. */
#include "data/item_table.h"

#include "../tap.h"

static void numbers(void)
{
    struct item_table t = {0};
    size_t count = 1;
    item_table_answer(&t, &count);
    tap_ok(count == 0, "nobody asked");
    char name[] = "b"; /* its bytes change after the question */
    item_table_ask(&t, bytes_of(name), bytes_of("a title"));
    name[0] = 'a';
    item_table_ask(&t, bytes_of(name), (struct bytes){0});
    item_table_ask(&t, bytes_of("b"), bytes_of("another"));
    const int32_t *ids = item_table_answer(&t, &count);
    tap_ok(count == 3 && ids[0] == 0 && ids[1] == 1 && ids[2] == 0,
           "numbers in order of first use");
    tap_ok(bytes_equal(t.titles.at[0], bytes_of("a title")) && !t.titles.at[1].len,
           "the first title counts");
    item_table_ask(&t, bytes_of("a"), bytes_of("late"));
    item_table_ask(&t, bytes_of("c"), bytes_of(""));
    ids = item_table_answer(&t, &count);
    tap_ok(count == 2 && ids[0] == 1 && ids[1] == 2 &&
               bytes_equal(t.titles.at[1], bytes_of("late")),
           "any title is better than none");
    bool due = false;
    for (int i = 0; i < ITEMS_TOGETHER; i++) {
        tap_ok(!due, "question %d", i);
        due = item_table_ask(&t, bytes_of("c"), bytes_of(""));
    }
    tap_ok(due, "an answer is due");
    item_table_release(&t);
}

static void least_titles(void)
{
    struct item_table t = {.least_title = true};
    size_t count;
    item_table_ask(&t, bytes_of("a"), bytes_of("m"));
    item_table_ask(&t, bytes_of("a"), bytes_of("k"));
    item_table_ask(&t, bytes_of("a"), bytes_of("z"));
    item_table_ask(&t, bytes_of("a"), bytes_of(""));
    item_table_answer(&t, &count);
    tap_ok(bytes_equal(t.titles.at[0], bytes_of("k")), "the least title counts");
    item_table_release(&t);
}

int main(void)
{
    numbers();
    least_titles();
    return tap_done();
}
