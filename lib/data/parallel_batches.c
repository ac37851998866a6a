#include "data/parallel_batches.h"

#include "stream/frame.h"

struct slot {
    struct session_range range; /* the sessions that follow the current one */
    size_t session;
    size_t position, targets; /* of the current session, which ends when they are equal */
    int32_t user;             /* of the current session; -1: there was none */
};

struct slots {
    struct batching *to;
    const struct session_range *queue, *last;
    struct slot *slot; /* [size] */
    i32_vec item, target, user, session, position, length;
    VEC(unsigned char) reset;
};

/* Moves the slot to its next session; false: there is none. */
static bool begin_session(struct slots *l, struct slot *at)
{
    do {
        while (at->range.next == at->range.end) {
            if (l->queue == l->last)
                return false;
            at->range = *l->queue++;
        }
        at->session = at->range.next++;
        at->targets = session_store_length(l->to->store, at->session) - 1;
    } while (at->targets == 0);
    at->position = 0;
    return true;
}

static enum reset advance(struct slots *l, struct slot *at)
{
    if (at->position < at->targets)
        return RESET_NONE;
    if (!begin_session(l, at))
        return RESET_IDLE;
    int32_t before = at->user;
    at->user = l->to->store->user.at[at->session];
    return at->user == before ? RESET_SESSION : RESET_USER;
}

/* One event of a slot, zeros where it is idle. */
static void add(struct slots *l, struct slot *at, enum reset reset)
{
    const struct session_store *c = l->to->store;
    bool idle = reset == RESET_IDLE;
    const int32_t *items = idle ? NULL : session_store_items(c, at->session) + at->position;
    vec_push(&l->item, idle ? 0 : items[0]);
    vec_push(&l->target, idle ? 0 : items[1]);
    vec_push(&l->user, idle ? 0 : at->user);
    vec_push(&l->session, idle ? 0 : (int32_t)(at->session - c->first.at[at->user]));
    vec_push(&l->position, idle ? 0 : (int32_t)at->position++);
    vec_push(&l->length, idle ? 0 : (int32_t)at->targets + 1);
    vec_push(&l->reset, (unsigned char)reset);
}

static void cut_steps(struct slots *l, size_t len)
{
    l->item.len = l->target.len = l->user.len = l->session.len = l->position.len = len;
    l->length.len = l->reset.len = len;
}

/* Adds a step; false, without a step, where all slots are idle. */
static bool step(struct slots *l)
{
    size_t before = l->reset.len, slots = (size_t)l->to->size;
    bool any = false;
    for (size_t i = 0; i < slots; i++) {
        enum reset reset = advance(l, &l->slot[i]);
        any = any || reset != RESET_IDLE;
        add(l, &l->slot[i], reset);
    }
    if (!any)
        cut_steps(l, before);
    return any;
}

#define COLUMN(v) ((struct column){(v).at, (v).len})

static int emit(struct slots *l, struct err *e)
{
    const struct steps steps = {
        .lanes = l->to->size,
        .item = COLUMN(l->item),
        .target = COLUMN(l->target),
        .user = COLUMN(l->user),
        .session = COLUMN(l->session),
        .position = COLUMN(l->position),
        .reset = COLUMN(l->reset),
        .length = COLUMN(l->length),
    };
    int status = l->reset.len ? l->to->emit_steps(l->to->to, &steps, e) : 0;
    cut_steps(l, 0);
    return status;
}

int parallel_batches_run(struct batching *b, const struct session_range *ranges, size_t count,
                         struct err *e)
{
    enum { EVENT_BYTES = 6 * sizeof(int32_t) + 1 };
    struct slots l = {.to = b, .queue = ranges, .last = ranges + count};
    l.slot = mem_zero((size_t)b->size, sizeof *l.slot);
    for (int64_t i = 0; i < b->size; i++)
        l.slot[i].user = -1;
    int status = 0;
    while (status == 0 && step(&l))
        if ((l.reset.len + (size_t)b->size) * EVENT_BYTES > BLOCK_TARGET)
            status = emit(&l, e);
    if (status == 0)
        status = emit(&l, e);
    mem_free(l.slot);
    vec_release(&l.item);
    vec_release(&l.target);
    vec_release(&l.user);
    vec_release(&l.session);
    vec_release(&l.position);
    vec_release(&l.length);
    vec_release(&l.reset);
    return status;
}
