/* A small report as a table, as TSV and as JSON lines. */
#include "eval/report_write.h"

#include "../tap.h"
#include "small_runs.h"

/* Three runs of gru, of recall 0, 0.5 and 1, and one of pop, written in the format; to be
 * released. */
static struct buf written(enum report_format format, bool best_only, bool users_only)
{
    static const char *const seed[] = {"1", "2", "3"}, *const test[] = {"ax2 by2", "ax1 by2",
                                                                        "ax1 by1"};
    struct scoring how = small_scoring;
    how.by_user = users_only;
    struct report r = small_report(&how);
    struct buf rows = {0}, text = {0};
    struct err e = {0};
    struct small_run gru = {.model = "gru", .from = {.file = "a.mp"}};
    struct small_run pop = {.model = "pop",
                            .seed = "1",
                            .from = {.file = "b.mp"},
                            .validation = "ax1",
                            .test = "ax1 by2"};
    int status = 0;
    r.format = format, r.best_only = best_only, r.users_only = users_only;
    for (int i = 0; i < 3; i++) {
        gru.seed = seed[i], gru.test = test[i];
        status = status || small_run(&r, gru, &rows, &e);
    }
    tap_ok(!status && !small_run(&r, pop, &rows, &e) && !report_end(&r, &e), "runs %s", e.text);
    report_write(&r, &text);
    buf_byte(&text, 0);
    report_release(&r);
    buf_release(&rows);
    return text;
}

static void is(struct buf text, const char *expected, const char *name)
{
    bool same = !strcmp(text.at, expected);
    tap_ok(same, "%s", name);
    if (!same)
        printf("# %s\n", text.at);
    buf_release(&text);
}

static void tsv(void)
{
#define HEAD                                                                                       \
    "run\tname\tseed\tepoch\tpart\tby\tgroup\tevents\tloss\trecall@1\tmrr@1\tbest\tselected_on\t"  \
    "selection_score\trank_among\n"
    is(written(REPORT_TSV, false, false),
       HEAD "0\tgru\t1\t1\ttest\t\t\t2\t1\t0\t0\ttrue\ttest\t0\t\n"
            "1\tgru\t2\t1\ttest\t\t\t2\t1\t0.5\t0.5\ttrue\ttest\t0.5\t\n"
            "2\tgru\t3\t1\ttest\t\t\t2\t1\t1\t1\ttrue\ttest\t1\t\n"
            "3\tpop\t1\t1\tvalidation\t\t\t1\t1\t1\t1\tfalse\t\t\t\n"
            "3\tpop\t1\t1\ttest\t\t\t2\t1\t0.5\t0.5\ttrue\tvalidation\t1\t\n"
            "mean\tgru\t\t\ttest\t\t\t2\t1\t0.5\t0.5\t\ttest\t\t\n"
            "sd\tgru\t\t\ttest\t\t\t2\t0\t0.5\t0.5\t\ttest\t\t\n",
       "TSV: each pass, then means of the model with several runs");
    is(written(REPORT_TSV, true, true),
       HEAD "0\tgru\t1\t1\ttest\tuser\ta\t1\t1\t0\t0\ttrue\ttest\t0\t\n"
            "0\tgru\t1\t1\ttest\tuser\tb\t1\t1\t0\t0\ttrue\ttest\t0\t\n"
            "1\tgru\t2\t1\ttest\tuser\ta\t1\t1\t1\t1\ttrue\ttest\t0.5\t\n"
            "1\tgru\t2\t1\ttest\tuser\tb\t1\t1\t0\t0\ttrue\ttest\t0.5\t\n"
            "2\tgru\t3\t1\ttest\tuser\ta\t1\t1\t1\t1\ttrue\ttest\t1\t\n"
            "2\tgru\t3\t1\ttest\tuser\tb\t1\t1\t1\t1\ttrue\ttest\t1\t\n"
            "3\tpop\t1\t1\ttest\tuser\ta\t1\t1\t1\t1\ttrue\tvalidation\t1\t\n"
            "3\tpop\t1\t1\ttest\tuser\tb\t1\t1\t0\t0\ttrue\tvalidation\t1\t\n",
       "TSV: a line for each user of the best passes");
}

static void json(void)
{
#define OF_RUN(run, file, name, seed, part, events, scores)                                        \
    "{\"run\": " #run ", \"file\": \"" file "\", \"name\": \"" name "\", \"seed\": " #seed         \
    ", \"epoch\": 1, \"part\": \"" part "\", \"events\": " #events ", \"loss\": 1, " scores "}\n"
    is(written(REPORT_JSON, true, false),
       OF_RUN(0, "a.mp", "gru", 1, "test", 2,
              "\"recall@1\": 0, \"mrr@1\": 0, \"best\": true, \"selected_on\": \"test\", "
              "\"selection_score\": 0")
           OF_RUN(1, "a.mp", "gru", 2, "test", 2,
                  "\"recall@1\": 0.5, \"mrr@1\": 0.5, \"best\": true, \"selected_on\": \"test\", "
                  "\"selection_score\": 0.5") OF_RUN(2, "a.mp", "gru", 3, "test", 2,
                                                     "\"recall@1\": 1, \"mrr@1\": 1, \"best\": "
                                                     "true, \"selected_on\": "
                                                     "\"test\", \"selection_score\": 1")
               OF_RUN(
                   3, "b.mp", "pop", 1, "test", 2,
                   "\"recall@1\": 0.5, \"mrr@1\": 0.5, \"best\": true, \"selected_on\": "
                   "\"validation\", \"selection_score\": 1") "{\"runs\": 3, \"name\": \"gru\", "
                                                             "\"part\": \"test\", \"events\": 2, "
                                                             "\"loss\": 1, \"loss_sd\": 0, "
                                                             "\"recall@1\": 0.5, \"recall@1_sd\": "
                                                             "0.5, "
                                                             "\"mrr@1\": 0.5, \"mrr@1_sd\": 0.5, "
                                                             "\"selected_on\": \"test\"}\n",
       "JSON: the best passes, then the means");
}

static void tables(void)
{
    is(written(REPORT_TABLE, true, false),
       "model  runs  epoch  targets             loss         recall@1            mrr@1  validation "
       "recall@1\n"
       "gru       3      1        2  1.0000 ± 0.0000  0.5000 ± 0.5000  0.5000 ± 0.5000             "
       "       -\n"
       "pop       1      1        2           1.0000           0.5000           0.5000             "
       "  1.0000\n"
       "best epoch by recall@1, selected_on: validation (pop)\n"
       "best epoch by recall@1, selected_on: test (gru)\n"
       "mean ± sample standard deviation (n - 1) over runs, each at its best epoch\n",
       "a table: a row for each model, and how its epochs were chosen");
}

int main(void)
{
    tsv();
    json();
    tables();
    return tap_done();
}
