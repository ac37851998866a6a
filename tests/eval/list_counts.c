/* Coverage and popularity of lists, by hand and against lists of their own for each k. */
#include "eval/list_counts.h"

#include <math.h>

#include "../tap.h"

static bool near(double a, double b)
{
    return fabs(a - b) < 1e-12 || (isnan(a) && isnan(b));
}

static struct cuts cuts_at(int32_t a, int32_t b, int32_t c)
{
    return (struct cuts){.count = 3, .at = {a, b, c}, .lists = true};
}

static i32_vec counts_of(const int32_t *count, size_t n)
{
    i32_vec v = {0};
    vec_append(&v, count, n);
    return v;
}

static void add(struct list_counts *l, int64_t k, const int32_t *item, size_t n,
                const i32_vec *train)
{
    struct tops t = {.user = {(int32_t[8]){0}, n / (size_t)k}, .k = k, .item = {(void *)item, n}};
    list_counts_add(l, &t, train);
}

/* Lists 0 1, 0 2, 3 0 of five items that are 8, 4, 2, 1 and 0 times in the training part. */
static void test_by_hand(void)
{
    struct list_counts l = {0};
    struct metrics m = {0};
    struct cuts c = cuts_at(1, 2, 3);
    i32_vec train = counts_of((int32_t[]){8, 4, 2, 1, 0}, 5);
    add(&l, 2, (int32_t[]){0, 1, 0, 2}, 4, &train);
    add(&l, 2, (int32_t[]){3, 0}, 2, &train);
    list_counts_metrics(&l, 5, &c, &m);
    /* columns: loss, recall, mrr, coverage, popularity */
    tap_ok(near(m.value[7], 2 / 5.0) && near(m.value[8], 4 / 5.0), "coverage");
    tap_ok(near(m.value[10], 17 / 3.0) && near(m.value[11], (6 + 5 + 4.5) / 3), "popularity");
    tap_ok(isnan(m.value[9]) && isnan(m.value[12]), "none where the lists are shorter");
    add(&l, 1, (int32_t[]){4}, 1, &train);
    list_counts_metrics(&l, 5, &c, &m);
    tap_ok(near(m.value[7], 3 / 5.0) && isnan(m.value[8]), "a shorter list bounds k");
    list_counts_start(&l);
    list_counts_metrics(&l, 5, &c, &m);
    tap_ok(isnan(m.value[7]) && isnan(m.value[10]), "no list, no score");
    train.at[4] = -1;
    add(&l, 1, (int32_t[]){4}, 1, &train);
    list_counts_metrics(&l, 5, &c, &m);
    tap_ok(near(m.value[7], 1 / 5.0) && isnan(m.value[10]), "an item whose count is not known");
    list_counts_release(&l);
    vec_release(&train);
}

enum { LISTS = 200, DEPTH = 10, ITEMS = 300 };

/* The share of items that are in the first k of any list, and the mean count, list by list. */
static void plain(const int32_t *item, int32_t k, const i32_vec *train, double *coverage,
                  double *popularity)
{
    bool in[ITEMS] = {false};
    double covered = 0, sum = 0;
    for (int list = 0; list < LISTS; list++) {
        double mean = 0;
        for (int32_t i = 0; i < k; i++) {
            int32_t x = item[list * DEPTH + i];
            covered += !in[x];
            in[x] = true;
            mean += (double)train->at[x] / k;
        }
        sum += mean;
    }
    *coverage = covered / ITEMS;
    *popularity = sum / LISTS;
}

static void test_against_plain(void)
{
    struct list_counts l = {0};
    struct metrics m = {0};
    struct cuts c = cuts_at(1, 5, DEPTH);
    i32_vec train = {0};
    int32_t item[LISTS * DEPTH];
    uint32_t state = 1;
    for (int i = 0; i < ITEMS; i++)
        vec_push(&train, i * i % 97);
    for (int i = 0; i < LISTS * DEPTH; i++)
        item[i] = (int32_t)((state = state * 1664525 + 1013904223) >> 16) % ITEMS;
    for (int list = 0; list < LISTS; list++)
        add(&l, DEPTH, item + list * DEPTH, DEPTH, &train);
    list_counts_metrics(&l, ITEMS, &c, &m);
    for (int i = 0; i < 3; i++) {
        double coverage, popularity;
        plain(item, c.at[i], &train, &coverage, &popularity);
        tap_ok(near(m.value[7 + i], coverage) && fabs(m.value[10 + i] - popularity) < 1e-9,
               "k = %d: %.4f, %.4f", (int)c.at[i], coverage, popularity);
    }
    list_counts_release(&l);
    vec_release(&train);
}

int main(void)
{
    test_by_hand();
    test_against_plain();
    return tap_done();
}
