/* Which runs may be averaged, compared and chosen from. */
#include "eval/report_check.h"

#include "../tap.h"
#include "small_runs.h"

static const struct small_run base = {
    .model = "gru", .seed = "1", .from = {.file = "a.mp"}, .test = "ax1 by2"};

/* Adds the run behind `base`: accepted (NULL), or refused with a text that has `expected`. */
static void second(struct small_run other, bool compare, const char *expected, const char *name)
{
    struct report r = small_report(NULL);
    struct buf rows = {0};
    struct err e = {0};
    r.compare = compare;
    int first = small_run(&r, base, &rows, &e);
    int status = small_run(&r, other, &rows, &e);
    tap_ok(!first && (expected ? status == STATUS_DATA && strstr(e.text, expected) : !status),
           "%s: %s", name, e.text);
    report_release(&r);
    buf_release(&rows);
}

static void runs_of_one_model(void)
{
    struct small_run other = base;
    other.from.file = "b.mp";
    second(other, false, "run 1 (b.mp) and run 0 (a.mp) are the same model with the same seeds",
           "a run that comes twice");
    other.seed = "2";
    second(other, false, NULL, "another seed");
    other.test = "ax1 bz2";
    second(other, false, "(2 targets of the test part and 2 others of the test part)",
           "another seed on other targets");
    other.test = "ax1";
    second(other, false, "(1 targets of the test part and 2 of the test part)", "on fewer");
    other.validation = "ax1 by2", other.test = NULL;
    second(other, false, "of the validation part and 2 others of the test part", "on another part");
}

static void runs_to_compare(void)
{
    struct small_run other = base;
    other.model = "pop", other.from.file = "b.mp";
    second(other, true, NULL, "another model on the same targets");
    other.test = "ax1 bz2";
    second(other, false, NULL, "models on different targets, where they are not compared");
    second(other, true,
           "different targets at 1 of 2 common places, first user \"b\", session 0, position 1: "
           "\"z\" and \"y\"",
           "where they are");
    other.test = base.test, other.users = "abc";
    second(other, true, "users in only one of them: 1, first \"c\", in the former", "other users");
    other.users = NULL, other.items = "xy";
    second(other, true, "items in only one of them: 1, first \"z\", in the latter", "other items");
    other.from.text = true;
    second(other, true, NULL, "a run of text names only what it has ranks of");
    other.test = NULL, other.validation = base.test;
    second(other, true, "on different parts, the validation part and the test part",
           "another part");
}

static void validations(void)
{
    struct report r = small_report(NULL);
    struct buf rows = {0};
    struct err e = {0};
    struct small_run s = base;
    s.validation = "ax1", s.test = "by1";
    int status = small_run(&r, s, &rows, &e);
    s.model = "pop", s.test = "bx1";
    status |= small_run(&r, s, &rows, &e);
    s.model = "knn", s.validation = "ay1";
    status |= small_run(&r, s, &rows, &e);
    tap_ok(!status && !report_check_validation(&r, 1, 0, &e), "validation on the same targets");
    tap_ok(report_check_validation(&r, 2, 0, &e) == STATUS_DATA, "on others: %s", e.text);
    tap_ok(report_targets(&r.runs.at[0]) == &r.runs.at[0].targets[PART_TEST] &&
               report_targets(&r.runs.at[0])->count == 1,
           "the targets that count are those of the best pass");
    report_release(&r);
    buf_release(&rows);
}

int main(void)
{
    runs_of_one_model();
    runs_to_compare();
    validations();
    return tap_done();
}
