/* The pictures of one pass: they take in its attention record by record, in memory that depends on
 * the pictures alone, and are then drawn in any way.
 *
 * A picture is a row of the table in pictures.c: what it is called, the level of attention it shows
 * and its form.  A form is how something is gathered and drawn: means over groups (a grouping says
 * which), or records as examples (a function draws one). */
#ifndef VIZ_FIGURES_H
#define VIZ_FIGURES_H

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
    struct run_names *cast;
    int64_t run, epoch;
    enum part part;
    struct level_count level[LEVELS];
    struct gathered *gathered; /* by picture */
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
};

extern const struct figure pictures[]; /* the last has no name */

/* {0} is fine before.  The records that are examples follow from the seed and the epoch. */
void figures_begin(struct figures *g, struct run_names *c, struct epoch epoch, int64_t examples,
                   uint64_t seed);
void figures_add(struct figures *g, const struct attention *a);

/* After the last record: only then may it be drawn. */
void figures_end(struct figures *g);
void figures_release(struct figures *g);

static inline const struct gathered *gallery_of(const struct figures *g, const struct figure *p)
{
    return &g->gathered[p - pictures];
}

/* Whether the pass has any attention of a known level. */
bool figures_has_attention(const struct figures *g);

/* Whether it has gathered nothing. */
static inline bool gallery_lacks(const struct figures *g, const struct figure *p)
{
    return p->form->empty(gallery_of(g, p));
}

/* The columns of figures_tsv, one line. */
void figures_tsv_head(struct buf *to);
void figures_tsv(const struct figures *g, struct buf *to);
void figures_text(const struct figures *g, const struct terminal *b, struct buf *to);

/* The columns that say where a row is from: run, epoch, part, level, picture. */
void figures_tsv_begin(const struct figures *g, const struct figure *p, struct buf *to);

/* Title: that of the level and its own.  Of an SVG picture, which it opens; of one for a terminal.
 */
void figure_begin_svg(const struct figure *p, double width, double height, struct buf *to);
void figure_title(const struct figure *p, const struct terminal *b, struct buf *to);

extern const struct figure_form form_chart, form_map;                 /* of means */
extern const struct figure_form form_sessions, form_ages, form_weeks; /* of examples */
extern const struct figure_form form_matrix, form_events, form_ranked, form_lines;

#endif
