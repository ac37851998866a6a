#include "data/batch.h"

#include "base/time.h"

int32_t batch_age_bucket(const int64_t *edges, size_t count, int64_t age)
{
    size_t low = 0, high = count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (age < edges[middle])
            high = middle;
        else
            low = middle + 1;
    }
    return (int32_t)low;
}

static void clear(struct batching *b)
{
    vec_clear(&b->user);
    vec_clear(&b->session);
    vec_clear(&b->start);
    vec_clear(&b->length);
    vec_clear(&b->item);
    vec_clear(&b->history_count);
    vec_clear(&b->history_delta);
    vec_clear(&b->history_week);
    vec_clear(&b->history_session);
    vec_clear(&b->history_start);
    vec_clear(&b->history_length);
    vec_clear(&b->history_item);
    vec_clear(&b->place);
    vec_clear(&b->history_place);
    vec_clear(&b->intents);
    while (b->codes.len < b->contexts)
        vec_push(&b->codes, ((struct context_codes){{0}}));
    for (size_t k = 0; k < b->codes.len; k++)
        vec_clear(&b->codes.at[k].code);
}

/* Appends the ids of the session's events; returns how many are left. */
static size_t add_items(const struct batching *b, size_t s, i32_vec *to)
{
    const int32_t *item = session_store_items(b->store, s);
    size_t length = session_store_length(b->store, s), before = to->len;
    if (!b->row)
        vec_append(to, item, length);
    for (size_t i = 0; b->row && i < length; i++)
        if (b->row[item[i]] >= 0)
            vec_push(to, b->row[item[i]]);
    return to->len - before;
}

/* Appends where these events are in the store. */
static void add_places(const struct batching *b, size_t s, i32_vec *to)
{
    const int32_t *item = session_store_items(b->store, s);
    int32_t first = (int32_t)session_store_place(b->store, s);
    for (size_t i = 0; i < session_store_length(b->store, s); i++)
        if (!b->row || b->row[item[i]] >= 0)
            vec_push(to, first + (int32_t)i);
}

static bool has_items(const struct batching *b, size_t s)
{
    const int32_t *item = session_store_items(b->store, s);
    size_t length = session_store_length(b->store, s), i = 0;
    while (b->row && i < length && b->row[item[i]] < 0)
        i++;
    return i < length;
}

/* Finds the earlier sessions of session s, whose user's first session is `first`. */
static void find_earlier(struct batching *b, size_t first, size_t s)
{
    int64_t start = session_store_start(b->store, s);
    vec_clear(&b->earlier);
    for (size_t h = s; h-- > first && b->earlier.len < (size_t)b->history;)
        if (session_store_last(b->store, h) < start && has_items(b, h))
            vec_push(&b->earlier, (int32_t)h);
}

/* The number among all of the user's sessions of the first one that the store has. */
static int32_t first_number(const struct batching *b, int32_t user)
{
    return b->before ? b->before[user] : 0;
}

static void add_earlier(struct batching *b, int32_t user, size_t s)
{
    const struct session_store *c = b->store;
    size_t first = (size_t)c->first.at[user];
    find_earlier(b, first, s);
    vec_push(&b->history_count, (int32_t)b->earlier.len);
    for (size_t i = b->earlier.len; i-- > 0;) {
        size_t h = (size_t)b->earlier.at[i];
        int64_t start = session_store_start(c, h), age = session_store_start(c, s) - start;
        vec_push(&b->history_delta, batch_age_bucket(b->edges, b->edge_count, age));
        vec_push(&b->history_week, time_week_hour(start, b->week_shift));
        vec_push(&b->history_session, first_number(b, user) + (int32_t)(h - first));
        vec_push(&b->history_start, start);
        if (b->history_items)
            vec_push(&b->history_length, (int32_t)add_items(b, h, &b->history_item));
        if (b->history_items && b->stored)
            add_places(b, h, &b->history_place);
    }
}

/* The times of the session's events that are not left out. */
static void find_times(struct batching *b, size_t s)
{
    const int32_t *item = session_store_items(b->store, s);
    vec_clear(&b->times);
    for (size_t i = 0; i < session_store_length(b->store, s); i++) {
        if (!b->row || b->row[item[i]] >= 0)
            vec_push(&b->times, session_store_time(b->store, s, i));
    }
}

/* The bin of the time from event `from` to the next. */
static int32_t dwell_bin(const struct batching *b, const struct context_source *x, size_t from)
{
    return batch_age_bucket(x->edges, x->edge_count, b->times.at[from + 1] - b->times.at[from]);
}

/* The code of event i of find_times. */
static int32_t code_of_time(const struct batching *b, const struct context_source *x, size_t i)
{
    if (x->kind == CONTEXT_HOUR)
        return time_week_hour(b->times.at[i], b->week_shift) % DAY_HOURS;
    if (x->kind == CONTEXT_DWELL)
        return i ? 1 + dwell_bin(b, x, i - 1) : 0;
    return i + 1 + b->open_ended < b->times.len ? dwell_bin(b, x, i) : -1;
}

