#include "viz/render.h"

#include <stdio.h>

#include "viz/folder.h"

struct page_run *exhibit_begin_run(struct exhibit *x)
{
    vec_push(&x->page.runs, (struct page_run){.first = x->page.results.at.len});
    cast_clear(&x->cast);
    x->kept.part = PART_NONE;
    return &x->page.runs.at[x->page.runs.len - 1];
}

void exhibit_begin_pass(struct exhibit *x, struct epoch epoch)
{
    gallery_begin(&x->now, &x->cast, epoch, x->examples, x->seed);
    x->now.run = (int64_t)x->page.runs.len - 1;
}

/* A test pass rather than a validation pass; of equals the one of the asked-for epoch. */
static bool is_wanted(const struct exhibit *x, struct epoch epoch, bool leads, double merit)
{
    if (!gallery_has_attention(&x->now) || (x->epoch > 0 && epoch.number != x->epoch))
        return false;
    if (epoch.part != x->kept.part)
        return epoch.part > x->kept.part;
    return x->epoch || (epoch.part == PART_TEST ? leads : merit > x->kept_merit);
}

void exhibit_end_pass(struct exhibit *x, const struct result *score, bool leads, double merit)
{
    vec_push(&x->page.results.at, *score);
    x->page.results.at.at[x->page.results.at.len - 1].run = x->page.runs.len - 1;
    gallery_end(&x->now);
    if (!is_wanted(x, score->epoch, leads, merit))
        return;
    struct gallery before = x->kept;
    x->kept = x->now;
    x->now = before;
    x->kept_merit = merit;
}

void exhibit_end_run(struct exhibit *x, size_t best, enum part selected_on)
{
    struct page_run *run = &x->page.runs.at[x->page.runs.len - 1];
    x->page.results.at.at[run->first + best].best = true;
    run->selected_on = selected_on;
    if (x->kept.part == PART_NONE)
        return;
    memcpy(run->level, x->kept.level, sizeof run->level);
    run->epoch = x->kept.epoch;
    run->part = x->kept.part;
    if (x->folder || x->form == EXHIBIT_HTML)
        page_draw(&x->page, x->page.runs.len - 1, &x->kept);
    if (x->form == EXHIBIT_TSV)
        gallery_tsv(&x->kept, &x->rows);
    if (x->form == EXHIBIT_TEXT)
        gallery_text(&x->kept, &x->blocks, &x->rows);
}

bool exhibit_has_pictures(const struct exhibit *x)
{
    return x->page.drawings.len || x->rows.len;
}

/* ---- files ---- */

/* FOLDER/LEVEL-NAME.svg; of several runs FOLDER/RUN-LEVEL-NAME.svg. */
static int write_files(const struct exhibit *x, struct err *e)
{
    struct buf learning = {0};
    if (folder_make(x->folder, e))
        return e->status;
    results_svg(&x->page.results, &learning);
    int status = folder_write(x->folder, "", "learning", &learning, e);
    for (size_t i = 0; i < x->page.drawings.len && !status; i++) {
        const struct drawing *d = &x->page.drawings.at[i];
        char run[32] = "", before[64];
        if (x->page.runs.len > 1)
            snprintf(run, sizeof run, "%zu-", d->run);
        snprintf(before, sizeof before, "%s%s-", run, d->picture->level->name);
        status = folder_write(x->folder, before, d->picture->name, &d->svg, e);
    }
    buf_release(&learning);
    return status;
}

int exhibit_end(struct exhibit *x, struct buf *to, struct err *e)
{
    if (!exhibit_has_pictures(x) && x->form != EXHIBIT_HTML)
        return err_set(e, STATUS_DATA,
                       "no attention weights%s in the input: train with trainer --inter "
                       "hidden,delta --attention 200",
                       x->epoch > 0 ? " of that epoch" : "");
    if (x->form == EXHIBIT_HTML)
        page_write(&x->page, to);
    if (x->form == EXHIBIT_TSV)
        gallery_tsv_head(to);
    buf_append(to, x->rows.at, x->rows.len);
    return x->folder ? write_files(x, e) : 0;
}

void exhibit_release(struct exhibit *x)
{
    page_release(&x->page);
    cast_release(&x->cast);
    gallery_release(&x->now);
    gallery_release(&x->kept);
    buf_release(&x->rows);
}
