#include "viz/means_form.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>

#include "viz/format.h"
#include "viz/scale.h"

enum { ENOUGH = 10 /* sessions */ };

void means_take(struct gathered *to, const struct figure *p, struct run_names *c,
                const attended_vec *attended, const struct attention *a, bool goes_on)
{
    (void)a;
    if (!goes_on)
        means_end_session(&to->means);
    for (size_t j = 0; j < attended->len; j++) {
        const struct attended *s = &attended->at[j];
        long group = p->grouping->of(c, s);
        if (group >= 0)
            means_add(&to->means, (size_t)group, s->weight, s->relative);
    }
}

bool means_empty(const struct gathered *g)
{
    return !g->means.at.len;
}

void means_tsv(const struct figures *g, const struct figure *p, struct buf *to)
{
    const struct means *m = &gathered_of(g, p)->means;
    for (size_t i = 0; i < m->at.len; i++) {
        const struct mean *x = &m->at.at[i];
        if (!x->count)
            continue;
        figure_tsv_begin(g, p, to);
        buf_text(to, "\t\t\t\t\t");
        format_exact(to, p->grouping->low(g->names, i));
        buf_byte(to, '\t');
        format_exact(to, mean_weight(x));
        buf_byte(to, '\t');
        format_exact(to, mean_relative(x));
        buf_byte(to, '\t');
        format_exact(to, mean_error(x));
        buf_format(to, "\t%" PRIu64 "\t%" PRIu64 "\t\n", x->count, x->sessions);
    }
}

size_t means_groups(const struct figures *g, const struct figure *p)
{
    size_t n = gathered_of(g, p)->means.at.len;
    size_t wanted = p->grouping->groups ? p->grouping->groups(g->names) : n;
    return wanted > n ? wanted : n;
}

static bool is_reliable(const struct mean *m, bool any)
{
    return m->count && (any || m->sessions >= ENOUGH);
}

/* As means_top, of reliable groups or of `any`; 0: there are none. */
static double highest_of(const struct means *m, bool any, double least)
{
    double highest = 0, top = 0;
    for (size_t i = 0; i < m->at.len; i++)
        if (is_reliable(&m->at.at[i], any))
            highest = fmax(highest, mean_relative(&m->at.at[i]));
    for (size_t i = 0; i < m->at.len; i++)
        if (is_reliable(&m->at.at[i], any))
            top = fmax(top, scale_reach(mean_relative(&m->at.at[i]), mean_error(&m->at.at[i]),
                                        fmax(highest, least)));
    return top;
}

/* Groups of few sessions raise the scale by half at most: where they go on as the others do, that
 * is seen, and one that is far off does not press all others together. */
double means_top(const struct means *m, double least)
{
    double top = highest_of(m, false, least);
    top = fmax(top > 0 ? top : highest_of(m, true, least), least);
    double reach = top * 1.5;
    for (size_t i = 0; i < m->at.len; i++)
        if (m->at.at[i].count && mean_relative(&m->at.at[i]) <= reach)
            top = fmax(top, mean_relative(&m->at.at[i]));
    return top;
}

double means_bottom(const struct means *m)
{
    double bottom = 0;
    for (size_t i = 0; i < m->at.len; i++)
        if (m->at.at[i].count)
            bottom = fmin(bottom, mean_relative(&m->at.at[i]));
    return bottom;
}

void means_hint(const struct run_names *c, const struct grouping *by, const struct mean *m,
                size_t group, char *to, size_t room)
{
    struct buf text = {0};
    by->label(c, group, &text);
    buf_text(&text, ": ");
    format_number(&text, mean_relative(m), 3);
    buf_text(&text, " ± ");
    format_number(&text, mean_error(m), 3);
    buf_text(&text, " of even; mean weight ");
    format_number(&text, mean_weight(m), 4);
    buf_format(&text, "; %" PRIu64 " weights of %" PRIu64 " sessions", m->count, m->sessions);
    snprintf(to, room, "%.*s", (int)text.len, text.at);
    buf_release(&text);
}
