#include "data/sessionizer.h"

#define XXH_INLINE_ALL
#include <xxhash.h>

#include "stream/attributes.h"
#include "base/text_fields.h"

void sessionizer_open(struct sessionizer *s, const struct session_rules *rules,
                      const struct profiles *profiles, struct raw_log *log)
{
    *s = (struct sessionizer){.rules = rules, .profiles = profiles, .log = log};
    for (size_t i = 0; i < log->format.carried_count; i++)
        vec_push(&s->carried, ((struct extra_columns){.key = log->format.carried[i]}));
}

/* ---- from rows to events ---- */

/* Any title is better than none; of two the first counts, or, in rows of any order, the least. */
static void offer_title(struct sessionizer *s, int32_t item, struct bytes title)
{
    struct bytes *now = &s->titles.at[item];
    if (!title.len || (now->len && !(s->least_title && bytes_compare(title, *now) < 0)))
        return;
    mem_free((char *)now->at);
    *now = (struct bytes){mem_copy(title.at, title.len), title.len};
}

static int32_t item_of(struct sessionizer *s, const struct raw_row *row)
{
    bool is_new;
    int32_t item = names_add(&s->items, row->item, &is_new);
    if (is_new) {
        vec_push(&s->item_ids, -1);
        vec_push(&s->titles, ((struct bytes){0}));
    }
    offer_title(s, item, row->title);
    return item;
}

static struct event event_of(struct sessionizer *s, const struct raw_row *row)
{
    return (struct event){
        .time = row->time,
        .order = row->order,
        .session = row->session.len ? XXH3_64bits(row->session.at, row->session.len) : 0,
        .item = item_of(s, row),
    };
}

/* Appends the codes of the row's carried columns. */
static int read_codes(struct sessionizer *s, const struct raw_row *row, struct err *e)
{
    for (size_t i = 0; i < s->carried.len; i++) {
        int32_t code;
        if (extra_columns_number(&s->carried.at[i], row->carried[i], &code, e))
            return raw_at(s->log, e);
        vec_push(&s->codes, code);
    }
    return 0;
}

/* ---- from events to sessions ---- */

static int use_item(struct sessionizer *s, int32_t item, struct err *e)
{
    const struct attribute title = {"title", s->titles.at[item]};
    buf_clear(&s->packed);
    attributes_pack(&s->packed, &title, 1);
    struct attributes attributes = {{s->packed.at, s->packed.len}};
    int32_t id = s->item_ids.at[item] = s->items_written++;
    return write_item(s->out, id, names_at(&s->items, item), attributes, e);
}

/* Gives the user's items their ids in the stream, in order of use. */
static int use_items(struct sessionizer *s, struct err *e)
{
    const struct session_set *set = &s->sessions;
    for (size_t i = 0; i < set->spans.len; i++) {
        int32_t *items = set->items.at + set->spans.at[i].from;
        for (size_t k = 0; k < set->spans.at[i].count; k++) {
            if (s->item_ids.at[items[k]] < 0 && use_item(s, items[k], e))
                return e->status;
            items[k] = s->item_ids.at[items[k]];
        }
    }
    return 0;
}

static int use_user(struct sessionizer *s, struct err *e)
{
    struct attributes attributes = {profiles_find(s->profiles, s->user)};
    return write_user(s->out, s->users_written++, s->user, attributes, e);
}

/* Fills the extras of the session from the codes, column by column. */
static void fill_extras(struct sessionizer *s, const struct session_span *span)
{
    const uint32_t *rows = s->sessions.rows.at + span->from;
    vec_clear(&s->columns);
    vec_clear(&s->extras);
    vec_reserve(&s->columns, s->carried.len * span->count);
    for (size_t i = 0; i < s->carried.len; i++) {
        const struct extra_columns *c = &s->carried.at[i];
        int32_t *column = s->columns.at + s->columns.len;
        for (size_t k = 0; k < span->count; k++)
            column[k] = carried_code(c, s->codes.at[rows[k] * s->carried.len + i]);
        s->columns.len += span->count;
        vec_push(&s->extras, ((struct extra){.key = bytes_of(c->key),
                                             .type = COLUMN_I32,
                                             .column = {column, span->count}}));
    }
}

