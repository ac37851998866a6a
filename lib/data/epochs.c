#include "data/epochs.h"

#include <inttypes.h>

void epochs_meta(struct meta *m, const struct epochs_options *o)
{
    m->kind = STREAM_BATCHES;
    meta_set_text(m, "scheme", o->scheme->name);
    meta_set_bool(m, "keeps_order", o->scheme->keeps_order);
    meta_set_int(m, o->scheme->parallel ? "slots" : "batch", o->size);
    meta_set_int(m, "history", o->history);
    meta_set_int(m, "epochs", o->epochs);
    if (o->reverse)
        meta_set_bool(m, "reversed", true);
    learned_note(m, o->learned);
}

/* Leaves room for what passes take. */
static int leave_room(struct epochs *p, struct err *e)
{
    size_t most = (size_t)p->options->memory, sessions = session_store_sessions(&p->store);
    size_t per_session = (size_t)p->options->scheme->per_session + 1; /* 1: is it learned from */
    size_t passes = session_store_users(&p->store) * SCHEME_PER_USER + sessions * per_session;
    return most ? session_store_within(&p->store, most > passes ? most - passes : 1, e) : 0;
}

int epochs_open(struct epochs *p, const struct epochs_options *o, struct sessions_in *in,
                struct frame_out *out, struct err *e)
{
    *p = (struct epochs){.options = o,
                         .store.head.within = (size_t)o->memory,
                         .store.drops_items = true,
                         .store.reverses = o->reverse};
    if (o->memory)
        mem_give_back();
    if (session_store_read(&p->store, in, out, e) || leave_room(p, e) ||
        learned_choose(&p->store, NULL, o->learned, &p->learned, e))
        return e->status;
    p->schedule = (struct schedule_out){
        .store = &p->store,
        .out = out,
        .size = o->size,
        .min_batch = o->min_batch,
        .learned = p->learned,
        .seed = (uint64_t)o->seed,
    };
    return 0;
}

static bool is_due(const struct epochs *p, struct epoch epoch)
{
    const struct epochs_options *o = p->options;
    bool tests = (epoch.number - o->test_from) % o->test_every == 0 || epoch.number == o->epochs;
    if (epoch.part == PART_TRAIN)
        return true;
    return tests && (epoch.part != PART_TEST || epoch.number >= o->test_from) &&
           session_store_part_count(&p->store, epoch.part) > 0;
}

static int write_due(struct epochs *p, struct epoch epoch, struct err *e)
{
    const struct scheme *scheme = epoch.part == PART_TRAIN ? p->options->scheme : scheme_of_tests();
    int64_t *written = &p->written[epoch.part];
    if (write_epoch(p->schedule.out, epoch, e) != 0)
        return e->status;
    if (scheme->repeats && *written)
        return write_again(p->schedule.out, *written, e) ? e->status
                                                         : frame_out_pause(p->schedule.out, e);
    if (session_store_part_count(&p->store, epoch.part) > 0)
        *written = epoch.number;
    return scheme->pass(&p->schedule, epoch, e);
}

int epochs_write(struct epochs *p, int64_t number, struct err *e)
{
    p->schedule.training = p->schedule.left_out = p->schedule.left_out_events = 0;
    for (enum part part = PART_TRAIN; part <= PART_TEST; part++) {
        struct epoch epoch = {number, part};
        if (is_due(p, epoch) && write_due(p, epoch, e) != 0)
            return e->status;
    }
    return 0;
}

void epochs_drops(const struct epochs *p, struct drops *d)
{
    const struct session_store *c = &p->store;
    struct buf why = {0};
    d->events.of += c->events;
    d->sessions.of = session_store_sessions(c);
    buf_format(&why, "not learned from, in batches under --min-batch %" PRId64,
               p->schedule.min_batch);
    drops_add(d, (struct bytes){why.at, why.len}, p->schedule.left_out_events,
              p->schedule.left_out);
    buf_release(&why);
}

void epochs_release(struct epochs *p)
{
    session_store_release(&p->store);
    mem_free(p->learned);
}
