#include "data/item_table.h"

bool item_table_ask(struct item_table *t, struct bytes name, struct bytes title)
{
    vec_push(&t->asked, ((struct asked_item){t->text.len, t->text.len + name.len}));
    buf_append(&t->text, name.at, name.len);
    buf_append(&t->text, title.at, title.len);
    return t->asked.len == ITEMS_TOGETHER;
}

/* Any title is better than none; of two the first counts, or, in rows of any order, the least. */
static void offer_title(struct item_table *t, int32_t item, struct bytes title)
{
    struct bytes *now = &t->titles.at[item];
    if (!title.len || (now->len && !(t->least_title && bytes_compare(title, *now) < 0)))
        return;
    mem_free((char *)now->at);
    *now = (struct bytes){mem_copy(title.at, title.len), title.len};
}

static void offer_titles(struct item_table *t)
{
    for (size_t i = 0; i < t->asked.len; i++)
        __builtin_prefetch(&t->titles.at[t->answer.at[i]]);
    for (size_t i = 0; i < t->asked.len; i++) {
        size_t from = t->asked.at[i].title;
        size_t to = i + 1 < t->asked.len ? t->asked.at[i + 1].name : t->text.len;
        offer_title(t, t->answer.at[i], (struct bytes){t->text.at + from, to - from});
    }
}

const int32_t *item_table_answer(struct item_table *t, size_t *count)
{
    *count = t->asked.len;
    vec_clear(&t->waiting);
    vec_clear(&t->answer);
    vec_reserve(&t->waiting, *count);
    vec_reserve(&t->answer, *count);
    for (size_t i = 0; i < *count; i++) {
        const struct asked_item *a = &t->asked.at[i];
        vec_push(&t->waiting, ((struct bytes){t->text.at + a->name, a->title - a->name}));
    }
    names_add_all(&t->names, t->waiting.at, *count, t->answer.at);
    while (t->titles.len < (size_t)names_count(&t->names))
        vec_push(&t->titles, ((struct bytes){0}));
    offer_titles(t);
    vec_clear(&t->asked);
    buf_clear(&t->text);
    return t->answer.at;
}

void item_table_release(struct item_table *t)
{
    names_release(&t->names);
    for (size_t i = 0; i < t->titles.len; i++)
        mem_free((char *)t->titles.at[i].at);
    vec_release(&t->titles);
    buf_release(&t->text);
    vec_release(&t->asked);
    vec_release(&t->waiting);
    vec_release(&t->answer);
}
