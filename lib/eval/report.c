#include "eval/report.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>

#include "eval/report_check.h"

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

static void write_run_head(struct report *r, const struct report_run *run, struct buf *to)
{
    const struct report_model *m = &r->models.at[run->model];
    table_release(&r->live);
    r->live = (struct table){.columns = 1};
    buf_text(to, r->runs.len > 1 ? "\n" : "");
    table_cell(&r->live, "%.*s, run %zu%s%.*s%s%s", (int)m->name.len, m->name.at, r->runs.len - 1,
               run->seed.len ? ", seed " : "", (int)run->seed.len,
               run->seed.len ? run->seed.at : "", r->among ? ", " : "", r->ranks);
    table_write(&r->live, to);
    table_release(&r->live);
    start_live(r, to);
}

static void note_base(struct report *r, size_t model)
{
    for (size_t i = 0; i < r->bases.len; i++)
        if (r->bases.at[i] == model)
            return;
    vec_push(&r->bases, model);
}

int report_run_begin(struct report *r, struct model_name *chain, const struct run_source *from,
                     struct buf *to, struct err *e)
{
    struct report_run run = {.from = *from};
    struct bytes seed = model_name_find(chain, "seed");
    buf_append(&run.seed, seed.at, seed.len);
    model_name_seeds(chain, &run.seeds);
    run.model = model_of(r, chain);
    scored_run_start(&run.run, r->how, r->among);
    vec_push(&r->runs, run);
    r->models.at[run.model].runs++;
    if (from->base)
        note_base(r, run.model);
    if (report_check_seeds(r, e))
        return e->status;
    if (r->format == REPORT_TABLE && !r->best_only)
        write_run_head(r, &run, to);
    return 0;
}

struct report_run *report_run_now(struct report *r)
{
    return &r->runs.at[r->runs.len - 1];
}

void report_user(struct report *r, struct bytes name)
{
    vec_push(&report_run_now(r)->users, names_add(&r->users, name, NULL));
}

void report_item(struct report *r, struct bytes name)
{
    vec_push(&report_run_now(r)->items, names_add(&r->items, name, NULL));
}

void report_epoch(struct report *r, struct epoch epoch)
{
    struct report_run *run = report_run_now(r);
    run->part = epoch.part;
    targets_clear(&run->targets[epoch.part]);
}

void report_ranks(struct report *r, const struct ranks *k)
{
    struct report_run *run = report_run_now(r);
    for (size_t i = 0; i < k->rank.len; i++) {
        struct target_place at = {.user = run->users.at[column_i32(k->user)[i]],
                                  .session = k->session.at ? column_i32(k->session)[i] : 0,
                                  .position = column_i32(k->position)[i],
                                  .item = run->items.at[column_i32(k->target)[i]]};
        targets_add(&run->targets[run->part], at, r->compare);
    }
}

int report_run_end(struct report *r, struct err *e)
{
    struct report_run *run = report_run_now(r);
    if (scored_run_end(&run->run, e))
        return err_at(e, "%s", run->from.file);
    return report_check_run(r, e);
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

static bool is_base(const struct report *r, size_t model)
{
    for (size_t i = 0; i < r->bases.len; i++)
        if (r->bases.at[i] == model)
            return true;
    return false;
}

static int compare_one(struct report *r, size_t model, size_t base, struct err *e)
{
    const struct report_model *m = &r->models.at[model], *b = &r->models.at[base];
    struct report_comparison c = {.model = model, .base = base};
    c.family = r->models.len - r->bases.len;
    compare_users(&m->by_user, &b->by_user, &r->how->cuts, r->resamples, r->seed, &c.numbers);
    if (!c.numbers.users)
        return err_set(e, STATUS_DATA, "%.*s and %.*s have no user in common: nothing to pair",
                       (int)m->name.len, m->name.at, (int)b->name.len, b->name.at);
    vec_push(&r->comparisons, c);
    return 0;
}

/* Corrects the p of the comparisons with one base, the last ones. */
static void correct(struct report *r, size_t first)
{
    VEC(struct comparison *) family = {0};
    for (size_t i = first; i < r->comparisons.len; i++)
        vec_push(&family, &r->comparisons.at[i].numbers);
    compare_correct(family.at, family.len, &r->how->cuts);
    vec_release(&family);
}

static int compare(struct report *r, struct err *e)
{
    const struct report_model *base = &r->models.at[0];
    if (r->models.len == r->bases.len)
        return err_set(e, STATUS_USAGE, "there is no other model to compare with %.*s",
                       (int)base->name.len, base->name.at);
    for (size_t i = 0; i < r->runs.len; i++) {
        const struct report_run *run = &r->runs.at[i];
        by_user_add(&r->models.at[run->model].by_user, &run->run, run->users.at);
    }
    for (size_t b = 0; b < r->bases.len; b++) {
        size_t first = r->comparisons.len;
        for (size_t m = 0; m < r->models.len; m++)
            if (!is_base(r, m) && compare_one(r, m, r->bases.at[b], e))
                return e->status;
        correct(r, first);
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

int report_pick(const struct report *r, const char **file, struct err *e)
{
    const struct report_run *best = NULL;
    for (size_t i = 0; i < r->runs.len; i++) {
        const struct report_run *run = &r->runs.at[i];
        if (run->run.selected_on != PART_VALIDATION)
            continue;
        if (best && report_check_validation(r, i, (size_t)(best - r->runs.at), e))
            return e->status;
        if (!best || run->run.best_merit > best->run.best_merit)
            best = run;
    }
    if (!best)
        return err_set(e, STATUS_DATA,
                       "--pick: no run has a validation pass to choose by: tfilter --validation "
                       "makes a validation part");
    if (!strcmp(best->from.file, REPORT_STDIN))
        return err_set(e, STATUS_USAGE,
                       "--pick: the best run comes from standard input, which has "
                       "no name: give files");
    *file = best->from.file;
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

void report_release(struct report *r)
{
    for (size_t i = 0; i < r->models.len; i++) {
        model_name_release(&r->models.at[i].chain);
        buf_release(&r->models.at[i].name);
        by_user_release(&r->models.at[i].by_user);
    }
    for (size_t i = 0; i < r->runs.len; i++) {
        struct report_run *run = &r->runs.at[i];
        buf_release(&run->seed);
        buf_release(&run->seeds);
        vec_release(&run->users);
        vec_release(&run->items);
        for (int part = 0; part <= PART_TEST; part++)
            targets_release(&run->targets[part]);
        scored_run_release(&run->run);
    }
    vec_release(&r->names);
    vec_release(&r->bases);
    vec_release(&r->comparisons);
    names_release(&r->users);
    names_release(&r->items);
    names_release(&r->model_keys);
    results_release(&r->results);
    vec_release(&r->models);
    vec_release(&r->runs);
    table_release(&r->live);
}
