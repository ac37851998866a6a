/* The report for machines: one line a run, epoch, part and group, as TSV or as JSON. */
#include <inttypes.h>
#include <math.h>

#include "base/json.h"
#include "base/num.h"
#include "eval/report.h"

/* What a line says beside its scores. */
struct result_line {
    const struct report *report;
    const struct report_run *run; /* NULL: a model's runs together */
    size_t model;
    const struct pass_score *pass; /* of the run, or the best of the model's first */
    const char *by, *group;        /* NULL: overall */
    struct buf *to;
};

typedef void write_line(const struct result_line *l, const struct metrics *s);

static bool is_best(const struct result_line *l)
{
    return l->run && report_best(l->run) == l->pass;
}

static const struct report_run *any_run(const struct result_line *l)
{
    return l->run ? l->run : report_first(l->report, l->model, NULL, NULL);
}

/* Calls `write` for each pass of each run and its groups. */
static void each_line(const struct report *r, struct buf *to, write_line *write)
{
    for (size_t i = 0; i < r->runs.len; i++) {
        const struct report_run *run = &r->runs.at[i];
        for (size_t p = 0; p < run->run.passes.len; p++) {
            const struct pass_score *pass = &run->run.passes.at[p];
            struct result_line l = {r, run, run->model, pass, NULL, NULL, to};
            if (r->best_only && !is_best(&l))
                continue;
            write(&l, &pass->overall);
            for (size_t g = 0; g < pass->groups.len; g++) {
                l.by = pass->groups.at[g].by;
                l.group = pass->groups.at[g].group;
                write(&l, &pass->groups.at[g].score);
            }
        }
    }
}

/* Calls visit for each model of several runs, overall and for each group. */
static void each_mean(const struct report *r, struct buf *to,
                      void (*visit)(void *to, const struct report *r, size_t model, const char *by,
                                    const char *group))
{
    for (size_t m = 0; m < r->models.len; m++) {
        if (r->models.at[m].runs < 2)
            continue;
        visit(to, r, m, NULL, NULL);
        report_each_group(r, m, visit, to);
    }
}

static struct result_line mean_line(void *to, const struct report *r, size_t model, const char *by,
                                    const char *group)
{
    const struct pass_score *pass = report_best(report_first(r, model, by, group));
    return (struct result_line){r, NULL, model, pass, by, group, to};
}

/* What is told of a column of a comparison. */
static double contrast_value(const struct report *r, size_t model, int column, int what)
{
    const struct contrast *c = &r->models.at[model].comparison.column[column];
    const double value[] = {report_change(r, model, column), c->difference, c->interval.low,
                            c->interval.high, c->test.p};
    return column || !what ? value[what] : NAN;
}

static const char *const contrast_name[] = {"change", "difference", "low", "high", "p"};
enum { CONTRASTS = sizeof contrast_name / sizeof *contrast_name };

/* ---- TSV ---- */

static void tsv_text(struct buf *to, const char *text, size_t n)
{
    for (size_t i = 0; i < n; i++)
        buf_byte(to, (unsigned char)text[i] < 0x20 ? ' ' : text[i]);
    buf_byte(to, '\t');
}

static void tsv_number(struct buf *to, double value)
{
    char text[NUM_TEXT];
    if (isfinite(value))
        buf_append(to, text, num_text(value, text));
    buf_byte(to, '\t');
}

static void tsv_line(const struct result_line *l, const char *run, const struct metrics *s)
{
    const struct report_model *m = &l->report->models.at[l->model];
    struct buf *to = l->to;
    buf_format(to, "%s\t", run);
    tsv_text(to, m->name.at, m->name.len);
    tsv_text(to, l->run ? l->run->seed.at : NULL, l->run ? l->run->seed.len : 0);
    if (l->run)
        buf_format(to, "%" PRId64, l->pass->epoch.number);
    buf_format(to, "\t%s\t%s\t", part_name[l->pass->epoch.part], l->by ? l->by : "");
    tsv_text(to, l->group, l->by ? strlen(l->group) : 0);
    buf_format(to, "%" PRIu64 "\t", s->events);
    for (int c = 0; c < metrics_columns(&l->report->how->cuts); c++)
        tsv_number(to, s->value[c]);
    buf_format(to, "%s\t%s\t",
               is_best(l) ? "true"
               : l->run   ? "false"
                          : "",
               is_best(l) || !l->run ? part_name[any_run(l)->run.selected_on] : "");
    if (l->report->among)
        buf_format(to, "%" PRId64, l->report->among);
    buf_byte(to, '\n');
}

static void tsv_pass(const struct result_line *l, const struct metrics *s)
{
    struct buf run = {0};
    buf_format(&run, "%zu%c", (size_t)(l->run - l->report->runs.at), 0);
    tsv_line(l, run.at, s);
    buf_release(&run);
}

static void tsv_mean(void *to, const struct report *r, size_t model, const char *by,
                     const char *group)
{
    struct result_line l = mean_line(to, r, model, by, group);
    struct metrics mean = {.events =
                               report_score(report_first(r, model, by, group), by, group)->events};
    struct metrics deviation = mean;
    for (int c = 0; c < metrics_columns(&r->how->cuts); c++) {
        struct spread s = report_spread(r, model, by, group, c);
        mean.value[c] = s.mean;
        deviation.value[c] = s.deviation;
    }
    tsv_line(&l, "mean", &mean);
    tsv_line(&l, "sd", &deviation);
}

