#include "data/extra_columns.h"

#include <stdlib.h>

#include "stream/pack.h"

enum { VALUES_LIMIT = 48 << 10 }; /* packed bytes: a header has 64 KiB */

int extra_columns_number(struct extra_columns *c, struct bytes value, int32_t *number,
                         struct err *e)
{
    *number = names_add(&c->values, value, NULL);
    if (c->values.text.len + 5 * c->values.start.len <= VALUES_LIMIT)
        return 0;
    return err_set(e, STATUS_DATA,
                   "%s has more values, %d so far, than the header of a stream can name: carry a "
                   "column with fewer",
                   c->key, names_count(&c->values));
}

struct column_place {
    struct bytes value;
    int32_t number;
};

static int compare_places(const void *a, const void *b)
{
    const struct column_place *x = a, *y = b;
    return bytes_compare(x->value, y->value);
}

void extra_columns_sort(struct extra_columns *c)
{
    VEC(struct column_place) places = {0};
    int32_t count = names_count(&c->values);
    for (int32_t i = 0; i < count; i++)
        vec_push(&places, ((struct column_place){names_at(&c->values, i), i}));
    if (count)
        qsort(places.at, places.len, sizeof *places.at, compare_places);
    vec_clear(&c->sorted);
    vec_clear(&c->rank);
    vec_reserve(&c->rank, places.len);
    c->rank.len = places.len;
    for (int32_t i = 0; i < count; i++) {
        vec_push(&c->sorted, places.at[i].number);
        c->rank.at[places.at[i].number] = i;
    }
    vec_release(&places);
}

void extra_columns_describe(const struct extra_columns *columns, size_t count, struct meta *m)
{
    struct buf packed = {0};
    msgpack_packer pk;
    if (!count)
        return;
    msgpack_packer_init(&pk, &packed, buf_write);
    msgpack_pack_map(&pk, count);
    for (size_t i = 0; i < count; i++) {
        const struct extra_columns *c = &columns[i];
        int32_t values = names_count(&c->values);
        pack_text(&pk, bytes_of(c->key));
        msgpack_pack_array(&pk, (size_t)values);
        for (int32_t code = 0; code < values; code++)
            pack_text(&pk, names_at(&c->values, c->sorted.len ? c->sorted.at[code] : code));
    }
    meta_set(m, "codes", (struct bytes){packed.at, packed.len});
    buf_release(&packed);
}

void extra_columns_release(struct extra_columns *c)
{
    names_release(&c->values);
    vec_release(&c->rank);
    vec_release(&c->sorted);
}
