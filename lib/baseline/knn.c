#include "baseline/knn.h"

#include <math.h>
#include <stdbool.h>
#include <stdlib.h>

#include "base/heap.h"

/* ---- items ---- */

struct candidate {
    struct similar item;
    int64_t popularity;
};

static int compare_score(const void *a, const void *b)
{
    const struct candidate *x = a, *y = b;
    if (x->item.score != y->item.score)
        return x->item.score < y->item.score ? 1 : -1;
    if (x->popularity != y->popularity)
        return x->popularity < y->popularity ? 1 : -1;
    return (x->item.place > y->item.place) - (x->item.place < y->item.place);
}

static int compare_place(const void *a, const void *b)
{
    const struct similar *x = a, *y = b;
    return (x->place > y->place) - (x->place < y->place);
}

size_t knn_items(const struct sets *x, int32_t place, int64_t neighbours, double regularization,
                 const int64_t *popularity, int32_t *shared, struct similar **to)
{
    VEC(struct candidate) found = {0};
    VEC(struct similar) kept = {0};
    session_list of_item = sets_of_item(x, place);
    double own = (double)of_item.len + regularization;
    for (size_t u = 0; u < of_item.len; u++) {
        int32_t session = of_item.at[u];
        for (size_t i = x->begin.at[session]; i < x->begin.at[session + 1]; i++) {
            int32_t other = x->item.at[i];
            if (other != place && !shared[other]++)
                vec_push(&found,
                         ((struct candidate){{other, 0}, popularity ? popularity[other] : 0}));
        }
    }
    for (size_t i = 0; i < found.len; i++) {
        struct similar *f = &found.at[i].item;
        double other = (double)sets_of_item(x, f->place).len + regularization;
        f->score = score_of(shared[f->place] / sqrt(own * other));
        shared[f->place] = 0;
    }
    if (found.len > (size_t)neighbours) {
        qsort(found.at, found.len, sizeof *found.at, compare_score);
        found.len = (size_t)neighbours;
    }
    for (size_t i = 0; i < found.len; i++)
        vec_push(&kept, found.at[i].item);
    if (kept.len)
        qsort(kept.at, kept.len, sizeof *kept.at, compare_place);
    vec_release(&found);
    *to = kept.at;
    return kept.len;
}

/* ---- candidates: a merge of the lists of sessions, newest first ---- */

static bool is_newer(const void *heap, size_t a, size_t b)
{
    const struct knn_list *list = heap;
    if (list[a].time != list[b].time)
        return list[a].time > list[b].time;
    return list[a].end[-1] > list[b].end[-1];
}

static void exchange(void *heap, size_t a, size_t b)
{
    struct knn_list *list = heap, other = list[a];
    list[a] = list[b];
    list[b] = other;
}

/* Takes the newest session from the list that is on top. */
static void drop_newest(const struct sets *x, struct knn_work *w)
{
    struct knn_list *heap = w->lists.at;
    heap->end--;
    if (heap->end == heap->begin)
        *heap = heap[--w->lists.len];
    else
        heap->time = x->time.at[heap->end[-1]];
    heap_sink(heap, w->lists.len, 0, is_newer, exchange);
}

static double decayed(double distance, double decay)
{
    return decay > 0 ? exp(-distance / decay) : 1;
}

/* Finds the weights of the items; returns the sum of their squares. */
static double weigh(const struct knn_session *a, double decay, struct knn_work *w)
{
    double squares = 0;
    vec_clear(&w->weights);
    for (size_t i = 0; i < a->count; i++) {
        double weight = decayed(a->items[i].from_end, decay);
        vec_push(&w->weights, score_of(weight));
        squares += weight * weight;
    }
    return squares;
}

static void open_lists(const struct sets *x, const struct knn_session *a, struct knn_work *w)
{
    vec_clear(&w->lists);
    for (size_t i = 0; i < a->count; i++) {
        session_list of_item = sets_of_item(x, a->items[i].place);
        if (of_item.len)
            vec_push(&w->lists, ((struct knn_list){of_item.at, of_item.at + of_item.len,
                                                   x->time.at[of_item.at[of_item.len - 1]], i}));
    }
    heap_make(w->lists.at, w->lists.len, is_newer, exchange);
}

