#include "viz/session_cards.h"

#include "viz/examples.h"
#include "viz/svg.h"

size_t side_row_length(size_t n, size_t most)
{
    size_t rows = (n + most - 1) / most;
    return (n + rows - 1) / rows;
}

static size_t lines_of(const struct attended *s)
{
    return s->length < 0 ? 0 : s->length <= SIDE_ITEMS ? (size_t)s->length : SIDE_ITEMS;
}

double side_card_height(const struct attended *s, size_t n)
{
    size_t most = 0;
    for (size_t j = 0; j < n; j++)
        most = lines_of(&s[j]) > most ? lines_of(&s[j]) : most;
    return (double)(most + 2) * SIDE_LINE + 8;
}

static void draw_contents(const struct run_names *c, const struct attended *s, double x, double y,
                          double width, struct buf *to)
{
    size_t lines = lines_of(s);
    bool more = s->length > SIDE_ITEMS;
    for (size_t i = 0; i < lines - more; i++)
        svg_name(to, "s", x, y + (double)i * SIDE_LINE, label_list_at(&c->items, s->items[i]),
                 svg_columns("s", width - 8));
    if (more)
        svg_text(to, "s q", x, y + (double)(lines - 1) * SIDE_LINE, "+ %d more",
                 (int)s->length - SIDE_ITEMS + 1);
    if (s->length == 0)
        svg_text(to, "s q", x, y, "not known");
}

void side_card(const struct run_names *c, const struct attended *s, double x, double y,
               double width, double height, struct buf *to)
{
    struct buf age = {0}, week = {0};
    say_age(c, s, &age);
    say_week(c, s, &week);
    svg_rect(to, "card", x, y, width, height, NULL);
    svg_text(to, "s b", x + 6, y + 13, "%.*s%s", (int)age.len, age.at ? age.at : "",
             age.len ? " ago" : "");
    svg_text(to, "s q", x + 6, y + 26, "%.*s", (int)week.len, week.at ? week.at : "");
    svg_begin_clip(to, x, y, width - 2, height);
    draw_contents(c, s, x + 6, y + 44, width - 6, to);
    svg_end_clip(to);
    buf_release(&age);
    buf_release(&week);
}
