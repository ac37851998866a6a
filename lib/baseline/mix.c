#include "baseline/private.h"

#include <stdlib.h>

void mix_add(struct mix *m, struct mix_position at, const int32_t *items, const float *scores,
             size_t count)
{
    struct mix_list list = {at, m->item.len, 0};
    for (size_t i = 0; i < count; i++)
        if (items[i] >= 0) {
            vec_push(&m->item, items[i]);
            vec_push(&m->score, scores[i]);
            list.count++;
        }
    vec_push(&m->lists, list);
}

void mix_add_target(struct mix *m, struct mix_position at, int32_t item)
{
    vec_push(&m->targets, ((struct mix_target){at, item}));
}

/* Of positions, and so of lists and targets, which begin with theirs. */
static int compare_positions(const void *a, const void *b)
{
    const struct mix_position *x = a, *y = b;
    if (x->user != y->user)
        return x->user < y->user ? -1 : 1;
    if (x->session != y->session)
        return x->session < y->session ? -1 : 1;
    return (x->position > y->position) - (x->position < y->position);
}

/* Of the lists of one position the later ones first. */
static int compare_lists(const void *a, const void *b)
{
    const struct mix_list *x = a, *y = b;
    int order = compare_positions(x, y);
    return order ? order : (x->begin < y->begin) - (x->begin > y->begin);
}

void mix_ready(struct mix *m)
{
    size_t kept = 0;
    if (m->lists.len)
        qsort(m->lists.at, m->lists.len, sizeof *m->lists.at, compare_lists);
    for (size_t i = 0; i < m->lists.len; i++)
        if (!kept || compare_positions(&m->lists.at[kept - 1], &m->lists.at[i]))
            m->lists.at[kept++] = m->lists.at[i];
    m->lists.len = kept;
    if (m->targets.len)
        qsort(m->targets.at, m->targets.len, sizeof *m->targets.at, compare_positions);
}

void mix_release(struct mix *m)
{
    vec_release(&m->lists);
    vec_release(&m->targets);
    vec_release(&m->item);
    vec_release(&m->score);
}

const struct mix_list *mix_list_at(const struct mix *m, struct mix_position at)
{
    return m->lists.len
               ? bsearch(&at, m->lists.at, m->lists.len, sizeof *m->lists.at, compare_positions)
               : NULL;
}

const struct mix_target *mix_target_at(const struct mix *m, struct mix_position at)
{
    return m->targets.len ? bsearch(&at, m->targets.at, m->targets.len, sizeof *m->targets.at,
                                    compare_positions)
                          : NULL;
}

static void add_list(const struct mix *m, const struct mix_list *list, double weight,
                     const int32_t *place, struct scores *s)
{
    const float *score = m->score.at + list->begin;
    double low = score[0], high = score[0];
    for (size_t i = 1; i < list->count; i++) {
        low = score[i] < low ? score[i] : low;
        high = score[i] > high ? score[i] : high;
    }
    for (size_t i = 0; i < list->count; i++) {
        double share = high > low ? (score[i] - low) / (high - low) : 1;
        int64_t n = score_of(weight * share);
        if (n)
            scores_add(s, place[m->item.at[list->begin + i]], n);
    }
}

bool mix_into(const struct mix *m, struct mix_position at, double weight, const int32_t *place,
              struct scores *s)
{
    const struct mix_list *list = mix_list_at(m, at);
    scores_normalize(s, 1 - weight);
    if (list && list->count)
        add_list(m, list, weight, place, s);
    return list != NULL;
}

/* The list's items, those with the greatest own score first, equal ones in the list's order. */
static struct ordered *rank_candidates(const struct mix *m, const struct mix_list *list,
                                       const int32_t *place, const struct scores *s)
{
    struct ordered *ranked = mem_alloc(list->count * sizeof *ranked);
    for (size_t i = 0; i < list->count; i++)
        ranked[i] = (struct ordered){s->of[place[m->item.at[list->begin + i]]], (int32_t)i};
    qsort(ranked, list->count, sizeof *ranked, greater_first);
    return ranked;
}

bool mix_cascade(const struct mix *m, struct mix_position at, const int32_t *place,
                 struct scores *s)
{
    const struct mix_list *list = mix_list_at(m, at);
    size_t count = list ? list->count : 0;
    struct ordered *ranked = count ? rank_candidates(m, list, place, s) : NULL;
    scores_normalize(s, 1);
    for (size_t i = 0; i < count; i++) {
        int32_t candidate = place[m->item.at[list->begin + (size_t)ranked[i].what]];
        int64_t score = score_of(1 + (double)(count - i) / (double)count);
        if (score > s->of[candidate]) /* not the same item once more */
            scores_add(s, candidate, score - s->of[candidate]);
    }
    mem_free(ranked);
    return list != NULL;
}
