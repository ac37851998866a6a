#include "eval/user_sums.h"

void user_sums_merge(struct user_sums *s, size_t columns, int32_t user, const double *sums)
{
    size_t begin = (size_t)user * columns;
    if (s->at.len < begin + columns) {
        vec_reserve(&s->at, begin + columns - s->at.len);
        memset(s->at.at + s->at.len, 0, (begin + columns - s->at.len) * sizeof *s->at.at);
        s->at.len = begin + columns;
    }
    for (size_t c = 0; c < columns; c++)
        s->at.at[begin + c] += sums[c];
}

void user_sums_add(struct user_sums *s, const struct cuts *c, int32_t user, int32_t rank)
{
    double value[METRICS_COLUMNS] = {1};
    metrics_of_rank(c, rank, value);
    user_sums_merge(s, (size_t)metrics_columns(c), user, value);
}

void user_sums_release(struct user_sums *s)
{
    vec_release(&s->at);
}
