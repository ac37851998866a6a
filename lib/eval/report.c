#include "eval/report.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>

typedef VEC(struct namesake) namesake_vec; /* models of one name */

/* The model that the chain belongs to; a new one takes the chain over. */
static size_t model_of(struct report *r, struct model_name *chain)
{
    bool is_new;
    struct buf key = {0};
    model_name_key(chain, &key);
    size_t index = (size_t)names_add(&r->model_keys, (struct bytes){key.at, key.len}, &is_new);
    buf_release(&key);
    if (!is_new) {
        model_name_release(chain);
        return index;
    }
    struct report_model m = {.chain = *chain};
    if (index < r->names.len)
        buf_text(&m.name, r->names.at[index]);
    else
        model_name_label(chain, &m.name);
    vec_push(&r->models, m);
    return index;
}

/* Writes the head.  Columns are wide from the start: later rows cannot widen what is written. */
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
            "run %zu ranks among %s, the one before among %s (--rank-among): their scores do not "
            "compare; score them separately",
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
    scored_run_start(&run.run, r->how, r->among);
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

/* Adds to equal names the options in which the models differ, but not to names that the user gave.
 */
static void distinguish_names(struct report *r)
{
    struct names names = {0};
    VEC(size_t) id = {0};
    size_t n = r->models.len;
    for (size_t i = 0; i < n; i++) {
        const struct buf *name = &r->models.at[i].name;
        vec_push(&id, (size_t)names_add(&names, (struct bytes){name->at, name->len}, NULL));
    }
    namesake_vec *same = mem_zero((size_t)names_count(&names), sizeof *same);
    for (size_t i = 0; i < n; i++) {
        struct report_model *m = &r->models.at[i];
        vec_push(&same[id.at[i]],
                 ((struct namesake){&m->chain, i < r->names.len ? NULL : &m->name}));
    }
    for (int32_t i = 0; i < names_count(&names); i++) {
        model_name_distinguish(same[i].at, same[i].len);
        vec_release(&same[i]);
    }
    mem_free(same);
    vec_release(&id);
    names_release(&names);
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

static void build_results(struct report *r)
{
    VEC(const struct scored_run *) runs = {0};
    VEC(size_t) model = {0};
    for (size_t i = 0; i < r->runs.len; i++) {
        vec_push(&runs, &r->runs.at[i].run);
        vec_push(&model, r->runs.at[i].model);
    }
    results_build(&r->results, runs.at, model.at, r->runs.len);
    vec_release(&runs);
    vec_release(&model);
}

int report_end(struct report *r, struct err *e)
{
    if (r->names.len > r->models.len)
        return err_set(e, STATUS_USAGE,
                       "%zu names for %zu models (runs that differ only in seeds are one model)",
                       r->names.len, r->models.len);
    distinguish_names(r);
    build_results(r);
    return r->compare ? compare(r, e) : 0;
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
    names_release(&r->model_keys);
    results_release(&r->results);
    vec_release(&r->models);
    vec_release(&r->runs);
    table_release(&r->live);
}
