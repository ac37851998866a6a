#include "index/own_events.h"

#include <math.h>

enum { POWERS = 1024 };               /* of OWN_DECAY in the table; further ones are 0 */
static const float OWN_DECAY = 0.98f; /* for each event back */

void own_events_open(struct own_events *o, size_t items)
{
    *o = (struct own_events){.use = mem_aligned_zero(items, sizeof *o->use),
                             .newest = -1,
                             .power = mem_alloc(POWERS * sizeof *o->power)};
    for (int i = 0; i < POWERS; i++)
        o->power[i] = powf(OWN_DECAY, (float)i);
}

void own_events_release(struct own_events *o)
{
    vec_release(&o->event);
    vec_release(&o->nexts);
    mem_free(o->use);
    mem_free(o->power);
}

static float power_of(const struct own_events *o, int32_t n)
{
    return n < POWERS ? o->power[n] : 0;
}

/* Takes an item that was used before out of the list by last use. */
static void unlink_use(struct own_events *o, const struct own_use *use)
{
    if (use->newer >= 0)
        o->use[use->newer].older = use->older;
    else
        o->newest = use->older;
    if (use->older >= 0)
        o->use[use->older].newer = use->newer;
}

static void link_newest(struct own_events *o, int32_t item)
{
    o->use[item].newer = -1;
    o->use[item].older = o->newest;
    if (o->newest >= 0)
        o->use[o->newest].newer = item;
    o->newest = item;
}

void own_events_add(struct own_events *o, int32_t item, bool begins, int64_t time)
{
    struct own_use *use = &o->use[item];
    int32_t at = (int32_t)o->event.len, before = use->count ? use->last : -1;
    vec_push(&o->event, ((struct own_event){item, before, begins, time}));
    if (use->count)
        unlink_use(o, use);
    link_newest(o, item);
    use->decayed = 1 + (use->count ? use->decayed * power_of(o, at - use->last) : 0);
    o->distinct += use->count == 0;
    use->count++;
    use->last = at;
    use->in_session += o->in_session;
    o->total = 1 + o->total * OWN_DECAY;
}

int32_t own_events_follow(struct own_events *o)
{
    int32_t times = 0;
    for (size_t i = 0; i < o->nexts.len; i++)
        o->use[o->nexts.at[i]].next = 0;
    vec_clear(&o->nexts);
    for (int32_t i = o->event.at[o->use[o->newest].last].before; i >= 0;
         i = o->event.at[i].before) {
        const struct own_event *next = &o->event.at[i + 1];
        if (next->begins)
            continue;
        if (!o->use[next->item].next++)
            vec_push(&o->nexts, next->item);
        times++;
    }
    return times;
}

void own_events_clear(struct own_events *o)
{
    for (size_t i = 0; i < o->event.len; i++)
        o->use[o->event.at[i].item] = (struct own_use){0};
    vec_clear(&o->event);
    vec_clear(&o->nexts);
    o->in_session = false;
    o->total = 0;
    o->distinct = 0;
    o->newest = -1;
}

float own_events_decayed(const struct own_events *o, const struct own_use *use)
{
    return use->decayed * power_of(o, (int32_t)o->event.len - 1 - use->last);
}
