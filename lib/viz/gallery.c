#include "viz/gallery.h"

#include <inttypes.h>
#include <stdlib.h>

static size_t count_pictures(void)
{
    size_t n = 0;
    while (pictures[n].name)
        n++;
    return n;
}

static void clear_examples(struct examples *x)
{
    for (size_t i = 0; i < x->at.len; i++)
        attention_release(&x->at.at[i].attention);
    vec_clear(&x->at);
}

void gallery_begin(struct gallery *g, struct cast *c, struct epoch epoch, int64_t examples,
                   uint64_t seed)
{
    size_t n = count_pictures();
    if (!g->gathered)
        g->gathered = mem_zero(n, sizeof *g->gathered);
    g->cast = c;
    g->epoch = epoch.number;
    g->part = epoch.part;
    g->sessions = g->alone = g->other = 0;
    for (size_t i = 0; i < n; i++) {
        struct gathered *to = &g->gathered[i];
        means_clear(&to->means);
        clear_examples(&to->examples);
        to->examples.sample = (struct sample){
            .places = (uint64_t)examples,
            .random = random_of(seed, (uint64_t)epoch.number),
        };
    }
}

void gallery_add(struct gallery *g, const struct attention *a)
{
    bool shown = false;
    for (const struct picture *p = pictures; p->name; p++)
        shown |= bytes_equal(a->level, bytes_of(p->level));
    if (!shown || !a->weight.len) {
        g->other += !shown;
        return;
    }
    g->sessions++;
    if (a->weight.len == 1) {
        g->alone++;
        return;
    }
    seen_of(a, &g->seen);
    for (const struct picture *p = pictures; p->name; p++)
        if (bytes_equal(a->level, bytes_of(p->level)))
            p->form->take(&g->gathered[p - pictures], p, g->cast, &g->seen, a);
}

void gallery_release(struct gallery *g)
{
    for (size_t i = 0; g->gathered && i < count_pictures(); i++) {
        means_release(&g->gathered[i].means);
        clear_examples(&g->gathered[i].examples);
        vec_release(&g->gathered[i].examples.at);
    }
    mem_free(g->gathered);
    vec_release(&g->seen);
    *g = (struct gallery){0};
}

void gallery_tsv_head(struct buf *to)
{
    buf_text(to, "run\tepoch\tpart\tpicture\tuser\tsession\tgroup\tweight\trelative\terror\t"
                 "weights\tsessions\titems\n");
}

void gallery_tsv_begin(const struct gallery *g, const struct picture *p, struct buf *to)
{
    buf_format(to, "%" PRId64 "\t%" PRId64 "\t%s\t%s\t", g->run, g->epoch, part_name[g->part],
               p->name);
}

void gallery_tsv(const struct gallery *g, struct buf *to)
{
    for (const struct picture *p = pictures; p->name; p++)
        if (!gallery_lacks(g, p))
            p->form->tsv(g, p, to);
}

void gallery_text(const struct gallery *g, const struct blocks *b, struct buf *to)
{
    for (const struct picture *p = pictures; p->name; p++)
        if (p->form->text && !gallery_lacks(g, p))
            p->form->text(g, p, b, to);
}
