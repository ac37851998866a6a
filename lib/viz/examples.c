/* Sessions as examples: side by side with what they held, and by age or hour of the week. */
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "viz/blocks.h"
#include "viz/gallery.h"
#include "viz/scale.h"
#include "viz/svg.h"
#include "viz/text.h"
#include "viz/words.h"

/* ---- gathering ---- */

static void take(struct gathered *to, const struct picture *p, struct cast *c, const seen_vec *seen,
                 const struct attention *a)
{
    (void)p, (void)c, (void)seen;
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

static bool empty(const struct gathered *g)
{
    return !g->examples.at.len;
}

static int by_order(const void *a, const void *b)
{
    const struct example *x = *(const struct example *const *)a;
    const struct example *y = *(const struct example *const *)b;
    return x->order < y->order ? -1 : x->order > y->order;
}

/* The examples in the order of the pass; the list is the caller's to free. */
static const struct example **in_order(const struct gallery *g, const struct picture *p, size_t *n)
{
    const struct examples *x = &gallery_of(g, p)->examples;
    const struct example **list = mem_zero(x->at.len, sizeof *list);
    *n = x->at.len;
    for (size_t i = 0; i < *n; i++)
        list[i] = &x->at.at[i];
    if (*n)
        qsort(list, *n, sizeof *list, by_order);
    return list;
}

static double heaviest(const seen_vec *seen)
{
    double top = 0;
    for (size_t j = 0; j < seen->len; j++)
        top = fmax(top, seen->at[j].weight);
    return top;
}

/* ---- what an attended session is called: its age, its hour of the week ---- */

typedef void say(const struct cast *c, const struct seen *s, struct buf *to);

static void say_age(const struct cast *c, const struct seen *s, struct buf *to)
{
    if (s->delta >= 0)
        words_age(c, (size_t)s->delta, to);
}

static void say_week(const struct cast *c, const struct seen *s, struct buf *to)
{
    if (s->week >= 0)
        words_week(c, (size_t)s->week, to);
}

/* ---- sessions side by side ---- */

enum {
    SIDE_WIDTH = 960,
    SIDE_COLUMN = 118,
    SIDE_MOST = 8, /* columns side by side */
    SIDE_ITEMS = 12,
    SIDE_NAME = 18, /* columns of an item's name */
    LINE = 14,
    SIDE_HEAD = 44, /* of an example */
};

/* Rows of columns that hold n sessions, evenly. */
static size_t rows_of(size_t n)
{
    return (n + SIDE_MOST - 1) / SIDE_MOST;
}

static size_t row_length(size_t n)
{
    return (n + rows_of(n) - 1) / rows_of(n);
}

static size_t lines_of(const struct seen *s)
{
    return s->length < 0 ? 0 : s->length <= SIDE_ITEMS ? (size_t)s->length : SIDE_ITEMS;
}

static double row_height(const seen_vec *seen, size_t first, size_t n)
{
    size_t most = 0;
    for (size_t j = first; j < first + n && j < seen->len; j++)
        most = lines_of(&seen->at[j]) > most ? lines_of(&seen->at[j]) : most;
    return (double)(most + 2) * LINE + 54;
}

static double example_height(const seen_vec *seen)
{
    double height = SIDE_HEAD;
    size_t n = row_length(seen->len);
    for (size_t j = 0; j < seen->len; j += n)
        height += row_height(seen, j, n);
    return height;
}

static void draw_contents(const struct cast *c, const struct seen *s, double x, double y,
                          struct buf *to)
{
    size_t lines = lines_of(s);
    bool more = s->length > SIDE_ITEMS;
    for (size_t i = 0; i < lines - more; i++)
        svg_name(to, "s", x + 6, y + (double)i * LINE, labels_at(&c->items, s->items[i]),
                 SIDE_NAME);
    if (more)
        svg_text(to, "s q", x + 6, y + (double)(lines - 1) * LINE, "+ %d more",
                 (int)s->length - SIDE_ITEMS + 1);
    if (s->length == 0)
        svg_text(to, "s q", x + 6, y, "not known");
}

static void draw_column(const struct gallery *g, const struct seen *s, double x, double y,
                        double height, double top, struct buf *to)
{
    struct buf age = {0}, week = {0};
    double share = scale_share(s->weight, 0, top), below = y + height - 46;
    say_age(g->cast, s, &age);
    say_week(g->cast, s, &week);
    svg_rect(to, "card", x, y, SIDE_COLUMN - 6, height - 46, NULL);
    svg_text(to, "s b", x + 6, y + 13, "%.*s%s", (int)age.len, age.at ? age.at : "",
             age.len ? " ago" : "");
    svg_text(to, "s q", x + 6, y + 26, "%.*s", (int)week.len, week.at ? week.at : "");
    svg_begin_clip(to, x, y, SIDE_COLUMN - 8, height - 46);
    draw_contents(g->cast, s, x, y + 44, to);
    svg_end_clip(to);
    svg_shade(to, x, below, SIDE_COLUMN - 6, 24, share, NULL);
    svg_text(to, svg_on(share), x + (SIDE_COLUMN - 6) / 2.0, below + 16, "%.3f (%.1f×)", s->weight,
             s->relative);
    buf_release(&age);
    buf_release(&week);
}

/* What came next, as far as it fits. */
static void draw_targets(const struct cast *c, const struct attention *a, double y, struct buf *to)
{
    enum { NAMES = 5 };
    if (!a->target.at || !a->target.len)
        return;
    svg_begin_text(to, "q", 12, y);
    svg_words(to, "what it then had to predict: ");
    for (size_t i = 0; i < a->target.len && i < NAMES; i++) {
        svg_words(to, i ? " · " : "");
        svg_named(to, labels_at(&c->items, column_i32(a->target)[i]), 24);
    }
    if (a->target.len > NAMES)
        svg_words(to, " · and %zu more", a->target.len - NAMES);
    svg_end_text(to);
}

static void draw_example(const struct gallery *g, const struct attention *a, const seen_vec *seen,
                         double y, struct buf *to)
{
    size_t n = row_length(seen->len);
    svg_begin_text(to, "b", 12, y + 12);
    svg_words(to, "Session %" PRId64 " of ", a->session);
    svg_named(to, labels_at(&g->cast->users, a->user), 40);
    svg_words(to, ", over %zu earlier ones", seen->len);
    svg_end_text(to);
    draw_targets(g->cast, a, y + 29, to);
    y += SIDE_HEAD;
    for (size_t first = 0; first < seen->len; first += n) {
        double height = row_height(seen, first, n);
        for (size_t j = first; j < first + n && j < seen->len; j++)
            draw_column(g, &seen->at[j], 12 + SIDE_COLUMN * (double)(j - first), y, height,
                        heaviest(seen), to);
        y += height;
    }
}

static void sessions_svg(const struct gallery *g, const struct picture *p, struct buf *to)
{
    size_t n;
    const struct example **list = in_order(g, p, &n);
    seen_vec seen = {0};
    double height = 72, y = 72;
    for (size_t i = 0; i < n; i++) {
        seen_of(&list[i]->attention, &seen);
        height += example_height(&seen);
    }
    svg_begin(to, SIDE_WIDTH, height, p->title);
    svg_text(to, "q", 12, 44,
             "newest first; below each its weight, and in brackets how many times even attention "
             "that is; strongest shade: the largest");
    for (size_t i = 0; i < n; i++) {
        seen_of(&list[i]->attention, &seen);
        draw_example(g, &list[i]->attention, &seen, y, to);
        y += example_height(&seen);
    }
    svg_end(to);
    vec_release(&seen);
    mem_free(list);
}

/* ---- two columns: when, and the weight ---- */

enum { PANEL = 154, PANELS = 4, PANEL_HEAD = 40, CELL = 18, PANEL_TOP = 60 };

static double panel_height(const seen_vec *seen)
{
    return PANEL_HEAD + CELL * (double)seen->len + 20;
}

static void draw_panel(const struct gallery *g, const struct attention *a, const seen_vec *seen,
                       say *when, double x, double y, struct buf *to)
{
    struct buf text = {0};
    svg_begin_clip(to, x, y, PANEL - 8, 18);
    svg_name(to, "s b", x, y + 12, labels_at(&g->cast->users, a->user), 22);
    svg_end_clip(to);
    svg_text(to, "s q", x, y + 27, "session %" PRId64, a->session);
    for (size_t j = 0; j < seen->len; j++) {
        const struct seen *s = &seen->at[j];
        double top = y + PANEL_HEAD + CELL * (double)j;
        double share = scale_share(s->weight, 0, heaviest(seen));
        buf_clear(&text);
        when(g->cast, s, &text);
        svg_text(to, "s e", x + 56, top + 13, "%.*s", (int)text.len, text.at ? text.at : "");
        svg_shade(to, x + 64, top, 72, CELL - 1, share, NULL);
        svg_text(to, svg_on(share), x + 100, top + 13, "%.3f", s->weight);
    }
    buf_release(&text);
}

static void panels_svg(const struct gallery *g, const struct picture *p, const char *what,
                       say *when, struct buf *to)
{
    size_t n;
    const struct example **list = in_order(g, p, &n);
    seen_vec seen = {0};
    double height = PANEL_TOP, y = PANEL_TOP, row = 0;
    for (size_t i = 0; i < n; i++) { /* a row is as high as its longest panel */
        seen_of(&list[i]->attention, &seen);
        row = fmax(i % PANELS ? row : 0, panel_height(&seen));
        height += i % PANELS == PANELS - 1 || i == n - 1 ? row : 0;
    }
    svg_begin(to, 640, height, p->title);
    svg_text(to, "q", 12, 44, "left: %s, newest first; right: its weight", what);
    row = 0;
    for (size_t i = 0; i < n; i++) {
        seen_of(&list[i]->attention, &seen);
        draw_panel(g, &list[i]->attention, &seen, when, 12 + PANEL * (double)(i % PANELS), y, to);
        row = fmax(row, panel_height(&seen));
        if (i % PANELS == PANELS - 1) {
            y += row;
            row = 0;
        }
    }
    svg_end(to);
    vec_release(&seen);
    mem_free(list);
}

static void ages_svg(const struct gallery *g, const struct picture *p, struct buf *to)
{
    panels_svg(g, p, "how long ago the session was", say_age, to);
}

static void weeks_svg(const struct gallery *g, const struct picture *p, struct buf *to)
{
    panels_svg(g, p, "the hour of the week of the session", say_week, to);
}

/* ---- TSV ---- */

static double group_of(const struct picture *p, const struct cast *c, const struct seen *s)
{
    if (p->form == &form_ages)
        return s->delta < 0 ? NAN : (double)cast_age_from(c, (size_t)s->delta) / 3600;
    if (p->form == &form_weeks)
        return s->week < 0 ? NAN : s->week;
    return (double)s->recency;
}

static void tsv_row(const struct gallery *g, const struct picture *p, const struct attention *a,
                    const struct seen *s, struct buf *to)
{
    gallery_tsv_begin(g, p, to);
    text_clean(to, labels_at(&g->cast->users, a->user), 0);
    buf_format(to, "\t%" PRId64 "\t", a->session);
    words_exact(to, group_of(p, g->cast, s));
    buf_byte(to, '\t');
    words_exact(to, s->weight);
    buf_byte(to, '\t');
    words_exact(to, s->relative);
    buf_text(to, "\t\t1\t1\t");
    for (int32_t i = 0; i < s->length && p->form == &form_sessions; i++) {
        buf_text(to, i ? " | " : "");
        text_clean(to, labels_at(&g->cast->items, s->items[i]), 0);
    }
    buf_byte(to, '\n');
}

static void tsv(const struct gallery *g, const struct picture *p, struct buf *to)
{
    size_t n;
    const struct example **list = in_order(g, p, &n);
    seen_vec seen = {0};
    for (size_t i = 0; i < n; i++) {
        seen_of(&list[i]->attention, &seen);
        for (size_t j = 0; j < seen.len; j++)
            tsv_row(g, p, &list[i]->attention, &seen.at[j], to);
    }
    vec_release(&seen);
    mem_free(list);
}

/* ---- terminal ---- */

static void text_session(const struct gallery *g, const struct blocks *b, const struct seen *s,
                         double top, struct buf *to)
{
    enum { BEFORE = 40 /* columns before the names */ };
    struct buf when = {0}, week = {0};
    size_t left = b->columns > BEFORE + 10 ? b->columns - BEFORE : 10;
    say_age(g->cast, s, &when);
    say_week(g->cast, s, &week);
    buf_text(to, "  ");
    blocks_bar(to, scale_share(s->weight, 0, top), 10);
    buf_format(to, " %.3f ", s->weight);
    text_terminal(to, (struct bytes){when.at, when.len}, 9, true);
    buf_byte(to, ' ');
    text_terminal(to, (struct bytes){week.at, week.len}, 9, true);
    for (int32_t i = 0; i < s->length && left > 4; i++) {
        struct buf name = {0};
        bool cut = text_clean(&name, labels_at(&g->cast->items, s->items[i]), left - 3);
        struct bytes shown = {name.at, name.len};
        size_t used = text_columns(shown) + 3;
        buf_text(to, i ? " · " : " ");
        text_terminal(to, shown, 0, false);
        left = cut || used > left ? 0 : left - used;
        buf_text(to, left <= 4 && !cut && i + 1 < s->length ? " …" : "");
        buf_release(&name);
    }
    buf_byte(to, '\n');
    buf_release(&when);
    buf_release(&week);
}

static void sessions_text(const struct gallery *g, const struct picture *p, const struct blocks *b,
                          struct buf *to)
{
    size_t n;
    const struct example **list = in_order(g, p, &n);
    seen_vec seen = {0};
    blocks_title(b, to, p->title);
    for (size_t i = 0; i < n; i++) {
        const struct attention *a = &list[i]->attention;
        buf_format(to, "  session %" PRId64 " of ", a->session);
        text_terminal(to, labels_at(&g->cast->users, a->user), 40, false);
        buf_text(to, ": weight, age, hour of the week, items; newest first\n");
        seen_of(a, &seen);
        for (size_t j = 0; j < seen.len; j++)
            text_session(g, b, &seen.at[j], heaviest(&seen), to);
        buf_byte(to, '\n');
    }
    vec_release(&seen);
    mem_free(list);
}

const struct form form_sessions = {take, empty, sessions_svg, tsv, sessions_text, true};
const struct form form_ages = {take, empty, ages_svg, tsv, NULL, false};
const struct form form_weeks = {take, empty, weeks_svg, tsv, NULL, false};
