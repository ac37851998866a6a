#include "data/reindex.h"

#include <stdio.h>

#include "stream/attributes.h"

void new_ids_note(struct new_ids *l, const struct named *n)
{
    vec_push(&l->id, -1);
    if (!n->attributes.packed.len)
        return;
    while (l->end.len + 1 < l->id.len)
        vec_push(&l->end, l->packed.len);
    buf_append(&l->packed, n->attributes.packed.at, n->attributes.packed.len);
    vec_push(&l->end, l->packed.len);
}

static void new_ids_release(struct new_ids *l)
{
    vec_release(&l->id);
    vec_release(&l->end);
    buf_release(&l->packed);
}

struct attributes new_ids_attributes(const struct new_ids *l, int32_t id)
{
    if ((size_t)id >= l->end.len)
        return (struct attributes){{NULL, 0}};
    size_t start = id ? l->end.at[id - 1] : 0, len = l->end.at[id] - start;
    return (struct attributes){{len ? l->packed.at + start : NULL, len}};
}

static int write_new_item(struct reindex *r, struct frame_out *out, int32_t id, struct err *e)
{
    struct attributes a = new_ids_attributes(&r->items, id);
    if (r->train) {
        char count[24];
        snprintf(count, sizeof count, "%lld", (long long)r->train[id]);
        buf_clear(&r->packed);
        attributes_set(&r->packed, a, "train", count);
        a.packed = (struct bytes){r->packed.at, r->packed.len};
    }
    r->items.id.at[id] = r->items.used++;
    return write_item(out, r->items.id.at[id], names_at(r->items.names, id), a, e);
}

static int write_user_once(struct reindex *r, struct frame_out *out, int32_t id, struct err *e)
{
    if (r->users.id.at[id] >= 0)
        return 0;
    r->users.id.at[id] = r->users.used++;
    return write_user(out, r->users.id.at[id], names_at(r->users.names, id),
                      new_ids_attributes(&r->users, id), e);
}

int reindex_session(struct reindex *r, struct frame_out *out, const struct session *s,
                    struct err *e)
{
    int status = write_user_once(r, out, s->user, e);
    struct session renamed = *s;
    vec_clear(&r->scratch);
    vec_reserve(&r->scratch, s->count);
    for (size_t i = 0; i < s->count && !status; i++) {
        if (r->items.id.at[s->items[i]] < 0)
            status = write_new_item(r, out, s->items[i], e);
        r->scratch.at[i] = r->items.id.at[s->items[i]];
    }
    renamed.user = r->users.id.at[s->user];
    renamed.items = r->scratch.at;
    return status ? status : write_session(out, &renamed, e);
}

int reindex_write(struct reindex *r, struct frame_out *out, const struct user_sessions *h,
                  struct err *e)
{
    int status = 0;
    for (size_t i = 0; i < h->sessions.len && !status; i++)
        status = reindex_session(r, out, h->sessions.at[i], e);
    return status;
}

void reindex_release(struct reindex *r)
{
    new_ids_release(&r->users);
    new_ids_release(&r->items);
    vec_release(&r->scratch);
    buf_release(&r->packed);
}
