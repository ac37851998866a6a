#include "stream/item_support.h"

#include <inttypes.h>
#include <stdlib.h>

#include "base/num.h"

static const char KEY[] = "rank_among";

void item_support_note(struct item_support *s, struct attributes a)
{
    struct bytes train = attributes_find(a, "train");
    int64_t n;
    bool known = num_i64(train.at, train.len, &n) && n >= 0 && n < INT32_MAX;
    vec_push(&s->count, known ? (int32_t)n : 0);
    s->unknown += !known;
}

struct supported {
    int32_t count, item;
};

/* The most supported first. */
static int compare(const void *a, const void *b)
{
    const struct supported *x = a, *y = b;
    if (x->count != y->count)
        return x->count < y->count ? 1 : -1;
    return (x->item > y->item) - (x->item < y->item);
}

int item_support_most(const struct item_support *s, int64_t among, int32_t items,
                      unsigned char **most, struct err *e)
{
    *most = NULL;
    if (!among)
        return 0;
    if (s->unknown)
        return err_set(e, STATUS_DATA,
                       "--rank-among %" PRId64 ": the input does not say how often training has "
                       "each item (the items' \"train\"): tfilter --split writes it",
                       among);
    if (among >= items)
        return 0;
    struct supported *order = mem_alloc((size_t)items * sizeof *order);
    for (int32_t i = 0; i < items; i++)
        order[i] = (struct supported){(size_t)i < s->count.len ? s->count.at[i] : 0, i};
    qsort(order, (size_t)items, sizeof *order, compare);
    *most = mem_zero((size_t)items, sizeof **most);
    for (int64_t i = 0; i < among; i++)
        (*most)[order[i].item] = 1;
    mem_free(order);
    return 0;
}

void item_support_release(struct item_support *s)
{
    vec_release(&s->count);
}

void item_support_describe(struct meta *m, int64_t among)
{
    if (among)
        meta_set_int(m, KEY, among);
}

int item_support_read(const struct meta *m, int64_t *among, struct err *e)
{
    *among = 0;
    if (!meta_find(m, KEY).len)
        return 0;
    if (meta_get_int(m, KEY, among, e))
        return e->status;
    return *among > 0 ? 0
                      : err_set(e, STATUS_DATA, "header: \"%s\" is %" PRId64 ", not from 1 on", KEY,
                                *among);
}
