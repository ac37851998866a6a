/* What a figure is, and what all figures share.
 *
 * A figure is a row of the table in figure_table.c: its name, the level of attention it shows and
 * its form.  A form says how attention is gathered and drawn: as means over groups (a grouping says
 * which) or as examples, single records (a function draws one). */
#ifndef VIZ_FIGURE_H
#define VIZ_FIGURE_H

#include <stdbool.h>

#include "base/sample.h"
#include "viz/names.h"
#include "viz/mean.h"
#include "viz/attended.h"

struct terminal; /* viz/terminal.h */

/* A sample of records of fixed size, uniform over the pass. */
struct examples {
    struct sample sample;
    VEC(struct example {
        uint64_t order;
        struct attention attention;
    })
    at;
};

/* What a picture has gathered; of its form one of the two. */
struct gathered {
    struct means means;
    struct examples examples;
};

/* How attended sessions or events fall into groups. */
struct grouping {
    const char *axis; /* what the groups are, with the unit */
    /* The group of an attended one; -1: none. */
    long (*of)(struct run_names *c, const struct attended *s);
    /* The group's least value: what TSV calls it. */
    double (*low)(const struct run_names *c, size_t group);
    /* The group as people read it, short. */
    void (*label)(const struct run_names *c, size_t group, struct buf *to);
    /* Whether the axis has a mark there; NULL: wherever there is room. */
    bool (*mark)(const struct run_names *c, size_t group);
    /* Groups shown, weights or not; NULL: up to the last that has any. */
    size_t (*groups)(const struct run_names *c);
    size_t across; /* in shades, groups in a row */
    void (*row)(const struct run_names *c, size_t row,
                struct buf *to); /* what stands before a row */
};

struct figure {
    const char *name; /* one of its level's; with that of its file, and in TSV */
    const struct level_info *level;
    const char *title; /* behind that of its level */
    const char *says;  /* a sentence or two for who sees it for the first time */
    const struct figure_form *form;
    const struct grouping *grouping; /* of means */
};

/* What a pass has of a level. */
struct level_count {
    uint64_t records;
    uint64_t alone;        /* of these, those with nothing to choose from: they are in no picture */
    int64_t user, session; /* of the last of the others */
};

/* The pass that is shown. */
struct figures {
    struct run_names *names;
    int64_t run, epoch;
    enum part part;
    struct level_count level[LEVELS];
    const struct figure *table; /* the figures; the last has no name */
    struct gathered *gathered;  /* of each figure */
    attended_vec seen;
};

struct figure_form {
    /* `goes_on`: the record is of the session that the one before it was of. */
    void (*take)(struct gathered *to, const struct figure *p, struct run_names *c,
                 const attended_vec *seen, const struct attention *a, bool goes_on);
    bool (*empty)(const struct gathered *g);
    void (*svg)(const struct figures *g, const struct figure *p, struct buf *to);
    void (*tsv)(const struct figures *g, const struct figure *p, struct buf *to);
    /* For terminals; NULL: another picture shows it there. */
    void (*text)(const struct figures *g, const struct figure *p, const struct terminal *b,
                 struct buf *to);
    bool wide; /* needs a page's whole width */
    /* Of examples, in TSV: the group of an attended one; NULL: its recency. */
    double (*group)(const struct run_names *c, const struct attended *s);
    bool by_weight; /* of examples: the heaviest first, else the newest */
    bool no_items;  /* of examples, in TSV: another figure of the level names the items */
};

static inline const struct gathered *gathered_of(const struct figures *g, const struct figure *p)
{
    return &g->gathered[p - g->table];
}

/* Whether the figure has gathered nothing. */
static inline bool figure_is_empty(const struct figures *g, const struct figure *p)
{
    return p->form->empty(gathered_of(g, p));
}

/* Appends the columns that say where a row of TSV is from: run, epoch, part, level, picture. */
void figure_tsv_begin(const struct figures *g, const struct figure *p, struct buf *to);

/* The title is that of the level and that of the figure.  Opens an SVG picture with it. */
void figure_begin_svg(const struct figure *p, double width, double height, struct buf *to);

/* Appends the title for a terminal. */
void figure_title(const struct figure *p, const struct terminal *b, struct buf *to);

#endif
