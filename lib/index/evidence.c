#include "index/evidence.h"

#include <math.h>
#include <omp.h>

#include "index/evidence_worker.h"

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

/* Where a session's evidence is: with which worker, and from where to where there. */
struct made {
    int worker;
    size_t positions, candidates; /* that the worker had found before */
    size_t positions_to, candidates_to;
    size_t at_position, at_candidate; /* among those of the batch */
};

static void make_session(struct evidence_maker *e, const struct evidence_wanted *of, size_t i,
                         struct made *m)
{
    m->worker = omp_get_thread_num();
    struct evidence_worker *w = e->worker[m->worker];
    const struct made_evidence *f = evidence_worker_found(w);
    m->positions = f->start.len - 1;
    m->candidates = f->item.len;
    evidence_worker_run(w, (size_t)of->picked[i], of->seen ? of->seen[i] : 0, of->ended);
    m->positions_to = f->start.len - 1;
    m->candidates_to = f->item.len;
}

/* Puts the sessions one behind another; makes room for them all. */
static void place_sessions(struct made_evidence *e, struct made *made, size_t count)
{
    size_t positions = 0, candidates = 0;
    for (size_t i = 0; i < count; i++) {
        made[i].at_position = positions;
        made[i].at_candidate = candidates;
        positions += made[i].positions_to - made[i].positions;
        candidates += made[i].candidates_to - made[i].candidates;
    }
    e->start.len = e->item.len = e->feature.len = e->context.len = 0;
    vec_reserve(&e->start, positions + 1);
    vec_reserve(&e->item, candidates);
    vec_reserve(&e->feature, candidates * EVIDENCE_FEATURES);
    vec_reserve(&e->context, positions * EVIDENCE_CONTEXT);
    vec_reserve(&e->votes, candidates);
    vec_reserve(&e->voters, positions);
    vec_reserve(&e->occurrences, positions);
    e->start.at[0] = 0;
    e->start.len = positions + 1;
    e->item.len = candidates;
}

static void copy_session(const struct evidence_maker *maker, const struct made_evidence *e,
                         const struct made *m)
{
    const struct made_evidence *f = evidence_worker_found(maker->worker[m->worker]);
    size_t positions = m->positions_to - m->positions, n = m->candidates_to - m->candidates;
    int32_t moved = (int32_t)m->at_candidate - (int32_t)m->candidates;
    for (size_t i = 0; i < positions; i++)
        e->start.at[m->at_position + i + 1] = f->start.at[m->positions + i + 1] + moved;
    if (!positions)
        return;
    memcpy(e->context.at + m->at_position * EVIDENCE_CONTEXT,
           f->context.at + m->positions * EVIDENCE_CONTEXT,
           positions * EVIDENCE_CONTEXT * sizeof(float));
    memcpy(e->item.at + m->at_candidate, f->item.at + m->candidates, n * sizeof(int32_t));
    memcpy(e->feature.at + m->at_candidate * EVIDENCE_FEATURES,
           f->feature.at + m->candidates * EVIDENCE_FEATURES,
           n * EVIDENCE_FEATURES * sizeof(float));
    if (!maker->tells_votes)
        return;
    memcpy(e->votes.at + m->at_candidate, f->votes.at + m->candidates, n * sizeof(int32_t));
    memcpy(e->voters.at + m->at_position, f->voters.at + m->positions, positions * sizeof(int32_t));
    memcpy(e->occurrences.at + m->at_position, f->occurrences.at + m->positions,
           positions * sizeof(int32_t));
}

/* Puts together what the workers found, in the order of the batch. */
static void collect(const struct evidence_maker *e, int threads, struct made_evidence *to,
                    struct made *made, size_t count)
{
    place_sessions(to, made, count);
#pragma omp parallel for num_threads(threads) schedule(static)
    for (size_t i = 0; i < count; i++)
        copy_session(e, to, &made[i]);
}

struct evidence evidence_make(struct evidence_maker *e, const int32_t *picked, size_t count,
                              bool ended)
{
    return evidence_make_wanted(
        e, &(struct evidence_wanted){.picked = picked, .count = count, .ended = ended});
}

/* The first worker finds all, in the calling thread: nothing is to be put in order. */
static struct made_evidence *make_alone(struct evidence_maker *e, const struct evidence_wanted *of,
                                        struct made_evidence *to)
{
    struct evidence_worker *w = e->worker[0];
    struct made_evidence *found = evidence_worker_found(w), spare = *to;
    for (size_t i = 0; i < of->count; i++)
        evidence_worker_run(w, (size_t)of->picked[i], of->seen ? of->seen[i] : 0, of->ended);
    if (e->brief)
        return found;
    *to = *found;
    *found = spare;
    return to;
}

static void make_together(struct evidence_maker *e, int threads, const struct evidence_wanted *of,
                          struct made_evidence *to)
{
    struct made *made = mem_alloc(of->count * sizeof *made);
#pragma omp parallel for num_threads(threads) schedule(dynamic, 1)
    for (size_t i = 0; i < of->count; i++)
        make_session(e, of, i, &made[i]);
    collect(e, threads, to, made, of->count);
    mem_free(made);
}

struct evidence evidence_make_wanted(struct evidence_maker *e, const struct evidence_wanted *w)
{
    struct made_evidence *to = &e->made[e->turn ^= !e->brief];
    int threads = w->count < (size_t)e->threads ? (int)w->count : e->threads;
    open_workers(e);
    for (int t = 0; t < e->threads; t++)
        evidence_worker_begin(e->worker[t]);
    if (threads > 1)
        make_together(e, threads, w, to);
    else
        to = make_alone(e, w, to);
    return (struct evidence){.positions = (int)to->start.len - 1,
                             .candidates = (int)to->item.len,
                             .start = to->start.at,
                             .item = to->item.at,
                             .feature = to->feature.at,
                             .context = to->context.at,
                             .votes = e->tells_votes ? to->votes.at : NULL,
                             .voters = e->tells_votes ? to->voters.at : NULL,
                             .occurrences = e->tells_votes ? to->occurrences.at : NULL};
}

static void release_made(struct made_evidence *m)
{
    vec_release(&m->start);
    vec_release(&m->item);
    vec_release(&m->feature);
    vec_release(&m->context);
    vec_release(&m->votes);
    vec_release(&m->voters);
    vec_release(&m->occurrences);
}

void evidence_release(struct evidence_maker *e)
{
    close_workers(e);
    release_made(&e->made[0]);
    release_made(&e->made[1]);
}
