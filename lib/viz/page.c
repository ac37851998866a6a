#include "viz/page.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>

#include "viz/figure_table.h"
#include "viz/svg.h"
#include "viz/text.h"
#include "viz/format.h"

enum { RUN_NAME = 120, VALUE = 200 /* columns */ };

/* On a narrow screen a table's rows are cards, whose numbers have the names of their columns above
 * them, and wide figures have their narrow form: nothing is cut off. */
static const char page_style[] =
    ":root{color-scheme:light dark;--ink:#1b1f24;--quiet:#57606a;--ground:#fff;--line:#d0d7de;"
    "--card:#f6f8fa;--mark:#e7f0fa}\n"
    "@media screen and (prefers-color-scheme:dark){:root{--ink:#e6e9ec;--quiet:#9aa4ae;"
    "--ground:#14171a;--line:#343b42;--card:#1c2126;--mark:#1d2f42}}\n"
    "*{box-sizing:border-box}body{margin:0;background:var(--ground);color:var(--ink);"
    "font:16px/1.5 system-ui,-apple-system,'Segoe UI',Roboto,'Noto Sans',sans-serif}\n"
    "main{max-width:1360px;margin:0 auto;padding:24px clamp(12px,3vw,40px) 60px}\n"
    "h1{font-size:1.7rem;line-height:1.25;margin:.2em 0 .3em;overflow-wrap:anywhere}\n"
    "h2{font-size:1.25rem;margin:2em 0 .5em;border-bottom:1px solid var(--line);"
    "padding-bottom:.25em}h3{font-size:1.05rem;margin:1.4em 0 .4em}"
    "h2,h3{overflow-wrap:anywhere}\n"
    "p{max-width:46em;margin:.4em 0}.quiet,figcaption{color:var(--quiet)}\n"
    "table{border-collapse:collapse;font-size:.92rem;font-variant-numeric:tabular-nums}\n"
    "th,td{padding:.3em .7em;text-align:right;white-space:nowrap;"
    "border-bottom:1px solid var(--line)}\n"
    "th{font-weight:600;color:var(--quiet);vertical-align:bottom;white-space:normal}"
    "th:first-child,td:first-child{text-align:left}\n"
    "td.name{white-space:normal;min-width:10em;max-width:18em;overflow-wrap:anywhere}\n"
    "tr.best{background:var(--mark)}\n"
    ".key{width:44px;height:14px;vertical-align:-2px;margin-right:.5em}\n"
    "ul.legend{list-style:none;display:flex;flex-wrap:wrap;gap:.2em 1.6em;padding:0;"
    "margin:.8em 0;overflow-wrap:anywhere}ul.legend li{max-width:100%}\n"
    ".grid{display:grid;gap:20px;grid-template-columns:repeat(auto-fill,minmax(min(100%,350px),"
    "1fr));margin:1em 0}\n"
    "figure{margin:0;border:1px solid var(--line);border-radius:8px;break-inside:avoid;"
    "min-width:0;overflow:hidden}\n"
    "figure>svg,figure>div>svg{display:block;width:100%;height:auto;max-width:560px}\n"
    "figure.wide{grid-column:1/-1}figure>.broad>svg{max-width:1280px}.slim{display:none}\n"
    "figcaption{padding:0 12px 12px;font-size:.9rem;max-width:46em}\n"
    "ol.chain{padding-left:1.4em}ol.chain li{margin:.5em 0}code{font:.85em ui-monospace,"
    "'DejaVu Sans Mono',monospace;background:var(--card);border-radius:4px;padding:.1em .35em;"
    "display:inline-block;max-width:100%;overflow-wrap:anywhere}\n"
    "summary{cursor:pointer}footer{margin-top:3em;font-size:.85rem;color:var(--quiet)}\n"
    "@media screen and (max-width:1000px){.broad{display:none}.slim{display:block}}\n"
    "@media screen and (max-width:1180px){thead{display:none}table,tbody{display:block}"
    "tr{display:grid;grid-template-columns:repeat(auto-fill,minmax(5em,1fr));"
    "border-bottom:1px solid var(--line);padding:.4em 0}"
    "td,td:first-child{border:0;padding:.15em .4em .15em 0;text-align:left;min-width:0;"
    "white-space:normal}td.name{grid-column:1/-1;max-width:none;font-weight:600}"
    "td[data-name]::before{content:attr(data-name);display:block;font-size:.75rem;"
    "color:var(--quiet)}}\n"
    "@media print{main{max-width:none;padding:0}"
    "figure>.broad>svg{max-width:100%;max-height:72vh}"
    "h2,h3,h2+p,h3+p{break-after:avoid}"
    ".grid{grid-template-columns:1fr 1fr}table{font-size:.7rem}td.name{min-width:0}"
    "tr.best{print-color-adjust:exact;-webkit-print-color-adjust:exact}}\n";

