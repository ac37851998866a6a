#include "baseline/private.h"

#include <stdlib.h>

/* ---- learning ---- */

struct baseline *baseline_new(const struct baseline_kind *kind, const struct baseline_options *o)
{
    struct baseline *b = mem_zero(1, sizeof *b);
    b->kind = kind;
    b->options = *o;
    b->one = kind->sets || o->mix ? (double)SCORE_ONE : 1;
    b->changes = o->online || o->window;
    b->replayed = b->changes || kind->sets;
    b->user = -1;
    return b;
}

void baseline_free(struct baseline *b)
{
    if (!b)
        return;
    vec_release(&b->pairs);
    sets_release(&b->sets);
    timeline_release(&b->timeline);
    counts_release(&b->counts);
    vec_release(&b->own);
    vec_release(&b->popularity);
    mem_free(b->place);
    mem_free(b->item);
    mem_free(b->ranked);
    mem_free(b->start);
    mem_free(b->total);
    vec_release(&b->row);
    mem_free(b);
}

static void count_session(struct baseline *b, const struct session *s)
{
    for (size_t i = 0; i < s->count; i++) {
        int32_t item = s->items[i];
        struct moment m = {.user = s->user, .items = s->items, .count = i};
        int32_t context = baseline_counted_in(b, &m);
        while (b->popularity.len <= (size_t)item)
            vec_push(&b->popularity, 0);
        b->popularity.at[item]++;
        if (context >= 0)
            vec_push(&b->pairs, (uint64_t)context << 32 | (uint32_t)item);
    }
    b->events += (int64_t)s->count;
}

void baseline_take(struct baseline *b, const struct session *s)
{
    if (b->replayed && (s->part == PART_TRAIN || b->options.online))
        timeline_add(&b->timeline, s);
    if (s->part == PART_TRAIN && !b->changes)
        count_session(b, s);
}

/* ---- getting ready ---- */

static void order_by_popularity(struct baseline *b)
{
    struct ordered *order = mem_alloc((size_t)b->items * sizeof *order);
    for (int32_t i = 0; i < b->items; i++)
        order[i] = (struct ordered){b->popularity.at[i], i};
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

void baseline_ready(struct baseline *b, int32_t items, const unsigned char *candidate)
{
    b->items = items;
    while (b->popularity.len < (size_t)items)
        vec_push(&b->popularity, 0);
    if (b->changes)
        order_by_id(b);
    else
        order_by_popularity(b);
    if (candidate)
        count_candidates(b, candidate);
    timeline_ready(&b->timeline);
    if (b->replayed && b->options.online != ONLINE_ALL)
        baseline_learn_training(b);
    if (b->changes)
        return;
    timeline_release(&b->timeline);
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
        w->scores.popularity = b->popularity.at;
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
