#include "viz/attention_reader.h"

#include "viz/score_plots.h"
#include "stream/provenance.h"

/* The breakdowns that the page shows: those that need nothing but the ranks. */
static const char BY[] = "position,length-quarters,history-quarters";

static void add_option(void *run, int program, struct bytes option, struct bytes value)
{
    (void)program;
    page_chain(run, option, value);
}

static int begin_run(void *to, const struct meta *meta, struct err *e)
{
    struct render *x = to;
    if (provenance_each(meta, add_option, render_begin_run(x), e))
        return e->status;
    return meta_get_i64s(meta, "delta_edges", &x->names.edges, e);
}

static void take_record(void *to, const struct predictions_record *r)
{
    struct render *x = to;
    if (r->kind == RECORD_USER)
        run_names_add_user(&x->names, r->named.name);
    else if (r->kind == RECORD_ITEM)
        run_names_add_item(&x->names, r->named.name, attributes_find(r->named.attributes, "title"),
                           attributes_find(r->named.attributes, "train"));
    else if (r->kind == RECORD_EPOCH)
        render_begin_pass(x, r->epoch);
    else if (r->kind == RECORD_ATTENTION)
        figures_add(&x->now, &r->attention);
}

static void end_pass(void *to, const struct pass_score *p)
{
    struct render *x = to;
    render_end_pass(x, score_plots_pass(p, x->criterion), p->leads, p->overall.merit);
}

static void end_run(void *to, const struct scored_run *run)
{
    render_end_run(to, run->best, run->selected_on);
}

int attention_reader_read(struct attention_reader *a, struct predictions_in *in, struct err *e)
{
    static const struct report_watcher watcher = {begin_run, take_record, end_pass, end_run};
    struct page *page = &a->render.page;
    if (a->render.form == RENDER_HTML && breakdown_list_parse(&a->scoring.by, BY, e))
        return e->status;
    a->report.how = &a->scoring;
    a->render.criterion = &a->scoring.criterion;
    a->report.format = REPORT_JSON; /* which has no rows while it is read */
    a->reader = (struct report_reader){.report = &a->report, .watcher = &watcher, .to = &a->render};
    if (report_reader_stream(&a->reader, in, e) || report_end(&a->report, e))
        return e->status;
    score_plots_names(&a->report, &page->curve);
    for (int b = 0; b < a->scoring.by.count; b++) {
        struct buf svg = {0};
        if (score_plots_groups(&a->report, a->scoring.by.at[b], false, &svg))
            vec_push(&page->breakdowns, svg);
    }
    return 0;
}

void attention_reader_release(struct attention_reader *a)
{
    render_release(&a->render);
    report_reader_release(&a->reader);
    report_release(&a->report);
}
