#include "viz/names.h"

#include <stdlib.h>

#include "base/ascending.h"
#include "base/num.h"

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
    int64_t count;
    if (!train.len || !num_i64(train.at, train.len, &count) || count < 0)
        count = -1;
    add(&c->items, title.len ? title : name);
    vec_push(&c->train, count);
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

/* Items in order of their counts share the training events out; items of one count lie together at
 * the middle of their events, and a group is what lies in one tenth of all events. */
static void make_popular(struct run_names *c)
{
    i64_vec sorted = {0};
    double total = 0, below = 0;
    int last = 0;
    vec_append(&sorted, c->train.at, c->train.len);
    if (sorted.len)
        qsort(sorted.at, sorted.len, sizeof *sorted.at, ascending_i64);
    for (size_t i = 0; i < sorted.len; i++)
        total += sorted.at[i] > 0 ? (double)sorted.at[i] : 0;
    vec_push(&c->popular, 0);
    for (size_t i = 0, next; i < sorted.len; i = next) {
        for (next = i; next < sorted.len && sorted.at[next] == sorted.at[i]; next++)
            ;
        if (sorted.at[i] <= 0)
            continue;
        double events = (double)sorted.at[i] * (double)(next - i);
        int tenth = (int)(POPULARITY_GROUPS * (below + events / 2) / total);
        if (tenth > last && below > 0)
            vec_push(&c->popular, sorted.at[i]);
        last = tenth;
        below += events;
    }
    vec_release(&sorted);
}

size_t run_names_popularity(struct run_names *c, int64_t train)
{
    size_t group = 0;
    if (!c->popular.len)
        make_popular(c);
    while (group + 1 < c->popular.len && train >= c->popular.at[group + 1])
        group++;
    return group;
}

void run_names_clear(struct run_names *c)
{
    buf_clear(&c->users.text);
    buf_clear(&c->items.text);
    vec_clear(&c->users.end);
    vec_clear(&c->items.end);
    vec_clear(&c->train);
    vec_clear(&c->edges);
    vec_clear(&c->popular);
}

void run_names_release(struct run_names *c)
{
    buf_release(&c->users.text);
    buf_release(&c->items.text);
    vec_release(&c->users.end);
    vec_release(&c->items.end);
    vec_release(&c->train);
    vec_release(&c->edges);
    vec_release(&c->popular);
}
