/* Baselines against the plainest way to say the same: score every item, compare every pair. */
#include "baseline/baseline.h"

#include <math.h>

#include "base/random.h"
#include "baseline/answers.h"
#include "../tap.h"

enum { USERS = 5, ITEMS = 13, SESSIONS = 40, LONGEST = 9 };

static const struct baseline_options plain = {.neighbours = 100};

struct log {
    struct session sessions[SESSIONS];
    int32_t items[SESSIONS][LONGEST];
    int64_t times[LONGEST];
    int64_t count[ITEMS + USERS][ITEMS], popularity[ITEMS], total[ITEMS + USERS], events;
    unsigned char candidate[ITEMS]; /* among which targets are ranked */
    int candidates;
};

/* Few items are frequent, three never occur in training, and users 4 and up have no training. */
static void fill(struct log *l, struct random *r)
{
    memset(l, 0, sizeof *l);
    for (int i = 0; i < SESSIONS; i++) {
        struct session *s = &l->sessions[i];
        bool test = i % 4 == 3;
        s->user = (int32_t)random_below(r, test ? USERS : USERS - 1);
        s->part = test ? PART_TEST : PART_TRAIN;
        s->count = 1 + random_below(r, LONGEST);
        for (size_t j = 0; j < s->count; j++) {
            int32_t x = (int32_t)random_below(r, 1 + random_below(r, test ? ITEMS : ITEMS - 3));
            l->items[i][j] = x;
        }
        s->items = l->items[i];
        s->times = l->times;
    }
}

static int context_of(const char *model, int32_t user, int32_t before)
{
    if (!strcmp(model, "pop"))
        return -1;
    if (!strcmp(model, "ppop"))
        return ITEMS + user;
    return before;
}

static void count(struct log *l, const char *model)
{
    memset(l->count, 0, sizeof l->count);
    memset(l->popularity, 0, sizeof l->popularity);
    memset(l->total, 0, sizeof l->total);
    l->events = 0;
    for (int i = 0; i < SESSIONS; i++) {
        const struct session *s = &l->sessions[i];
        for (size_t j = 0; s->part == PART_TRAIN && j < s->count; j++) {
            int c = context_of(model, s->user, j ? s->items[j - 1] : -1);
            l->popularity[s->items[j]]++;
            l->events++;
            if (c >= 0) {
                l->count[c][s->items[j]]++;
                l->total[c]++;
            }
        }
    }
}

/* Whether item a stands before item b. */
static bool better(const struct log *l, int c, int a, int b)
{
    if (c >= 0 && l->count[c][a] != l->count[c][b])
        return l->count[c][a] > l->count[c][b];
    if (l->popularity[a] != l->popularity[b])
        return l->popularity[a] > l->popularity[b];
    return a < b;
}

static int rank_of(const struct log *l, int c, int target)
{
    int rank = 1;
    for (int i = 0; i < ITEMS; i++)
        rank += l->candidate[i] && i != target && better(l, c, i, target);
    return rank;
}

static double probability_of(const struct log *l, int c, int item)
{
    double p = (double)(l->popularity[item] + 1) / (double)(l->events + ITEMS);
    return c < 0 ? p : ((double)l->count[c][item] + p) / (double)(l->total[c] + 1);
}

static void keep(struct session_store *c, const struct session *s)
{
    struct err e;
    session_store_add(c, s, &e);
}

static void keep_end(struct session_store *c)
{
    struct err e;
    session_store_end(c, &e);
}

static void keep_all(struct session_store *c, const struct log *l)
{
    for (int i = 0; i < SESSIONS; i++)
        keep(c, &l->sessions[i]);
    keep_end(c);
}

/* All contexts and targets; returns the number of disagreements. */
static int compare(const struct log *l, const struct baseline *b, const char *model)
{
    struct baseline_work *w = baseline_work_new(b);
    int wrong = 0;
    for (int32_t user = 0; user < USERS; user++)
        for (int32_t before = 0; before < ITEMS; before++) {
            int c = context_of(model, user, before);
            int32_t top[ITEMS];
            float scores[ITEMS];
            double sum = 0;
            struct moment m = {.user = user, .items = &before, .count = 1};
            for (int32_t target = 0; target < ITEMS; target++) {
                struct verdict v = baseline_answer(b, w, &m, target, l->candidates, top, scores);
                double p = probability_of(l, c, target);
                sum += v.probability;
                wrong += v.rank != rank_of(l, c, target) || fabs(v.probability - p) > 1e-12;
                wrong += v.rank > 1 && scores[v.rank - 2] < (float)p;
                for (int i = 0; i < l->candidates; i++)
                    wrong += !l->candidate[top[i]] || (top[i] == target && i + 1 != v.rank);
                if (!l->candidate[target])
                    continue;
                wrong += top[v.rank - 1] != target || scores[v.rank - 1] != (float)v.probability;
            }
            wrong += fabs(sum - 1) > 1e-9;
        }
    baseline_work_free(w);
    return wrong;
}

