/* Recall@k, MRR@k and precision@k from ranks.
 *
 * With one target a position, recall@k is the share of targets of rank k or better, MRR@k the mean
 * of 1/rank where the rank is k or better and of 0 beyond, and precision@k, the share of the k that
 * were right, is recall@k / k.  Ranks are counted, not summed: the
 * memory is that of the counts, and scores depend neither on the order of the ranks nor on rounding
 * along the way. */
#ifndef EVAL_METRICS_H
#define EVAL_METRICS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"

enum { METRICS_CUTS = 12, METRICS_DEPTH = 10000 };

/* The k of recall@k and MRR@k, ascending. */
struct cuts {
    int count;
    int32_t at[METRICS_CUTS];
    bool precision; /* whether there are columns of precision@k too */
};

/* "5,10,20": 1 to METRICS_CUTS different numbers from 1 to METRICS_DEPTH, in any order (64).
 * `precision` stays as it is. */
int cuts_parse(struct cuts *c, const char *list, struct err *e);

/* What the best epoch is chosen by: "recall@20", "mrr@20", "precision@20", "loss". */
struct criterion {
    enum { CRITERION_RECALL, CRITERION_MRR, CRITERION_PRECISION, CRITERION_LOSS } metric;
    int32_t at; /* its k */
};

int criterion_parse(struct criterion *c, const char *text, struct err *e);

/* The numbers of a score: column 0 is the loss, then recall at every cut, then MRR at every cut,
 * and precision. */
enum { METRICS_COLUMNS = 1 + 3 * METRICS_CUTS, METRICS_NAME = 24 };

static inline int metrics_columns(const struct cuts *c)
{
    return 1 + (c->precision ? 3 : 2) * c->count;
}

void metrics_column_name(const struct cuts *c, int column, char name[METRICS_NAME]);

/* What a target of this rank adds to each column but the loss: value[1] on. */
void metrics_of_rank(const struct cuts *c, int32_t rank, double *value);

struct metrics {
    uint64_t events;               /* targets */
    double value[METRICS_COLUMNS]; /* NaN: there is none */
    double merit;                  /* by the criterion, more is better; NaN: there is none */
};

/* How often each rank came, for any number of groups of targets. */
struct rank_counts {
    int32_t depth;        /* ranks beyond are one and the same: missed */
    VEC(uint64_t) hits;   /* [groups, depth] targets of rank r at r - 1 */
    VEC(uint64_t) events; /* [groups] */
    VEC(double) loss;     /* [groups] sum */
};

/* Empties the tally for these cuts; {0} is a tally too. */
void rank_counts_start(struct rank_counts *t, const struct cuts *c, const struct criterion *by);
void rank_counts_add(struct rank_counts *t, size_t group, int32_t rank, double loss);

/* Adds the counts of one group to another. */
void rank_counts_merge(struct rank_counts *t, size_t into, size_t from);
struct metrics rank_counts_metrics(const struct rank_counts *t, size_t group, const struct cuts *c,
                                   const struct criterion *by);
void rank_counts_release(struct rank_counts *t);

/* Mean and sample standard deviation (n - 1; NaN for n < 2) of those of n values that are not NaN.
 */
struct spread {
    int n;
    double mean, deviation;
};
struct spread spread_of(const double *value, size_t n);

#endif
