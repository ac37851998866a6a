#include "baseline/scores.h"

#include <stdlib.h>

void scores_open(struct scores *s, int32_t items)
{
    *s = (struct scores){.of = mem_zero((size_t)items, sizeof *s->of)};
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
    if (!score) { /* all that have one stand before it, and what is more popular */
        for (size_t i = 0; i < s->places.len; i++)
            before += s->places.at[i] > place;
        return place + before + 1;
    }
    for (size_t i = 0; i < s->places.len; i++) {
        int32_t other = s->places.at[i];
        before += s->of[other] > score || (s->of[other] == score && other < place);
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
    size_t count = s->places.len;
    struct scored *all = mem_alloc(count * sizeof *all);
    for (size_t i = 0; i < count; i++)
        all[i] = (struct scored){s->of[s->places.at[i]], s->places.at[i]};
    if (count)
        qsort(all, count, sizeof *all, compare_scored);
    int32_t n = 0;
    for (; n < k && (size_t)n < count; n++)
        to[n] = all[n].place;
    for (int32_t place = 0; n < k; place++)
        if (!s->of[place])
            to[n++] = place;
    mem_free(all);
}
