#include "baseline/by_time.h"
#include "baseline/private.h"
#include "baseline/wide.h"

#include <stdlib.h>

/* ---- learning ---- */

struct baseline *baseline_new(const struct baseline_kind *kind, const struct baseline_options *o)
{
    struct baseline *b = mem_zero(1, sizeof *b);
    b->kind = kind;
    b->options = *o;
    b->one = kind->sets || o->mix ? (double)SCORE_ONE : 1;
    b->changes = !kind->wide && (o->online || o->window);
    b->user = -1;
    return b;
}

void baseline_free(struct baseline *b)
{
    if (!b)
        return;
    vec_release(&b->pairs);
    sets_release(&b->sets);
    vec_release(&b->by_end);
    counts_release(&b->counts);
    vec_release(&b->own);
    mem_free(b->popularity);
    mem_free(b->place);
    mem_free(b->item);
    mem_free(b->ranked);
    mem_free(b->start);
    mem_free(b->total);
    vec_release(&b->row);
    baseline_wide_free(b->wide);
    mem_free(b);
}

static void order_by_popularity(struct baseline *b)
{
    struct ordered *order = mem_alloc((size_t)b->items * sizeof *order);
    for (int32_t i = 0; i < b->items; i++)
        order[i] = (struct ordered){b->popularity[i], i};
    qsort(order, (size_t)b->items, sizeof *order, greater_first);
    b->place = mem_alloc((size_t)b->items * sizeof *b->place);
    b->item = mem_alloc((size_t)b->items * sizeof *b->item);
    for (int32_t p = 0; p < b->items; p++) {
        b->item[p] = order[p].what;
        b->place[order[p].what] = p;
    }
    mem_free(order);
}

/* An item's place where popularity changes. */
static void order_by_id(struct baseline *b)
{
    b->place = mem_alloc((size_t)b->items * sizeof *b->place);
    b->item = mem_alloc((size_t)b->items * sizeof *b->item);
    for (int32_t i = 0; i < b->items; i++)
        b->place[i] = b->item[i] = i;
}

static void count_candidates(struct baseline *b, const unsigned char *candidate)
{
    b->ranked = mem_zero((size_t)b->items + 1, sizeof *b->ranked);
    for (int32_t p = 0; p < b->items; p++)
        b->ranked[p + 1] = b->ranked[p] + candidate[b->item[p]];
}

/* The sessions that are learned one by one: online those of all parts. */
static void list_by_end(struct baseline *b)
{
    const struct session_store *c = b->store;
    for (size_t s = 0; s < session_store_sessions(c); s++)
        if (b->options.online || session_store_part(c, s) == PART_TRAIN)
            vec_push(&b->by_end, (int32_t)s);
    sort_by_time(&b->by_end, c, session_store_last);
}

void baseline_learn(struct baseline *b, const struct session_store *store, int32_t items,
                    const unsigned char *candidate)
{
    b->store = store;
    b->items = items;
    b->popularity = mem_zero((size_t)items, sizeof *b->popularity);
    if (b->changes) {
        order_by_id(b);
    } else {
        baseline_count_training(b);
        order_by_popularity(b);
    }
    if (candidate)
        count_candidates(b, candidate);
    if (b->kind->wide) {
        b->wide = baseline_wide_new(b);
        return;
    }
    if (b->changes || b->kind->sets)
        list_by_end(b);
    if (b->options.online != ONLINE_ALL)
        baseline_learn_training(b);
    if (b->changes)
        return;
    vec_release(&b->by_end);
    if (b->kind->fill)
        b->kind->fill(b);
    else
        baseline_count_pairs(b);
    baseline_rank_rows(b);
}

bool baseline_searches(const struct baseline *b)
{
    return b->kind->sets;
}

bool baseline_reads_sessions(const struct baseline *b)
{
    return b->kind->wide;
}

enum baseline_online baseline_is_online(const struct baseline *b)
{
    return b->options.online;
}

/* ---- working memory ---- */

struct baseline_work *baseline_work_new(const struct baseline *b)
{
    struct baseline_work *w = mem_zero(1, sizeof *w);
    scores_open(&w->scores, b->items, b->ranked);
    if (b->changes)
        w->scores.popularity = b->popularity;
    if (b->kind->sets)
        w->listed = mem_zero((size_t)b->items, sizeof *w->listed);
    if (b->kind->score_online && b->changes)
        w->shared = mem_zero((size_t)b->items, sizeof *w->shared);
    return w;
}

void baseline_work_free(struct baseline_work *w)
{
    if (!w)
        return;
    scores_release(&w->scores);
    knn_work_release(&w->knn);
    vec_release(&w->session);
    mem_free(w->listed);
    mem_free(w->shared);
    mem_free(w);
}
