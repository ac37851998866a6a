#include "viz/figures.h"

#include "viz/figure_table.h"

static size_t count_figures(void)
{
    size_t n = 0;
    while (figure_table[n].name)
        n++;
    return n;
}

static void clear_examples(struct examples *x)
{
    for (size_t i = 0; i < x->at.len; i++)
        attention_release(&x->at.at[i].attention);
    vec_clear(&x->at);
}

void figures_begin(struct figures *g, struct run_names *c, struct epoch epoch, int64_t examples,
                   uint64_t seed)
{
    size_t n = count_figures();
    if (!g->gathered)
        g->gathered = mem_zero(n, sizeof *g->gathered);
    g->table = figure_table;
    g->names = c;
    g->epoch = epoch.number;
    g->part = epoch.part;
    for (size_t i = 0; i < LEVELS; i++)
        g->level[i] = (struct level_count){.user = -1};
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

void figures_add(struct figures *g, const struct attention *a)
{
    const struct level_info *level = attention_level_find(a->level);
    size_t n = level ? attention_width(level, a) : 0;
    if (!n)
        return;
    struct level_count *count = &g->level[level - attention_levels];
    count->records++;
    if (n == 1) {
        count->alone++;
        return;
    }
    bool goes_on = level->several && a->user == count->user && a->session == count->session;
    count->user = a->user;
    count->session = a->session;
    attended_of(level, a, &g->attended);
    for (const struct figure *p = figure_table; p->name; p++)
        if (p->level == level)
            p->form->take(&g->gathered[p - figure_table], p, g->names, &g->attended, a, goes_on);
}

void figures_end(struct figures *g)
{
    for (const struct figure *p = figure_table; p->name; p++)
        means_end_session(&g->gathered[p - figure_table].means);
}

bool figures_has_attention(const struct figures *g)
{
    for (size_t i = 0; i < LEVELS; i++)
        if (g->level[i].records)
            return true;
    return false;
}

void figures_release(struct figures *g)
{
    for (size_t i = 0; g->gathered && i < count_figures(); i++) {
        means_release(&g->gathered[i].means);
        clear_examples(&g->gathered[i].examples);
        vec_release(&g->gathered[i].examples.at);
    }
    mem_free(g->gathered);
    vec_release(&g->attended);
    *g = (struct figures){0};
}

void figures_tsv_head(struct buf *to)
{
    buf_text(to, "run\tepoch\tpart\tlevel\tpicture\tuser\tsession\tposition\tpredicted\ttarget\t"
                 "group\tweight\trelative\terror\tweights\tsessions\titems\n");
}

void figures_tsv(const struct figures *g, struct buf *to)
{
    for (const struct figure *p = figure_table; p->name; p++)
        if (!figure_is_empty(g, p))
            p->form->tsv(g, p, to);
}

void figures_text(const struct figures *g, const struct terminal *b, struct buf *to)
{
    for (const struct figure *p = figure_table; p->name; p++)
        if (p->form->text && !figure_is_empty(g, p))
            p->form->text(g, p, b, to);
}
