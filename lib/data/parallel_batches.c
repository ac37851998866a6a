#include "data/parallel_batches.h"

enum { RUN_TOGETHER = 2600 }; /* events of all slots */

void parallel_batches_begin(struct parallel_batches *p)
{
    if (!p->slot)
        p->slot = mem_zero((size_t)p->slots, sizeof *p->slot);
    for (int64_t i = 0; i < p->slots; i++) {
        struct parallel_slot *slot = &p->slot[i];
        vec_clear(&slot->next);
        slot->begun = slot->position = slot->targets = 0;
        slot->user = -1;
    }
}

void parallel_batches_give(struct parallel_batches *p, int32_t slot, int32_t session)
{
    struct parallel_slot *to = &p->slot[slot];
    if (session_store_length(p->store, (size_t)session) < 2)
        return;
    if (to->begun == to->next.len) {
        vec_clear(&to->next);
        to->begun = 0;
    }
    vec_push(&to->next, session);
}

bool parallel_batches_wants(const struct parallel_batches *p)
{
    int64_t i = 0;
    while (i < p->slots &&
           (p->slot[i].position < p->slot[i].targets || p->slot[i].begun < p->slot[i].next.len))
        i++;
    return i < p->slots;
}

/* Moves the slot to its next event. */
static enum reset advance(const struct parallel_batches *p, struct parallel_slot *slot)
{
    if (slot->position < slot->targets)
        return RESET_NONE;
    if (slot->begun == slot->next.len)
        return RESET_IDLE;
    int32_t before = slot->user;
    slot->session = (size_t)slot->next.at[slot->begun++];
    slot->targets = session_store_length(p->store, slot->session) - 1;
    slot->position = 0;
    slot->user = session_store_user(p->store, slot->session);
    return slot->user == before ? RESET_SESSION : RESET_USER;
}

/* One event of a slot, zeros where it is idle. */
static void add(struct parallel_batches *p, struct parallel_slot *slot, enum reset reset)
{
    bool idle = reset == RESET_IDLE;
    size_t at = idle ? 0 : slot->position++;
    const int32_t *items = idle ? NULL : session_store_items(p->store, slot->session) + at;
    vec_push(&p->item, idle ? 0 : items[0]);
    vec_push(&p->target, idle ? 0 : items[1]);
    vec_push(&p->user, idle ? 0 : slot->user);
    vec_push(&p->number, idle ? 0 : (int32_t)slot->session - p->store->first.at[slot->user]);
    vec_push(&p->at, (int32_t)at);
    vec_push(&p->reset, (unsigned char)reset);
}

static void cut_steps(struct parallel_batches *p, size_t len)
{
    p->item.len = p->target.len = p->user.len = p->number.len = p->at.len = p->reset.len = len;
}

bool parallel_batches_step(struct parallel_batches *p)
{
    size_t before = p->reset.len;
    bool any = false;
    for (int64_t i = 0; i < p->slots; i++) {
        enum reset reset = advance(p, &p->slot[i]);
        any = any || reset != RESET_IDLE;
        add(p, &p->slot[i], reset);
    }
    if (!any)
        cut_steps(p, before);
    return any;
}

bool parallel_batches_full(const struct parallel_batches *p)
{
    return p->reset.len + (size_t)p->slots > RUN_TOGETHER;
}

#define COLUMN(v) ((struct column){(v).at, (v).len})

struct steps parallel_batches_take(struct parallel_batches *p)
{
    const struct steps steps = {.slots = p->slots,
                                .item = COLUMN(p->item),
                                .target = COLUMN(p->target),
                                .user = COLUMN(p->user),
                                .session = COLUMN(p->number),
                                .position = COLUMN(p->at),
                                .reset = COLUMN(p->reset)};
    cut_steps(p, 0);
    return steps;
}

void parallel_batches_release(struct parallel_batches *p)
{
    for (int64_t i = 0; p->slot && i < p->slots; i++)
        vec_release(&p->slot[i].next);
    mem_free(p->slot);
    vec_release(&p->item);
    vec_release(&p->target);
    vec_release(&p->user);
    vec_release(&p->number);
    vec_release(&p->at);
    vec_release(&p->reset);
}
