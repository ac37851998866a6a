#include "train/device_store.h"

enum { CHUNK = 1 << 18 }; /* events that go to the device together */

/* A column on its way there. */
struct upload {
    struct device *device;
    int32_t *to;
    size_t done;  /* events that are there */
    i32_vec next; /* those after them */
};

static void flush(struct upload *u)
{
    u->device->op->upload(u->device, u->to + u->done, u->next.at, u->next.len * sizeof *u->next.at);
    u->done += u->next.len;
    vec_clear(&u->next);
}

/* Adds the number of the event at that place; events that batches leave out have none. */
static void add(struct upload *u, size_t place, int32_t number)
{
    while (u->done + u->next.len < place)
        vec_push(&u->next, -1);
    vec_push(&u->next, number);
    if (u->next.len >= CHUNK)
        flush(u);
}

static void add_batch(struct upload *item, struct upload *code, size_t contexts,
                      const struct batch *b)
{
    for (size_t i = 0; i < b->item.len; i++) {
        size_t place = (size_t)column_i32(b->place)[i];
        add(item, place, column_i32(b->item)[i]);
        for (size_t k = 0; k < contexts; k++)
            add(&code[k], place, column_i32(b->context[k])[i]);
    }
}

/* Without earlier sessions. */
static struct batching plain_batching(const struct batching *b, const struct stored_events *stored)
{
    return (struct batching){.store = b->store,
                             .row = b->row,
                             .edges = b->edges,
                             .edge_count = b->edge_count,
                             .week_shift = b->week_shift,
                             .context = b->context,
                             .contexts = b->contexts,
                             .stored = stored,
                             .open_ended = b->open_ended};
}

static struct upload upload_open(struct device *d, size_t events)
{
    return (struct upload){.device = d, .to = d->op->alloc(d, events * sizeof(int32_t))};
}

static int32_t *upload_end(struct upload *u)
{
    flush(u);
    vec_release(&u->next);
    return u->to;
}

const struct stored_events *device_store_open(struct device_store *s, struct device *d,
                                              const struct batching *b)
{
    size_t sessions = session_store_sessions(b->store), events = b->store->events;
    if (d->host || !events || events > INT32_MAX)
        return NULL;
    struct batching one = plain_batching(b, &s->events);
    struct upload item = upload_open(d, events), *code = mem_zero(b->contexts, sizeof *code);
    for (size_t k = 0; k < b->contexts; k++)
        code[k] = upload_open(d, events);
    for (int32_t number = 0; number < (int32_t)sessions; number++) {
        struct batch batch = batching_make(&one, &number, 1, false);
        add_batch(&item, code, b->contexts, &batch);
    }
    *s = (struct device_store){.device = d, .item = upload_end(&item)};
    for (size_t k = 0; k < b->contexts; k++)
        vec_push(&s->code, upload_end(&code[k]));
    s->events = (struct stored_events){s->item, (const int32_t *const *)s->code.at};
    mem_free(code);
    batching_release(&one);
    return &s->events;
}

void device_store_close(struct device_store *s)
{
    if (!s->device)
        return;
    s->device->op->release(s->device, s->item);
    for (size_t k = 0; k < s->code.len; k++)
        s->device->op->release(s->device, s->code.at[k]);
    vec_release(&s->code);
    *s = (struct device_store){0};
}
