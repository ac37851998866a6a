#include "viz/names.h"

static void add(struct label_list *l, struct bytes label)
{
    buf_append(&l->text, label.at, label.len);
    vec_push(&l->end, l->text.len);
}

void run_names_add_user(struct run_names *c, struct bytes name)
{
    add(&c->users, name);
}

void run_names_add_item(struct run_names *c, struct bytes name, struct bytes title,
                        struct bytes train)
{
    add(&c->items, title.len ? title : name);
    vec_push(&c->train, popularity_count(train));
}

struct bytes label_list_at(const struct label_list *l, int64_t id)
{
    size_t from = id ? l->end.at[id - 1] : 0;
    return (struct bytes){l->text.at + from, l->end.at[id] - from};
}

int64_t run_names_age_from(const struct run_names *c, size_t bucket)
{
    return bucket && bucket <= c->edges.len ? c->edges.at[bucket - 1] : 0;
}

int64_t run_names_age_to(const struct run_names *c, size_t bucket)
{
    return bucket < c->edges.len ? c->edges.at[bucket] : INT64_MAX;
}

const struct popularity *run_names_popularity(struct run_names *c)
{
    if (!c->has_popularity)
        c->popularity = popularity_of(c->train.at, c->train.len, POPULARITY_TENTHS);
    c->has_popularity = true;
    return &c->popularity;
}

void run_names_clear(struct run_names *c)
{
    buf_clear(&c->users.text);
    buf_clear(&c->items.text);
    vec_clear(&c->users.end);
    vec_clear(&c->items.end);
    vec_clear(&c->train);
    vec_clear(&c->edges);
    c->has_popularity = false;
}

void run_names_release(struct run_names *c)
{
    buf_release(&c->users.text);
    buf_release(&c->items.text);
    vec_release(&c->users.end);
    vec_release(&c->items.end);
    vec_release(&c->train);
    vec_release(&c->edges);
}