/* A line for each number, in which every score has its own. */
static void tsv_comparison(const struct report *r, size_t model, struct buf *to)
{
    struct result_line l = mean_line(to, r, model, NULL, NULL);
    const struct buf *name = &r->models.at[0].name;
    char *base = mem_copy(name->at, name->len);
    l.by = "against";
    l.group = base;
    for (int what = 0; what < CONTRASTS; what++) {
        struct metrics s = {.events = r->models.at[model].comparison.users};
        for (int c = 0; c < metrics_columns(&r->how->cuts); c++)
            s.value[c] = contrast_value(r, model, c, what);
        tsv_line(&l, contrast_name[what], &s);
    }
    mem_free(base);
}

void report_tsv(const struct report *r, struct buf *to)
{
    buf_text(to, "run\tname\tseed\tepoch\tpart\tby\tgroup\tevents\t");
    for (int c = 0; c < metrics_columns(&r->how->cuts); c++) {
        char name[METRICS_NAME];
        metrics_column_name(&r->how->cuts, c, name);
        buf_format(to, "%s\t", name);
    }
    buf_text(to, "best\tselected_on\trank_among\n");
    each_line(r, to, tsv_pass);
    each_mean(r, to, tsv_mean);
    for (size_t m = 1; r->compare && m < r->models.len; m++)
        tsv_comparison(r, m, to);
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

/* Without the key ranks are among all items, as in the streams. */
static void json_among(const struct report *r, struct buf *to)
{
    if (!r->among)
        return;
    json_key(to, "rank_among");
    buf_format(to, "%" PRId64, r->among);
}

/* From the name on, what lines of runs and of means share, up to the scores. */
static void json_middle(const struct result_line *l, uint64_t events)
{
    struct buf *to = l->to;
    const struct report_model *m = &l->report->models.at[l->model];
    json_key(to, "name");
    json_text(to, (struct bytes){m->name.at, m->name.len});
    if (l->run) {
        json_seed(to, &l->run->seed);
        json_key(to, "epoch");
        buf_format(to, "%" PRId64, l->pass->epoch.number);
    }
    json_word(to, "part", part_name[l->pass->epoch.part]);
    if (l->by) {
        json_word(to, "by", l->by);
        json_word(to, "group", l->group);
    }
    json_among(l->report, to);
    json_key(to, "events");
    buf_format(to, "%" PRIu64, events);
}

static void json_pass(const struct result_line *l, const struct metrics *s)
{
    struct buf *to = l->to;
    bool scored = l->pass->epoch.part != PART_TRAIN;
    buf_text(to, "{");
    json_key(to, "run");
    buf_format(to, "%zu", (size_t)(l->run - l->report->runs.at));
    json_middle(l, s->events);
    for (int c = 0; c < (scored ? metrics_columns(&l->report->how->cuts) : 1); c++) {
        char name[METRICS_NAME];
        metrics_column_name(&l->report->how->cuts, c, name);
        json_key(to, name);
        json_number(to, s->value[c]);
    }
    if (scored) {
        json_key(to, "best");
        buf_text(to, is_best(l) ? "true" : "false");
    }
    if (is_best(l))
        json_word(to, "selected_on", part_name[l->run->run.selected_on]);
    buf_text(to, "}\n");
}

static void json_mean(void *to, const struct report *r, size_t model, const char *by,
                      const char *group)
{
    struct result_line l = mean_line(to, r, model, by, group);
    buf_text(to, "{");
    json_key(to, "runs");
    buf_format(to, "%zu", r->models.at[model].runs);
    json_middle(&l, report_score(report_first(r, model, by, group), by, group)->events);
    for (int c = 0; c < metrics_columns(&r->how->cuts); c++) {
        char name[METRICS_NAME];
        struct spread s = report_spread(r, model, by, group, c);
        metrics_column_name(&r->how->cuts, c, name);
        json_key(to, name);
        json_number(to, s.mean);
        buf_format(to, ", \"%s_sd\": ", name);
        json_number(to, s.deviation);
    }
    json_word(to, "selected_on", part_name[any_run(&l)->run.selected_on]);
    buf_text(to, "}\n");
}

static void json_comparison(const struct report *r, size_t model, struct buf *to)
{
    const struct buf *base = &r->models.at[0].name, *name = &r->models.at[model].name;
    const struct comparison *c = &r->models.at[model].comparison;
    struct result_line l = mean_line(to, r, model, NULL, NULL);
    buf_text(to, "{\"against\": ");
    json_text(to, (struct bytes){base->at, base->len});
    json_key(to, "name");
    json_text(to, (struct bytes){name->at, name->len});
    json_word(to, "part", part_name[l.pass->epoch.part]);
    json_among(r, to);
    buf_format(to, ", \"users\": %zu, \"users_alone\": %zu, \"users_uneven\": %zu", c->users,
               c->alone, c->uneven);
    for (int column = 0; column < metrics_columns(&r->how->cuts); column++) {
        char score[METRICS_NAME];
        metrics_column_name(&r->how->cuts, column, score);
        for (int what = 0; what < (column ? CONTRASTS : 1); what++) {
            buf_format(to, ", \"%s_%s\": ", score, contrast_name[what]);
            json_number(to, contrast_value(r, model, column, what));
        }
    }
    buf_text(to, "}\n");
}

void report_json(const struct report *r, struct buf *to)
{
    each_line(r, to, json_pass);
    each_mean(r, to, json_mean);
    for (size_t m = 1; r->compare && m < r->models.len; m++)
        json_comparison(r, m, to);
}
