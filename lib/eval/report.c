#include "eval/report.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>

static size_t model_of(struct report *r, struct model_name *chain)
{
    for (size_t i = 0; i < r->models.len; i++)
        if (model_name_same_model(&r->models.at[i].chain, chain)) {
            model_name_release(chain);
            return i;
        }
    struct report_model m = {.chain = *chain};
    size_t index = r->models.len;
    if (index < r->names.len)
        buf_text(&m.name, r->names.at[index]);
    else
        model_name_label(chain, &m.name);
    vec_push(&r->models, m);
    return index;
}

/* What has to be wide enough from the first row on: later rows cannot widen what is written. */
static void start_live(struct report *r, struct buf *to)
{
    static const size_t least[] = {5, 10, 9, 8};
    const struct cuts *cuts = &r->how->cuts;
    r->live = (struct table){.columns = (size_t)metrics_columns(cuts) + 4};
    for (size_t i = 0; i < 4; i++)
        r->live.width[i] = least[i];
    table_cell(&r->live, "epoch");
    table_cell(&r->live, "part");
    table_cell(&r->live, "targets");
    for (int c = 0; c < metrics_columns(cuts); c++) {
        char name[METRICS_NAME];
        metrics_column_name(cuts, c, name);
        table_cell(&r->live, "%s", name);
    }
    table_cell(&r->live, "best");
    table_write(&r->live, to);
}

static const char *among_words(int64_t among, char to[64])
{
    if (among)
        snprintf(to, 64, "the %" PRId64 " most supported items", among);
    return among ? to : "all items";
}

int report_among(struct report *r, int64_t among, struct err *e)
{
    char now[64], before[64];
    if (r->runs.len && among != r->among)
        return err_set(
            e, STATUS_DATA,
            "run %zu ranks among %s, the one before among %s (--rank-among): their scores "
            "do not compare, score them apart",
            r->runs.len, among_words(among, now), among_words(r->among, before));
    r->among = among;
    if (among)
        snprintf(r->ranks, sizeof r->ranks, "ranks among %s", among_words(among, now));
    return 0;
}

struct scored_run *report_run_begin(struct report *r, struct model_name *chain, struct buf *to)
{
    struct report_run run = {0};
    struct bytes seed = model_name_find(chain, "seed");
    buf_append(&run.seed, seed.at, seed.len);
    run.model = model_of(r, chain);
    scored_run_start(&run.run, r->how);
    vec_push(&r->runs, run);
    struct report_model *m = &r->models.at[run.model];
    m->runs++;
    if (r->format == REPORT_TABLE && !r->best_only) {
        table_release(&r->live);
        r->live = (struct table){.columns = 1};
        buf_text(to, r->runs.len > 1 ? "\n" : "");
        table_cell(&r->live, "%.*s, run %zu%s%.*s%s%s", (int)m->name.len, m->name.at,
                   r->runs.len - 1, seed.len ? ", seed " : "", (int)run.seed.len,
                   run.seed.len ? run.seed.at : "", r->among ? ", " : "", r->ranks);
        table_write(&r->live, to);
        table_release(&r->live);
        start_live(r, to);
    }
    return &r->runs.at[r->runs.len - 1].run;
}

void report_user(struct report *r, struct bytes name)
{
    if (r->compare)
        vec_push(&r->runs.at[r->runs.len - 1].users, names_add(&r->users, name, NULL));
}

void report_pass(struct report *r, struct buf *to)
{
    const struct scored_run *run = &r->runs.at[r->runs.len - 1].run;
    const struct pass_score *p = &run->passes.at[run->passes.len - 1];
    if (r->format != REPORT_TABLE || r->best_only)
        return;
    table_cell(&r->live, "%" PRId64, p->epoch.number);
    table_cell(&r->live, "%s", part_name[p->epoch.part]);
    table_cell(&r->live, "%" PRIu64, p->overall.events);
    for (int c = 0; c < metrics_columns(&r->how->cuts); c++)
        if (isnan(p->overall.value[c]))
            table_cell(&r->live, "-");
        else
            table_cell(&r->live, "%.4f", p->overall.value[c]);
    table_cell(&r->live, "%s", p->leads ? "*" : "");
    table_write(&r->live, to);
}

static bool same_name(const struct report_model *a, const struct report_model *b)
{
    return bytes_equal((struct bytes){a->name.at, a->name.len},
                       (struct bytes){b->name.at, b->name.len});
}

/* Models of one name get the options in which they differ; names that the user gave stay. */
static void distinguish_names(struct report *r)
{
    size_t n = r->models.len;
    struct buf *suffix = mem_zero(n, sizeof *suffix);
    VEC(const struct model_name *) others = {0};
    for (size_t i = r->names.len; i < n; i++) {
        vec_clear(&others);
        for (size_t j = 0; j < n; j++)
            if (j != i && same_name(&r->models.at[i], &r->models.at[j]))
                vec_push(&others, &r->models.at[j].chain);
        model_name_distinguish(&r->models.at[i].chain, others.at, others.len, &suffix[i]);
    }
    for (size_t i = 0; i < n; i++) {
        buf_append(&r->models.at[i].name, suffix[i].at, suffix[i].len);
        buf_release(&suffix[i]);
    }
    vec_release(&others);
    mem_free(suffix);
}

