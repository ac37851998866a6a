#include "baseline/sets.h"

#include <stdlib.h>

#include "base/ascending.h"

size_t sets_unique(int32_t *places, size_t count)
{
    size_t kept = 0;
    if (count)
        qsort(places, count, sizeof *places, ascending_i32);
    for (size_t i = 0; i < count; i++)
        if (i == 0 || places[i] != places[kept - 1])
            places[kept++] = places[i];
    return kept;
}

size_t sets_find(const struct sets *x, int32_t session, int32_t place)
{
    size_t low = x->begin.at[session], high = x->begin.at[session + 1];
    while (high - low > 1) {
        size_t middle = low + (high - low) / 2;
        if (x->item.at[middle] <= place)
            low = middle;
        else
            high = middle;
    }
    return low;
}

/* Puts the session into a list by its time. */
static void enter(const struct sets *x, session_list *list, int32_t session)
{
    vec_push(list, session);
    size_t at = list->len - 1;
    for (; at && x->time.at[list->at[at - 1]] > x->time.at[session]; at--)
        list->at[at] = list->at[at - 1];
    list->at[at] = session;
}

static void leave(session_list *list, int32_t session)
{
    size_t at = list->len - 1;
    while (list->at[at] != session)
        at--;
    memmove(list->at + at, list->at + at + 1, (--list->len - at) * sizeof *list->at);
}

/* Appends the items, of those that occur twice the last one. */
static void add_items(struct sets *x, const int32_t *places, size_t count)
{
    VEC(uint64_t) pairs = {0}; /* place, then how many events follow */
    for (size_t i = 0; i < count; i++)
        vec_push(&pairs, (uint64_t)places[i] << 32 | (uint32_t)(count - 1 - i));
    qsort(pairs.at, pairs.len, sizeof *pairs.at, ascending_u64);
    for (size_t i = 0; i < pairs.len; i++)
        if (!i || pairs.at[i] >> 32 != pairs.at[i - 1] >> 32) {
            vec_push(&x->item, (int32_t)(pairs.at[i] >> 32));
            vec_push(&x->from_end, (int32_t)(uint32_t)pairs.at[i]);
        }
    vec_release(&pairs);
}

static session_list *list_of(session_list_vec *lists, int32_t of)
{
    while (lists->len <= (size_t)of)
        vec_push(lists, (session_list){0});
    return &lists->at[of];
}

void sets_add(struct sets *x, int32_t user, int64_t time, const int32_t *places, size_t count)
{
    int32_t session = sets_count(x);
    if (!x->begin.len)
        vec_push(&x->begin, 0);
    vec_push(&x->time, time);
    vec_push(&x->user, user);
    add_items(x, places, count);
    vec_push(&x->begin, x->item.len);
    for (size_t i = x->begin.at[session]; i < x->begin.at[session + 1]; i++)
        enter(x, list_of(&x->of_item, x->item.at[i]), session);
    enter(x, list_of(&x->of_user, user), session);
}

void sets_remove_last(struct sets *x)
{
    int32_t session = sets_count(x) - 1;
    for (size_t i = x->begin.at[session]; i < x->begin.at[session + 1]; i++)
        leave(&x->of_item.at[x->item.at[i]], session);
    leave(&x->of_user.at[x->user.at[session]], session);
    x->time.len--;
    x->user.len--;
    x->begin.len--;
    x->item.len = x->from_end.len = x->begin.at[session];
}

void sets_release(struct sets *x)
{
    for (size_t i = 0; i < x->of_item.len; i++)
        vec_release(&x->of_item.at[i]);
    for (size_t i = 0; i < x->of_user.len; i++)
        vec_release(&x->of_user.at[i]);
    vec_release(&x->of_item);
    vec_release(&x->of_user);
    vec_release(&x->time);
    vec_release(&x->user);
    vec_release(&x->begin);
    vec_release(&x->item);
    vec_release(&x->from_end);
}
