/* The area under the curve against the count over all pairs, with scores that are equal. */
#include "eval/auc.h"

#include <math.h>
#include <stdbool.h>

#include "base/random.h"
#include "../tap.h"

enum { N = 300 };

static float score[N];
static unsigned char label[N];

static struct intents some(size_t from, size_t count)
{
    return (struct intents){
        .user = {NULL, count}, .label = {label + from, count}, .score = {score + from, count}};
}

static double brute(size_t n)
{
    double won = 0, pairs = 0;
    for (size_t i = 0; i < n; i++)
        for (size_t j = 0; j < n; j++)
            if (label[i] && !label[j]) {
                won += score[i] > score[j] ? 1 : score[i] < score[j] ? 0 : 0.5;
                pairs++;
            }
    return won / pairs;
}

static void check_pairs(uint32_t values)
{
    struct random r = random_of(3, values);
    struct auc a = {0};
    for (int i = 0; i < N; i++) {
        score[i] = (float)random_below(&r, values) / (float)values;
        label[i] = random_below(&r, 10) < 3 + 4 * (score[i] > 0.5f);
    }
    struct intents first = some(0, 100), rest = some(100, N - 100), whole = some(0, N);
    auc_add(&a, &first);
    auc_add(&a, &rest);
    double split = auc_value(&a), again = auc_value(&a);
    auc_start(&a);
    auc_add(&a, &whole);
    tap_ok(fabs(split - brute(N)) < 1e-12 && split <= again && split >= again &&
               auc_value(&a) <= split && auc_value(&a) >= split,
           "of %u different scores: %.6f", values, split);
    auc_release(&a);
}

static void check_edges(void)
{
    struct auc a = {0};
    score[0] = 0.25f, score[1] = 0.5f;
    label[0] = label[1] = 1;
    struct intents two = some(0, 2);
    bool none = isnan(auc_value(&a));
    auc_add(&a, &two);
    tap_ok(none && isnan(auc_value(&a)), "nothing, or one label alone: no value");
    label[0] = 0;
    auc_start(&a);
    auc_add(&a, &two);
    double right = auc_value(&a);
    label[0] = 1, label[1] = 0;
    auc_start(&a);
    auc_add(&a, &two);
    tap_ok(fabs(right - 1) < 1e-12 && fabs(auc_value(&a)) < 1e-12, "1 in order, 0 in reverse");
    auc_release(&a);
}

int main(void)
{
    check_pairs(1000000);
    check_pairs(7);
    check_pairs(1);
    check_edges();
    return tap_done();
}
