#include "eval/auc.h"

#include <math.h>
#include <stdlib.h>

void auc_start(struct auc *a)
{
    vec_clear(&a->at);
}

void auc_add(struct auc *a, const struct intents *n)
{
    for (size_t i = 0; i < n->user.len; i++)
        vec_push(&a->at, ((struct scored_label){column_f32(n->score)[i], column_u8(n->label)[i]}));
}

static int by_score(const void *x, const void *y)
{
    float a = ((const struct scored_label *)x)->score, b = ((const struct scored_label *)y)->score;
    return (a > b) - (a < b);
}

/* In half pairs, which are whole numbers: the order of what was added makes no difference. */
double auc_value(struct auc *a)
{
    size_t n = a->at.len, without = 0, with = 0;
    double halves = 0;
    if (n)
        qsort(a->at.at, n, sizeof *a->at.at, by_score);
    for (size_t i = 0, end; i < n; i = end) {
        size_t equal[2] = {0, 0};
        for (end = i; end < n && a->at.at[end].score <= a->at.at[i].score; end++)
            equal[a->at.at[end].label]++;
        halves += (double)equal[1] * (double)(2 * without + equal[0]);
        without += equal[0];
        with += equal[1];
    }
    return with && without ? halves / 2 / (double)with / (double)without : NAN;
}

void auc_release(struct auc *a)
{
    vec_release(&a->at);
}
