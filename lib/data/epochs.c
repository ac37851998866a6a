#include "data/epochs.h"

#include <stdlib.h>

#include "base/ascending.h"

void epochs_meta(struct meta *m, const struct epochs_options *o)
{
    m->kind = STREAM_BATCHES;
    meta_set_text(m, "scheme", o->scheme->name);
    meta_set_bool(m, "keeps_order", o->scheme->keeps_order);
    meta_set_int(m, o->scheme->parallel ? "slots" : "batch", o->size);
    meta_set_int(m, "history", o->history);
    meta_set_int(m, "epochs", o->epochs);
}

/* When the newest share of the training sessions begins; those of equal time are all in. */
static int64_t recent_since(const struct session_store *c, struct fraction share)
{
    i64_vec start = {0};
    for (size_t s = 0; s < session_store_sessions(c); s++)
        if (session_store_part(c, s) == PART_TRAIN)
            vec_push(&start, session_store_start(c, s));
    size_t kept = start.len - (size_t)fraction_floor(fraction_rest(share), (int64_t)start.len);
    int64_t since = 0;
    if (kept && kept < start.len) {
        qsort(start.at, start.len, sizeof *start.at, ascending_i64);
        since = start.at[start.len - kept];
    }
    vec_release(&start);
    return since;
}

int epochs_open(struct epochs *p, const struct epochs_options *o, struct sessions_in *in,
                struct frame_out *out, struct err *e)
{
    *p = (struct epochs){.options = o, .store.item.limit = (size_t)o->memory};
    if (session_store_read(&p->store, in, out, e) != 0)
        return e->status;
    p->schedule = (struct schedule_out){
        .store = &p->store,
        .out = out,
        .size = o->size,
        .min_batch = o->min_batch,
        .since = recent_since(&p->store, o->recent),
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
    p->schedule.left_out = 0;
    for (enum part part = PART_TRAIN; part <= PART_TEST; part++) {
        struct epoch epoch = {number, part};
        if (is_due(p, epoch) && write_due(p, epoch, e) != 0)
            return e->status;
    }
    return 0;
}

void epochs_release(struct epochs *p)
{
    session_store_release(&p->store);
}
