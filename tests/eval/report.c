/* Reports of small runs: their models and names, the rows of passes, comparisons and choices. */
#include "eval/report.h"

#include "../tap.h"
#include "small_runs.h"

static const struct small_run gru = {
    .model = "gru", .seed = "1", .from = {.file = "a.mp"}, .test = "ax1 by2"};

static struct small_run another(const char *model, const char *size, const char *seed,
                                const char *file)
{
    struct small_run s = gru;
    s.model = model, s.size = size, s.seed = seed, s.from.file = file;
    return s;
}

static bool is(struct buf *text, const char *expected)
{
    bool same = bytes_equal((struct bytes){text->at, text->len}, bytes_of(expected));
    buf_release(text);
    return same;
}

static bool run_is_named(const struct report *r, size_t run, const char *expected)
{
    struct buf name = {0};
    report_run_name(r, run, &name);
    return is(&name, expected);
}

static void models(void)
{
    struct report r = small_report(NULL);
    struct buf rows = {0};
    struct err e = {0};
    int status = small_run(&r, another("gru", "50", "1", "a.mp"), &rows, &e) ||
                 small_run(&r, another("pop", NULL, "1", "b.mp"), &rows, &e) ||
                 small_run(&r, another("gru", "50", "2", "c.mp"), &rows, &e) ||
                 small_run(&r, another("gru", "99", "1", "d.mp"), &rows, &e) || report_end(&r, &e);
    tap_ok(!status && r.models.len == 3 && r.models.at[0].runs == 2 && r.runs.at[2].model == 0,
           "runs that differ by seeds alone are of one model %s", e.text);
    tap_ok(run_is_named(&r, 0, "gru size=50, seed 1") && run_is_named(&r, 2, "gru size=50, seed 2"),
           "a run of several has its seed");
    tap_ok(run_is_named(&r, 1, "pop") && run_is_named(&r, 3, "gru size=99"),
           "models of one name have the options that differ");
    tap_ok(!rows.len, "rows of passes are for tables");
    report_release(&r);
}

static void given_names(void)
{
    struct report r = small_report(NULL);
    struct buf rows = {0};
    struct err e = {0};
    vec_push(&r.names, "gru");
    int status = small_run(&r, another("gru", "50", "1", "a.mp"), &rows, &e) ||
                 small_run(&r, another("gru", "99", "1", "b.mp"), &rows, &e) || report_end(&r, &e);
    tap_ok(!status && run_is_named(&r, 0, "gru") && run_is_named(&r, 1, "gru size=99"),
           "names that the user gave stay as they are");
    report_release(&r);
    r = small_report(NULL);
    vec_push(&r.names, "ours");
    vec_push(&r.names, "theirs");
    status = small_run(&r, gru, &rows, &e) || report_end(&r, &e);
    tap_ok(status && e.status == STATUS_USAGE, "more names than models: %s", e.text);
    report_release(&r);
}

static void rows_of_passes(void)
{
    struct report r = small_report(NULL);
    struct buf rows = {0};
    struct err e = {0};
    struct small_run both = gru;
    both.validation = "ax1";
    r.format = REPORT_TABLE;
    int status = small_run(&r, both, &rows, &e);
    tap_ok(!status && is(&rows, "gru, run 0, seed 1\n"
                                "epoch        part    targets      loss  recall@1  mrr@1  best\n"
                                "1      validation          1    1.0000    1.0000  1.0000\n"
                                "1            test          2    1.0000    0.5000  0.5000     *\n"),
           "a table has a row for each pass");
    r.best_only = true;
    status = small_run(&r, another("gru", NULL, "2", "b.mp"), &rows, &e);
    tap_ok(!rows.len, "but not where only the best are wanted");
    report_release(&r);
    buf_release(&rows);
}

static void among(void)
{
    struct report r = small_report(NULL);
    struct buf rows = {0};
    struct err e = {0};
    tap_ok(!report_among(&r, 500, &e) &&
               !strcmp(r.ranks, "ranks among the 500 most supported items"),
           "%s", r.ranks);
    small_run(&r, gru, &rows, &e);
    tap_ok(!report_among(&r, 500, &e) && report_among(&r, 0, &e) == STATUS_DATA,
           "runs of other candidates: %s", e.text);
    report_release(&r);
}

