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
}

/* The user's last sessions before session s, oldest first, whatever part they are of. */
static void add_history(struct batching *b, size_t s)
{
    const struct session_store *c = b->store;
    size_t first = c->first.at[c->user.at[s]], number = s - first;
    size_t count = number < (size_t)b->history ? number : (size_t)b->history;
    vec_push(&b->history_count, (int32_t)count);
    for (size_t h = s - count; h < s; h++) {
        int64_t start = c->start.at[h];
        int32_t bucket = batch_age_bucket(b->edges, b->edge_count, c->start.at[s] - start);
        vec_push(&b->history_delta, bucket);
        vec_push(&b->history_week, time_week_hour(start, b->week_shift));
        vec_push(&b->history_session, (int32_t)(h - first));
        vec_push(&b->history_start, start);
        if (b->history_items) {
            vec_push(&b->history_length, (int32_t)session_store_length(c, h));
            vec_append(&b->history_item, session_store_items(c, h), session_store_length(c, h));
        }
    }
}

static void add_session(struct batching *b, size_t s)
{
    const struct session_store *c = b->store;
    size_t length = session_store_length(c, s);
    vec_push(&b->user, c->user.at[s]);
    vec_push(&b->session, (int32_t)(s - c->first.at[c->user.at[s]]));
    vec_push(&b->start, c->start.at[s]);
    vec_push(&b->length, (int32_t)length);
    vec_append(&b->item, session_store_items(c, s), length);
    add_history(b, s);
}

#define COLUMN(v) ((struct column){(v).at, (v).len})

int batching_emit(struct batching *b, enum part part, const size_t *picked, size_t count,
                  struct err *e)
{
    clear(b);
    if (b->history_items) { /* a NULL array would say that no items are given */
        vec_reserve(&b->history_length, 1);
        vec_reserve(&b->history_item, 1);
    }
    for (size_t i = 0; i < count; i++)
        add_session(b, picked[i]);
    struct batch batch = {
        .learn = part != PART_TRAIN || count >= (size_t)b->min_batch,
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
    };
    b->left_out += batch.learn ? 0 : count;
    return b->emit(b->to, &batch, e);
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
}
