#include "model/session_memory.h"

void stored_open(struct stored *s, const struct model *m, int width)
{
    *s = (struct stored){.device = m->device, .width = width};
    past_init(&s->past, m->data.users, m->data.history);
}

void stored_clear(struct stored *s)
{
    past_clear(&s->past);
}

void stored_release(struct stored *s)
{
    if (s->table)
        s->device->op->release(s->device, s->table);
    past_release(&s->past);
}

static void grow(struct stored *s, int32_t rows)
{
    struct device *d = s->device;
    if (rows <= s->rows)
        return;
    int32_t room = rows + rows / 2 + 256;
    size_t width = (size_t)s->width;
    float *table = d->op->alloc(d, (size_t)room * width * sizeof *table);
    if (s->table) {
        d->op->copy(d, table, s->table, (size_t)s->rows * width);
        d->op->release(d, s->table);
    }
    s->table = table;
    s->rows = room;
}

void stored_put(struct stored *s, struct tape *t, const struct batch *b, const float *from)
{
    int count = (int)b->user.len;
    if (!s->past.capacity)
        return;
    int32_t *slot = tape_host(t, (size_t)count * sizeof *slot);
    for (int i = 0; i < count; i++)
        slot[i] = past_add(&s->past, column_i32(b->user)[i], column_i32(b->session)[i]);
    grow(s, s->past.slots);
    s->device->op->store(s->device, tape_rows(t, slot, count), s->width, from, s->table);
}

void stored_state(struct stored *s, struct state *to)
{
    past_state(&s->past, to);
    if (!state_good(to))
        return;
    grow(s, s->past.slots);
    state_floats(to, "representations", 2, (const int64_t[]){s->past.slots, s->width}, s->device,
                 s->table);
}