/* ---- pieces ---- */

static void put_name(struct buf *to, struct bytes name, size_t columns)
{
    buf_text(to, "<bdi>");
    text_markup(to, name, columns);
    buf_text(to, "</bdi>");
}

static void put_run(const struct page *p, size_t run, struct buf *to)
{
    const struct buf *label = &p->curve.runs.at[run].name;
    put_name(to, (struct bytes){label->at, label->len}, RUN_NAME);
}

/* A cell whose name is that of its column: it shows where the head of the table does not. */
static void begin_cell(struct buf *to, const char *column)
{
    buf_text(to, "<td data-name=\"");
    text_escape(to, bytes_of(column));
    buf_text(to, "\">");
}

static void put_cell(struct buf *to, const char *column, double value)
{
    begin_cell(to, column);
    format_number(to, value, 4);
    buf_text(to, "</td>");
}

/* A number with commas between thousands. */
static void put_count(struct buf *to, uint64_t n)
{
    if (n >= 1000) {
        put_count(to, n / 1000);
        buf_format(to, ",%03" PRIu64, n % 1000);
    } else {
        buf_format(to, "%" PRIu64, n);
    }
}

/* ---- the chain of programs ---- */

void page_chain(struct page_run *r, struct bytes option, struct bytes value)
{
    if (!option.len) {
        buf_text(&r->chain, r->program++ ? "</li>\n<li><b>" : "<li><b>");
        text_markup(&r->chain, value, VALUE);
        buf_text(&r->chain, "</b>");
        return;
    }
    if (!value.len || bytes_equal(value, bytes_of("false"))) /* not set */
        return;
    buf_text(&r->chain, " <code>--");
    text_markup(&r->chain, option, VALUE);
    if (!bytes_equal(value, bytes_of("true"))) {
        buf_byte(&r->chain, ' ');
        put_name(&r->chain, value, VALUE);
    }
    buf_text(&r->chain, "</code>");
}

static void write_chains(const struct page *p, struct buf *to)
{
    buf_text(to, "<h2>How it was made</h2>\n<p>The programs that the data went through, with the "
                 "options that changed the result.</p>\n");
    for (size_t i = 0; i < p->runs.len; i++) {
        const struct page_run *r = &p->runs.at[i];
        if (p->runs.len > 1) {
            buf_text(to, "<h3>");
            put_run(p, i, to);
            buf_text(to, "</h3>\n");
        }
        buf_text(to, "<ol class=\"chain\">\n");
        buf_append(to, r->chain.at, r->chain.len);
        buf_text(to, r->program ? "</li>\n</ol>\n" : "<li>not known</li>\n</ol>\n");
    }
}

/* ---- scores ---- */

/* Of two tables: the best epoch of each run; all epochs. */
enum score_table { TABLE_BEST, TABLE_ALL };

/* The score that chose the epoch, on the validation part; "" and no column where the test part did.
 */
static const char *choice_column(const struct page *p, enum score_table table, char to[80])
{
    bool validated = score_curve_selected_on(&p->curve) != PART_TEST && table == TABLE_BEST;
    snprintf(to, 80, "%s%s", validated ? "validation " : "", validated ? p->selected_by : "");
    return to;
}

static void write_row(const struct page *p, size_t run, const struct curve_pass *x,
                      enum score_table table, struct buf *to)
{
    const struct score_curve *r = &p->curve;
    char choice[80];
    bool marked = table == TABLE_ALL && x == score_curve_best(r, run);
    buf_text(to, marked ? "<tr class=\"best\">" : "<tr>");
    if (table == TABLE_BEST || r->runs.len > 1) {
        buf_text(to, "<td class=\"name\">");
        put_run(p, run, to);
        buf_text(to, "</td>");
    }
    begin_cell(to, "epoch");
    buf_format(to, "%" PRId64 "</td>", x->epoch.number);
    begin_cell(to, "part");
    buf_format(to, "%s</td>", part_name[x->epoch.part]);
    begin_cell(to, "targets");
    put_count(to, x->events);
    buf_text(to, "</td>");
    for (size_t c = 0; c < r->columns; c++)
        put_cell(to, r->name[c], x->value[c]);
    if (*choice_column(p, table, choice))
        put_cell(to, choice,
                 r->runs.at[run].selected_on == PART_VALIDATION ? score_curve_choice(r, run) : NAN);
    buf_text(to, "</tr>\n");
}

