#include "baseline/knn.h"

#include <math.h>
#include <stdbool.h>
#include <stdlib.h>

#include "base/heap.h"

/* ---- items ---- */

static int compare_score(const void *a, const void *b)
{
    const struct similar *x = a, *y = b;
    if (x->score != y->score)
        return x->score < y->score ? 1 : -1;
    return (x->place > y->place) - (x->place < y->place);
}

static int compare_place(const void *a, const void *b)
{
    const struct similar *x = a, *y = b;
    return (x->place > y->place) - (x->place < y->place);
}

size_t knn_items(const struct sets *x, int32_t place, int64_t neighbours, double regularization,
                 int32_t *shared, struct similar **to)
{
    VEC(struct similar) found = {0};
    double own = (double)sets_support(x, place) + regularization;
    for (size_t u = x->use[place]; u < x->use[place + 1]; u++) {
        int32_t session = x->user[u];
        for (size_t i = x->begin.at[session]; i < x->begin.at[session + 1]; i++) {
            int32_t other = x->item.at[i];
            if (other != place && !shared[other]++)
                vec_push(&found, ((struct similar){other, 0}));
        }
    }
    for (size_t i = 0; i < found.len; i++) {
        struct similar *f = &found.at[i];
        double other = (double)sets_support(x, f->place) + regularization;
        f->score = score_of(shared[f->place] / sqrt(own * other));
        shared[f->place] = 0;
    }
    if (found.len > (size_t)neighbours) {
        qsort(found.at, found.len, sizeof *found.at, compare_score);
        found.len = (size_t)neighbours;
    }
    if (found.len)
        qsort(found.at, found.len, sizeof *found.at, compare_place);
    *to = found.at;
    return found.len;
}

/* ---- candidates: a merge of the lists of sessions, newest first ---- */

static bool is_newer(const void *heap, size_t a, size_t b)
{
    const struct knn_list *list = heap;
    return *list[a].at < *list[b].at;
}

static void exchange(void *heap, size_t a, size_t b)
{
    struct knn_list *list = heap, other = list[a];
    list[a] = list[b];
    list[b] = other;
}

/* The newest session that a list still holds; there is one. */
static int32_t next_session(struct knn_work *w)
{
    struct knn_list *heap = w->lists.at;
    int32_t session = *heap->at++;
    if (heap->at == heap->end)
        *heap = heap[--w->lists.len];
    heap_sink(heap, w->lists.len, 0, is_newer, exchange);
    return session;
}

static void find_candidates(const struct sets *x, const int32_t *set, size_t count, int64_t sample,
                            struct knn_work *w)
{
    vec_clear(&w->lists);
    vec_clear(&w->neighbours);
    for (size_t i = 0; i < count; i++)
        if (sets_support(x, set[i]))
            vec_push(&w->lists,
                     ((struct knn_list){x->user + x->use[set[i]], x->user + x->use[set[i] + 1]}));
    heap_make(w->lists.at, w->lists.len, is_newer, exchange);
    while (w->lists.len) {
        int32_t session = *w->lists.at[0].at;
        struct knn_neighbour n = {.session = session};
        if (sample && w->neighbours.len == (size_t)sample)
            return;
        while (w->lists.len && *w->lists.at[0].at == session) {
            next_session(w);
            n.shared++;
        }
        n.score = score_of(n.shared / sqrt((double)count * (double)sets_size(x, session)));
        vec_push(&w->neighbours, n);
    }
}

/* ---- neighbours ---- */

static bool nearer(const struct knn_neighbour *a, const struct knn_neighbour *b)
{
    return a->score != b->score ? a->score > b->score : a->session < b->session;
}

/* Brings the k nearest to the front (Hoare's quickselect); no two are equal. */
static void select_nearest(struct knn_neighbour *n, size_t count, size_t k)
{
    size_t low = 0, high = count; /* what is not in order yet */
    while (high - low > 1) {
        struct knn_neighbour pivot = n[low + (high - 1 - low) / 2];
        size_t i = low, j = high - 1;
        for (;; i++, j--) {
            while (nearer(&n[i], &pivot))
                i++;
            while (nearer(&pivot, &n[j]))
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

void knn_sessions(const struct sets *x, const int32_t *set, size_t count, int64_t neighbours,
                  int64_t sample, struct knn_work *w, struct scores *to)
{
    find_candidates(x, set, count, sample, w);
    size_t found = w->neighbours.len;
    if (found > (size_t)neighbours) {
        select_nearest(w->neighbours.at, found, (size_t)neighbours);
        found = (size_t)neighbours;
    }
    for (size_t n = 0; n < found; n++) {
        int32_t session = w->neighbours.at[n].session;
        for (size_t i = x->begin.at[session]; i < x->begin.at[session + 1]; i++)
            scores_add(to, x->item.at[i], w->neighbours.at[n].score);
    }
}

void knn_work_release(struct knn_work *w)
{
    vec_release(&w->lists);
    vec_release(&w->neighbours);
}
