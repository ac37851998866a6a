#include "eval/results.h"

#include <math.h>

static void add_row(struct results *t, const struct result *whole, const struct group_score *group)
{
    struct result row = *whole;
    row.group = group;
    row.score = group ? &group->score : &whole->pass->overall;
    vec_push(&t->rows, row);
}

static size_t count_rows(const struct scored_run *r)
{
    size_t n = r->passes.len;
    for (size_t i = 0; i < r->passes.len; i++)
        n += r->passes.at[i].groups.len;
    return n;
}

static void add_run(struct results *t, size_t run, size_t model, const struct scored_run *of)
{
    for (size_t i = 0; i < of->passes.len; i++) {
        const struct pass_score *pass = &of->passes.at[i];
        struct result whole = {
            .run = run, .model = model, .of = of, .pass = pass, .best = i == of->best};
        add_row(t, &whole, NULL);
        for (size_t g = 0; g < pass->groups.len; g++)
            add_row(t, &whole, &pass->groups.at[g]);
    }
}

/* ---- summaries ---- */

/* The key of a summary; a model's whole passes have an empty breakdown. */
static struct bytes key_of(struct buf *to, size_t model, const char *by, const char *group)
{
    buf_clear(to);
    buf_format(to, "%zu\t%s\t%s", model, by, group);
    return (struct bytes){to->at, to->len};
}

static struct summary *summary_of(struct results *t, const struct result *row, struct buf *key)
{
    bool is_new;
    while (t->models.len <= row->model)
        vec_push(&t->models, (summary_vec){0});
    summary_vec *of = &t->models.at[row->model];
    int32_t id = names_add(&t->keys,
                           key_of(key, row->model, row->group ? row->group->by : "",
                                  row->group ? row->group->group : ""),
                           &is_new);
    if (is_new) {
        vec_push(&t->place, of->len);
        vec_push(of, ((struct summary){.first = row, .group = row->group}));
    }
    return &of->at[t->place.at[id]];
}

static void widen(uint64_t range[2], uint64_t value, bool first)
{
    if (first || value < range[0])
        range[0] = value;
    if (first || value > range[1])
        range[1] = value;
}

static void summarize(struct summary *s, const struct result *row)
{
    widen(s->epochs, (uint64_t)row->pass->epoch.number, !s->scores.len);
    widen(s->targets, row->score->events, !s->scores.len);
    vec_push(&s->scores, row->score);
    if (!row->group && !isnan(row->pass->auc))
        vec_push(&s->aucs, row->pass->auc);
}

static void settle_spread(struct summary *s, int columns)
{
    double *value = mem_alloc(s->scores.len * sizeof *value);
    s->spread = mem_alloc((size_t)columns * sizeof *s->spread);
    for (int c = 0; c < columns; c++) {
        for (size_t i = 0; i < s->scores.len; i++)
            value[i] = s->scores.at[i]->value[c];
        s->spread[c] = spread_of(value, s->scores.len);
    }
    mem_free(value);
    s->auc = spread_of(s->aucs.at, s->aucs.len);
}

void results_build(struct results *t, const struct scored_run *const *runs, const size_t *model,
                   size_t n)
{
    struct buf key = {0};
    size_t rows = 0;
    for (size_t i = 0; i < n; i++)
        rows += count_rows(runs[i]);
    vec_reserve(&t->rows, rows); /* summaries point at rows */
    for (size_t i = 0; i < n; i++)
        add_run(t, i, model[i], runs[i]);
    for (size_t i = 0; i < t->rows.len; i++)
        if (t->rows.at[i].best)
            summarize(summary_of(t, &t->rows.at[i], &key), &t->rows.at[i]);
    t->columns = n ? metrics_columns(&runs[0]->how->cuts) : 0;
    for (size_t m = 0; m < t->models.len; m++)
        for (size_t s = 0; s < t->models.at[m].len; s++) {
            settle_spread(&t->models.at[m].at[s], t->columns);
            t->has_auc |= t->models.at[m].at[s].auc.n > 0;
        }
    buf_release(&key);
}

const struct summary *results_find(const struct results *t, size_t model, const char *by,
                                   const char *group)
{
    struct buf key = {0};
    int32_t id = names_find(&t->keys, key_of(&key, model, by, group));
    buf_release(&key);
    return id < 0 ? NULL : &t->models.at[model].at[t->place.at[id]];
}

double results_change(const struct results *t, size_t model, size_t base, int column)
{
    return results_overall(t, model)->spread[column].mean /
               results_overall(t, base)->spread[column].mean -
           1;
}

void results_release(struct results *t)
{
    for (size_t m = 0; m < t->models.len; m++) {
        for (size_t s = 0; s < t->models.at[m].len; s++) {
            mem_free(t->models.at[m].at[s].spread);
            vec_release(&t->models.at[m].at[s].scores);
            vec_release(&t->models.at[m].at[s].aucs);
        }
        vec_release(&t->models.at[m]);
    }
    vec_release(&t->rows);
    vec_release(&t->models);
    names_release(&t->keys);
    vec_release(&t->place);
}
