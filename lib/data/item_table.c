#include "data/item_table.h"

/* Any title is better than none; of two the first counts, or, in rows of any order, the least. */
static void offer_title(struct item_table *t, int32_t item, struct bytes title)
{
    struct bytes *now = &t->titles.at[item];
    if (now->len && !(t->least_title && bytes_compare(title, *now) < 0))
        return;
    mem_free((char *)now->at);
    *now = (struct bytes){mem_copy(title.at, title.len), title.len};
}

void item_table_number(struct item_table *t, const struct bytes *names, size_t count,
                       int32_t *numbers)
{
    names_add_all(&t->names, names, count, numbers);
    while (t->titles.len < (size_t)names_count(&t->names))
        vec_push(&t->titles, ((struct bytes){0}));
}

void item_table_call(struct item_table *t, const int32_t *numbers, const struct bytes *titles,
                     size_t count)
{
    enum { AHEAD = 16 };
    for (size_t i = 0; i < count; i++) {
        if (i + AHEAD < count && titles[i + AHEAD].len)
            __builtin_prefetch(&t->titles.at[numbers[i + AHEAD]]);
        if (titles[i].len)
            offer_title(t, numbers[i], titles[i]);
    }
}

void item_table_release(struct item_table *t)
{
    names_release(&t->names);
    for (size_t i = 0; i < t->titles.len; i++)
        mem_free((char *)t->titles.at[i].at);
    vec_release(&t->titles);
}
