/* The report for programs: one line for each row of the results, as TSV or as JSON. */
#include <inttypes.h>
#include <math.h>

#include "base/json.h"
#include "base/num.h"
#include "base/utf8.h"
#include "eval/report_write.h"

/* What a line says beside its scores. */
struct result_line {
    const struct report *report;
    const struct result *row; /* of a summary, that of its first run */
    bool of_run;              /* else of a model's runs together */
    const char *by;           /* NULL: the whole pass */
    struct bytes group;
    double auc; /* NaN: there is none */
    struct buf *to;
};

static const struct report_model *model_of(const struct result_line *l)
{
    return &l->report->models.at[l->row->model];
}

static bool is_best(const struct result_line *l)
{
    return l->of_run && l->row->best;
}

static struct result_line line_of(const struct report *r, const struct result *row, bool of_run,
                                  struct buf *to)
{
    const struct group_score *g = row->group;
    return (struct result_line){.report = r,
                                .row = row,
                                .of_run = of_run,
                                .by = g ? g->by : NULL,
                                .group = g ? bytes_of(g->group) : (struct bytes){NULL, 0},
                                .auc = of_run && !g ? row->pass->auc : NAN,
                                .to = to};
}

typedef void write_row(const struct result_line *l, const struct metrics *s);
typedef void write_summary(const struct result_line *l, const struct summary *s);

/* Writes the rows of the runs, then the summaries of the models that have several runs. */
static void write_rows(const struct report *r, struct buf *to, write_row *row,
                       write_summary *summary)
{
    const struct results *t = &r->results;
    for (size_t i = 0; i < t->rows.len; i++) {
        struct result_line l = line_of(r, &t->rows.at[i], true, to);
        if (l.row->best || !r->best_only)
            row(&l, l.row->score);
    }
    for (size_t m = 0; m < t->models.len; m++)
        for (size_t s = 0; r->models.at[m].runs > 1 && s < t->models.at[m].len; s++) {
            const struct summary *of = &t->models.at[m].at[s];
            struct result_line l = line_of(r, of->first, false, to);
            summary(&l, of);
        }
}

/* A row of each user of the best passes, with means over the user's targets. */
static void write_users(const struct report *r, struct buf *to, write_row *row)
{
    size_t width = user_sums_width(&r->how->cuts), count = width - 1;
    for (size_t i = 0; i < r->results.rows.len; i++) {
        struct result_line l = line_of(r, &r->results.rows.at[i], true, to);
        if (!l.row->best || l.row->group)
            continue;
        const struct report_run *run = &r->runs.at[l.row->run];
        l.by = "user";
        l.auc = NAN;
        for (size_t u = 0; u < run->users.len; u++) {
            const double *sums = user_sums_of(&run->run.best_sums, u, width);
            struct metrics s = {.events = sums ? (uint64_t)sums[count] : 0};
            for (size_t c = 0; c < (size_t)r->results.columns; c++)
                s.value[c] = sums && c < count ? sums[c] / sums[count] : NAN;
            l.group = names_at(&r->users, run->users.at[u]);
            if (sums)
                row(&l, &s);
        }
    }
}

/* The numbers of a column of a comparison. */
static const char *const contrast_name[] = {"change", "users_base", "users_model", "difference",
                                            "low",    "high",       "p",           "holm"};
enum { CONTRASTS = sizeof contrast_name / sizeof *contrast_name };

/* How many of them the column has: the loss and what only lists have are not compared by user. */
static int contrasts_of(const struct report *r, int column)
{
    return column && column < metrics_target_columns(&r->how->cuts) ? CONTRASTS : 1;
}

static double contrast_value(const struct report *r, const struct report_comparison *of, int column,
                             int what)
{
    const struct contrast *c = &of->numbers.column[column];
    const double value[] = {results_change(&r->results, of->model, of->base, column),
                            c->base,
                            c->model,
                            c->difference,
                            c->interval.low,
                            c->interval.high,
                            c->test.p,
                            c->holm};
    return what < contrasts_of(r, column) ? value[what] : NAN;
}

/* ---- TSV ---- */

static void tsv_text(struct buf *to, struct bytes text)
{
    utf8_clean(to, text);
    buf_byte(to, '\t');
}

static void tsv_number(struct buf *to, double value)
{
    char text[NUM_TEXT];
    if (isfinite(value))
        buf_append(to, text, num_text(value, text));
    buf_byte(to, '\t');
}

