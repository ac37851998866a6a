/* Neighbours against values worked out by hand, and against comparing everything with everything.
 */
#include "baseline/knn.h"

#include <math.h>
#include <stdbool.h>

#include "base/random.h"
#include "../tap.h"

enum { ITEMS = 40, SESSIONS = 500, LONGEST = 8 };

static int32_t place[ITEMS];

static void add(struct sets *x, int64_t time, const int32_t *items, size_t count)
{
    int64_t times[LONGEST];
    for (size_t i = 0; i < count; i++)
        times[i] = time;
    struct session s = {.count = count, .times = times, .items = items};
    sets_add(x, &s);
}

#define ADD(x, time, ...)                                                                          \
    add(x, time, (int32_t[]){__VA_ARGS__}, sizeof(int32_t[]){__VA_ARGS__} / sizeof(int32_t))

static bool is(int64_t score, double expected)
{
    return fabs((double)score / (double)SCORE_ONE - expected) < 1e-9;
}

/* {0, 1, 2}, {0, 1}, {0, 3}, {2}: c(0) = 3, c(1) = c(2) = 2, c(3) = 1. */
static void toy(struct sets *x)
{
    ADD(x, 40, 2, 2);
    ADD(x, 10, 0, 1, 2, 1);
    ADD(x, 30, 3, 0);
    ADD(x, 20, 1, 0);
    sets_ready(x, place, 5);
}

static void test_items(void)
{
    struct sets x = {0};
    struct similar *s;
    int32_t shared[5] = {0};
    toy(&x);
    size_t n = knn_items(&x, 0, 10, 0, shared, &s);
    tap_ok(n == 3 && s[0].place == 1 && is(s[0].score, 2 / sqrt(3 * 2)) && s[1].place == 2 &&
               is(s[1].score, 1 / sqrt(3 * 2)) && s[2].place == 3 &&
               is(s[2].score, 1 / sqrt(3 * 1)),
           "cosine of items: 2/sqrt(6), 1/sqrt(6), 1/sqrt(3)");
    mem_free(s);
    n = knn_items(&x, 0, 2, 0, shared, &s);
    tap_ok(n == 2 && s[0].place == 1 && s[1].place == 3, "the two nearest");
    mem_free(s);
    n = knn_items(&x, 0, 2, 20, shared, &s);
    tap_ok(n == 2 && s[0].place == 1 && is(s[0].score, 2 / sqrt(23 * 22)) && s[1].place == 3 &&
               is(s[1].score, 1 / sqrt(23 * 21)),
           "regularized: 2/sqrt(23 22), 1/sqrt(23 21)");
    mem_free(s);
    n = knn_items(&x, 4, 2, 20, shared, &s);
    tap_ok(n == 0, "an item of no session has no neighbour");
    mem_free(s);
    sets_release(&x);
}

static void test_sessions(void)
{
    struct sets x = {0};
    struct scores s;
    struct knn_work w = {0};
    toy(&x);
    scores_open(&s, 5, NULL);
    knn_sessions(&x, (int32_t[]){0, 1}, 2, 10, 0, &w, &s);
    /* {0, 3}: 1/2, {0, 1}: 1, {0, 1, 2}: 2/sqrt(6) */
    tap_ok(is(s.of[0], 1.5 + 2 / sqrt(6)) && is(s.of[1], 1 + 2 / sqrt(6)) &&
               is(s.of[2], 2 / sqrt(6)) && is(s.of[3], 0.5) && !s.of[4],
           "all neighbours: sums of cosines");
    tap_ok(scores_rank(&s, 0) == 1 && scores_rank(&s, 2) == 3 && scores_rank(&s, 3) == 4 &&
               scores_rank(&s, 4) == 5,
           "ranks by score");
    scores_clear(&s);
    knn_sessions(&x, (int32_t[]){0, 1}, 2, 1, 0, &w, &s);
    tap_ok(is(s.of[0], 1) && is(s.of[1], 1) && !s.of[2] && !s.of[3], "the nearest one");
    scores_clear(&s);
    knn_sessions(&x, (int32_t[]){0, 1}, 2, 10, 1, &w, &s);
    tap_ok(is(s.of[0], 0.5) && is(s.of[3], 0.5) && !s.of[1],
           "of the newest one that shares an item");
    scores_clear(&s);
    knn_sessions(&x, (int32_t[]){4}, 1, 10, 0, &w, &s);
    tap_ok(!s.places.len && scores_rank(&s, 3) == 4, "no neighbour: the order of places");
    knn_work_release(&w);
    scores_release(&s);
    sets_release(&x);
}

