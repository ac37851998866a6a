#include "viz/render.h"

#include <stdio.h>

#include "viz/folder.h"

struct page_run *render_begin_run(struct render *x)
{
    vec_push(&x->page.runs, (struct page_run){0});
    score_curve_begin_run(&x->page.curve);
    run_names_clear(&x->names);
    x->kept.part = PART_NONE;
    return &x->page.runs.at[x->page.runs.len - 1];
}

void render_begin_pass(struct render *x, struct epoch epoch)
{
    figures_begin(&x->now, &x->names, epoch, x->examples, x->seed);
    x->now.run = (int64_t)x->page.runs.len - 1;
}

/* Prefers a test pass to a validation pass, then the pass of the wanted epoch. */
static bool is_wanted(const struct render *x, struct epoch epoch, bool leads, double merit)
{
    if (!figures_has_attention(&x->now) || (x->epoch > 0 && epoch.number != x->epoch))
        return false;
    if (epoch.part != x->kept.part)
        return epoch.part > x->kept.part;
    return x->epoch || (epoch.part == PART_TEST ? leads : merit > x->kept_merit);
}

void render_end_pass(struct render *x, struct curve_pass score, bool leads, double merit)
{
    score_curve_add(&x->page.curve, score);
    figures_end(&x->now);
    if (!is_wanted(x, score.epoch, leads, merit))
        return;
    struct figures before = x->kept;
    x->kept = x->now;
    x->now = before;
    x->kept_merit = merit;
}

void render_end_run(struct render *x, size_t best, enum part selected_on)
{
    struct page_run *run = &x->page.runs.at[x->page.runs.len - 1];
    score_curve_best_pass(&x->page.curve, best, selected_on);
    if (x->kept.part == PART_NONE)
        return;
    memcpy(run->level, x->kept.level, sizeof run->level);
    run->epoch = x->kept.epoch;
    run->part = x->kept.part;
    if (x->folder || x->form == RENDER_HTML)
        page_draw(&x->page, x->page.runs.len - 1, &x->kept);
    if (x->form == RENDER_TSV)
        figures_tsv(&x->kept, &x->rows);
    if (x->form == RENDER_TEXT)
        figures_text(&x->kept, &x->terminal, &x->rows);
}

bool render_has_figures(const struct render *x)
{
    return x->page.drawings.len || x->rows.len;
}

/* ---- files ---- */

/* Writes FOLDER/LEVEL-NAME.svg, or FOLDER/RUN-LEVEL-NAME.svg if there are several runs. */
static int write_files(const struct render *x, struct err *e)
{
    struct buf learning = {0};
    if (folder_make(x->folder, e))
        return e->status;
    score_curve_svg(&x->page.curve, &learning);
    int status = folder_write(x->folder, "", "learning", &learning, e);
    for (size_t i = 0; i < x->page.drawings.len && !status; i++) {
        const struct drawing *d = &x->page.drawings.at[i];
        char run[32] = "", before[64];
        if (x->page.runs.len > 1)
            snprintf(run, sizeof run, "%zu-", d->run);
        snprintf(before, sizeof before, "%s%s-", run, d->figure->level->name);
        status = folder_write(x->folder, before, d->figure->name, &d->svg, e);
    }
    buf_release(&learning);
    return status;
}

int render_end(struct render *x, struct buf *to, struct err *e)
{
    if (!render_has_figures(x) && x->form != RENDER_HTML)
        return err_set(e, STATUS_DATA,
                       "no attention weights%s in the input: train with trainer --inter "
                       "hidden,delta --attention 200",
                       x->epoch > 0 ? " of that epoch" : "");
    if (x->form == RENDER_HTML)
        page_write(&x->page, to);
    if (x->form == RENDER_TSV)
        figures_tsv_head(to);
    buf_append(to, x->rows.at, x->rows.len);
    return x->folder ? write_files(x, e) : 0;
}

void render_release(struct render *x)
{
    page_release(&x->page);
    run_names_release(&x->names);
    figures_release(&x->now);
    figures_release(&x->kept);
    buf_release(&x->rows);
}
