#include "baseline/scores.h"

#include <stdbool.h>
#include <stdlib.h>

void scores_open(struct scores *s, int32_t items, const int32_t *ranked)
{
    *s = (struct scores){.of = mem_zero((size_t)items, sizeof *s->of),
                         .items = items,
                         .barred = mem_zero((size_t)items, sizeof *s->barred),
                         .ranked = ranked};
}

static bool is_ranked(const struct scores *s, int32_t place)
{
    return !s->ranked || s->ranked[place + 1] > s->ranked[place];
}

void scores_release(struct scores *s)
{
    mem_free(s->of);
    mem_free(s->barred);
    vec_release(&s->places);
    vec_release(&s->barred_places);
}

void scores_clear(struct scores *s)
{
    for (size_t i = 0; i < s->places.len; i++)
        s->of[s->places.at[i]] = 0;
    for (size_t i = 0; i < s->barred_places.len; i++)
        s->barred[s->barred_places.at[i]] = 0;
    vec_clear(&s->places);
    vec_clear(&s->barred_places);
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

void scores_bar(struct scores *s, int32_t place)
{
    if (s->barred[place])
        return;
    s->barred[place] = 1;
    vec_push(&s->barred_places, place);
    if (!s->of[place])
        return;
    s->total -= s->of[place];
    s->of[place] = 0;
    size_t at = 0;
    while (s->places.at[at] != place)
        at++;
    s->places.at[at] = s->places.at[--s->places.len];
}

/* Whether place a comes before place b, bars aside. */
static bool is_before(const struct scores *s, int32_t a, int32_t b)
{
    if (s->of[a] != s->of[b])
        return s->of[a] > s->of[b];
    if (s->popularity && s->popularity[a] != s->popularity[b])
        return s->popularity[a] > s->popularity[b];
    return a < b;
}

/* How many of those that are ranked come before the place, bars aside. */
static int32_t count_before(const struct scores *s, int32_t place)
{
    int32_t before = 0;
    bool among_all = s->popularity && !s->of[place];
    if (!s->of[place] && !among_all) { /* all places with a score, and the more popular ones */
        for (size_t i = 0; i < s->places.len; i++)
            before += s->places.at[i] > place && is_ranked(s, s->places.at[i]);
        return (s->ranked ? s->ranked[place] : place) + before;
    }
    int32_t others = among_all ? s->items : (int32_t)s->places.len;
    for (int32_t i = 0; i < others; i++) {
        int32_t other = among_all ? i : s->places.at[i];
        before += is_before(s, other, place) && is_ranked(s, other);
    }
    return before;
}

int32_t scores_rank(const struct scores *s, int32_t place)
{
    int32_t barred = 0, barred_before = 0;
    for (size_t i = 0; i < s->barred_places.len; i++) {
        int32_t other = s->barred_places.at[i];
        barred += is_ranked(s, other);
        barred_before += is_ranked(s, other) && is_before(s, other, place);
    }
    if (!s->barred[place])
        return count_before(s, place) - barred_before + 1;
    return (s->ranked ? s->ranked[s->items] : s->items) - barred + barred_before + 1;
}

struct scored {
    int64_t score, popularity;
    int32_t place;
};

static int compare_scored(const void *a, const void *b)
{
    const struct scored *x = a, *y = b;
    if (x->score != y->score)
        return x->score < y->score ? 1 : -1;
    if (x->popularity != y->popularity)
        return x->popularity < y->popularity ? 1 : -1;
    return (x->place > y->place) - (x->place < y->place);
}

/* Puts the best of `count` places (NULL: all there are) that are ranked, and barred or not, after
 * the first n of the k; returns how many there are then. */
static int32_t take_best(const struct scores *s, const int32_t *places, size_t count, bool barred,
                         int32_t n, int32_t k, int32_t *to)
{
    size_t found = 0;
    struct scored *all = mem_alloc(count * sizeof *all);
    for (size_t i = 0; i < count; i++) {
        int32_t place = places ? places[i] : (int32_t)i;
        if (is_ranked(s, place) && s->barred[place] == barred)
            all[found++] =
                (struct scored){s->of[place], s->popularity ? s->popularity[place] : 0, place};
    }
    if (found)
        qsort(all, found, sizeof *all, compare_scored);
    for (size_t i = 0; n < k && i < found; i++)
        to[n++] = all[i].place;
    mem_free(all);
    return n;
}

void scores_top(struct scores *s, int32_t k, int32_t *to)
{
    int32_t n = s->popularity ? take_best(s, NULL, (size_t)s->items, false, 0, k, to)
                              : take_best(s, s->places.at, s->places.len, false, 0, k, to);
    for (int32_t place = 0; !s->popularity && n < k && place < s->items; place++)
        if (!s->of[place] && !s->barred[place] && is_ranked(s, place))
            to[n++] = place;
    if (n < k)
        take_best(s, s->barred_places.at, s->barred_places.len, true, n, k, to);
}