/* Makes and writes the sessions of the user whose rows have been read. */
static int finish_user(struct sessionizer *s, struct err *e)
{
    struct session_set *set = &s->sessions;
    sessions_cut(s->rules, &s->events, set);
    vec_clear(&s->events);
    if (set->spans.len && (use_user(s, e) || use_items(s, e)))
        return e->status;
    for (size_t i = 0; i < set->spans.len; i++) {
        const struct session_span *span = &set->spans.at[i];
        fill_extras(s, span);
        struct session session = {
            .user = s->users_written - 1,
            .count = span->count,
            .times = set->times.at + span->from,
            .items = set->items.at + span->from,
            .extras = s->extras.at,
            .extra_count = s->extras.len,
        };
        if (write_session(s->out, &session, e))
            return e->status;
    }
    vec_clear(&s->codes);
    return set->spans.len ? frame_out_pause(s->out, e) : 0;
}

/* ---- grouped rows ---- */

static int begin_user(struct sessionizer *s, struct bytes name, struct err *e)
{
    if (finish_user(s, e))
        return e->status;
    bool is_new;
    int32_t id = names_add(&s->users, name, &is_new);
    if (!is_new) {
        char text[FIELD_TEXT];
        err_set(e, STATUS_DATA,
                "user %s comes back after another: --ungrouped takes rows in any order",
                field_text(name, text));
        return raw_at(s->log, e);
    }
    s->user = names_at(&s->users, id);
    s->users_read++;
    return 0;
}

int sessionizer_run(struct sessionizer *s, struct frame_out *out, struct err *e)
{
    struct raw_row row = {0};
    int got;
    s->out = out;
    while ((got = raw_next(s->log, &row, e)) > 0) {
        if (!bytes_equal(row.user, s->user) && begin_user(s, row.user, e))
            return e->status;
        vec_push(&s->events, event_of(s, &row));
        if (read_codes(s, &row, e))
            return e->status;
    }
    return got < 0 ? e->status : finish_user(s, e);
}

/* ---- rows in any order ---- */

int sessionizer_read(struct sessionizer *s, struct regroup *rows, size_t memory, struct err *e)
{
    struct raw_row row = {0};
    struct buf packed = {0};
    int got;
    s->least_title = true;
    regroup_open(rows, sizeof(struct event) + s->carried.len * sizeof *s->codes.at, memory);
    while ((got = raw_next(s->log, &row, e)) > 0) {
        struct event event = event_of(s, &row);
        vec_clear(&s->codes);
        if (read_codes(s, &row, e))
            break;
        buf_clear(&packed);
        buf_append(&packed, &event, sizeof event);
        buf_append(&packed, s->codes.at, s->codes.len * sizeof *s->codes.at);
        if (regroup_add(rows, row.user, packed.at, e))
            break;
    }
    buf_release(&packed);
    vec_clear(&s->codes);
    for (size_t i = 0; i < s->carried.len; i++)
        extra_columns_sort(&s->carried.at[i]);
    return got ? e->status : regroup_sort(rows, e);
}

int sessionizer_write(struct sessionizer *s, struct regroup *rows, struct frame_out *out,
                      struct err *e)
{
    struct buf packed = {0};
    struct event event;
    int got = 0;
    s->out = out;
    buf_reserve(&packed, rows->row_size);
    while (got == 0 && regroup_user(rows, &s->user)) {
        s->users_read++;
        while ((got = regroup_row(rows, packed.at, e)) > 0) {
            memcpy(&event, packed.at, sizeof event);
            vec_push(&s->events, event);
            vec_append(&s->codes, (const int32_t *)(packed.at + sizeof event), s->carried.len);
        }
        if (!got)
            got = finish_user(s, e);
    }
    buf_release(&packed);
    return got ? e->status : 0;
}

void sessionizer_release(struct sessionizer *s)
{
    names_release(&s->users);
    names_release(&s->items);
    vec_release(&s->item_ids);
    for (size_t i = 0; i < s->titles.len; i++)
        mem_free((char *)s->titles.at[i].at);
    vec_release(&s->titles);
    for (size_t i = 0; i < s->carried.len; i++)
        extra_columns_release(&s->carried.at[i]);
    vec_release(&s->carried);
    vec_release(&s->extras);
    vec_release(&s->events);
    vec_release(&s->codes);
    vec_release(&s->columns);
    sessions_release(&s->sessions);
    buf_release(&s->packed);
}