static void add_column(const struct batching *b, const struct context_source *x, size_t s,
                       i32_vec *to)
{
    const int32_t *item = session_store_items(b->store, s);
    const int32_t *code = session_store_codes(b->store, x->column, s);
    for (size_t i = 0; i < session_store_length(b->store, s); i++)
        if (!b->row || b->row[item[i]] >= 0)
            vec_push(to, code[i]);
}

/* Appends the contexts of the session's events. */
static void add_contexts(struct batching *b, size_t s)
{
    vec_clear(&b->times);
    if (b->contexts && b->store->keeps_times)
        find_times(b, s);
    for (size_t k = 0; k < b->contexts; k++) {
        const struct context_source *x = &b->context[k];
        i32_vec *to = &b->codes.at[k].code;
        if (x->kind == CONTEXT_COLUMN)
            add_column(b, x, s, to);
        for (size_t i = 0; x->kind != CONTEXT_COLUMN && i < b->times.len; i++)
            vec_push(to, code_of_time(b, x, i));
    }
}

/* Of all events of the session, those that are left out too. */
static bool has_intent(const struct batching *b, size_t s)
{
    const int32_t *code = session_store_codes(b->store, b->intent->column, s);
    for (size_t i = 0; i < session_store_length(b->store, s); i++)
        if (code[i] >= 0 && b->intent->wanted[code[i]])
            return true;
    return false;
}

static void add_session(struct batching *b, size_t s)
{
    const struct session_store *c = b->store;
    size_t length = add_items(b, s, &b->item);
    if (!length)
        return;
    int32_t user = session_store_user(c, s), first = c->first.at[user];
    vec_push(&b->user, user);
    vec_push(&b->session, first_number(b, user) + (int32_t)s - first);
    vec_push(&b->start, session_store_start(c, s));
    vec_push(&b->length, (int32_t)length);
    if (b->stored)
        add_places(b, s, &b->place);
    add_contexts(b, s);
    if (b->intent)
        vec_push(&b->intents, has_intent(b, s));
    add_earlier(b, user, s);
}

#define COLUMN(v) ((struct column){(v).at, (v).len})

static const struct column *context_columns(struct batching *b)
{
    vec_clear(&b->context_columns);
    for (size_t k = 0; k < b->contexts; k++)
        vec_push(&b->context_columns, COLUMN(b->codes.at[k].code));
    return b->context_columns.at;
}

struct batch batching_make(struct batching *b, const int32_t *picked, size_t count, bool learn)
{
    clear(b);
    for (size_t i = 0; i < count; i++)
        add_session(b, (size_t)picked[i]);
    return (struct batch){
        .learn = learn,
        .user = COLUMN(b->user),
        .session = COLUMN(b->session),
        .start = COLUMN(b->start),
        .length = COLUMN(b->length),
        .item = COLUMN(b->item),
        .history = COLUMN(b->history_count),
        .history_delta = COLUMN(b->history_delta),
        .history_week = COLUMN(b->history_week),
        .history_session = COLUMN(b->history_session),
        .history_start = COLUMN(b->history_start),
        .history_length = COLUMN(b->history_length),
        .history_item = COLUMN(b->history_item),
        .context = context_columns(b),
        .intent = COLUMN(b->intents),
        .stored = b->stored,
        .place = COLUMN(b->place),
        .history_place = COLUMN(b->history_place),
    };
}

int64_t batching_reach(struct batching *b)
{
    int64_t reach = b->history;
    for (size_t s = 0; s < session_store_sessions(b->store); s++) {
        find_earlier(b, (size_t)b->store->first.at[session_store_user(b->store, s)], s);
        int64_t back = b->earlier.len ? (int64_t)s - b->earlier.at[b->earlier.len - 1] : 0;
        reach = back > reach ? back : reach;
    }
    return reach;
}

void batching_release(struct batching *b)
{
    vec_release(&b->user);
    vec_release(&b->session);
    vec_release(&b->start);
    vec_release(&b->length);
    vec_release(&b->item);
    vec_release(&b->history_count);
    vec_release(&b->history_delta);
    vec_release(&b->history_week);
    vec_release(&b->history_session);
    vec_release(&b->history_start);
    vec_release(&b->history_length);
    vec_release(&b->history_item);
    vec_release(&b->place);
    vec_release(&b->history_place);
    for (size_t k = 0; k < b->codes.len; k++)
        vec_release(&b->codes.at[k].code);
    vec_release(&b->codes);
    vec_release(&b->context_columns);
    vec_release(&b->intents);
    vec_release(&b->times);
    vec_release(&b->earlier);
}
