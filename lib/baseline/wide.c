#include "baseline/wide.h"

#include <math.h>
#include <stdlib.h>

#include "index/evidence.h"
#include "model/wide_score.h"

struct baseline_wide {
    struct session_index index;
    struct evidence_maker maker;
    struct evidence said;
    struct wide_weights weights;
    double *prior; /* [N] by place: β log(c + ½), falling */
    double mass;   /* Σ exp prior */
};

/* ---- opening ---- */

static void open_prior(struct baseline_wide *w, const struct baseline *b)
{
    w->prior = mem_alloc((size_t)b->items * sizeof *w->prior);
    for (int32_t p = 0; p < b->items; p++) {
        w->prior[p] = (double)w->weights.prior * log((double)b->popularity[b->item[p]] + 0.5);
        w->mass += exp(w->prior[p]);
    }
}

struct baseline_wide *baseline_wide_new(const struct baseline *b)
{
    struct baseline_wide *w = mem_zero(1, sizeof *w);
    enum baseline_online online = b->options.online;
    wide_weights_ready(&w->weights);
    session_index_build(&w->index, b->store, b->items, PART_TRAIN,
                        online == ONLINE_ALL ? PART_TEST : PART_TRAIN);
    w->maker = (struct evidence_maker){.index = &w->index,
                                       .store = b->store,
                                       .postings = EVIDENCE_POSTINGS,
                                       .brief = true,
                                       .own = online == ONLINE_NONE ? PART_TRAIN : PART_NONE};
    open_prior(w, b);
    return w;
}

void baseline_wide_free(struct baseline_wide *w)
{
    if (!w)
        return;
    evidence_release(&w->maker);
    session_index_release(&w->index);
    mem_free(w->prior);
    mem_free(w);
}

void baseline_wide_read(struct baseline *b, const int32_t *session, size_t count, int threads)
{
    struct baseline_wide *w = b->wide;
    w->maker.threads = threads;
    w->said = evidence_make(&w->maker, session, count, b->options.online == ONLINE_ALL);
}

/* ---- scores of a position ---- */

struct scored_place {
    double score;
    int32_t place;
};

/* Greater scores first, then lower places. */
static bool comes_first(struct scored_place a, struct scored_place b)
{
    return a.score != b.score ? a.score > b.score : a.place < b.place;
}

/* Scores the candidates of a position; the caller frees them. */
static struct scored_place *score_all(const struct baseline *b, size_t position, int32_t *count)
{
    const struct baseline_wide *w = b->wide;
    int32_t from = w->said.start[position];
    float hidden[WIDE_HIDDEN];
    *count = w->said.start[position + 1] - from;
    struct scored_place *all = mem_alloc((size_t)*count * sizeof *all);
    wide_score_context(&w->weights, w->said.context + position * EVIDENCE_CONTEXT, hidden);
    for (int32_t i = 0; i < *count; i++) {
        size_t at = (size_t)from + (size_t)i;
        int32_t place = b->place[w->said.item[at]];
        float added = wide_score(&w->weights, hidden, w->said.feature + at * EVIDENCE_FEATURES);
        all[i] = (struct scored_place){(double)added, place};
    }
    return all;
}

static bool is_ranked(const struct baseline *b, int32_t place)
{
    return !b->ranked || b->ranked[place + 1] > b->ranked[place];
}

/* How many of the ranked places would come before this one if no item had evidence. */
static int32_t places_before(const struct baseline *b, struct scored_place one)
{
    int32_t low = 0, high = b->items;
    while (low < high) {
        int32_t middle = low + (high - low) / 2;
        if (comes_first((struct scored_place){b->wide->prior[middle], middle}, one))
            low = middle + 1;
        else
            high = middle;
    }
    return b->ranked ? b->ranked[low] : low;
}

static struct scored_place without_evidence(const struct baseline *b, int32_t place)
{
    return (struct scored_place){b->wide->prior[place], place};
}

static int32_t rank_of(const struct baseline *b, const struct scored_place *all, int32_t count,
                       struct scored_place target)
{
    int32_t before = places_before(b, target);
    for (int32_t i = 0; i < count; i++) {
        if (!is_ranked(b, all[i].place))
            continue;
        before -= comes_first(without_evidence(b, all[i].place), target);
        before += comes_first(all[i], target);
    }
    return before + 1;
}

/* log Σ exp s(j) */
static double log_sum(const struct baseline *b, const struct scored_place *all, int32_t count)
{
    double rest = b->wide->mass, most = 0, sum = 0;
    for (int32_t i = 0; i < count; i++) {
        most = all[i].score > most ? all[i].score : most;
        rest -= exp(b->wide->prior[all[i].place]);
    }
    for (int32_t i = 0; i < count; i++)
        sum += exp(all[i].score - most);
    return most + log(sum + (rest > 0 ? rest : 0) * exp(-most));
}

/* ---- lists ---- */

static int compare_candidates(const void *a, const void *b)
{
    const struct scored_place *x = a, *y = b;
    return comes_first(*x, *y) ? -1 : comes_first(*y, *x);
}

static int compare_places(const void *a, const void *b)
{
    const struct scored_place *x = a, *y = b;
    return (x->place > y->place) - (x->place < y->place);
}

/* The ranked candidates alone, in the given order; how many. */
static int32_t sorted(const struct baseline *b, const struct scored_place *all, int32_t count,
                      int (*compare)(const void *, const void *), struct scored_place *to)
{
    int32_t n = 0;
    for (int32_t i = 0; i < count; i++)
        if (is_ranked(b, all[i].place))
            to[n++] = all[i];
    if (n)
        qsort(to, (size_t)n, sizeof *to, compare);
    return n;
}

/* Merges the candidates with all other items, which popularity has in the order of their scores. */
static void list_best(const struct baseline *b, const struct scored_place *all, int32_t count,
                      int32_t k, int32_t *items, float *scores)
{
    struct scored_place *best = mem_alloc((size_t)count * sizeof *best);
    struct scored_place *by_place = mem_alloc((size_t)count * sizeof *by_place);
    int32_t n = sorted(b, all, count, compare_candidates, best), taken = 0, place = 0, at = 0;
    sorted(b, all, count, compare_places, by_place);
    for (int32_t i = 0; i < k; i++) {
        for (; place < b->items; place++) {
            while (at < n && by_place[at].place < place)
                at++;
            if (is_ranked(b, place) && (at == n || by_place[at].place != place))
                break;
        }
        bool other = taken == n ||
                     (place < b->items && comes_first(without_evidence(b, place), best[taken]));
        struct scored_place next = other ? without_evidence(b, place++) : best[taken++];
        items[i] = b->item[next.place];
        scores[i] = (float)next.score;
    }
    mem_free(best);
    mem_free(by_place);
}

struct verdict baseline_wide_answer(const struct baseline *b, size_t position, int32_t target,
                                    int32_t k, int32_t *items, float *scores)
{
    int32_t count;
    struct scored_place *all = score_all(b, position, &count);
    struct scored_place aim = without_evidence(b, b->place[target]);
    for (int32_t i = 0; i < count; i++)
        aim = all[i].place == aim.place ? all[i] : aim;
    struct verdict v = {.rank = rank_of(b, all, count, aim),
                        .probability = exp(aim.score - log_sum(b, all, count))};
    if (k)
        list_best(b, all, count, k, items, scores);
    mem_free(all);
    return v;
}
