/* Neighbours against values worked out by hand, and against comparing everything with everything.
 */
#include "baseline/knn.h"

#include <math.h>
#include <stdbool.h>

#include "base/random.h"
#include "../tap.h"

enum { ITEMS = 40, SESSIONS = 500, LONGEST = 8 };

static void add(struct sets *x, int64_t time, const int32_t *items, size_t count)
{
    sets_add(x, 0, time, items, count);
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
}

static void test_items(void)
{
    struct sets x = {0};
    struct similar *s;
    int32_t shared[5] = {0};
    toy(&x);
    size_t n = knn_items(&x, 0, 10, 0, NULL, shared, &s);
    tap_ok(n == 3 && s[0].place == 1 && is(s[0].score, 2 / sqrt(3 * 2)) && s[1].place == 2 &&
               is(s[1].score, 1 / sqrt(3 * 2)) && s[2].place == 3 &&
               is(s[2].score, 1 / sqrt(3 * 1)),
           "cosine of items: 2/sqrt(6), 1/sqrt(6), 1/sqrt(3)");
    mem_free(s);
    n = knn_items(&x, 0, 2, 0, NULL, shared, &s);
    tap_ok(n == 2 && s[0].place == 1 && s[1].place == 3, "the two nearest");
    mem_free(s);
    n = knn_items(&x, 0, 2, 20, NULL, shared, &s);
    tap_ok(n == 2 && s[0].place == 1 && is(s[0].score, 2 / sqrt(23 * 22)) && s[1].place == 3 &&
               is(s[1].score, 1 / sqrt(23 * 21)),
           "regularized: 2/sqrt(23 22), 1/sqrt(23 21)");
    mem_free(s);
    n = knn_items(&x, 4, 2, 20, NULL, shared, &s);
    tap_ok(n == 0, "an item of no session has no neighbour");
    mem_free(s);
    sets_release(&x);
}

/* Asks for the neighbours of a session whose last item comes first. */
static void ask(const struct sets *x, const int32_t *items, size_t count, int64_t neighbours,
                int64_t sample, const struct knn_decays *decays, struct knn_work *w,
                struct scores *to)
{
    struct knn_item session[LONGEST];
    for (size_t i = 0; i < count; i++)
        session[i] = (struct knn_item){items[i], (int32_t)i};
    knn_sessions(x, &(struct knn_session){session, count, 100}, neighbours, sample, decays, w, to);
}

static const struct knn_decays plain = {0};

static void test_decays(void)
{
    struct sets x = {0};
    struct scores s;
    struct knn_work w = {0};
    toy(&x);
    scores_open(&s, 5, NULL);
    ask(&x, (int32_t[]){0, 1}, 2, 10, 0, &(struct knn_decays){.position = 2}, &w, &s);
    double one = exp(-0.5), norm = sqrt(1 + one * one);
    tap_ok(is(s.of[3], 1 / (norm * sqrt(2))) && is(s.of[2], (1 + one) / (norm * sqrt(3))),
           "items of the session so far weigh less the longer ago they are");
    scores_clear(&s);
    ask(&x, (int32_t[]){0}, 1, 10, 0, &(struct knn_decays){.age = 20}, &w, &s);
    tap_ok(is(s.of[3], exp(-70 / 20.) / sqrt(2)) && is(s.of[2], exp(-90 / 20.) / sqrt(3)),
           "older sessions weigh less");
    scores_clear(&s);
    ask(&x, (int32_t[]){0}, 1, 10, 0, &(struct knn_decays){.item = 3}, &w, &s);
    /* 0 1 2 1: the last 1 is three events after the 0, the 2 two events after it */
    tap_ok(is(s.of[2], exp(-2 / 3.) / sqrt(3)) && is(s.of[3], exp(-1 / 3.) / sqrt(2)),
           "items weigh less the farther they are from the shared one");
    scores_clear(&s);
    ask(&x, (int32_t[]){0}, 1, 10, 0, &(struct knn_decays){.idf = 2}, &w, &s);
    tap_ok(is(s.of[3], 3 / sqrt(2)) && is(s.of[2], (1 + 2 * log(4 / 2.) / log(4)) / sqrt(3)),
           "rare items weigh more");
    knn_work_release(&w);
    scores_release(&s);
    sets_release(&x);
}

/* What is added and removed again leaves no trace, wherever in time it was. */
static void test_removal(void)
{
    struct sets x = {0}, y = {0};
    toy(&x);
    toy(&y);
    ADD(&y, 15, 0, 2, 4);
    ADD(&y, 90, 4, 4, 1);
    tap_ok(sets_of_item(&y, 0).len == 4 && sets_of_item(&y, 4).len == 2 &&
               sets_of_item(&y, 2).at[1] == 4,
           "lists are in order of time");
    sets_remove_last(&y);
    sets_remove_last(&y);
    bool same = sets_count(&x) == sets_count(&y) && x.item.len == y.item.len;
    for (int32_t p = 0; p < 5; p++) {
        session_list a = sets_of_item(&x, p), b = sets_of_item(&y, p);
        same = same && a.len == b.len && (!a.len || !memcmp(a.at, b.at, a.len * sizeof *a.at));
    }
    tap_ok(same, "and as before when these are gone");
    sets_release(&x);
    sets_release(&y);
}

