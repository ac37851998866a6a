#include "viz/examples.h"

#include <inttypes.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "viz/svg.h"
#include "viz/text.h"
#include "viz/format.h"

/* ---- gathering ---- */

void examples_take(struct gathered *to, const struct figure *p, struct run_names *c,
                   const attended_vec *attended, const struct attention *a, bool goes_on)
{
    (void)p, (void)c, (void)attended, (void)goes_on;
    struct examples *x = &to->examples;
    size_t place = sample_place(&x->sample);
    if (place == SIZE_MAX)
        return;
    if (place == x->at.len)
        vec_push(&x->at, (struct example){0});
    else
        attention_release(&x->at.at[place].attention);
    x->at.at[place].order = x->sample.candidates;
    attention_copy(&x->at.at[place].attention, a);
}

bool examples_empty(const struct gathered *g)
{
    return !g->examples.at.len;
}

static int by_order(const void *a, const void *b)
{
    const struct example *x = *(const struct example *const *)a;
    const struct example *y = *(const struct example *const *)b;
    return x->order < y->order ? -1 : x->order > y->order;
}

void examples_each(const struct figures *g, const struct figure *p, example_visit *visit, void *to)
{
    const struct examples *x = &gathered_of(g, p)->examples;
    const struct example **list = mem_zero(x->at.len, sizeof *list);
    attended_vec attended = {0};
    for (size_t i = 0; i < x->at.len; i++)
        list[i] = &x->at.at[i];
    if (x->at.len)
        qsort(list, x->at.len, sizeof *list, by_order);
    for (size_t i = 0; i < x->at.len; i++) {
        attended_of(p->level, &list[i]->attention, &attended);
        visit(to, g, p, &list[i]->attention, &attended);
    }
    vec_release(&attended);
    mem_free(list);
}

void examples_svg(const struct figures *g, const struct figure *p, double width,
                  example_visit *visit, const char *says, struct buf *to)
{
    struct example_drawn measured = {NULL, width, 0}, drawn = {to, width, 0};
    examples_each(g, p, visit, &measured);
    figure_begin_svg(p, width, measured.y, says, to);
    examples_each(g, p, visit, &drawn);
    svg_end(to);
}

void examples_text(const struct figures *g, const struct figure *p, const struct terminal *b,
                   example_visit *visit, struct buf *to)
{
    struct example_written w = {to, b};
    figure_title(p, b, to);
    examples_each(g, p, visit, &w);
}

/* ---- words ---- */

double examples_heaviest(const attended_vec *attended)
{
    double top = 0;
    for (size_t j = 0; j < attended->len; j++)
        top = fmax(top, attended->at[j].weight);
    return top;
}

void say_age(const struct run_names *c, const struct attended *s, struct buf *to)
{
    if (s->age >= FORMAT_WEEK)
        buf_format(to, "%" PRId64 " d", s->age / FORMAT_DAY);
    else if (s->delta >= 0)
        format_age(c, (size_t)s->delta, to);
}

void say_week(const struct run_names *c, const struct attended *s, struct buf *to)
{
    if (s->week >= 0)
        format_week(c, (size_t)s->week, to);
}

int64_t event_train(const struct run_names *c, const struct attended *s)
{
    return s->length == 1 ? c->train.at[s->items[0]] : -1;
}

/* The heaviest first; of equals the newest. */
static int by_weight(const void *a, const void *b)
{
    const struct attended *x = a, *y = b;
    if (x->weight != y->weight)
        return x->weight > y->weight ? -1 : 1;
    return x->recency < y->recency ? -1 : x->recency > y->recency;
}

void attended_by_weight(attended_vec *to, const attended_vec *attended)
{
    vec_clear(to);
    vec_append(to, attended->at, attended->len);
    if (to->len)
        qsort(to->at, to->len, sizeof *to->at, by_weight);
}

