#include "data/sessionize.h"

#include "data/attributes.h"
#include "data/fields.h"

void sessionizer_open(struct sessionizer *s, const struct session_rules *rules,
                      const struct profiles *profiles, struct frame_out *out)
{
    *s = (struct sessionizer){.rules = rules, .profiles = profiles, .out = out};
}

static struct bytes title_of(const struct sessionizer *s, int32_t item)
{
    size_t from = item ? s->title_ends.at[item - 1] : 0;
    return (struct bytes){s->titles.at + from, s->title_ends.at[item] - from};
}

static int use_item(struct sessionizer *s, int32_t item, struct err *e)
{
    const struct attribute title = {"title", title_of(s, item)};
    buf_clear(&s->packed);
    attributes_pack(&s->packed, &title, 1);
    struct attributes attributes = {{s->packed.at, s->packed.len}};
    int32_t id = s->item_ids.at[item] = s->items_written++;
    return write_item(s->out, id, names_at(&s->items, item), attributes, e);
}

static int use_user(struct sessionizer *s, struct err *e)
{
    struct attributes attributes = {profiles_find(s->profiles, s->user)};
    return write_user(s->out, s->users_written++, s->user, attributes, e);
}

/* Makes and writes the sessions of the user whose rows have been read. */
static int finish_user(struct sessionizer *s, struct err *e)
{
    struct session_set *set = &s->sessions;
    sessions_cut(s->rules, &s->events, set);
    vec_clear(&s->events);
    if (!set->lengths.len)
        return 0;
    if (use_user(s, e))
        return e->status;
    int32_t *items = set->items.at;
    for (size_t i = 0; i < set->items.len; i++) {
        if (s->item_ids.at[items[i]] < 0 && use_item(s, items[i], e))
            return e->status;
        items[i] = s->item_ids.at[items[i]];
    }
    size_t from = 0;
    for (size_t i = 0; i < set->lengths.len; from += set->lengths.at[i++]) {
        struct session session = {
            .user = s->users_written - 1,
            .count = set->lengths.at[i],
            .times = set->times.at + from,
            .items = items + from,
        };
        if (write_session(s->out, &session, e))
            return e->status;
    }
    return frame_out_pause(s->out, e);
}

static int begin_user(struct sessionizer *s, const struct raw_log *log, struct bytes name,
                      struct err *e)
{
    if (finish_user(s, e))
        return e->status;
    bool is_new;
    int32_t id = names_add(&s->users, name, &is_new);
    if (!is_new) {
        char text[FIELD_TEXT];
        err_set(e, STATUS_DATA,
                "user %s comes back after another: each user's rows have to stand together: pipe "
                "the log through %s",
                field_text(name, text), log->format.regroup);
        return raw_at(log, e);
    }
    s->user = names_at(&s->users, id);
    return 0;
}

static int32_t item_of(struct sessionizer *s, const struct raw_row *row)
{
    bool is_new;
    int32_t item = names_add(&s->items, row->item, &is_new);
    if (is_new) {
        vec_push(&s->item_ids, -1);
        buf_append(&s->titles, row->title.at, row->title.len);
        vec_push(&s->title_ends, s->titles.len);
    }
    return item;
}

int sessionizer_run(struct sessionizer *s, struct raw_log *log, struct err *e)
{
    struct raw_row row;
    int got;
    while ((got = raw_next(log, &row, e)) > 0) {
        if (!bytes_equal(row.user, s->user) && begin_user(s, log, row.user, e))
            return e->status;
        vec_push(&s->events, ((struct event){.time = row.time, .item = item_of(s, &row)}));
    }
    return got < 0 ? e->status : finish_user(s, e);
}

void sessionizer_release(struct sessionizer *s)
{
    names_release(&s->users);
    names_release(&s->items);
    vec_release(&s->item_ids);
    buf_release(&s->titles);
    vec_release(&s->title_ends);
    vec_release(&s->events);
    sessions_release(&s->sessions);
    buf_release(&s->packed);
}
