#include "baseline/scores.h"

#include <stdbool.h>
#include <stdlib.h>

void scores_open(struct scores *s, int32_t items, const int32_t *ranked)
{
    *s = (struct scores){.of = mem_zero((size_t)items, sizeof *s->of), .ranked = ranked};
}

static bool is_ranked(const struct scores *s, int32_t place)
{
    return !s->ranked || s->ranked[place + 1] > s->ranked[place];
}

void scores_release(struct scores *s)
{
    mem_free(s->of);
    vec_release(&s->places);
}

void scores_clear(struct scores *s)
{
    for (size_t i = 0; i < s->places.len; i++)
        s->of[s->places.at[i]] = 0;
    vec_clear(&s->places);
    s->total = 0;
}

void scores_normalize(struct scores *s, double weight)
{
    int64_t greatest = 0;
    size_t kept = 0;
    for (size_t i = 0; i < s->places.len; i++)
        if (s->of[s->places.at[i]] > greatest)
            greatest = s->of[s->places.at[i]];
    s->total = 0;
    for (size_t i = 0; i < s->places.len; i++) {
        int32_t place = s->places.at[i];
        s->of[place] = score_of(weight * ((double)s->of[place] / (double)greatest));
        s->total += s->of[place];
        if (s->of[place])
            s->places.at[kept++] = place;
    }
    s->places.len = kept;
}

int32_t scores_rank(const struct scores *s, int32_t place)
{
    int64_t score = s->of[place];
    int32_t before = 0;
    if (!score) { /* all places with a score come before it, and the more popular ones */
        for (size_t i = 0; i < s->places.len; i++)
            before += s->places.at[i] > place && is_ranked(s, s->places.at[i]);
        return (s->ranked ? s->ranked[place] : place) + before + 1;
    }
    for (size_t i = 0; i < s->places.len; i++) {
        int32_t other = s->places.at[i];
        bool above = s->of[other] > score || (s->of[other] == score && other < place);
        before += above && is_ranked(s, other);
    }
    return before + 1;
}

struct scored {
    int64_t score;
    int32_t place;
};

static int compare_scored(const void *a, const void *b)
{
    const struct scored *x = a, *y = b;
    if (x->score != y->score)
        return x->score < y->score ? 1 : -1;
    return (x->place > y->place) - (x->place < y->place);
}

void scores_top(struct scores *s, int32_t k, int32_t *to)
{
    size_t count = 0;
    struct scored *all = mem_alloc(s->places.len * sizeof *all);
    for (size_t i = 0; i < s->places.len; i++)
        if (is_ranked(s, s->places.at[i]))
            all[count++] = (struct scored){s->of[s->places.at[i]], s->places.at[i]};
    if (count)
        qsort(all, count, sizeof *all, compare_scored);
    int32_t n = 0;
    for (; n < k && (size_t)n < count; n++)
        to[n] = all[n].place;
    for (int32_t place = 0; n < k; place++)
        if (!s->of[place] && is_ranked(s, place))
            to[n++] = place;
    mem_free(all);
}
