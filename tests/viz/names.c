/* Names of items, groups of popularity and of age. */
#include "viz/names.h"

#include "../tap.h"

static void test_names(void)
{
    struct run_names c = {0};
    static const char *const train[] = {"1", "0", "1", "2", "96", "x"};
    for (size_t i = 0; i < sizeof train / sizeof *train; i++)
        run_names_add_item(&c, bytes_of("n"), bytes_of(i ? "" : "title"), bytes_of(train[i]));
    tap_ok(bytes_equal(label_list_at(&c.items, 0), bytes_of("title")) &&
               bytes_equal(label_list_at(&c.items, 1), bytes_of("n")),
           "a title is shown rather than a name");
    tap_ok(c.train.at[4] == 96 && c.train.at[5] == -1, "counts are read, or not known");
    const struct popularity *p = run_names_popularity(&c);
    tap_ok(popularity_group(p, 0) == 0 && p->groups == 1 && popularity_group(p, 96) == 1 &&
               popularity_low(p, 1) == 1 && popularity_high(p, 1) == 96,
           "groups of popularity, one for an item that fills several");
    vec_push(&c.edges, 3600);
    vec_push(&c.edges, 7200);
    tap_ok(run_names_age_from(&c, 0) == 0 && run_names_age_to(&c, 0) == 3600 &&
               run_names_age_from(&c, 2) == 7200 && run_names_age_to(&c, 2) == INT64_MAX,
           "age buckets");
    run_names_clear(&c);
    p = run_names_popularity(&c);
    tap_ok(popularity_group(p, 5) == 1 && !p->groups, "without counts there is one group");
    run_names_release(&c);
}

int main(void)
{
    test_names();
    return tap_done();
}