static int compare(struct report *r, struct err *e)
{
    const struct report_model *base = &r->models.at[0];
    if (r->models.len < 2)
        return err_set(e, STATUS_USAGE, "there is no other model to compare with %.*s",
                       (int)base->name.len, base->name.at);
    for (size_t i = 0; i < r->runs.len; i++) {
        const struct report_run *run = &r->runs.at[i];
        by_user_add(&r->models.at[run->model].by_user, &run->run, run->users.at);
    }
    for (size_t i = 1; i < r->models.len; i++) {
        struct report_model *m = &r->models.at[i];
        compare_users(&m->by_user, &base->by_user, &r->how->cuts, r->resamples, r->seed,
                      &m->comparison);
        if (!m->comparison.users)
            return err_set(e, STATUS_DATA, "%.*s and %.*s have no user in common: nothing to pair",
                           (int)m->name.len, m->name.at, (int)base->name.len, base->name.at);
    }
    return 0;
}

int report_end(struct report *r, struct buf *to, struct err *e)
{
    static void (*const write[])(const struct report *, struct buf *) = {
        report_tables, report_tsv, report_json};
    if (r->names.len > r->models.len)
        return err_set(e, STATUS_USAGE,
                       "%zu names for %zu models (runs that differ by their seeds are one model)",
                       r->names.len, r->models.len);
    distinguish_names(r);
    if (r->compare && compare(r, e))
        return e->status;
    write[r->format](r, to);
    return 0;
}

void report_run_name(const struct report *r, size_t run, struct buf *to)
{
    const struct report_run *x = &r->runs.at[run];
    const struct report_model *m = &r->models.at[x->model];
    buf_append(to, m->name.at, m->name.len);
    if (m->runs > 1)
        buf_format(to, ", seed %.*s", (int)x->seed.len, x->seed.len ? x->seed.at : "");
}

int report_shown_column(const struct report *r)
{
    char name[METRICS_NAME];
    for (int c = 1; c < metrics_columns(&r->how->cuts); c++) {
        metrics_column_name(&r->how->cuts, c, name);
        if (!strcmp(name, r->best_by))
            return c;
    }
    return r->how->cuts.count;
}

double report_change(const struct report *r, size_t model, int column)
{
    double base = report_spread(r, 0, NULL, NULL, column).mean;
    return report_spread(r, model, NULL, NULL, column).mean / base - 1;
}

const struct metrics *report_score(const struct report_run *r, const char *by, const char *group)
{
    const struct pass_score *p = report_best(r);
    if (!by)
        return &p->overall;
    for (size_t i = 0; i < p->groups.len; i++)
        if (!strcmp(p->groups.at[i].by, by) && !strcmp(p->groups.at[i].group, group))
            return &p->groups.at[i].score;
    return NULL;
}

struct spread report_spread(const struct report *r, size_t model, const char *by, const char *group,
                            int column)
{
    VEC(double) value = {0};
    for (size_t i = 0; i < r->runs.len; i++) {
        const struct metrics *s =
            r->runs.at[i].model == model ? report_score(&r->runs.at[i], by, group) : NULL;
        if (s)
            vec_push(&value, s->value[column]);
    }
    struct spread spread = spread_of(value.at, value.len);
    vec_release(&value);
    return spread;
}

const struct report_run *report_first(const struct report *r, size_t model, const char *by,
                                      const char *group)
{
    for (size_t i = 0; i < r->runs.len; i++)
        if (r->runs.at[i].model == model && report_score(&r->runs.at[i], by, group))
            return &r->runs.at[i];
    return NULL;
}

void report_each_group(const struct report *r, size_t model,
                       void (*visit)(void *to, const struct report *r, size_t model, const char *by,
                                     const char *group),
                       void *to)
{
    for (size_t i = 0; i < r->runs.len; i++) {
        const struct report_run *run = &r->runs.at[i];
        const struct pass_score *p = report_best(run);
        for (size_t g = 0; run->model == model && g < p->groups.len; g++) {
            const struct group_score *s = &p->groups.at[g];
            if (report_first(r, model, s->by, s->group) == run)
                visit(to, r, model, s->by, s->group);
        }
    }
}

void report_release(struct report *r)
{
    for (size_t i = 0; i < r->models.len; i++) {
        model_name_release(&r->models.at[i].chain);
        buf_release(&r->models.at[i].name);
        by_user_release(&r->models.at[i].by_user);
    }
    for (size_t i = 0; i < r->runs.len; i++) {
        buf_release(&r->runs.at[i].seed);
        vec_release(&r->runs.at[i].users);
        scored_run_release(&r->runs.at[i].run);
    }
    vec_release(&r->names);
    names_release(&r->users);
    vec_release(&r->models);
    vec_release(&r->runs);
    table_release(&r->live);
}