/* From the name on. */
static void tsv_rest(const struct result_line *l, const struct metrics *s)
{
    const struct report_run *run = &l->report->runs.at[l->row->run];
    const struct report_model *m = model_of(l);
    struct buf *to = l->to;
    tsv_text(to, (struct bytes){m->name.at, m->name.len});
    tsv_text(to, (struct bytes){run->seed.at, l->of_run ? run->seed.len : 0});
    if (l->of_run)
        buf_format(to, "%" PRId64, l->row->pass->epoch.number);
    buf_format(to, "\t%s\t%s\t", part_name[l->row->pass->epoch.part], l->by ? l->by : "");
    tsv_text(to, l->group);
    buf_format(to, "%" PRIu64 "\t", s->events);
    for (int c = 0; c < l->report->results.columns; c++)
        tsv_number(to, s->value[c]);
    if (l->report->results.has_auc)
        tsv_number(to, l->auc);
    buf_format(to, "%s\t%s\t",
               is_best(l)  ? "true"
               : l->of_run ? "false"
                           : "",
               is_best(l) || !l->of_run ? part_name[l->row->of->selected_on] : "");
    tsv_number(to, is_best(l) ? scored_run_selection(l->row->of) : NAN);
    if (l->report->among)
        buf_format(to, "%" PRId64, l->report->among);
    buf_byte(to, '\n');
}

static void tsv_row(const struct result_line *l, const struct metrics *s)
{
    buf_format(l->to, "%zu\t", l->row->run);
    tsv_rest(l, s);
}

static void tsv_summary(const struct result_line *l, const struct summary *s)
{
    struct metrics mean = {.events = l->row->score->events}, deviation = mean;
    for (int c = 0; c < l->report->results.columns; c++) {
        mean.value[c] = s->spread[c].mean;
        deviation.value[c] = s->spread[c].deviation;
    }
    struct result_line of_mean = *l, of_deviation = *l;
    of_mean.auc = s->auc.mean;
    of_deviation.auc = s->auc.deviation;
    buf_text(l->to, "mean\t");
    tsv_rest(&of_mean, &mean);
    buf_text(l->to, "sd\t");
    tsv_rest(&of_deviation, &deviation);
}

/* A line for each kind of number, with a column for each score. */
static void tsv_comparison(const struct report *r, const struct report_comparison *of,
                           struct buf *to)
{
    const struct buf *base = &r->models.at[of->base].name;
    struct result_line l = line_of(r, results_overall(&r->results, of->model)->first, false, to);
    l.by = "against";
    l.group = (struct bytes){base->at, base->len};
    for (int what = 0; what < CONTRASTS; what++) {
        struct metrics s = {.events = of->numbers.users};
        for (int c = 0; c < r->results.columns; c++)
            s.value[c] = contrast_value(r, of, c, what);
        buf_format(to, "%s\t", contrast_name[what]);
        tsv_rest(&l, &s);
    }
}

void report_tsv(const struct report *r, struct buf *to)
{
    buf_text(to, "run\tname\tseed\tepoch\tpart\tby\tgroup\tevents\t");
    for (int c = 0; c < r->results.columns; c++) {
        char name[METRICS_NAME];
        metrics_column_name(&r->how->cuts, c, name);
        buf_format(to, "%s\t", name);
    }
    buf_text(to, r->results.has_auc ? "auc\t" : "");
    buf_text(to, "best\tselected_on\tselection_score\trank_among\n");
    if (r->users_only) {
        write_users(r, to, tsv_row);
        return;
    }
    write_rows(r, to, tsv_row, tsv_summary);
    for (size_t i = 0; i < r->comparisons.len; i++)
        tsv_comparison(r, &r->comparisons.at[i], to);
}

/* ---- JSON ---- */

static void json_key(struct buf *to, const char *key)
{
    if (to->at[to->len - 1] != '{')
        buf_text(to, ", ");
    buf_format(to, "\"%s\": ", key);
}

static void json_word(struct buf *to, const char *key, const char *value)
{
    json_key(to, key);
    json_text(to, bytes_of(value));
}

static void json_seed(struct buf *to, const struct buf *seed)
{
    int64_t value;
    if (!seed->len)
        return;
    json_key(to, "seed");
    if (num_i64(seed->at, seed->len, &value))
        buf_append(to, seed->at, seed->len);
    else
        json_text(to, (struct bytes){seed->at, seed->len});
}

/* Without the key, ranks are among all items, as in the streams. */
static void json_among(const struct report *r, struct buf *to)
{
    if (!r->among)
        return;
    json_key(to, "rank_among");
    buf_format(to, "%" PRId64, r->among);
}