/* ---- everything with everything ---- */

struct log {
    bool has[SESSIONS][ITEMS];
    int64_t time[SESSIONS];
    int size[SESSIONS];
};

static void fill(struct log *l, struct sets *x, struct random *r)
{
    memset(l, 0, sizeof *l);
    for (int s = 0; s < SESSIONS; s++) {
        int32_t items[LONGEST];
        size_t count = 1 + random_below(r, LONGEST);
        l->time[s] = random_below(r, SESSIONS / 3); /* many at one time */
        for (size_t i = 0; i < count; i++) {
            items[i] = (int32_t)random_below(r, 1 + random_below(r, ITEMS));
            l->size[s] += !l->has[s][items[i]];
            l->has[s][items[i]] = true;
        }
        add(x, l->time[s], items, count);
    }
    sets_ready(x, place, ITEMS);
}

/* Whether session a is newer than b. */
static bool newer(const struct log *l, int a, int b)
{
    return l->time[a] != l->time[b] ? l->time[a] > l->time[b] : a > b;
}

static void score_plainly(const struct log *l, const int32_t *set, size_t count, int neighbours,
                          int sample, int64_t *of)
{
    int64_t sim[SESSIONS] = {0};
    bool candidate[SESSIONS];
    memset(of, 0, ITEMS * sizeof *of);
    for (int s = 0; s < SESSIONS; s++) {
        int both = 0;
        for (size_t i = 0; i < count; i++)
            both += l->has[s][set[i]];
        sim[s] = score_of(both / sqrt((double)count * l->size[s]));
    }
    for (int s = 0; s < SESSIONS; s++) {
        int before = 0;
        for (int t = 0; t < SESSIONS; t++)
            before += sim[t] && newer(l, t, s);
        candidate[s] = sim[s] && (!sample || before < sample);
    }
    for (int s = 0; s < SESSIONS; s++) {
        int before = 0;
        for (int t = 0; t < SESSIONS; t++)
            before += candidate[t] && (sim[t] > sim[s] || (sim[t] == sim[s] && newer(l, t, s)));
        for (int i = 0; i < ITEMS && candidate[s] && before < neighbours; i++)
            of[i] += l->has[s][i] ? sim[s] : 0;
    }
}

static void test_plainly(void)
{
    static struct log l;
    struct random r = random_of(3, 0);
    struct sets x = {0};
    struct scores s;
    struct knn_work w = {0};
    int wrong = 0, asked = 0;
    fill(&l, &x, &r);
    scores_open(&s, ITEMS, NULL);
    for (int round = 0; round < 60; round++) {
        int32_t set[LONGEST];
        int64_t of[ITEMS];
        for (size_t i = 0; i < LONGEST; i++)
            set[i] = (int32_t)random_below(&r, ITEMS);
        size_t count = sets_unique(set, 1 + random_below(&r, LONGEST));
        int neighbours = 1 + (int)random_below(&r, 200), sample = (int)random_below(&r, 300);
        score_plainly(&l, set, count, neighbours, sample, of);
        scores_clear(&s);
        knn_sessions(&x, set, count, neighbours, sample, &w, &s);
        wrong += memcmp(of, s.of, sizeof of) != 0;
        for (int32_t i = 0; i < ITEMS; i++, asked++) {
            int32_t rank = 1, top[ITEMS];
            for (int32_t j = 0; j < ITEMS; j++)
                rank += of[j] > of[i] || (of[j] == of[i] && j < i);
            wrong += scores_rank(&s, i) != rank;
            scores_top(&s, ITEMS, top);
            wrong += top[rank - 1] != i;
        }
    }
    tap_ok(wrong == 0 && asked == 60 * ITEMS,
           "as by comparing all sessions and all items: %d wrong", wrong);
    knn_work_release(&w);
    scores_release(&s);
    sets_release(&x);
}

int main(void)
{
    for (int32_t i = 0; i < ITEMS; i++)
        place[i] = i;
    test_items();
    test_sessions();
    test_plainly();
    return tap_done();
}
