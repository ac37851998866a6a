#include "train/user_items.h"

#include <stdlib.h>

typedef VEC(struct user_item) user_item_vec;

static int by_item(const void *a, const void *b)
{
    const struct user_item *x = a, *y = b;
    if (x->item != y->item)
        return x->item < y->item ? -1 : 1;
    return (x->session > y->session) - (x->session < y->session);
}

/* Each item once, with its first session, by item. */
static void find_items(user_item_vec *found, const struct session_store *c, size_t user)
{
    size_t kept = 0;
    vec_clear(found);
    for (int32_t s = c->first.at[user]; s < c->first.at[user + 1]; s++)
        for (size_t i = 0; i < session_store_length(c, (size_t)s) &&
                           session_store_part(c, (size_t)s) == PART_TRAIN;
             i++)
            vec_push(found, ((struct user_item){session_store_items(c, (size_t)s)[i],
                                                s - c->first.at[user]}));
    if (found->len)
        qsort(found->at, found->len, sizeof *found->at, by_item);
    for (size_t i = 0; i < found->len; i++)
        if (!kept || found->at[i].item != found->at[kept - 1].item)
            found->at[kept++] = found->at[i];
    found->len = kept;
}

int user_items_open(struct user_items *x, const struct session_store *c, int32_t items,
                    struct err *e)
{
    user_item_vec found = {0};
    int status = 0;
    *x = (struct user_items){.had.limit = c->item.limit};
    x->is_candidate = mem_zero((size_t)items, 1);
    vec_push(&x->first, 0);
    for (size_t u = 0; u < session_store_users(c) && !status; u++) {
        find_items(&found, c, u);
        status = spill_append(&x->had, found.at, found.len * sizeof *found.at, e);
        vec_push(&x->first, x->had.len / sizeof *found.at);
    }
    vec_release(&found);
    return status ? status : spill_end(&x->had, e);
}

/* ---- the items spared for the targets of a step ---- */

static void mark(struct user_items *x, const struct candidates *c, unsigned char with)
{
    for (int i = 0; i < c->count; i++)
        x->is_candidate[c->item[i]] = with;
}

static void spare_items(struct user_items *x, int32_t user, int32_t session)
{
    const struct user_item *had = (const void *)x->had.at;
    for (size_t i = x->first.at[user]; i < x->first.at[user + 1]; i++)
        if (x->is_candidate[had[i].item] && had[i].session <= session)
            vec_push(&x->spared, had[i].item);
}

/* The targets of a session follow each other and share one list. */
void user_items_spare(struct user_items *x, const int32_t *user, const int32_t *session,
                      int targets, struct candidates *c)
{
    mark(x, c, 1);
    vec_clear(&x->spared_at);
    vec_clear(&x->spared);
    for (int i = 0; i < targets; i++) {
        bool same = i && user[i] == user[i - 1] && session[i] == session[i - 1];
        int32_t from = same ? x->spared_at.at[i - 1] : 0, to = (int32_t)x->spared.len;
        vec_push(&x->spared_at, to);
        if (!same)
            spare_items(x, user[i], session[i]);
        for (int32_t k = from; same && k < to; k++)
            vec_push(&x->spared, x->spared.at[k]);
    }
    vec_push(&x->spared_at, (int32_t)x->spared.len);
    mark(x, c, 0);
    c->spared_at = x->spared_at.at;
    c->spared = x->spared.at;
}

void user_items_release(struct user_items *x)
{
    vec_release(&x->first);
    spill_release(&x->had);
    mem_free(x->is_candidate);
    vec_release(&x->spared_at);
    vec_release(&x->spared);
    *x = (struct user_items){0};
}
