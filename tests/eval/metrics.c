#include "eval/metrics.h"

#include <math.h>

#include "../tap.h"

static int near(double a, double b)
{
    return fabs(a - b) < 1e-12 || (isnan(a) && isnan(b));
}

static struct cuts cuts_of(const char *list)
{
    struct cuts c = {0};
    struct err e = {0};
    tap_ok(!cuts_parse(&c, list, &e), "%s is read", list);
    return c;
}

static void refused(const char *list)
{
    struct cuts c = {0};
    struct err e = {0};
    tap_ok(cuts_parse(&c, list, &e) == STATUS_USAGE, "cuts \"%s\": %s", list, e.text);
}

static void no_criterion(const char *text)
{
    struct criterion c;
    struct err e = {0};
    tap_ok(criterion_parse(&c, text, &e) == STATUS_USAGE, "criterion \"%s\": %s", text, e.text);
}

static void test_parsing(void)
{
    struct cuts c = cuts_of("20,5,10");
    struct criterion by;
    struct err e = {0};
    char name[METRICS_NAME];
    tap_ok(c.count == 3 && c.at[0] == 5 && c.at[1] == 10 && c.at[2] == 20, "cuts are sorted");
    metrics_column_name(&c, 0, name);
    tap_ok(!strcmp(name, "loss"), "column 0 is %s", name);
    metrics_column_name(&c, 3, name);
    tap_ok(!strcmp(name, "recall@20"), "column 3 is %s", name);
    metrics_column_name(&c, 4, name);
    tap_ok(!strcmp(name, "mrr@5"), "column 4 is %s", name);
    refused("");
    refused("5,");
    refused("0");
    refused("-5");
    refused("5,5");
    refused("10001");
    refused("5;10");
    refused("1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17,18,19,20,21");
    refused("all,5");
    refused("5,all,all");
    refused("5,all,10");
    refused("5,al");
    struct cuts open_end = cuts_of("9,5,all");
    metrics_column_name(&open_end, 3, name);
    tap_ok(open_end.count == 3 && open_end.at[1] == 9 && !strcmp(name, "recall@all"),
           "the third of 9,5,all is %s", name);
    tap_ok(!criterion_parse(&by, "mrr@all", &e) && by.at == METRICS_ALL, "mrr@all is a criterion");
    struct cuts every = cuts_of("all");
    tap_ok(every.count == 20 && every.at[0] == 1 && every.at[19] == 20, "all cuts are 1 to 20");
    c.precision = true;
    metrics_column_name(&c, 9, name);
    tap_ok(metrics_columns(&c) == 10 && !strcmp(name, "precision@20"), "column 9 is %s", name);
    c.ndcg = c.lists = true;
    metrics_column_name(&c, 18, name);
    tap_ok(metrics_columns(&c) == 19 && metrics_target_columns(&c) == 13 &&
               !strcmp(name, "popularity@20"),
           "column 18 is %s", name);
    tap_ok(metrics_column_of(&c, MEASURE_NDCG) == 10 &&
               metrics_column_of(&c, MEASURE_COVERAGE) == 13,
           "columns of measures");
    c.precision = c.lists = false;
    tap_ok(metrics_column_of(&c, MEASURE_NDCG) == 7 && metrics_column_of(&c, MEASURE_COVERAGE) < 0,
           "without those that are not asked for");
    tap_ok(!criterion_parse(&by, "mrr@7", &e) && by.measure == MEASURE_MRR && by.at == 7, "mrr@7");
    tap_ok(!criterion_parse(&by, "precision@3", &e) && by.measure == MEASURE_PRECISION,
           "precision");
    tap_ok(!criterion_parse(&by, "ndcg@9", &e) && by.measure == MEASURE_NDCG && by.at == 9, "ndcg");
    tap_ok(!criterion_parse(&by, "loss", &e) && by.loss, "loss");
    no_criterion("recall");
    no_criterion("recall@0");
    no_criterion("auc@20");
    no_criterion("coverage@20"); /* no target has it */
}

