#include "viz/read.h"

#include "viz/score_plots.h"
#include "stream/provenance.h"
#include "stream/item_support.h"

/* The breakdowns that the page shows: those that the ranks alone are enough for. */
static const char BY[] = "position,length,history";

static void visit_chain(void *to, int number, struct bytes option, struct bytes value)
{
    struct showing *s = to;
    struct page *p = &s->exhibit.page;
    model_name_add(&s->chain, number, option, value);
    page_chain(&p->runs.at[p->runs.len - 1], option, value);
}

static int begin_run(void *to, const struct meta *meta, struct err *e)
{
    struct showing *s = to;
    int64_t among;
    if (item_support_read(meta, &among, e) || report_among(&s->report, among, e))
        return e->status;
    s->chain = (struct model_name){0};
    render_begin_run(&s->exhibit);
    if (provenance_each(meta, visit_chain, s, e) ||
        meta_get_i64s(meta, "delta_edges", &s->exhibit.cast.edges, e)) {
        model_name_release(&s->chain);
        return e->status;
    }
    s->run = report_run_begin(&s->report, &s->chain, &s->unused);
    return 0;
}

static int end_pass(struct showing *s, const struct pass *pass, struct err *e)
{
    if (scored_run_pass(s->run, pass, e))
        return e->status;
    const struct pass_score *p = &s->run->passes.at[s->run->passes.len - 1];
    render_end_pass(&s->exhibit, score_plots_pass(p), p->leads, p->overall.merit);
    return 0;
}

static void add_item(struct showing *s, struct bytes name, struct attributes a)
{
    struct bytes train = attributes_find(a, "train");
    run_names_add_item(&s->exhibit.cast, name, attributes_find(a, "title"), train);
    scored_run_item(s->run, train);
}

static int take(void *to, const struct predictions_record *r, struct err *e)
{
    struct showing *s = to;
    if (r->kind == RECORD_USER)
        run_names_add_user(&s->exhibit.cast, r->named.name);
    else if (r->kind == RECORD_ITEM)
        add_item(s, r->named.name, r->named.attributes);
    else if (r->kind == RECORD_EPOCH)
        render_begin_pass(&s->exhibit, r->epoch);
    else if (r->kind == RECORD_RANK)
        scored_run_ranks(s->run, &r->ranks);
    else if (r->kind == RECORD_ATTENTION)
        figures_add(&s->exhibit.now, &r->attention);
    else if (r->kind == RECORD_PASS)
        return end_pass(s, &r->pass, e);
    return 0;
}

static int end_run(void *to, struct err *e)
{
    struct showing *s = to;
    if (scored_run_end(s->run, e))
        return e->status;
    render_end_run(&s->exhibit, s->run->best, s->run->selected_on);
    return 0;
}

int showing_read(struct showing *s, struct predictions_in *in, struct err *e)
{
    static const struct predictions_visitor visitor = {begin_run, take, end_run};
    struct page *page = &s->exhibit.page;
    if (s->exhibit.form == EXHIBIT_HTML && breakdown_list_parse(&s->scoring.by, BY, e))
        return e->status;
    s->report.how = &s->scoring;
    s->report.format = REPORT_JSON; /* of which no row is kept while it reads */
    if (predictions_in_each(in, &visitor, s, e) || report_end(&s->report, e))
        return e->status;
    score_plots_names(&s->report, &page->results);
    for (int b = 0; b < s->scoring.by.count; b++) {
        struct buf svg = {0};
        score_plots_groups(&s->report, s->scoring.by.at[b], &svg);
        vec_push(&page->breakdowns, svg);
    }
    return 0;
}

void showing_release(struct showing *s)
{
    render_release(&s->exhibit);
    report_release(&s->report);
    buf_release(&s->unused);
}
