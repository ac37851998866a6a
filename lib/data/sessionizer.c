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

/* The event of a row, whose item has no number yet. */
static struct event event_of(const struct raw_row *row)
{
    return (struct event){
        .time = row->time,
        .order = row->order,
        .session = row->session.len ? XXH3_64bits(row->session.at, row->session.len) : 0,
    };
}

/* The numbers of the items that were asked for; -1 as their ids in the stream until they are used.
 */
static const int32_t *item_numbers(struct sessionizer *s, size_t *count)
{
    const int32_t *numbers = item_table_answer(&s->items, count);
    while (s->item_ids.len < (size_t)names_count(&s->items.names))
        vec_push(&s->item_ids, -1);
    return numbers;
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
    const struct attribute title = {"title", s->items.titles.at[item]};
    buf_clear(&s->packed);
    attributes_pack(&s->packed, &title, 1);
    struct attributes attributes = {{s->packed.at, s->packed.len}};
    int32_t id = s->item_ids.at[item] = s->items_written++;
    return write_item(s->out, id, names_at(&s->items.names, item), attributes, e);
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

/* Gives the last of the user's events the items that they asked for. */
static void number_items(struct sessionizer *s)
{
    size_t count;
    const int32_t *numbers = item_numbers(s, &count);
    struct event *events = s->events.at + s->events.len - count;
    for (size_t i = 0; i < count; i++)
        events[i].item = numbers[i];
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
    number_items(s);
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
        vec_push(&s->events, event_of(&row));
        if (item_table_ask(&s->items, row.item, row.title))
            number_items(s);
        if (read_codes(s, &row, e))
            return e->status;
    }
    number_items(s);
    return got < 0 ? e->status : finish_user(s, e);
}

/* ---- rows in any order ---- */

/* Rows that wait for the numbers of their items. */
struct held_rows {
    struct buf rows;  /* as regroup takes them: events, and their codes */
    struct buf users; /* their names end to end */
    VEC(size_t) ends; /* of each name */
};

static void hold_row(struct sessionizer *s, struct held_rows *held, const struct raw_row *row)
{
    struct event event = event_of(row);
    buf_append(&held->rows, &event, sizeof event);
    buf_append(&held->rows, s->codes.at, s->codes.len * sizeof *s->codes.at);
    buf_append(&held->users, row->user.at, row->user.len);
    vec_push(&held->ends, held->users.len);
    vec_clear(&s->codes);
}

/* Numbers the items of the held rows and adds these to *rows. */
static int add_held(struct sessionizer *s, struct held_rows *held, struct regroup *rows,
                    struct err *e)
{
    size_t count;
    const int32_t *numbers = item_numbers(s, &count);
    int status = 0;
    for (size_t i = 0, from = 0; i < count && !status; from = held->ends.at[i++]) {
        char *row = held->rows.at + i * rows->row_size;
        struct event event;
        memcpy(&event, row, sizeof event);
        event.item = numbers[i];
        memcpy(row, &event, sizeof event);
        status = regroup_add(rows, (struct bytes){held->users.at + from, held->ends.at[i] - from},
                             row, e);
    }
    buf_clear(&held->rows);
    buf_clear(&held->users);
    vec_clear(&held->ends);
    return status;
}

static int read_rows(struct sessionizer *s, struct held_rows *held, struct regroup *rows,
                     struct err *e)
{
    struct raw_row row = {0};
    int got;
    while ((got = raw_next(s->log, &row, e)) > 0) {
        if (read_codes(s, &row, e))
            return e->status;
        hold_row(s, held, &row);
        if (item_table_ask(&s->items, row.item, row.title) && add_held(s, held, rows, e))
            return e->status;
    }
    return got < 0 ? e->status : add_held(s, held, rows, e);
}

int sessionizer_read(struct sessionizer *s, struct regroup *rows, size_t memory, struct err *e)
{
    struct held_rows held = {0};
    s->items.least_title = true;
    regroup_open(rows, sizeof(struct event) + s->carried.len * sizeof *s->codes.at, memory);
    int status = read_rows(s, &held, rows, e);
    buf_release(&held.rows);
    buf_release(&held.users);
    vec_release(&held.ends);
    vec_clear(&s->codes);
    for (size_t i = 0; i < s->carried.len; i++)
        extra_columns_sort(&s->carried.at[i]);
    return status ? status : regroup_sort(rows, e);
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
    item_table_release(&s->items);
    vec_release(&s->item_ids);
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
