#include "recommend/titles.h"

void titles_set(struct titles *t, int32_t item, struct bytes title)
{
    while (t->at.len <= (size_t)item)
        vec_push(&t->at, ((struct title){0}));
    t->at.at[item] = (struct title){t->text.len, title.len};
    buf_append(&t->text, title.at, title.len);
}

struct bytes titles_of(const struct titles *t, int32_t item)
{
    if ((size_t)item >= t->at.len)
        return (struct bytes){NULL, 0};
    return (struct bytes){t->text.at + t->at.at[item].from, t->at.at[item].len};
}

void titles_release(struct titles *t)
{
    buf_release(&t->text);
    vec_release(&t->at);
}