static void find_candidates(const struct sets *x, const struct knn_session *a, int64_t sample,
                            const struct knn_decays *decays, struct knn_work *w)
{
    double squares = weigh(a, decays->position, w);
    vec_clear(&w->neighbours);
    open_lists(x, a, w);
    while (w->lists.len) {
        int32_t session = w->lists.at[0].end[-1];
        int64_t shared = 0;
        size_t last = a->count;
        if (sample && w->neighbours.len == (size_t)sample)
            return;
        while (w->lists.len && w->lists.at[0].end[-1] == session) {
            size_t item = w->lists.at[0].item;
            shared += w->weights.at[item];
            last = item < last ? item : last;
            drop_newest(x, w);
        }
        double alike =
            (double)shared / (double)SCORE_ONE / sqrt(squares * (double)sets_size(x, session));
        int64_t age = a->now > x->time.at[session] ? a->now - x->time.at[session] : 0;
        vec_push(&w->neighbours,
                 ((struct knn_neighbour){session, a->items[last].place,
                                         score_of(alike * decayed((double)age, decays->age))}));
    }
}

/* ---- neighbours ---- */

static bool nearer(const struct sets *x, const struct knn_neighbour *a,
                   const struct knn_neighbour *b)
{
    if (a->score != b->score)
        return a->score > b->score;
    int64_t one = x->time.at[a->session], other = x->time.at[b->session];
    return one != other ? one > other : a->session > b->session;
}

/* Brings the k nearest to the front (Hoare's quickselect); no two are equal. */
static void select_nearest(const struct sets *x, struct knn_neighbour *n, size_t count, size_t k)
{
    size_t low = 0, high = count; /* what is not in order yet */
    while (high - low > 1) {
        struct knn_neighbour pivot = n[low + (high - 1 - low) / 2];
        size_t i = low, j = high - 1;
        for (;; i++, j--) {
            while (nearer(x, &n[i], &pivot))
                i++;
            while (nearer(x, &pivot, &n[j]))
                j--;
            if (i >= j)
                break;
            struct knn_neighbour other = n[i];
            n[i] = n[j];
            n[j] = other;
        }
        /* low..j is at least as near as the pivot, j + 1.. at most */
        if (k <= j + 1)
            high = j + 1;
        else
            low = j + 1;
    }
}

/* How much rarer than an item of all sessions the item is, from 0 to 1. */
static double rarity(const struct sets *x, int32_t place)
{
    double sessions = sets_count(x);
    return sessions > 1 ? log(sessions / (double)sets_of_item(x, place).len) / log(sessions) : 0;
}

static void score_items(const struct sets *x, const struct knn_neighbour *n,
                        const struct knn_decays *decays, struct scores *to)
{
    int32_t shared = x->from_end.at[sets_find(x, n->session, n->place)];
    for (size_t i = x->begin.at[n->session]; i < x->begin.at[n->session + 1]; i++) {
        int64_t score = n->score;
        if (decays->item > 0 || decays->idf > 0)
            score = score_of((double)score / (double)SCORE_ONE *
                             decayed(abs(x->from_end.at[i] - shared), decays->item) *
                             (1 + decays->idf * rarity(x, x->item.at[i])));
        if (score)
            scores_add(to, x->item.at[i], score);
    }
}

void knn_sessions(const struct sets *x, const struct knn_session *a, int64_t neighbours,
                  int64_t sample, const struct knn_decays *decays, struct knn_work *w,
                  struct scores *to)
{
    find_candidates(x, a, sample, decays, w);
    size_t found = w->neighbours.len;
    if (found > (size_t)neighbours) {
        select_nearest(x, w->neighbours.at, found, (size_t)neighbours);
        found = (size_t)neighbours;
    }
    for (size_t n = 0; n < found; n++)
        score_items(x, &w->neighbours.at[n], decays, to);
}

void knn_work_release(struct knn_work *w)
{
    vec_release(&w->weights);
    vec_release(&w->lists);
    vec_release(&w->neighbours);
}