/* ---- comparisons ---- */

static struct scoring by_users(void)
{
    struct scoring how = small_scoring;
    how.by_user = true;
    return how;
}

static void comparisons(void)
{
    const struct scoring how = by_users();
    struct report r = small_report(&how);
    struct buf rows = {0};
    struct err e = {0};
    struct small_run s = another("pop", NULL, "1", "b.mp"), base = gru;
    base.from.base = true;
    r.compare = true;
    s.test = "ax1 by1";
    int status = small_run(&r, base, &rows, &e) || small_run(&r, s, &rows, &e);
    s.model = "knn", s.test = "ax2 by2";
    status = status || small_run(&r, s, &rows, &e) || report_end(&r, &e);
    tap_ok(!status && r.comparisons.len == 2, "every other model against the base %s", e.text);
    const struct report_comparison *pop = &r.comparisons.at[0], *knn = &r.comparisons.at[1];
    tap_ok(pop->model == 1 && pop->base == 0 && pop->family == 2 && pop->numbers.users == 2 &&
               pop->numbers.column[1].difference == 0.5,
           "user by user");
    tap_ok(knn->model == 2 && knn->numbers.column[1].difference == -0.5, "and the other one");
    report_release(&r);
}

static void nothing_to_compare(void)
{
    const struct scoring how = by_users();
    struct report r = small_report(&how);
    struct buf rows = {0};
    struct err e = {0};
    struct small_run s = gru;
    s.from.base = true;
    r.compare = true;
    tap_ok(!small_run(&r, s, &rows, &e) && report_end(&r, &e) == STATUS_USAGE, "one model: %s",
           e.text);
    report_release(&r);
    r = small_report(&how);
    r.compare = true;
    s.test = "ax1";
    int status = small_run(&r, s, &rows, &e);
    s.from.base = false, s.model = "pop", s.test = "bx1";
    tap_ok(!status && !small_run(&r, s, &rows, &e) && report_end(&r, &e) == STATUS_DATA,
           "models of different users: %s", e.text);
    report_release(&r);
}

/* ---- choosing a file ---- */

static struct small_run validated(const char *model, const char *file, const char *targets)
{
    struct small_run s = another(model, NULL, "1", file);
    s.validation = targets;
    return s;
}

static void pick(void)
{
    struct report r = small_report(NULL);
    struct buf rows = {0};
    struct err e = {0};
    const char *file = NULL;
    int status = small_run(&r, gru, &rows, &e);
    tap_ok(!status && report_pick(&r, &file, &e) == STATUS_DATA, "no validation: %s", e.text);
    status = small_run(&r, validated("pop", "b.mp", "ax1 by2"), &rows, &e) ||
             small_run(&r, validated("knn", "c.mp", "ax1 by1"), &rows, &e) ||
             small_run(&r, validated("sas", "d.mp", "ax1 by1"), &rows, &e);
    tap_ok(!status && !report_pick(&r, &file, &e) && !strcmp(file, "c.mp"),
           "the best on validation, of equals the first");
    small_run(&r, validated("net", "e.mp", "ax1 bz1"), &rows, &e);
    tap_ok(report_pick(&r, &file, &e) == STATUS_DATA, "validated on others: %s", e.text);
    report_release(&r);
    r = small_report(NULL);
    status = small_run(&r, validated("pop", REPORT_STDIN, "ax1"), &rows, &e);
    tap_ok(!status && report_pick(&r, &file, &e) == STATUS_USAGE, "no file: %s", e.text);
    report_release(&r);
}

static void shown_column(void)
{
    const struct scoring how = {.cuts = {.count = 2, .at = {1, 5}}};
    struct report r = small_report(&how);
    tap_ok(report_shown_column(&r) == 1, "figures draw the score that chooses");
    r.best_by = "mrr@5";
    tap_ok(report_shown_column(&r) == 4, "of any measure");
    r.best_by = "loss";
    tap_ok(report_shown_column(&r) == 2, "in place of the loss the last recall");
}

int main(void)
{
    models();
    given_names();
    rows_of_passes();
    among();
    comparisons();
    nothing_to_compare();
    pick();
    shown_column();
    return tap_done();
}
