#include "data/sessionizer.h"

#include "base/text_fields.h"
#include "data/row_batch.h"
#include "stream/attributes.h"

void sessionizer_open(struct sessionizer *s, const struct session_rules *rules,
                      const struct profiles *profiles, struct raw_log *log)
{
    *s = (struct sessionizer){.rules = rules, .profiles = profiles, .log = log};
    for (size_t i = 0; i < log->format.carried_count; i++)
        vec_push(&s->carried, ((struct extra_columns){.key = log->format.carried[i]}));
}

/* ---- from rows to events ---- */

/* Numbers the items of a batch; -1 are their ids in the stream until they are used. */
static const int32_t *number_items(struct sessionizer *s, const struct row_batch *b)
{
    size_t count = b->items.len;
    vec_clear(&s->numbers);
    vec_reserve(&s->numbers, count);
    item_table_number(&s->items, b->items.at, count, s->numbers.at);
    while (s->item_ids.len < (size_t)names_count(&s->items.names))
        vec_push(&s->item_ids, -1);
    return s->numbers.at;
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

/* A session that no record can hold. */
static int say_user(const struct sessionizer *s, struct err *e)
{
    char text[FIELD_TEXT];
    return err_at(e, "user %s", field_text(s->user, text));
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
            return e->status == STATUS_DATA ? say_user(s, e) : e->status;
    }
    vec_clear(&s->codes);
    return set->spans.len ? frame_out_pause(s->out, e) : 0;
}

/* ---- grouped rows ---- */

static int begin_user(struct sessionizer *s, const struct row_run *run, struct err *e)
{
    if (finish_user(s, e))
        return e->status;
    bool is_new;
    int32_t id = names_add(&s->users, run->user, &is_new);
    if (!is_new) {
        char text[FIELD_TEXT];
        err_set(e, STATUS_DATA,
                "user %s comes back after another: --ungrouped takes rows in any order",
                field_text(run->user, text));
        return raw_at_place(&run->place, e);
    }
    s->user = names_at(&s->users, id);
    s->users_read++;
    return 0;
}

/* Adds the rows to the events of their user.  Only now their titles count: where a batch ends must
 * not show in the titles of items that the user before used. */
static void add_run(struct sessionizer *s, const struct row_batch *b, const struct row_run *run,
                    const int32_t *numbers)
{
    size_t before = s->events.len, codes = run->count * s->carried.len;
    vec_append(&s->events, b->events.at + run->from, run->count);
    vec_append(&s->codes, b->codes.at + run->from * s->carried.len, codes);
    item_table_call(&s->items, numbers + run->from, b->titles.at + run->from, run->count);
    for (size_t i = 0; i < run->count; i++)
        s->events.at[before + i].item = numbers[run->from + i];
}

static int take_grouped(void *state, const struct row_batch *b, struct err *e)
{
    struct sessionizer *s = state;
    const int32_t *numbers = number_items(s, b);
    for (size_t i = 0; i < b->runs.len; i++) {
        const struct row_run *run = &b->runs.at[i];
        if (!bytes_equal(run->user, s->user) && begin_user(s, run, e))
            return e->status;
        add_run(s, b, run, numbers);
    }
    return 0;
}

int sessionizer_run(struct sessionizer *s, struct frame_out *out, struct err *e)
{
    s->out = out;
    if (row_batches_read(s->log, s->carried.at, take_grouped, s, e))
        return e->status;
    return finish_user(s, e);
}

/* ---- rows in any order ---- */

/* How much of an event waits for the others of its user: its session only where the log names them.
 */
enum { WHOLE_EVENT = sizeof(struct event), EVENT_BEGIN = offsetof(struct event, row) };

static size_t event_size(const struct sessionizer *s)
{
    return s->rules->given ? WHOLE_EVENT : EVENT_BEGIN;
}

/* Returns the place behind it. */
static inline char *pack_event(const struct sessionizer *s, const struct event *event, char *to)
{
    if (s->rules->given)
        return (char *)memcpy(to, event, WHOLE_EVENT) + WHOLE_EVENT;
    return (char *)memcpy(to, event, EVENT_BEGIN) + EVENT_BEGIN;
}

/* Writes rows of a batch for regroup, their codes behind each. */
static void pack_rows(const struct sessionizer *s, const struct row_batch *b, size_t from,
                      size_t count, const int32_t *numbers, char *to)
{
    size_t columns = s->carried.len;
    for (size_t i = from; i < from + count; i++) {
        struct event event = b->events.at[i];
        event.item = numbers[i];
        to = pack_event(s, &event, to);
        for (size_t k = 0; k < columns; k++, to += sizeof *b->codes.at)
            memcpy(to, &b->codes.at[i * columns + k], sizeof *b->codes.at);
    }
}

static int regroup_run(struct sessionizer *s, const struct row_batch *b, const struct row_run *run,
                       const int32_t *numbers, struct err *e)
{
    for (size_t done = 0, now; done < run->count; done += now) {
        now = run->count - done;
        char *to = regroup_add(s->rows, run->user, &now, e);
        if (!to)
            return e->status;
        pack_rows(s, b, run->from + done, now, numbers, to);
    }
    return 0;
}

static int take_ungrouped(void *state, const struct row_batch *b, struct err *e)
{
    struct sessionizer *s = state;
    const int32_t *numbers = number_items(s, b);
    item_table_call(&s->items, numbers, b->titles.at, b->titles.len);
    for (size_t i = 0; i < b->runs.len; i++)
        if (regroup_run(s, b, &b->runs.at[i], numbers, e))
            return e->status;
    return 0;
}

int sessionizer_read(struct sessionizer *s, struct regroup *rows, size_t memory, struct err *e)
{
    s->items.least_title = true;
    s->rows = rows;
    regroup_open(rows, event_size(s) + s->carried.len * sizeof *s->codes.at, memory);
    int status = row_batches_read(s->log, s->carried.at, take_ungrouped, s, e);
    for (size_t i = 0; i < s->carried.len; i++)
        extra_columns_sort(&s->carried.at[i]);
    return status ? status : regroup_sort(rows, e);
}

/* Adds rows of regroup to the events of their user. */
static void unpack_rows(struct sessionizer *s, const char *from, size_t count)
{
    size_t columns = s->carried.len;
    vec_reserve(&s->events, count);
    vec_reserve(&s->codes, count * columns);
    for (size_t i = 0; i < count; i++) {
        struct event *event = &s->events.at[s->events.len++];
        *event = (struct event){0};
        memcpy(event, from, s->rules->given ? WHOLE_EVENT : EVENT_BEGIN);
        from += event_size(s);
        if (columns)
            memcpy(s->codes.at + s->codes.len, from, columns * sizeof *s->codes.at);
        s->codes.len += columns;
        from += columns * sizeof *s->codes.at;
    }
}

int sessionizer_write(struct sessionizer *s, struct regroup *rows, struct frame_out *out,
                      struct err *e)
{
    const char *at;
    size_t count;
    int got = 0;
    s->out = out;
    while (got == 0 && regroup_user(rows, &s->user)) {
        s->users_read++;
        while ((got = regroup_rows(rows, &at, &count, e)) > 0)
            unpack_rows(s, at, count);
        if (!got)
            got = finish_user(s, e);
    }
    return got ? e->status : 0;
}

void sessionizer_release(struct sessionizer *s)
{
    names_release(&s->users);
    item_table_release(&s->items);
    vec_release(&s->item_ids);
    vec_release(&s->numbers);
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
