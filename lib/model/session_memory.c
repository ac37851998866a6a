#include "model/session_memory.h"

void session_memory_open(struct session_memory *s, const struct model *m, int width)
{
    *s = (struct session_memory){.device = m->device, .history = &m->data.history, .width = width};
    memory_slots_init(&s->kept, m->data.users, m->data.history);
}

void session_memory_clear(struct session_memory *s)
{
    memory_slots_clear(&s->kept);
}

void session_memory_release(struct session_memory *s)
{
    if (s->table)
        s->device->op->release(s->device, s->table);
    memory_slots_release(&s->kept);
}

static void grow(struct session_memory *s, int32_t rows)
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

void session_memory_put(struct session_memory *s, struct tape *t, const struct batch *b,
                        const float *from)
{
    int count = (int)b->user.len;
    s->kept.capacity = *s->history;
    if (!s->kept.capacity)
        return;
    int32_t *slot = tape_host(t, (size_t)count * sizeof *slot);
    for (int i = 0; i < count; i++)
        slot[i] = memory_slots_add(&s->kept, column_i32(b->user)[i], column_i32(b->session)[i]);
    grow(s, s->kept.slots);
    s->device->op->store(s->device, tape_rows(t, slot, count), s->width, from, s->table);
}

void session_memory_state(struct session_memory *s, struct state *to)
{
    memory_slots_state(&s->kept, to);
    if (!state_good(to))
        return;
    grow(s, s->kept.slots);
    state_floats(to, "representations", 2, (const int64_t[]){s->kept.slots, s->width}, s->device,
                 s->table);
}