void example_heading(const struct figures *g, const struct attention *a, double width, double y,
                     struct buf *to, const char *format, ...)
{
    char before[40], after[200];
    va_list args;
    va_start(args, format);
    vsnprintf(after, sizeof after, format, args);
    va_end(args);
    snprintf(before, sizeof before, "Session %" PRId64 " of ", a->session);
    size_t words = strlen(before) + strlen(after), room = svg_columns("b", width - 24);
    svg_begin_text(to, "b", SVG_MARGIN, y);
    svg_words(to, "%s", before);
    svg_named(to, label_list_at(&g->names->users, a->user), room > words + 2 ? room - words : 2);
    svg_words(to, "%s", after);
    svg_end_text(to);
}

void example_line(const struct figures *g, const struct attention *a, struct buf *to)
{
    buf_format(to, "  session %" PRId64 " of ", a->session);
    text_terminal(to, label_list_at(&g->names->users, a->user), 40, false);
    if (a->position >= 0)
        buf_format(to, ", position %" PRId64, a->position);
}

void text_items(const struct run_names *c, const int32_t *items, int32_t n, size_t columns,
                struct buf *to)
{
    for (int32_t i = 0; i < n && columns > 4; i++) {
        struct buf name = {0};
        bool cut = text_clean(&name, label_list_at(&c->items, items[i]), columns - 3);
        struct bytes shown = {name.at, name.len};
        size_t used = text_columns(shown) + 3;
        buf_text(to, i ? " · " : " ");
        text_terminal(to, shown, 0, false);
        columns = cut || used > columns ? 0 : columns - used;
        buf_text(to, columns <= 4 && !cut && i + 1 < n ? " …" : "");
        buf_release(&name);
    }
}

/* ---- TSV ---- */

static double group_of(const struct figure *p, const struct run_names *c, const struct attended *s)
{
    return p->form->group ? p->form->group(c, s) : (double)s->recency;
}

static void put_item(const struct figures *g, struct column items, size_t i, struct buf *to)
{
    if (items.at && i < items.len)
        text_clean(to, label_list_at(&g->names->items, column_i32(items)[i]), 0);
    buf_byte(to, '\t');
}

/* What was predicted and what came, at a step or at a position of a session. */
static void put_step(const struct figures *g, const struct figure *p, const struct attention *a,
                     size_t row, struct buf *to)
{
    int64_t position = p->level->by_target ? (int64_t)row : a->position;
    if (position >= 0)
        buf_format(to, "%" PRId64, position);
    buf_byte(to, '\t');
    if (position < 0) {
        buf_text(to, "\t\t");
        return;
    }
    put_item(g, a->top, row, to);
    put_item(g, a->target, row, to);
}

static void tsv_row(const struct figures *g, const struct figure *p, const struct attention *a,
                    size_t row, const struct attended *s, struct buf *to)
{
    figure_tsv_begin(g, p, to);
    text_clean(to, label_list_at(&g->names->users, a->user), 0);
    buf_format(to, "\t%" PRId64 "\t", a->session);
    put_step(g, p, a, row, to);
    format_exact(to, group_of(p, g->names, s));
    buf_byte(to, '\t');
    format_exact(to, s->weight);
    buf_byte(to, '\t');
    format_exact(to, s->relative);
    buf_text(to, "\t\t1\t1\t");
    for (int32_t i = 0; i < s->length && !p->form->no_items; i++) {
        buf_text(to, i ? " | " : "");
        text_clean(to, label_list_at(&g->names->items, s->items[i]), 0);
    }
    buf_byte(to, '\n');
}

static void visit_tsv(void *to, const struct figures *g, const struct figure *p,
                      const struct attention *a, const attended_vec *attended)
{
    size_t n = attention_width(p->level, a);
    attended_vec ranked = {0};
    if (p->form->by_weight)
        attended_by_weight(&ranked, attended);
    for (size_t j = 0; j < attended->len; j++)
        tsv_row(g, p, a, j / n, ranked.len ? &ranked.at[j] : &attended->at[j], to);
    vec_release(&ranked);
}

void examples_tsv(const struct figures *g, const struct figure *p, struct buf *to)
{
    examples_each(g, p, visit_tsv, to);
}
