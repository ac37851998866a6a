#include "eval/user_sums.h"

void user_sums_merge(struct user_sums *s, size_t width, int32_t user, const double *sums)
{
    size_t begin = (size_t)user * width;
    if (s->at.len < begin + width) {
        vec_reserve(&s->at, begin + width - s->at.len);
        memset(s->at.at + s->at.len, 0, (begin + width - s->at.len) * sizeof *s->at.at);
        s->at.len = begin + width;
    }
    for (size_t c = 0; c < width; c++)
        s->at.at[begin + c] += sums[c];
}

void user_sums_add(struct user_sums *s, const struct cuts *c, int32_t user, int32_t rank,
                   double loss)
{
    double value[METRICS_COLUMNS + 1] = {loss};
    size_t width = user_sums_width(c);
    metrics_of_rank(c, rank, value);
    value[width - 1] = 1;
    user_sums_merge(s, width, user, value);
}

void user_sums_release(struct user_sums *s)
{
    vec_release(&s->at);
}
