#include "baseline/lists.h"

struct lists {
    struct mix *mix;
    struct predictions_in *in;
    const struct names *users, *items;
    i32_vec own; /* ids of one list's items */
};

static void take(struct lists *l, const struct tops *t)
{
    const struct names *users = predictions_in_users(l->in), *items = predictions_in_items(l->in);
    size_t k = (size_t)t->k;
    for (size_t i = 0; i < t->user.len; i++) {
        int32_t user = names_find(l->users, names_at(users, column_i32(t->user)[i]));
        vec_clear(&l->own);
        for (size_t j = i * k; j < (i + 1) * k; j++)
            vec_push(&l->own, names_find(l->items, names_at(items, column_i32(t->item)[j])));
        if (user >= 0)
            mix_add(l->mix, user, column_i32(t->session)[i], column_i32(t->position)[i], l->own.at,
                    column_f32(t->score) + i * k, k);
    }
}

int lists_read(struct mix *m, const char *path, const struct names *users,
               const struct names *items, struct err *e)
{
    struct lists l = {.mix = m, .users = users, .items = items};
    struct predictions_record record;
    enum read_result got;
    if (predictions_in_open(&l.in, &path, 1, e))
        return e->status;
    while ((got = predictions_in_next(l.in, &record, e)) == READ_RECORD)
        if (record.kind == RECORD_TOP)
            take(&l, &record.tops);
    predictions_in_close(l.in);
    vec_release(&l.own);
    mix_ready(m);
    if (got == READ_ERROR)
        return err_at(e, "--mix %s", path);
    if (got == READ_HEADER)
        return err_set(e, STATUS_DATA, "--mix %s: the file holds more than one run", path);
    if (!m->lists.len)
        return err_set(e, STATUS_DATA,
                       "--mix %s: the file has no list of best items for these users: make it with "
                       "--top",
                       path);
    return 0;
}
