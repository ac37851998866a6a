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

/* A sample of the pass's records: of fixed size, uniform. */
struct examples {
    struct sample sample;
    VEC(struct example {
        uint64_t order;
        struct attention attention;
    })
    at;
};

/* What a figure has gathered; its form uses one of the two. */
struct gathered {
    struct means means;
    struct examples examples;
};

/* How attended sessions or events fall into groups. */
struct grouping {
    const char *axis; /* what the groups are, with the unit */
    /* The group of an attended one; -1: none. */
    long (*of)(struct run_names *c, const struct attended *s);
    /* The least value of the group, its name in TSV. */
    double (*low)(const struct run_names *c, size_t group);
    /* A short name of the group, for people. */
    void (*label)(const struct run_names *c, size_t group, struct buf *to);
    /* The same on an axis of its own; NULL: `label`. */
    void (*tick)(const struct run_names *c, size_t group, struct buf *to);
    /* Whether the axis has a mark there; NULL: marks where there is room. */
    bool (*mark)(const struct run_names *c, size_t group);
    /* The number of groups shown, empty ones included; NULL: up to the last with weights. */
    size_t (*groups)(const struct run_names *c);
    size_t across; /* in a map of shades: groups in a row */
    void (*row)(const struct run_names *c, size_t row, struct buf *to); /* the name of a row */
};

struct figure {
    const char *name; /* among those of its level; in TSV, and in the name of its file */
    const struct level_info *level;
    const char *title; /* follows that of its level */
    const char *says;  /* explains it in a sentence or two */
    const struct figure_form *form;
    const struct grouping *grouping; /* of means */
};

/* The records of a level in a pass. */
struct level_count {
    uint64_t records;
    uint64_t alone;        /* records with a single session or event: in no figure */
    int64_t user, session; /* of the last of the other records */
};

/* The figures of one pass. */
struct figures {
    struct run_names *names;
    int64_t run, epoch;
    enum part part;
    struct level_count level[LEVELS];
    const struct figure *table; /* the figures; the last has no name */
    struct gathered *gathered;  /* of each figure */
    attended_vec attended;
};

struct figure_form {
    /* `goes_on`: the record and the one before it are of the same session. */
    void (*take)(struct gathered *to, const struct figure *p, struct run_names *c,
                 const attended_vec *attended, const struct attention *a, bool goes_on);
    bool (*empty)(const struct gathered *g);
    /* `width`: SVG_WIDTH, or of a form that is `wide` SVG_WIDE too. */
    void (*svg)(const struct figures *g, const struct figure *p, double width, struct buf *to);
    void (*tsv)(const struct figures *g, const struct figure *p, struct buf *to);
    /* For terminals; NULL: another figure shows it there. */
    void (*text)(const struct figures *g, const struct figure *p, const struct terminal *b,
                 struct buf *to);
    bool wide; /* is drawn over the whole width of a page too */
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

/* The title is that of the level and that of the figure.  Opens an SVG picture with it; `says` is
 * the line below it. */
void figure_begin_svg(const struct figure *p, double width, double height, const char *says,
                      struct buf *to);

/* Appends the title for a terminal. */
void figure_title(const struct figure *p, const struct terminal *b, struct buf *to);

#endif