static void write_head(const struct page *p, enum score_table table, struct buf *to)
{
    char choice[80];
    buf_text(to, "<table><thead><tr>");
    buf_text(to, table == TABLE_BEST || p->curve.runs.len > 1 ? "<th>model</th>" : "");
    buf_text(to, "<th>epoch</th><th>part</th><th>targets</th>");
    for (size_t c = 0; c < p->curve.columns; c++)
        buf_format(to, "<th>%s</th>", p->curve.name[c]);
    if (*choice_column(p, table, choice))
        buf_format(to, "<th>%s</th>", choice);
    buf_text(to, "</tr></thead><tbody>\n");
}

/* The part that chose the best epochs.  The test part flatters the model, so the page says it. */
static const char *selection(const struct page *p)
{
    enum part part = score_curve_selected_on(&p->curve);
    return part == PART_TEST         ? "on the test part"
           : part == PART_VALIDATION ? "on the validation part"
                                     : "on the validation part of runs that have one, else on the "
                                       "test part";
}

/* The legend of all pictures of scores. */
static void write_legend(const struct page *p, struct buf *to)
{
    buf_text(to, "<ul class=\"legend\">\n");
    for (size_t m = 0; m < p->curve.models.len; m++) {
        buf_text(to, "<li>");
        series_key(to, m);
        put_name(to, p->curve.models.at[m], RUN_NAME);
        buf_text(to, "</li>\n");
    }
    buf_text(to, "</ul>\n");
}

static void write_pictures_of_scores(const struct page *p, struct buf *to)
{
    write_legend(p, to);
    buf_text(to, "<div class=\"grid\">");
    for (size_t i = 0; i < score_curve_panels(&p->curve); i++) {
        buf_text(to, "<figure>");
        score_curve_panel_svg(&p->curve, i, to);
        buf_text(to, "</figure>\n");
    }
    for (size_t i = 0; i < p->breakdowns.len; i++) {
        buf_text(to, "<figure>");
        buf_append(to, p->breakdowns.at[i].at, p->breakdowns.at[i].len);
        buf_text(to, "</figure>\n");
    }
    buf_text(to, "</div>\n");
}

static void write_scores(const struct page *p, struct buf *to)
{
    const struct score_curve *r = &p->curve;
    char among[100] = "";
    if (r->ranks && *r->ranks)
        snprintf(among, sizeof among, "; %s", r->ranks);
    buf_text(to, "<h2>Scores</h2>\n");
    write_head(p, TABLE_BEST, to);
    for (size_t i = 0; i < r->runs.len; i++)
        if (score_curve_best(r, i))
            write_row(p, i, score_curve_best(r, i), TABLE_BEST, to);
    buf_format(to,
               "</tbody></table>\n<p class=\"quiet\">At the best epoch of each run, chosen "
               "by %s %s. "
               "recall@k: how often the item that came was among the k ranked first; mrr@k: the "
               "mean of 1/rank, 0 beyond k%s.</p>\n",
               p->selected_by, selection(p), among);
    write_pictures_of_scores(p, to);
    buf_format(to, "<details><summary>All epochs%s</summary>\n", among);
    write_head(p, TABLE_ALL, to);
    for (size_t run = 0; run < r->runs.len; run++)
        for (size_t i = 0; i < r->runs.at[run].count; i++)
            write_row(p, run, &r->at.at[r->runs.at[run].first + i], TABLE_ALL, to);
    buf_text(to, "</tbody></table></details>\n");
}

/* ---- pictures ---- */

static bool has_drawings(const struct page *p, size_t run)
{
    return p->runs.at[run].end > p->runs.at[run].begin;
}

static void write_figures(const struct page *p, size_t run, const struct level_info *level,
                          struct buf *to)
{
    buf_text(to, "<div class=\"grid\">\n");
    for (size_t i = p->runs.at[run].begin; i < p->runs.at[run].end; i++) {
        const struct drawing *d = &p->drawings.at[i];
        if (d->figure->level != level)
            continue;
        buf_text(to, d->narrow.len ? "<figure class=\"wide\"><div class=\"broad\">" : "<figure>");
        buf_append(to, d->svg.at, d->svg.len);
        if (d->narrow.len) {
            buf_text(to, "</div><div class=\"slim\">");
            buf_append(to, d->narrow.at, d->narrow.len);
            buf_text(to, "</div>");
        }
        buf_format(to, "<figcaption>%s</figcaption></figure>\n", d->figure->says);
    }
    buf_text(to, "</div>\n");
}

static void write_level(const struct page *p, size_t run, const struct level_info *level,
                        struct buf *to)
{
    const struct level_count *count = &p->runs.at[run].level[level - attention_levels];
    buf_format(to, "<h3>%s</h3>\n<p>%s Weights of ", level->title, level->says);
    put_count(to, count->records);
    buf_format(to, " %s.", level->records);
    if (count->alone) {
        buf_text(to, " Of these, ");
        put_count(to, count->alone);
        buf_format(to,
                   " had only one %s, so that there was nothing to choose: they are in no "
                   "picture.",
                   level->one);
    }
    buf_text(to, "</p>\n");
    write_figures(p, run, level, to);
}

