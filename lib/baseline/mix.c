#include "baseline/mix.h"

#include <stdlib.h>

void mix_add(struct mix *m, int32_t user, int32_t session, int32_t position, const int32_t *items,
             const float *scores, size_t count)
{
    struct mix_key key = {user, session, position, m->item.len, 0};
    for (size_t i = 0; i < count; i++)
        if (items[i] >= 0) {
            vec_push(&m->item, items[i]);
            vec_push(&m->score, scores[i]);
            key.count++;
        }
    vec_push(&m->lists, key);
}

static int compare_positions(const struct mix_key *x, const struct mix_key *y)
{
    if (x->user != y->user)
        return x->user < y->user ? -1 : 1;
    if (x->session != y->session)
        return x->session < y->session ? -1 : 1;
    return (x->position > y->position) - (x->position < y->position);
}

/* Of the lists of one position the later ones first. */
static int compare_keys(const void *a, const void *b)
{
    const struct mix_key *x = a, *y = b;
    int order = compare_positions(x, y);
    return order ? order : (x->begin < y->begin) - (x->begin > y->begin);
}

void mix_ready(struct mix *m)
{
    size_t kept = 0;
    if (m->lists.len)
        qsort(m->lists.at, m->lists.len, sizeof *m->lists.at, compare_keys);
    for (size_t i = 0; i < m->lists.len; i++)
        if (!kept || compare_positions(&m->lists.at[kept - 1], &m->lists.at[i]))
            m->lists.at[kept++] = m->lists.at[i];
    m->lists.len = kept;
}

void mix_release(struct mix *m)
{
    vec_release(&m->lists);
    vec_release(&m->item);
    vec_release(&m->score);
}

static const struct mix_key *find(const struct mix *m, const struct mix_key *key)
{
    size_t low = 0, high = m->lists.len;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        int order = compare_positions(&m->lists.at[middle], key);
        if (!order)
            return &m->lists.at[middle];
        if (order < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return NULL;
}

static void add_list(const struct mix *m, const struct mix_key *list, double weight,
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

bool mix_into(const struct mix *m, int32_t user, int32_t session, int32_t position, double weight,
              const int32_t *place, struct scores *s)
{
    const struct mix_key key = {user, session, position, 0, 0};
    const struct mix_key *list = find(m, &key);
    scores_normalize(s, 1 - weight);
    if (list && list->count)
        add_list(m, list, weight, place, s);
    return list != NULL;
}