/* From the name on, what lines of runs and of summaries share, up to the scores. */
static void json_middle(const struct result_line *l, const struct metrics *s)
{
    struct buf *to = l->to;
    const struct report_model *m = model_of(l);
    json_key(to, "name");
    json_text(to, (struct bytes){m->name.at, m->name.len});
    if (l->of_run) {
        json_seed(to, &l->report->runs.at[l->row->run].seed);
        json_key(to, "epoch");
        buf_format(to, "%" PRId64, l->row->pass->epoch.number);
    }
    json_word(to, "part", part_name[l->row->pass->epoch.part]);
    if (l->by) {
        json_word(to, "by", l->by);
        json_key(to, "group");
        json_text(to, l->group);
    }
    json_among(l->report, to);
    json_key(to, "events");
    buf_format(to, "%" PRIu64, s->events);
}

/* Whether the column has a key: it is left out where only lists have it and there are none. */
static bool json_has(const struct report *r, int column, double value)
{
    return column < metrics_target_columns(&r->how->cuts) || !isnan(value);
}

static void json_row(const struct result_line *l, const struct metrics *s)
{
    struct buf *to = l->to;
    bool scored = l->row->pass->epoch.part != PART_TRAIN;
    buf_text(to, "{");
    json_key(to, "run");
    buf_format(to, "%zu", l->row->run);
    json_word(to, "file", l->report->runs.at[l->row->run].from.file);
    json_middle(l, s);
    for (int c = 0; c < (scored ? l->report->results.columns : 1); c++) {
        char name[METRICS_NAME];
        if (!json_has(l->report, c, s->value[c]))
            continue;
        metrics_column_name(&l->report->how->cuts, c, name);
        json_key(to, name);
        json_number(to, s->value[c]);
    }
    if (!isnan(l->auc)) {
        json_key(to, "auc");
        json_number(to, l->auc);
    }
    if (scored) {
        json_key(to, "best");
        buf_text(to, is_best(l) ? "true" : "false");
    }
    if (is_best(l)) {
        json_word(to, "selected_on", part_name[l->row->of->selected_on]);
        json_key(to, "selection_score");
        json_number(to, scored_run_selection(l->row->of));
    }
    buf_text(to, "}\n");
}

static void json_summary(const struct result_line *l, const struct summary *s)
{
    struct buf *to = l->to;
    buf_text(to, "{");
    json_key(to, "runs");
    buf_format(to, "%zu", model_of(l)->runs);
    json_middle(l, l->row->score);
    for (int c = 0; c < l->report->results.columns; c++) {
        char name[METRICS_NAME];
        if (!json_has(l->report, c, s->spread[c].mean))
            continue;
        metrics_column_name(&l->report->how->cuts, c, name);
        json_key(to, name);
        json_number(to, s->spread[c].mean);
        buf_format(to, ", \"%s_sd\": ", name);
        json_number(to, s->spread[c].deviation);
    }
    if (s->auc.n) {
        json_key(to, "auc");
        json_number(to, s->auc.mean);
        json_key(to, "auc_sd");
        json_number(to, s->auc.deviation);
    }
    json_word(to, "selected_on", part_name[l->row->of->selected_on]);
    buf_text(to, "}\n");
}

static void json_comparison(const struct report *r, const struct report_comparison *of,
                            struct buf *to)
{
    const struct buf *base = &r->models.at[of->base].name, *name = &r->models.at[of->model].name;
    const struct comparison *c = &of->numbers;
    const struct result *first = results_overall(&r->results, of->model)->first;
    buf_text(to, "{\"against\": ");
    json_text(to, (struct bytes){base->at, base->len});
    json_key(to, "name");
    json_text(to, (struct bytes){name->at, name->len});
    json_word(to, "part", part_name[first->pass->epoch.part]);
    json_among(r, to);
    buf_format(to, ", \"users\": %zu, \"users_alone\": %zu, \"users_uneven\": %zu", c->users,
               c->alone, c->uneven);
    for (int column = 0; column < r->results.columns; column++) {
        char score[METRICS_NAME];
        metrics_column_name(&r->how->cuts, column, score);
        for (int what = 0; what < contrasts_of(r, column); what++) {
            double value = contrast_value(r, of, column, what);
            if (!json_has(r, column, value))
                continue;
            buf_format(to, ", \"%s_%s\": ", score, contrast_name[what]);
            json_number(to, value);
        }
    }
    buf_text(to, "}\n");
}

void report_json(const struct report *r, struct buf *to)
{
    if (r->users_only) {
        write_users(r, to, json_row);
        return;
    }
    write_rows(r, to, json_row, json_summary);
    for (size_t i = 0; i < r->comparisons.len; i++)
        json_comparison(r, &r->comparisons.at[i], to);
}
