/* Recall@k, MRR@k, precision@k and NDCG@k from ranks.
 *
 * Each position has one target.  Recall@k is the share of targets with a rank of k or better. MRR@k
 * is the mean of 1/rank, with 0 for a rank beyond k.  Precision@k, the share of the k items shown
 * that were right, is recall@k / k.  NDCG@k is the mean of 1/log2(1 + rank), with 0 beyond k: the
 * best gain of a list with one right item is 1, so that nothing is left to divide by (Jarvelin and
 * Kekalainen 2002).
 *
 * At METRICS_ALL every rank counts: recall is 1, and MRR the plain mean of 1/rank.  Precision, of a
 * list without an end, is 0.
 *
 * Ranks are counted, not summed.  So memory is that of the counts, and scores depend neither on the
 * order of the ranks nor on rounding.  What ranks beyond the other k add at METRICS_ALL is summed
 * in whole multiples of 2^-36. */
#ifndef EVAL_METRICS_H
#define EVAL_METRICS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"

enum { METRICS_CUTS = 20, METRICS_DEPTH = 10000, METRICS_ALL = INT32_MAX };

/* What is measured at each k: first what every target has a value of, then what only the lists of a
 * whole pass have (eval/list_counts.h). */
enum measure {
    MEASURE_RECALL,
    MEASURE_MRR,
    MEASURE_PRECISION,
    MEASURE_NDCG,
    MEASURES_OF_TARGETS,
    MEASURE_COVERAGE = MEASURES_OF_TARGETS,
    MEASURE_POPULARITY,
    MEASURES
};

/* The k of the measures, ascending. */
struct cuts {
    int count;
    int32_t at[METRICS_CUTS];
    bool precision, ndcg, lists; /* there are columns of these too; lists: coverage, popularity */
};

/* Reads "5,10,20", 1 to METRICS_CUTS different numbers from 1 to METRICS_DEPTH, in any order, with
 * "all" after them for METRICS_ALL, or "all" alone, which is 1 to METRICS_CUTS; 64 on anything
 * else. Leaves the other members as they are. */
int cuts_parse(struct cuts *c, const char *list, struct err *e);

/* The score that chooses the best epoch: "recall@20", "mrr@20", "precision@20", "ndcg@20", with
 * "all" in place of a number, or "loss". */
struct criterion {
    bool loss;
    enum measure measure; /* of targets */
    int32_t at;           /* its k */
};

int criterion_parse(struct criterion *c, const char *text, struct err *e);

/* The columns of a score: the loss (column 0), then each measure at every cut: recall, MRR,
 * precision, NDCG, coverage, popularity. */
enum { METRICS_COLUMNS = 1 + MEASURES * METRICS_CUTS, METRICS_NAME = 24 };

/* Columns that a single target, and so a user, has a value of: the first ones. */
static inline int metrics_target_columns(const struct cuts *c)
{
    return 1 + (2 + c->precision + c->ndcg) * c->count;
}

static inline int metrics_columns(const struct cuts *c)
{
    return metrics_target_columns(c) + (c->lists ? 2 : 0) * c->count;
}

/* The first column of a measure; -1: it has none. */
int metrics_column_of(const struct cuts *c, enum measure m);

void metrics_column_name(const struct cuts *c, int column, char name[METRICS_NAME]);

/* Sets value[1] on to what a target of this rank adds to each of its columns but the loss. */
void metrics_of_rank(const struct cuts *c, int32_t rank, double *value);

struct metrics {
    uint64_t events;               /* targets */
    double value[METRICS_COLUMNS]; /* NaN: none */
    double merit;                  /* by the criterion, more is better; NaN: none */
};

/* How often each rank occurs, for any number of groups of targets. */
struct rank_counts {
    int32_t depth;        /* ranks beyond it are misses, all alike, except at METRICS_ALL */
    bool all;             /* which is among the cuts, or the criterion's */
    VEC(uint64_t) hits;   /* [groups, depth]: targets of rank r at r - 1 */
    VEC(uint64_t) beyond; /* [groups, 2] of ranks beyond the depth: sums of 1/rank and of gains */
    VEC(uint64_t) events; /* [groups] */
    VEC(double) loss;     /* [groups] sum */
};

/* Empties the counts, for these cuts; {0} is fine before. */
void rank_counts_start(struct rank_counts *t, const struct cuts *c, const struct criterion *by);
void rank_counts_add(struct rank_counts *t, size_t group, int32_t rank, double loss);

/* Adds the counts of one group to another. */
void rank_counts_merge(struct rank_counts *t, size_t into, size_t from);

/* The scores of a group; the columns of lists are NaN. */
struct metrics rank_counts_metrics(const struct rank_counts *t, size_t group, const struct cuts *c,
                                   const struct criterion *by);
void rank_counts_release(struct rank_counts *t);

/* Mean and sample standard deviation (n - 1; NaN for n < 2) of the values that are not NaN. */
struct spread {
    int n;
    double mean, deviation;
};
struct spread spread_of(const double *value, size_t n);

#endif
