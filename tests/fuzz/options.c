/* Values of options, in lines of NAME=VALUE as they follow each other on a command line: each is
 * taken within its bounds or refused with a reason, and the options of a model are checked
 * together. */
#include <signal.h>
#include <stdlib.h>

#include "data/csv.h"
#include "data/filter.h"
#include "data/learned.h"
#include "data/sessionize_options.h"
#include "eval/breakdown.h"
#include "eval/metrics.h"
#include "fuzz.h"
#include "recommend/item_sets.h"
#include "train/options.h"
#include "../streams.h"

int LLVMFuzzerInitialize(int *argc, char ***argv);

static struct cli *cli; /* of a command line without options */

/* All that options can set; `text` holds the values. */
struct line {
    struct run_options run;
    struct run_rows rows;
    struct model_choice models;
    struct sessionize_options sessionize;
    struct csv csv;
    struct filter_chain filters;
    struct cuts cuts;
    struct criterion criterion;
    struct breakdown_list by;
    struct learned_share share;
    struct item_sets sets;
    const struct option *tables[9];
};

static void line_open(struct line *l)
{
    *l = (struct line){.run = run_defaults};
    run_rows_open(&l->rows, &l->run);
    model_choice_open(&l->models);
    const struct option *tables[] = {l->rows.model,
                                     l->rows.training,
                                     l->rows.seed,
                                     l->rows.device,
                                     l->rows.input,
                                     l->rows.lists,
                                     sessionize_options(&l->sessionize),
                                     log_columns_options(&l->csv.columns, csv_presets, "COLUMN")};
    memcpy(l->tables, tables, sizeof tables);
}

static void line_close(struct line *l)
{
    item_sets_release(&l->sets);
    filter_chain_release(&l->filters);
    csv_release(&l->csv);
    model_choice_release(&l->models);
    run_rows_release(&l->rows);
}

static const struct option *row_of(const struct option *rows, const char *name)
{
    for (; rows->kind != OPTION_END; rows++)
        if (!strcmp(rows->name, name))
            return rows;
    return NULL;
}

/* The row in the tables, or among those of the model that is chosen so far; NULL: there is none. */
static const struct option *find_row(const struct line *l, const char *name)
{
    const struct option *row = NULL;
    for (int i = 0; !row && l->tables[i]; i++)
        row = row_of(l->tables[i], name);
    for (const struct option_group *g = l->models.groups; !row && g->name; g++)
        if (!strcmp(g->name, l->run.model))
            row = row_of(g->rows, name);
    return row;
}

static const struct filter *find_filter(const char *name)
{
    for (const struct filter *f = filter_rows; f->name; f++)
        if (!strcmp(f->name, name))
            return f;
    return NULL;
}

static void check_value(const struct option *o)
{
    if ((o->kind == OPTION_INT && !option_inside(o, (double)*(int64_t *)o->to)) ||
        (o->kind == OPTION_REAL && !option_inside(o, *(double *)o->to)))
        abort();
}

static void check_refusal(int status, const struct err *e)
{
    if (status && (status != STATUS_USAGE || !*e->text))
        abort();
}

static void take(struct line *l, const char *name, const char *value)
{
    struct err e = {0};
    const struct option *row = find_row(l, name);
    const struct filter *filter = find_filter(name);
    int status = 0;
    if (row) {
        status = option_set(row, option_value_name(row) ? value : NULL, &e);
        if (!status)
            check_value(row);
    } else if (filter) {
        status = filter_chain_add(&l->filters, filter, filter->parse ? value : NULL, &e);
    } else if (!strcmp(name, "at")) {
        status = cuts_parse(&l->cuts, value, &e);
    } else if (!strcmp(name, "best-by")) {
        status = criterion_parse(&l->criterion, value, &e);
    } else if (!strcmp(name, "by")) {
        status = breakdown_list_parse(&l->by, value, &e);
    } else if (!strcmp(name, "candidates")) {
        status = item_sets_option(&l->sets, value, &e);
    } else if (!strcmp(name, "delimiter")) {
        l->csv.columns.given.delimiter = value;
    } else if (!strcmp(name, "no-header")) {
        l->csv.columns.given.header = "no";
    } else if (!strcmp(name, "train-recent")) {
        learned_share_parse(value, &l->share);
    }
    check_refusal(status, &e);
}

/* What the filters note in a header can be packed, or is too much for one. */
static void note_filters(const struct line *l)
{
    struct meta m;
    struct buf packed = {0};
    struct err e = {0};
    stream_meta(&m, STREAM_SESSIONS);
    if (!filter_chain_note(&l->filters, &m, &e))
        meta_pack(&m, &packed, &e);
    if (e.status && e.status != STATUS_DATA && e.status != STATUS_USAGE)
        abort();
    buf_release(&packed);
    meta_release(&m);
}

/* libFuzzer calls this before it sets its own handlers of signals, where there are no others: its
 * clock needs SIGALRM, which cli_parse takes. */
int LLVMFuzzerInitialize(int *argc, char ***argv)
{
    static const struct option *const none[] = {NULL};
    static const struct program program = {.name = "options", .usage = "", .tables = none};
    (void)argc, (void)argv;
    cli = cli_parse(&program, 1, (char *[]){"options", NULL});
    signal(SIGALRM, SIG_DFL);
    return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct line l;
    struct err e = {0};
    if (!cli)
        LLVMFuzzerInitialize(NULL, NULL);
    char *text = mem_alloc(size + 1), *at = text;
    memcpy(text, data, size);
    text[size] = 0;
    line_open(&l);
    while (at) {
        char *end = strchr(at, '\n'), *equals;
        if (end)
            *end = 0;
        if ((equals = strchr(at, '='))) {
            *equals = 0;
            take(&l, at, equals + 1);
        }
        at = end ? end + 1 : NULL;
    }
    struct raw_format format;
    note_filters(&l);
    check_refusal(csv_open(&l.csv, &format, &e), &e);
    check_refusal(run_check(cli, &l.run, &l.models, &e), &e);
    line_close(&l);
    mem_free(text);
    return 0;
}
