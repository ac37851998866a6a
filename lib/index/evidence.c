#include "index/evidence.h"

#include <math.h>
#include <omp.h>

#include "index/evidence_worker.h"

static void clear(struct evidence_maker *e)
{
    vec_clear(&e->start);
    vec_clear(&e->item);
    vec_clear(&e->feature);
    vec_clear(&e->context);
    vec_push(&e->start, 0);
}

static void close_workers(struct evidence_maker *e)
{
    for (int t = 0; e->worker && t < e->threads; t++)
        evidence_worker_free(e->worker[t]);
    mem_free(e->worker);
    e->worker = NULL;
}

/* New ones where the index has outgrown them. */
static void open_workers(struct evidence_maker *e)
{
    bool fit = e->item_room == e->index->item_room && e->session_room == e->index->session_room;
    if (e->worker && fit)
        return;
    close_workers(e);
    e->item_room = e->index->item_room;
    e->session_room = e->index->session_room;
    e->worker = mem_zero((size_t)e->threads, sizeof(struct evidence_worker *));
    for (int t = 0; t < e->threads; t++)
        e->worker[t] = evidence_worker_new(e);
}

/* Appends what a session's worker has found. */
static void append(struct evidence_maker *e, const struct found_evidence *f)
{
    int32_t before = (int32_t)e->item.len;
    for (size_t i = 0; i < f->end.len; i++)
        vec_push(&e->start, before + f->end.at[i]);
    vec_append(&e->item, f->item.at, f->item.len);
    vec_append(&e->feature, f->feature.at, f->feature.len);
    vec_append(&e->context, f->context.at, f->context.len);
}

struct evidence evidence_make(struct evidence_maker *e, const int32_t *picked, size_t count,
                              bool ended)
{
    struct found_evidence *found = mem_zero(count, sizeof *found);
    clear(e);
    open_workers(e);
#pragma omp parallel for num_threads(e->threads) schedule(dynamic, 1)
    for (size_t i = 0; i < count; i++)
        evidence_worker_run(e->worker[omp_get_thread_num()], (size_t)picked[i], ended, &found[i]);
    for (size_t i = 0; i < count; i++) {
        append(e, &found[i]);
        found_evidence_release(&found[i]);
    }
    mem_free(found);
    return (struct evidence){.positions = (int)e->start.len - 1,
                             .candidates = (int)e->item.len,
                             .start = e->start.at,
                             .item = e->item.at,
                             .feature = e->feature.at,
                             .context = e->context.at};
}

void evidence_release(struct evidence_maker *e)
{
    close_workers(e);
    vec_release(&e->start);
    vec_release(&e->item);
    vec_release(&e->feature);
    vec_release(&e->context);
}
