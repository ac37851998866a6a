#include "model/lookback.h"

static struct lookback_sessions history_begin(struct tape *t, const struct batch *b)
{
    size_t count = b->user.len, most = count + b->history_session.len;
    return (struct lookback_sessions){.count = (int)count,
                                      .length = tape_host_ints(t, count),
                                      .row = tape_host_ints(t, most),
                                      .slot = tape_host_ints(t, most),
                                      .user = tape_host_ints(t, most),
                                      .delta = tape_host_ints(t, most),
                                      .week = tape_host_ints(t, most),
                                      .age = tape_host(t, most * sizeof(int64_t))};
}

/* Appends a history row of the batch to session i. */
static void push(struct lookback_sessions *h, const struct batch *b, size_t i, size_t row,
                 int32_t slot)
{
    int n = h->total++;
    h->row[n] = (int32_t)row;
    h->slot[n] = slot;
    h->user[n] = column_i32(b->user)[i];
    h->delta[n] = column_i32(b->history_delta)[row];
    h->week[n] = column_i32(b->history_week)[row];
    h->age[n] = column_i64(b->start)[i] - column_i64(b->history_start)[row];
}

static void push_none(struct lookback_sessions *h, const struct batch *b, size_t i, int32_t delta)
{
    int n = h->total++;
    h->row[n] = h->slot[n] = -1;
    h->user[n] = column_i32(b->user)[i];
    h->delta[n] = delta;
    h->week[n] = WEEK_HOURS;
    h->age[n] = -1;
}

struct lookback_sessions lookback_all(struct tape *t, const struct batch *b)
{
    struct lookback_sessions h = history_begin(t, b);
    for (size_t i = 0, row = 0; i < b->user.len; i++) {
        int before = h.total;
        for (int32_t j = 0; j < column_i32(b->history)[i]; j++, row++)
            push(&h, b, i, row, -1);
        h.length[i] = h.total - before;
    }
    h.ragged = tape_ragged(t, h.length, h.count);
    return h;
}

struct lookback_sessions lookback_known(struct tape *t, const struct batch *b,
                                        const struct memory_slots *memory, int32_t delta_buckets)
{
    struct lookback_sessions h = history_begin(t, b);
    int32_t *slot = tape_host_ints(t, b->history_session.len);
    for (size_t i = 0, at = 0; i < b->user.len; i++) {
        int given = column_i32(b->history)[i], before = h.total;
        memory_slots_find(memory, column_i32(b->user)[i], column_i32(b->history_session) + at,
                          given, slot);
        for (int j = 0; j < given; j++)
            if (slot[j] >= 0)
                push(&h, b, i, at + (size_t)j, slot[j]);
        if (h.total == before)
            push_none(&h, b, i, delta_buckets - 1);
        h.length[i] = h.total - before;
        at += (size_t)given;
    }
    h.ragged = tape_ragged(t, h.length, h.count);
    return h;
}

struct lookback lookback_rows(const struct lookback_sessions *h)
{
    return (struct lookback){h->total, h->length, h->row};
}
