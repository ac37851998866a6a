#include "index/known_sessions.h"

#include <math.h>

void known_sessions_open(struct known_sessions *k, const struct session_index *x)
{
    *k = (struct known_sessions){.index = x};
    numbers_open(&k->ranks, (size_t)x->session_room);
}

void known_sessions_release(struct known_sessions *k)
{
    numbers_release(&k->ranks);
    vec_release(&k->session);
    vec_release(&k->item);
}

void known_sessions_forget(struct known_sessions *k)
{
    numbers_forget(&k->ranks);
    vec_clear(&k->session);
    vec_clear(&k->item);
}

int32_t known_sessions_number(struct known_sessions *k, int32_t rank)
{
    vec_reserve(&k->ranks.of, 1);
    int32_t number = number_of(&k->ranks, rank);
    if ((size_t)number == k->session.len) {
        int32_t length = (int32_t)session_index_length(k->index, rank);
        struct known_session s = {1 / sqrtf((float)length), -1, length};
        vec_push(&k->session, s);
    }
    return number;
}

const int32_t *known_sessions_items(struct known_sessions *k, int32_t number, struct numbers *items)
{
    struct known_session *s = &k->session.at[number];
    if (s->from >= 0)
        return k->item.at + s->from;
    const int32_t *item = session_index_items(k->index, k->ranks.of.at[number]);
    size_t length = (size_t)s->length;
    s->from = (int32_t)k->item.len;
    vec_reserve(&k->item, length);
    vec_reserve(&items->of, length);
    for (size_t i = 0; i < length; i++)
        k->item.at[k->item.len++] = number_of(items, item[i]);
    return k->item.at + s->from;
}
