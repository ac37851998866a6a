#include "eval/compare.h"

#include <math.h>

void by_user_add(struct by_user *b, const struct scored_run *r, const int32_t *user)
{
    const struct user_sums *from = &r->best_sums;
    size_t columns = (size_t)metrics_columns(&r->how->cuts);
    for (size_t u = 0; u * columns < from->at.len; u++)
        if (from->at.at[u * columns] > 0)
            user_sums_merge(&b->sums, columns, user[u], from->at.at + u * columns);
    b->runs++;
}

void by_user_release(struct by_user *b)
{
    user_sums_release(&b->sums);
}

/* The user's sums; NULL: the user has no target. */
static const double *sums_of(const struct by_user *b, size_t user, size_t columns)
{
    const double *at = b->sums.at.at + user * columns;
    return (user + 1) * columns <= b->sums.at.len && at[0] > 0 ? at : NULL;
}

static double rounded(double d)
{
    return nearbyint(d * 1e12) / 1e12;
}

typedef VEC(double) f64_vec;

/* Appends a row of columns - 1 differences for each user who is in both. */
static void pair_users(const struct by_user *model, const struct by_user *base, size_t columns,
                       struct comparison *to, f64_vec *d)
{
    size_t most = model->sums.at.len > base->sums.at.len ? model->sums.at.len : base->sums.at.len;
    for (size_t u = 0; u * columns < most; u++) {
        const double *m = sums_of(model, u, columns), *b = sums_of(base, u, columns);
        to->alone += !m != !b;
        if (!m || !b)
            continue;
        to->users++;
        to->uneven += m[0] * (double)base->runs != b[0] * (double)model->runs;
        for (size_t c = 1; c < columns; c++)
            vec_push(d, rounded(m[c] / m[0] - b[c] / b[0]));
    }
}

static void contrast_column(const double *d, size_t rows, size_t stride, struct contrast *to)
{
    double *column = mem_alloc(rows * sizeof *column), sum = 0;
    for (size_t i = 0; i < rows; i++)
        sum += column[i] = d[i * stride];
    to->difference = rows ? sum / (double)rows : NAN;
    to->test = wilcoxon_of(column, rows);
    mem_free(column);
}

void compare_users(const struct by_user *model, const struct by_user *base, const struct cuts *c,
                   size_t resamples, uint64_t seed, struct comparison *to)
{
    size_t columns = (size_t)metrics_columns(c);
    struct interval interval[METRICS_COLUMNS];
    f64_vec d = {0};
    *to = (struct comparison){0};
    pair_users(model, base, columns, to, &d);
    bootstrap_means(d.at, to->users, columns - 1, resamples, seed, interval);
    for (size_t i = 1; i < columns; i++) {
        contrast_column(d.at + i - 1, to->users, columns - 1, &to->column[i]);
        to->column[i].interval = interval[i - 1];
    }
    vec_release(&d);
}