/* Ranks 1, 2, 4, 5, 6, 21: by hand, recall@5 = 4/6, MRR@5 = (1 + 1/2 + 1/4 + 1/5)/6 = 1.95/6. */
static void test_scores(void)
{
    static const int32_t rank[] = {6, 1, 21, 2, 5, 4};
    struct cuts c = cuts_of("1,5,20");
    struct criterion by = {.measure = MEASURE_RECALL, .at = 6}, by_loss = {.loss = true},
                     by_mrr = {.measure = MEASURE_MRR, .at = 2},
                     by_ndcg = {.measure = MEASURE_NDCG, .at = 3};
    struct rank_counts t = {0};
    rank_counts_start(&t, &c, &by);
    for (size_t i = 0; i < 6; i++)
        rank_counts_add(&t, 2, rank[i], (double)i);
    struct metrics s = rank_counts_metrics(&t, 2, &c, &by);
    tap_ok(s.events == 6 && near(s.value[0], 2.5), "targets and mean loss");
    tap_ok(near(s.value[1], 1 / 6.0), "recall@1");
    tap_ok(near(s.value[2], 4 / 6.0), "recall@5 counts rank 5");
    tap_ok(near(s.value[3], 5 / 6.0), "recall@20 leaves out rank 21");
    tap_ok(near(s.value[4], 1 / 6.0), "mrr@1");
    tap_ok(near(s.value[5], 1.95 / 6), "mrr@5 is 0 beyond rank 5");
    tap_ok(near(s.value[6], (1.95 + 1 / 6.0) / 6), "mrr@20");
    tap_ok(near(s.merit, 5 / 6.0), "merit by recall@6, which is no column");
    tap_ok(near(rank_counts_metrics(&t, 2, &c, &by_loss).merit, -2.5),
           "a smaller loss has more merit");
    tap_ok(near(rank_counts_metrics(&t, 2, &c, &by_mrr).merit, 1.5 / 6), "merit by mrr@2");
    c.precision = true;
    s = rank_counts_metrics(&t, 2, &c, &by);
    tap_ok(near(s.value[7], 1 / 6.0) && near(s.value[8], 4 / 30.0) && near(s.value[9], 5 / 120.0),
           "precision@k is recall@k / k");

    c.precision = false;
    c.ndcg = c.lists = true;
    s = rank_counts_metrics(&t, 2, &c, &by_ndcg);
    /* 1/log2(1 + r): 1, 0.630930, 0.430677, 0.386853, 0.356207 for ranks 1, 2, 4, 5, 6 */
    tap_ok(near(s.value[7], 1 / 6.0), "ndcg@1");
    tap_ok(fabs(s.value[8] - 2.448460 / 6) < 1e-6, "ndcg@5");
    tap_ok(fabs(s.value[9] - 2.804667 / 6) < 1e-6, "ndcg@20 leaves out rank 21");
    tap_ok(fabs(s.merit - 1.630930 / 6) < 1e-6, "merit by ndcg@3");
    tap_ok(isnan(s.value[10]) && isnan(s.value[15]), "ranks say nothing of lists");
    c = cuts_of("1,5,20");

    struct metrics none = rank_counts_metrics(&t, 1, &c, &by);
    tap_ok(!none.events && isnan(none.value[0]) && isnan(none.value[1]) && isnan(none.merit),
           "a group without targets has no score");
    rank_counts_add(&t, 1, 3, 4);
    rank_counts_merge(&t, 2, 1);
    s = rank_counts_metrics(&t, 2, &c, &by);
    tap_ok(s.events == 7 && near(s.value[2], 5 / 7.0) && near(s.value[0], 19 / 7.0), "merged");
    rank_counts_start(&t, &c, &by);
    tap_ok(!rank_counts_metrics(&t, 2, &c, &by).events, "a new start is empty");
    rank_counts_release(&t);
}

static void test_target(void)
{
    struct cuts c = cuts_of("1,5,20");
    double v[METRICS_COLUMNS];
    c.precision = true;
    metrics_of_rank(&c, 4, v);
    tap_ok(v[1] == 0 && v[2] == 1 && v[3] == 1, "rank 4 is found at 5 and 20");
    tap_ok(v[4] == 0 && v[5] == 0.25 && v[6] == 0.25, "and adds a quarter to their mrr");
    tap_ok(v[7] == 0 && v[8] == 0.2 && v[9] == 0.05, "and 1/k to their precision");
    c.ndcg = true;
    metrics_of_rank(&c, 3, v);
    tap_ok(v[9] == 0.05 && v[10] == 0 && near(v[11], 0.5) && near(v[12], 0.5),
           "rank 3 adds 1/log2(4) to ndcg");
}

static void test_spread(void)
{
    static const double value[] = {2, 4, NAN, 9};
    struct spread s = spread_of(value, 4);
    tap_ok(s.n == 3 && near(s.mean, 5) && near(s.deviation, sqrt(13)), "sample deviation, n - 1");
    s = spread_of(value, 1);
    tap_ok(near(s.mean, 2) && isnan(s.deviation), "one value has no deviation");
    s = spread_of(value, 0);
    tap_ok(isnan(s.mean) && isnan(s.deviation), "no value has no mean");
}

int main(void)
{
    test_parsing();
    test_scores();
    test_target();
    test_spread();
    return tap_done();
}
