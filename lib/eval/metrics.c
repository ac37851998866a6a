#include "eval/metrics.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/num.h"

static const char *const metric_name[] = {"recall", "mrr",
                                          "precision"}; /* in the order of CRITERION_ */
enum { METRICS = sizeof metric_name / sizeof *metric_name };

static bool parse_cut(const char *text, size_t n, int32_t *k)
{
    int64_t value;
    if (!num_i64(text, n, &value) || value < 1 || value > METRICS_DEPTH)
        return false;
    *k = (int32_t)value;
    return true;
}

/* Keeps the cuts ascending; false where k is there already. */
static bool insert_cut(struct cuts *c, int32_t k)
{
    int i = c->count;
    while (i && c->at[i - 1] > k)
        i--;
    if (i && c->at[i - 1] == k)
        return false;
    memmove(c->at + i + 1, c->at + i, (size_t)(c->count - i) * sizeof *c->at);
    c->at[i] = k;
    c->count++;
    return true;
}

int cuts_parse(struct cuts *c, const char *list, struct err *e)
{
    c->count = 0;
    for (const char *at = list;; at++) {
        size_t n = strcspn(at, ",");
        int32_t k;
        if (!parse_cut(at, n, &k))
            return err_set(e, STATUS_USAGE,
                           "\"%.*s\" is not a number from 1 to %d: give a list such as 5,10,20",
                           (int)n, at, METRICS_DEPTH);
        if (c->count == METRICS_CUTS)
            return err_set(e, STATUS_USAGE, "more than %d numbers", METRICS_CUTS);
        if (!insert_cut(c, k))
            return err_set(e, STATUS_USAGE, "%d is there twice", (int)k);
        at += n;
        if (!*at)
            return 0;
    }
}

int criterion_parse(struct criterion *c, const char *text, struct err *e)
{
    if (!strcmp(text, "loss")) {
        *c = (struct criterion){.metric = CRITERION_LOSS};
        return 0;
    }
    for (int i = 0; i < METRICS; i++) {
        size_t n = strlen(metric_name[i]);
        int32_t k;
        if (!strncmp(text, metric_name[i], n) && text[n] == '@' &&
            parse_cut(text + n + 1, strlen(text + n + 1), &k)) {
            *c = (struct criterion){i, k};
            return 0;
        }
    }
    return err_set(e, STATUS_USAGE,
                   "\"%s\" is no score: possible are recall@K, mrr@K and precision@K, K from 1 to "
                   "%d, and loss",
                   text, METRICS_DEPTH);
}

void metrics_column_name(const struct cuts *c, int column, char name[METRICS_NAME])
{
    if (!column)
        snprintf(name, METRICS_NAME, "loss");
    else
        snprintf(name, METRICS_NAME, "%s@%d", metric_name[(column - 1) / c->count],
                 (int)c->at[(column - 1) % c->count]);
}

void metrics_of_rank(const struct cuts *c, int32_t rank, double *value)
{
    for (int i = 0; i < c->count; i++) {
        bool hit = rank <= c->at[i];
        value[1 + i] = hit;
        value[1 + c->count + i] = hit ? 1.0 / rank : 0;
        if (c->precision)
            value[1 + 2 * c->count + i] = hit ? 1.0 / c->at[i] : 0;
    }
}

void rank_counts_start(struct rank_counts *t, const struct cuts *c, const struct criterion *by)
{
    t->depth = c->at[c->count - 1] > by->at ? c->at[c->count - 1] : by->at;
    vec_clear(&t->hits);
    vec_clear(&t->events);
    vec_clear(&t->loss);
}

static void ensure_group(struct rank_counts *t, size_t group)
{
    while (t->events.len <= group) {
        size_t depth = (size_t)t->depth;
        vec_reserve(&t->hits, depth);
        memset(t->hits.at + t->hits.len, 0, depth * sizeof *t->hits.at);
        t->hits.len += depth;
        vec_push(&t->events, 0);
        vec_push(&t->loss, 0);
    }
}

void rank_counts_add(struct rank_counts *t, size_t group, int32_t rank, double loss)
{
    ensure_group(t, group);
    if (rank <= t->depth)
        t->hits.at[group * (size_t)t->depth + (size_t)rank - 1]++;
    t->events.at[group]++;
    t->loss.at[group] += loss;
}

void rank_counts_merge(struct rank_counts *t, size_t into, size_t from)
{
    ensure_group(t, into > from ? into : from);
    size_t depth = (size_t)t->depth;
    for (size_t r = 0; r < depth; r++)
        t->hits.at[into * depth + r] += t->hits.at[from * depth + r];
    t->events.at[into] += t->events.at[from];
    t->loss.at[into] += t->loss.at[from];
}

/* recall@k = Σ_{r≤k} n_r / n and MRR@k = Σ_{r≤k} n_r / r / n, where n_r of n targets have rank r.
 */
static void score_at(const uint64_t *hits, uint64_t events, int32_t k, double *recall, double *mrr)
{
    uint64_t found = 0;
    double reciprocal = 0;
    for (int32_t r = 0; r < k; r++) {
        found += hits[r];
        reciprocal += (double)hits[r] / (r + 1);
    }
    *recall = events ? (double)found / (double)events : NAN;
    *mrr = events ? reciprocal / (double)events : NAN;
}

struct metrics rank_counts_metrics(const struct rank_counts *t, size_t group, const struct cuts *c,
                                   const struct criterion *by)
{
    bool there = group < t->events.len && t->events.at[group];
    struct metrics s = {.events = there ? t->events.at[group] : 0};
    const uint64_t *hits = there ? t->hits.at + group * (size_t)t->depth : NULL;
    s.value[0] = there ? t->loss.at[group] / (double)s.events : NAN;
    for (int i = 0; i < c->count; i++) {
        score_at(hits, s.events, there ? c->at[i] : 0, &s.value[1 + i], &s.value[1 + c->count + i]);
        if (c->precision)
            s.value[1 + 2 * c->count + i] = s.value[1 + i] / c->at[i];
    }
    double recall, mrr;
    score_at(hits, s.events, there ? by->at : 0, &recall, &mrr);
    s.merit = by->metric == CRITERION_LOSS        ? -s.value[0]
              : by->metric == CRITERION_RECALL    ? recall
              : by->metric == CRITERION_PRECISION ? recall / by->at
                                                  : mrr;
    return s;
}

void rank_counts_release(struct rank_counts *t)
{
    vec_release(&t->hits);
    vec_release(&t->events);
    vec_release(&t->loss);
}

struct spread spread_of(const double *value, size_t n)
{
    struct spread s = {0, 0, 0};
    for (size_t i = 0; i < n; i++)
        if (!isnan(value[i]))
            s.n++, s.mean += value[i];
    s.mean = s.n ? s.mean / s.n : NAN;
    for (size_t i = 0; i < n; i++)
        if (!isnan(value[i]))
            s.deviation += (value[i] - s.mean) * (value[i] - s.mean);
    s.deviation = s.n > 1 ? sqrt(s.deviation / (s.n - 1)) : NAN;
    return s;
}