static void write_run(const struct page *p, size_t run, struct buf *to)
{
    const struct page_run *r = &p->runs.at[run];
    buf_text(to, "<h2>What it looks at");
    if (p->runs.len > 1) {
        buf_text(to, ": ");
        put_run(p, run, to);
    }
    buf_format(
        to,
        "</h2>\n<p>The attention weights of the %s pass of epoch %" PRId64
        ". A weight is smaller where more sessions or events share the attention, so means are "
        "of the weight divided by the mean of the weights beside it: 1 is even attention. "
        "Standard errors take sessions as independent and the model as fixed: only "
        "several seeds show how another training would differ.</p>\n",
        part_name[r->part], r->epoch);
    for (size_t i = 0; i < LEVELS; i++)
        if (r->level[i].records)
            write_level(p, run, &attention_levels[i], to);
}

void page_draw(struct page *p, size_t run, const struct figures *g)
{
    p->runs.at[run].begin = p->drawings.len;
    for (const struct figure *x = figure_table; x->name; x++) {
        struct drawing d = {.run = run, .figure = x};
        if (figure_is_empty(g, x))
            continue;
        x->form->svg(g, x, x->form->wide ? SVG_WIDE : SVG_WIDTH, &d.svg);
        if (x->form->wide)
            x->form->svg(g, x, SVG_WIDTH, &d.narrow);
        vec_push(&p->drawings, d);
    }
    p->runs.at[run].end = p->drawings.len;
}

/* ---- the whole ---- */

static void put_plain_run(const struct page *p, size_t run, struct buf *to)
{
    const struct buf *label = &p->curve.runs.at[run].name;
    text_markup(to, (struct bytes){label->at, label->len}, RUN_NAME);
}

/* The log, if its name is given, and the runs that have attention, or all runs if none has.
 * `markup`: names may have tags around them. */
static void put_title(const struct page *p, bool markup, struct buf *to)
{
    enum { NAMED = 4 };
    size_t runs = 0;
    if (p->log) {
        (markup ? put_name : text_markup)(to, bytes_of(p->log), RUN_NAME);
        buf_text(to, ": ");
    }
    buf_text(to, p->log ? "" : p->drawings.len ? "Attention of " : "Scores of ");
    buf_text(to, !p->log ? "" : p->drawings.len ? "attention of " : "scores of ");
    for (size_t i = 0; i < p->runs.len; i++) {
        if (p->drawings.len && !has_drawings(p, i))
            continue;
        if (runs++ >= NAMED)
            continue;
        buf_text(to, runs > 1 ? ", " : "");
        (markup ? put_run : put_plain_run)(p, i, to);
    }
    if (runs > NAMED)
        buf_format(to, " and %zu more", runs - NAMED);
}

void page_write(const struct page *p, struct buf *to)
{
    buf_text(to, "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
                 "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"
                 "<title>");
    put_title(p, false, to);
    buf_text(to, "</title>\n<style>\n");
    buf_text(to, page_style);
    buf_text(to, svg_style);
    buf_text(to, "</style>\n</head>\n<body>\n<main>\n<h1>");
    put_title(p, true, to);
    buf_text(to, "</h1>\n");
    write_scores(p, to);
    for (size_t i = 0; i < p->runs.len; i++)
        if (has_drawings(p, i))
            write_run(p, i, to);
    if (!p->drawings.len)
        buf_text(to, "<h2>What it looks at</h2>\n<p>There are no attention weights in the input: "
                     "train a model that attends and ask for them, <code>trainer --inter "
                     "hidden,delta --attention 200</code>.</p>\n");
    write_chains(p, to);
    buf_text(to, "<footer>");
    text_markup(to, bytes_of(p->maker), 0);
    buf_text(to, "</footer>\n</main>\n</body>\n</html>\n");
}

void page_release(struct page *p)
{
    for (size_t i = 0; i < p->runs.len; i++)
        buf_release(&p->runs.at[i].chain);
    for (size_t i = 0; i < p->drawings.len; i++) {
        buf_release(&p->drawings.at[i].svg);
        buf_release(&p->drawings.at[i].narrow);
    }
    for (size_t i = 0; i < p->breakdowns.len; i++)
        buf_release(&p->breakdowns.at[i]);
    vec_release(&p->runs);
    vec_release(&p->drawings);
    vec_release(&p->breakdowns);
    score_curve_release(&p->curve);
}