static void test_sessions(void)
{
    struct sets x = {0};
    struct scores s;
    struct knn_work w = {0};
    toy(&x);
    scores_open(&s, 5, NULL);
    ask(&x, (int32_t[]){0, 1}, 2, 10, 0, &plain, &w, &s);
    /* {0, 3}: 1/2, {0, 1}: 1, {0, 1, 2}: 2/sqrt(6) */
    tap_ok(is(s.of[0], 1.5 + 2 / sqrt(6)) && is(s.of[1], 1 + 2 / sqrt(6)) &&
               is(s.of[2], 2 / sqrt(6)) && is(s.of[3], 0.5) && !s.of[4],
           "all neighbours: sums of cosines");
    tap_ok(scores_rank(&s, 0) == 1 && scores_rank(&s, 2) == 3 && scores_rank(&s, 3) == 4 &&
               scores_rank(&s, 4) == 5,
           "ranks by score");
    scores_clear(&s);
    ask(&x, (int32_t[]){0, 1}, 2, 1, 0, &plain, &w, &s);
    tap_ok(is(s.of[0], 1) && is(s.of[1], 1) && !s.of[2] && !s.of[3], "the nearest one");
    scores_clear(&s);
    ask(&x, (int32_t[]){0, 1}, 2, 10, 1, &plain, &w, &s);
    tap_ok(is(s.of[0], 0.5) && is(s.of[3], 0.5) && !s.of[1],
           "of the newest one that shares an item");
    scores_clear(&s);
    ask(&x, (int32_t[]){4}, 1, 10, 0, &plain, &w, &s);
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
        ask(&x, set, count, neighbours, sample, &plain, &w, &s);
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

/* ---- ranks and lists ---- */

struct setting {
    int64_t of[ITEMS], popularity[ITEMS];
    bool barred[ITEMS], ranked[ITEMS], by_popularity;
};

static bool before(const struct setting *t, int a, int b)
{
    if (t->barred[a] != t->barred[b])
        return t->barred[b];
    if (t->of[a] != t->of[b])
        return t->of[a] > t->of[b];
    if (t->by_popularity && t->popularity[a] != t->popularity[b])
        return t->popularity[a] > t->popularity[b];
    return a < b;
}

static int check_setting(const struct setting *t, const struct scores *s, int32_t k,
                         const int32_t *top)
{
    int wrong = 0;
    for (int32_t i = 0; i < ITEMS; i++) {
        int32_t rank = 1;
        for (int32_t j = 0; j < ITEMS; j++)
            rank += t->ranked[j] && j != i && before(t, j, i);
        wrong += scores_rank(s, i) != rank;
        wrong += t->ranked[i] && rank <= k && top[rank - 1] != i;
    }
    return wrong;
}

static void test_scores(void)
{
    struct random r = random_of(5, 0);
    int wrong = 0;
    for (int round = 0; round < 400; round++) {
        struct setting t = {.by_popularity = round & 1};
        int32_t ranked[ITEMS + 1] = {0}, top[ITEMS];
        struct scores s;
        scores_open(&s, ITEMS, round & 2 ? ranked : NULL);
        s.popularity = t.by_popularity ? t.popularity : NULL;
        for (int32_t i = 0; i < ITEMS; i++) {
            t.popularity[i] = random_below(&r, 4);
            t.ranked[i] = !(round & 2) || random_below(&r, 2);
            ranked[i + 1] = ranked[i] + t.ranked[i];
            if (random_below(&r, 2))
                scores_add(&s, i, t.of[i] = 1 + random_below(&r, 3));
        }
        for (int n = round & 4 ? 5 : 0; n > 0; n--) {
            int32_t i = (int32_t)random_below(&r, ITEMS);
            scores_bar(&s, i);
            t.barred[i] = true;
            t.of[i] = 0;
        }
        int32_t most = s.ranked ? ranked[ITEMS] : ITEMS, k = (int32_t)random_below(&r, most + 1);
        scores_top(&s, k, top);
        wrong += check_setting(&t, &s, k, top);
        scores_release(&s);
    }
    tap_ok(!wrong, "ranks and lists, with bars, popularity and candidates, as by comparing all: %d",
           wrong);
}

int main(void)
{
    test_items();
    test_sessions();
    test_decays();
    test_removal();
    test_plainly();
    test_scores();
    return tap_done();
}
