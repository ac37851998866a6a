#include "baseline/lists.h"

struct lists {
    struct mix *mix;
    struct predictions_in *in;
    const struct names *users, *items;
    i32_vec own; /* ids of one list's items */
};

static struct mix_position position_of(const struct lists *l, struct column user,
                                       struct column session, struct column position, size_t row)
{
    const struct names *users = predictions_in_users(l->in);
    return (struct mix_position){names_find(l->users, names_at(users, column_i32(user)[row])),
                                 column_i32(session)[row], column_i32(position)[row]};
}

static int32_t item_of(const struct lists *l, int32_t theirs)
{
    return names_find(l->items, names_at(predictions_in_items(l->in), theirs));
}

static void take_lists(struct lists *l, const struct tops *t)
{
    size_t k = (size_t)t->k;
    for (size_t i = 0; i < t->user.len; i++) {
        struct mix_position at = position_of(l, t->user, t->session, t->position, i);
        vec_clear(&l->own);
        for (size_t j = i * k; j < (i + 1) * k; j++)
            vec_push(&l->own, item_of(l, column_i32(t->item)[j]));
        if (at.user >= 0)
            mix_add(l->mix, at, l->own.at, column_f32(t->score) + i * k, k);
    }
}

static void take_targets(struct lists *l, const struct ranks *r)
{
    for (size_t i = 0; i < r->user.len; i++) {
        struct mix_position at = position_of(l, r->user, r->session, r->position, i);
        if (at.user >= 0)
            mix_add_target(l->mix, at, item_of(l, column_i32(r->target)[i]));
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
    while ((got = predictions_in_next(l.in, &record, e)) == READ_RECORD) {
        if (record.kind == RECORD_TOP)
            take_lists(&l, &record.tops);
        if (record.kind == RECORD_RANK)
            take_targets(&l, &record.ranks);
    }
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
