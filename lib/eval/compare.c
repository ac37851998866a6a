#include "eval/compare.h"

#include <math.h>

void by_user_add(struct by_user *b, const struct scored_run *r, const int32_t *user)
{
    const struct user_sums *from = &r->best_sums;
    size_t width = user_sums_width(&r->how->cuts);
    for (size_t u = 0; u * width < from->at.len; u++) {
        const double *sums = user_sums_of(from, u, width);
        if (sums)
            user_sums_merge(&b->sums, width, user[u], sums);
    }
    b->runs++;
}

void by_user_release(struct by_user *b)
{
    user_sums_release(&b->sums);
}

static double rounded(double d)
{
    return nearbyint(d * 1e12) / 1e12;
}

typedef VEC(double) f64_vec;

/* Appends a row of differences, one for each column but the loss, for each user who is in both, and
 * sums up the users' scores. */
static void pair_users(const struct by_user *model, const struct by_user *base,
                       const struct cuts *cuts, struct comparison *to, f64_vec *d)
{
    size_t width = user_sums_width(cuts), count = width - 1;
    size_t most = model->sums.at.len > base->sums.at.len ? model->sums.at.len : base->sums.at.len;
    for (size_t u = 0; u * width < most; u++) {
        const double *m = user_sums_of(&model->sums, u, width);
        const double *b = user_sums_of(&base->sums, u, width);
        to->alone += !m != !b;
        if (!m || !b)
            continue;
        to->users++;
        to->uneven += m[count] * (double)base->runs != b[count] * (double)model->runs;
        for (size_t c = 1; c < count; c++) {
            to->column[c].model += m[c] / m[count];
            to->column[c].base += b[c] / b[count];
            vec_push(d, rounded(m[c] / m[count] - b[c] / b[count]));
        }
    }
}

static void contrast_column(const double *d, size_t rows, size_t stride, struct contrast *to)
{
    double *column = mem_alloc(rows * sizeof *column), sum = 0;
    for (size_t i = 0; i < rows; i++)
        sum += column[i] = d[i * stride];
    to->model = rows ? to->model / (double)rows : NAN;
    to->base = rows ? to->base / (double)rows : NAN;
    to->difference = rows ? sum / (double)rows : NAN;
    to->test = wilcoxon_of(column, rows);
    to->holm = to->test.p;
    mem_free(column);
}

void compare_users(const struct by_user *model, const struct by_user *base, const struct cuts *c,
                   size_t resamples, uint64_t seed, struct comparison *to)
{
    size_t columns = (size_t)metrics_target_columns(c);
    struct interval interval[METRICS_COLUMNS];
    f64_vec d = {0};
    *to = (struct comparison){0};
    pair_users(model, base, c, to, &d);
    bootstrap_means(d.at, to->users, columns - 1, resamples, seed, interval);
    for (size_t i = 1; i < columns; i++) {
        contrast_column(d.at + i - 1, to->users, columns - 1, &to->column[i]);
        to->column[i].interval = interval[i - 1];
    }
    vec_release(&d);
}

void compare_correct(struct comparison *const *c, size_t n, const struct cuts *cuts)
{
    double *p = mem_alloc(2 * n * sizeof *p), *corrected = p + n;
    for (int column = 1; column < metrics_target_columns(cuts); column++) {
        for (size_t i = 0; i < n; i++)
            p[i] = c[i]->column[column].test.p;
        holm(p, n, corrected);
        for (size_t i = 0; i < n; i++)
            c[i]->column[column].holm = corrected[i];
    }
    mem_free(p);
}