/* Each item by a chance of one in `chance`; 1: all. */
static void choose_candidates(struct log *l, struct random *r, uint32_t chance)
{
    l->candidates = 0;
    for (int i = 0; i < ITEMS; i++) {
        l->candidate[i] = random_below(r, chance) == 0;
        l->candidates += l->candidate[i];
    }
}

static void test_models(uint32_t chance, const char *among)
{
    static const char *const models[] = {"pop", "ppop", "markov"};
    struct random r = random_of(1, 0);
    static struct log l;
    for (size_t m = 0; m < 3; m++) {
        int wrong = 0;
        for (int round = 0; round < 30; round++) {
            fill(&l, &r);
            count(&l, models[m]);
            choose_candidates(&l, &r, chance);
            struct session_store store = {0};
            keep_all(&store, &l);
            struct baseline *b = baseline_new(baseline_find(models[m]), &plain);
            baseline_learn(b, &store, ITEMS, l.candidates < ITEMS ? l.candidate : NULL);
            wrong += compare(&l, b, models[m]);
            baseline_free(b);
            session_store_release(&store);
        }
        tap_ok(wrong == 0, "%s, %s: ranks, lists and probabilities as by comparing all items",
               models[m], among);
    }
}

static void test_nothing_learned(void)
{
    struct baseline *b = baseline_new(baseline_find("markov"), &plain);
    struct session_store store = {0};
    keep_end(&store);
    baseline_learn(b, &store, 4, NULL);
    struct moment m = {.items = (int32_t[]){2}, .count = 1};
    struct verdict v = baseline_answer(b, NULL, &m, 3, 0, NULL, NULL);
    tap_ok(v.rank == 4 && fabs(v.probability - 0.25) < 1e-12, "nothing learned: order of ids");
    baseline_free(b);
    session_store_release(&store);
}

/* Blocks break between any two positions: one session longer than several blocks. */
static void test_answers(void)
{
    enum { LONG = 10001 };
    static int32_t items[LONG];
    static int64_t times[LONG];
    const struct session sessions[] = {
        {.part = PART_TRAIN, .count = LONG, .items = items, .times = times},
        {.part = PART_VALIDATION, .count = LONG, .items = items, .times = times},
        {.part = PART_TEST, .count = 1, .items = items, .times = times},
        {.part = PART_TEST, .count = LONG, .items = items, .times = times}};
    struct session_store store = {0};
    for (int i = 0; i < LONG; i++)
        items[i] = i % 7;
    for (size_t i = 0; i < 4; i++)
        keep(&store, &sessions[i]);
    keep_end(&store);
    struct baseline *b = baseline_new(baseline_find("markov"), &plain);
    baseline_learn(b, &store, 7, NULL);
    struct answers a;
    answers_open(&a, &store, 7, false);
    for (int round = 0; round < 2; round++) {
        struct ranks ranks;
        struct tops tops;
        struct pass pass = {0};
        int blocks = 0, wrong = 0, next = 0;
        for (; answers_next(&a, b, PART_TEST, 3, 2, &ranks, &tops, &pass); blocks++)
            for (size_t i = 0; i < ranks.rank.len; i++, next++) {
                wrong += column_i32(ranks.position)[i] != next || column_i32(ranks.rank)[i] != 1;
                wrong += column_i32(ranks.target)[i] != items[next + 1];
                wrong += column_i32(ranks.session)[i] != 3 || column_i32(ranks.length)[i] != LONG;
                wrong += column_i32(tops.item)[3 * i] != items[next + 1];
            }
        tap_ok(blocks > 1 && wrong == 0 && next == LONG - 1 && pass.events == LONG - 1,
               "a session longer than a block, round %d", round);
    }
    answers_release(&a);
    baseline_free(b);
    session_store_release(&store);
}

int main(void)
{
    test_models(1, "among all");
    test_models(2, "among some");
    test_models(20, "among one or none");
    test_nothing_learned();
    test_answers();
    return tap_done();
}
