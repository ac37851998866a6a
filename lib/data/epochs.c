#include "data/epochs.h"

void epochs_meta(struct meta *m, const struct epochs_options *o)
{
    m->kind = STREAM_BATCHES;
    meta_set_text(m, "scheme", o->scheme->name);
    meta_set_bool(m, "keeps_order", o->scheme->keeps_order);
    meta_set_int(m, o->scheme->parallel ? "lanes" : "batch", o->size);
    meta_set_int(m, "history", o->history);
    meta_set_bool(m, "history_items", o->history_items);
    meta_set_int(m, "epochs", o->epochs);
}

static int emit_batch(void *to, const struct batch *b, struct err *e)
{
    struct frame_out *out = to;
    return write_batch(out, b, e) != 0 ? e->status : frame_out_pause(out, e);
}

static int emit_steps(void *to, const struct steps *s, struct err *e)
{
    struct frame_out *out = to;
    return write_steps(out, s, e) != 0 ? e->status : frame_out_pause(out, e);
}

int epochs_open(struct epochs *p, const struct epochs_options *o, struct sessions_in *in,
                struct frame_out *out, struct err *e)
{
    const struct meta *m = sessions_in_meta(in);
    int64_t week_shift = 0;
    *p = (struct epochs){.options = o, .out = out};
    if (meta_get_i64s(m, "delta_edges", &p->edges, e) != 0 ||
        meta_get_int(m, "week_shift", &week_shift, e) != 0 ||
        session_store_read(&p->store, in, out, e) != 0)
        return e->status;
    if (p->edges.len == 0)
        return err_set(e, STATUS_DATA, "header: no delta_edges, the edges of the buckets of ages");
    p->batching = (struct batching){
        .store = &p->store,
        .size = o->size,
        .history = o->history,
        .history_items = o->history_items,
        .min_batch = o->min_batch,
        .seed = (uint64_t)o->seed,
        .edges = p->edges.at,
        .edge_count = p->edges.len,
        .week_shift = week_shift,
        .emit = emit_batch,
        .emit_steps = emit_steps,
        .to = out,
    };
    return 0;
}

static bool is_due(const struct epochs *p, struct epoch epoch)
{
    return epoch.part == PART_TRAIN ||
           (session_store_part(&p->store, epoch.part) > 0 &&
            (epoch.part != PART_TEST || epoch.number >= p->options->test_from));
}

int epochs_write(struct epochs *p, int64_t number, struct err *e)
{
    for (enum part part = PART_TRAIN; part <= PART_TEST; part++) {
        struct epoch epoch = {number, part};
        if (is_due(p, epoch) && (write_epoch(p->out, epoch, e) != 0 ||
                                 p->options->scheme->pass(&p->batching, epoch, e) != 0))
            return e->status;
    }
    return 0;
}

void epochs_release(struct epochs *p)
{
    session_store_release(&p->store);
    batching_release(&p->batching);
    vec_release(&p->edges);
}
