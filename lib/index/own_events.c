#include "index/own_events.h"

#include <math.h>

enum { POWERS = 1024 };               /* of OWN_DECAY in the table; further ones are 0 */
static const float OWN_DECAY = 0.98f; /* for each event back */

void own_events_open(struct own_events *o)
{
    *o = (struct own_events){.newest = -1, .power = mem_alloc(POWERS * sizeof *o->power)};
    for (int i = 0; i < POWERS; i++)
        o->power[i] = powf(OWN_DECAY, (float)i);
}

void own_events_release(struct own_events *o)
{
    vec_release(&o->event);
    vec_release(&o->nexts);
    vec_release(&o->use);
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
        o->use.at[use->newer].older = use->older;
    else
        o->newest = use->older;
    if (use->older >= 0)
        o->use.at[use->older].newer = use->newer;
}

static void link_newest(struct own_events *o, int32_t item)
{
    o->use.at[item].newer = -1;
    o->use.at[item].older = o->newest;
    if (o->newest >= 0)
        o->use.at[o->newest].newer = item;
    o->newest = item;
}

void own_events_widen(struct own_events *o, size_t items)
{
    size_t more = items - o->use.len;
    vec_reserve(&o->use, more);
    memset(o->use.at + o->use.len, 0, more * sizeof *o->use.at);
    o->use.len = items;
}

void own_events_add(struct own_events *o, int32_t item, bool begins, int64_t time)
{
    own_events_cover(o, (size_t)item + 1);
    struct own_use *use = &o->use.at[item];
    int32_t at = (int32_t)o->event.len, before = use->count ? use->last : -1;
    vec_push(&o->event, ((struct own_event){item, before, begins, time}));
    if (o->in_session) {
        if (use->count)
            unlink_use(o, use);
        link_newest(o, item);
    }
    use->decayed = 1 + (use->count ? use->decayed * power_of(o, at - use->last) : 0);
    o->distinct += use->count == 0;
    use->count++;
    use->last = at;
    use->in_session += o->in_session;
    o->total = 1 + o->total * OWN_DECAY;
}

void own_events_begin_session(struct own_events *o)
{
    int32_t newer = -1;
    for (int32_t at = (int32_t)o->event.len - 1; at >= 0; at--) {
        int32_t item = o->event.at[at].item;
        struct own_use *use = &o->use.at[item];
        if (use->last != at)
            continue;
        *(newer < 0 ? &o->newest : &o->use.at[newer].older) = item;
        use->newer = newer;
        use->older = -1;
        newer = item;
    }
    o->in_session = true;
}

int32_t own_events_follow(struct own_events *o)
{
    int32_t times = 0;
    for (size_t i = 0; i < o->nexts.len; i++)
        o->use.at[o->nexts.at[i]].next = 0;
    vec_clear(&o->nexts);
    for (int32_t i = o->event.at[o->use.at[o->newest].last].before; i >= 0;
         i = o->event.at[i].before) {
        const struct own_event *next = &o->event.at[i + 1];
        if (next->begins)
            continue;
        if (!o->use.at[next->item].next++)
            vec_push(&o->nexts, next->item);
        times++;
    }
    return times;
}

void own_events_clear(struct own_events *o)
{
    vec_clear(&o->use);
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
