#include "stream/any.h"

#include "stream/readers.h"

int any_in_open(struct any_in *in, const char *const *paths, int count, struct err *e)
{
    struct reader r;
    *in = (struct any_in){0};
    if (reader_open(&r, paths, count, -1, true, e))
        return e->status;
    in->kind = r.meta.kind;
    if (in->kind == STREAM_SESSIONS)
        in->sessions = sessions_in_of(&r);
    else if (in->kind == STREAM_BATCHES)
        in->batches = batches_in_of(&r);
    else
        in->predictions = predictions_in_of(&r);
    return 0;
}

enum read_result any_in_next(struct any_in *in, union any_record *r, struct err *e)
{
    if (in->sessions)
        return sessions_in_next(in->sessions, &r->sessions, e);
    if (in->batches)
        return batches_in_next(in->batches, &r->batches, e);
    return predictions_in_next(in->predictions, &r->predictions, e);
}

const struct meta *any_in_meta(const struct any_in *in)
{
    return in->sessions  ? sessions_in_meta(in->sessions)
           : in->batches ? batches_in_meta(in->batches)
                         : predictions_in_meta(in->predictions);
}

struct frame_counts any_in_counts(const struct any_in *in)
{
    return in->sessions  ? sessions_in_counts(in->sessions)
           : in->batches ? batches_in_counts(in->batches)
                         : predictions_in_counts(in->predictions);
}

uint64_t any_in_skipped(const struct any_in *in)
{
    return in->sessions  ? sessions_in_skipped(in->sessions)
           : in->batches ? batches_in_skipped(in->batches)
                         : predictions_in_skipped(in->predictions);
}

void any_in_close(struct any_in *in)
{
    sessions_in_close(in->sessions);
    batches_in_close(in->batches);
    predictions_in_close(in->predictions);
    *in = (struct any_in){0};
}
