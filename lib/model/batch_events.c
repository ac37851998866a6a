#include "model/batch_events.h"

/* Where the events are in the store. */
static const int32_t *places_of(struct tape *t, const struct batch *b, const int32_t *event, int n)
{
    int32_t own = batch_first_earlier(b), *place = tape_host_ints(t, (size_t)n);
    for (int i = 0; i < n; i++)
        place[i] = event[i] < own ? column_i32(b->place)[event[i]]
                                  : column_i32(b->history_place)[event[i] - own];
    return place;
}

const int32_t *batch_items(struct tape *t, const struct batch *b, const int32_t *event, int n)
{
    int32_t own = batch_first_earlier(b), *item = tape_host_ints(t, (size_t)n);
    for (int i = 0; i < n; i++)
        item[i] = event[i] < own ? column_i32(b->item)[event[i]]
                                 : column_i32(b->history_item)[event[i] - own];
    if (b->stored)
        tape_share(t, item, n, b->stored->item, places_of(t, b, event, n));
    return item;
}

const int32_t *batch_codes(struct tape *t, const struct batch *b, int k, const int32_t *event,
                           int n)
{
    int32_t *code = tape_host_ints(t, (size_t)n);
    for (int i = 0; i < n; i++)
        code[i] = column_i32(b->context[k])[event[i]];
    if (b->stored)
        tape_share(t, code, n, b->stored->code[k], places_of(t, b, event, n));
    return code;
}
