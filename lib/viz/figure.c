#include "viz/figure.h"

#include <ctype.h>
#include <inttypes.h>

#include "viz/terminal.h"
#include "viz/svg.h"

void figure_tsv_begin(const struct figures *g, const struct figure *p, struct buf *to)
{
    buf_format(to, "%" PRId64 "\t%" PRId64 "\t%s\t%s\t%s\t", g->run, g->epoch, part_name[g->part],
               p->level->name, p->name);
}

static void whole_title(const struct figure *p, struct buf *to)
{
    buf_text(to, p->level->title);
    buf_text(to, ": ");
    buf_text(to, p->title);
    buf_byte(to, '\0');
}

void figure_begin_svg(const struct figure *p, double width, double height, const char *says,
                      struct buf *to)
{
    struct buf whole = {0}, title = {0};
    whole_title(p, &whole);
    buf_byte(&title, (char)toupper((unsigned char)p->title[0]));
    buf_append(&title, p->title + 1, strlen(p->title));
    svg_begin(to, width, height, (struct svg_head){whole.at, p->level->title, title.at, says});
    buf_release(&whole);
    buf_release(&title);
}

void figure_title(const struct figure *p, const struct terminal *b, struct buf *to)
{
    struct buf title = {0};
    whole_title(p, &title);
    terminal_title(b, to, title.at);
    buf_release(&title);
}
