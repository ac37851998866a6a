#include "eval/metrics.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/num.h"

static const char *const measure_name[MEASURES] = {"recall", "mrr",      "precision",
                                                   "ndcg",   "coverage", "popularity"};

static bool parse_cut(const char *text, size_t n, int32_t *k)
{
    int64_t value;
    if (!num_i64(text, n, &value) || value < 1 || value > METRICS_DEPTH)
        return false;
    *k = (int32_t)value;
    return true;
}

/* The same, or "all". */
static bool parse_cut_or_all(const char *text, size_t n, int32_t *k)
{
    if (n != strlen("all") || strncmp(text, "all", n) != 0)
        return parse_cut(text, n, k);
    *k = METRICS_ALL;
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

static int all_cuts(struct cuts *c)
{
    for (c->count = 0; c->count < METRICS_CUTS; c->count++)
        c->at[c->count] = c->count + 1;
    return 0;
}

int cuts_parse(struct cuts *c, const char *list, struct err *e)
{
    if (!strcmp(list, "all"))
        return all_cuts(c);
    c->count = 0;
    for (const char *at = list;; at++) {
        size_t n = strcspn(at, ",");
        int32_t k = 0;
        if (!(c->count && !at[n] ? parse_cut_or_all : parse_cut)(at, n, &k))
            return err_set(e, STATUS_USAGE,
                           "\"%.*s\" is not a number from 1 to %d: give a list such as 5,10,20 or "
                           "5,10,all, or all",
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
        *c = (struct criterion){.loss = true};
        return 0;
    }
    for (int m = 0; m < MEASURES_OF_TARGETS; m++) {
        size_t n = strlen(measure_name[m]);
        int32_t k;
        if (!strncmp(text, measure_name[m], n) && text[n] == '@' &&
            parse_cut_or_all(text + n + 1, strlen(text + n + 1), &k)) {
            *c = (struct criterion){.measure = (enum measure)m, .at = k};
            return 0;
        }
    }
    return err_set(e, STATUS_USAGE,
                   "\"%s\" is no score: possible are recall@K, mrr@K, precision@K and ndcg@K, K "
                   "from 1 to %d or all, and loss",
                   text, METRICS_DEPTH);
}

static bool has_measure(const struct cuts *c, enum measure m)
{
    return m == MEASURE_PRECISION ? c->precision
           : m == MEASURE_NDCG    ? c->ndcg
                                  : m < MEASURES_OF_TARGETS || c->lists;
}

int metrics_column_of(const struct cuts *c, enum measure m)
{
    int column = 1;
    for (int before = 0; before < (int)m; before++)
        column += has_measure(c, (enum measure)before) ? c->count : 0;
    return has_measure(c, m) ? column : -1;
}

void metrics_column_name(const struct cuts *c, int column, char name[METRICS_NAME])
{
    snprintf(name, METRICS_NAME, "loss");
    for (int m = 0; m < MEASURES; m++) {
        int first = metrics_column_of(c, (enum measure)m);
        if (first <= 0 || column < first || column >= first + c->count)
            continue;
        int32_t k = c->at[column - first];
        if (k == METRICS_ALL)
            snprintf(name, METRICS_NAME, "%s@all", measure_name[m]);
        else
            snprintf(name, METRICS_NAME, "%s@%d", measure_name[m], (int)k);
    }
}

/* What a target at this rank, from 1, is worth by NDCG. */
static double gain_of(int32_t rank)
{
    return 1 / log2(1.0 + rank);
}

void metrics_of_rank(const struct cuts *c, int32_t rank, double *value)
{
    int column = 1;
    for (int m = 0; m < MEASURES_OF_TARGETS; m++)
        for (int i = 0; has_measure(c, (enum measure)m) && i < c->count; i++) {
            const double at_hit[] = {[MEASURE_RECALL] = 1,
                                     [MEASURE_MRR] = 1.0 / rank,
                                     [MEASURE_PRECISION] =
                                         c->at[i] == METRICS_ALL ? 0 : 1.0 / c->at[i],
                                     [MEASURE_NDCG] = gain_of(rank)};
            value[column++] = rank <= c->at[i] ? at_hit[m] : 0;
        }
}

/* The depth for a further k. */
static void deepen(struct rank_counts *t, int32_t k)
{
    if (k == METRICS_ALL)
        t->all = true;
    else if (k > t->depth)
        t->depth = k;
}

void rank_counts_start(struct rank_counts *t, const struct cuts *c, const struct criterion *by)
{
    t->depth = 1;
    t->all = false;
    deepen(t, by->at);
    for (int i = 0; i < c->count; i++)
        deepen(t, c->at[i]);
    vec_clear(&t->hits);
    vec_clear(&t->beyond);
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
        vec_push(&t->beyond, 0);
        vec_push(&t->beyond, 0);
        vec_push(&t->events, 0);
        vec_push(&t->loss, 0);
    }
}

/* A number from 0 to 1 in whole units, of which there are 2^36 to 1. */
static const double units = 0x1p36;

static uint64_t in_units(double x)
{
    return (uint64_t)(x * units + 0.5);
}

void rank_counts_add(struct rank_counts *t, size_t group, int32_t rank, double loss)
{
    ensure_group(t, group);
    if (rank <= t->depth) {
        t->hits.at[group * (size_t)t->depth + (size_t)rank - 1]++;
    } else if (t->all) {
        t->beyond.at[2 * group] += in_units(1.0 / rank);
        t->beyond.at[2 * group + 1] += in_units(gain_of(rank));
    }
    t->events.at[group]++;
    t->loss.at[group] += loss;
}

void rank_counts_merge(struct rank_counts *t, size_t into, size_t from)
{
    ensure_group(t, into > from ? into : from);
    size_t depth = (size_t)t->depth;
    for (size_t r = 0; r < depth; r++)
        t->hits.at[into * depth + r] += t->hits.at[from * depth + r];
    for (size_t i = 0; i < 2; i++)
        t->beyond.at[2 * into + i] += t->beyond.at[2 * from + i];
    t->events.at[into] += t->events.at[from];
    t->loss.at[into] += t->loss.at[from];
}

/* With n_r of n targets at rank r: recall@k = Σ_{r≤k} n_r / n, MRR@k = Σ_{r≤k} n_r / r / n,
 * precision@k = recall@k / k, NDCG@k = Σ_{r≤k} n_r / log2(1 + r) / n.  NaN of no targets. */
static void score_at(const struct rank_counts *t, size_t group, int32_t k,
                     double to[MEASURES_OF_TARGETS])
{
    uint64_t events = group < t->events.len ? t->events.at[group] : 0, found = 0;
    const uint64_t *hits = events ? t->hits.at + group * (size_t)t->depth : NULL;
    double reciprocal = 0, gain = 0, n = events ? (double)events : NAN;
    for (int32_t r = 0; events && r < k && r < t->depth; r++)
        if (hits[r]) {
            found += hits[r];
            reciprocal += (double)hits[r] / (r + 1);
            gain += (double)hits[r] * gain_of(r + 1);
        }
    if (events && k == METRICS_ALL) {
        found = events;
        reciprocal += (double)t->beyond.at[2 * group] / units;
        gain += (double)t->beyond.at[2 * group + 1] / units;
    }
    to[MEASURE_RECALL] = (double)found / n;
    to[MEASURE_MRR] = reciprocal / n;
    to[MEASURE_PRECISION] = k == METRICS_ALL ? 0 / n : to[MEASURE_RECALL] / k;
    to[MEASURE_NDCG] = gain / n;
}

struct metrics rank_counts_metrics(const struct rank_counts *t, size_t group, const struct cuts *c,
                                   const struct criterion *by)
{
    bool there = group < t->events.len && t->events.at[group];
    struct metrics s = {.events = there ? t->events.at[group] : 0};
    double at[MEASURES_OF_TARGETS];
    s.value[0] = there ? t->loss.at[group] / (double)s.events : NAN;
    for (int i = 0; i < c->count; i++) {
        score_at(t, group, c->at[i], at);
        for (int m = 0; m < MEASURES; m++) {
            int first = metrics_column_of(c, (enum measure)m);
            if (first > 0)
                s.value[first + i] = m < MEASURES_OF_TARGETS ? at[m] : NAN;
        }
    }
    score_at(t, group, by->at, at);
    s.merit = by->loss ? -s.value[0] : at[by->measure];
    return s;
}

void rank_counts_release(struct rank_counts *t)
{
    vec_release(&t->hits);
    vec_release(&t->beyond);
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
