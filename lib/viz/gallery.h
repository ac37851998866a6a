/* The pictures of one pass: they take in its attention record by record, in memory that depends on
 * the pictures alone, and are then drawn in any way.
 *
 * A picture is a row of the table in pictures.c: what it is called, the level of attention it shows
 * and its form.  A form is how something is gathered and drawn: means over groups (a grouping says
 * which), or sessions as examples (a function draws one). */
#ifndef VIZ_GALLERY_H
#define VIZ_GALLERY_H

#include <stdbool.h>

#include "base/sample.h"
#include "viz/cast.h"
#include "viz/mean.h"
#include "viz/seen.h"

struct blocks; /* viz/blocks.h */

/* A sample of sessions of fixed size, uniform over the pass. */
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

/* How attended sessions fall into groups. */
struct grouping {
    const char *axis; /* what the groups are, with the unit */
    /* The group of an attended session; -1: none. */
    long (*of)(struct cast *c, const struct seen *s);
    /* The group's least value: what TSV calls it. */
    double (*low)(const struct cast *c, size_t group);
    /* The group as people read it, short. */
    void (*label)(const struct cast *c, size_t group, struct buf *to);
    /* Whether the axis has a mark there; NULL: wherever there is room. */
    bool (*mark)(const struct cast *c, size_t group);
    /* Groups shown, weights or not; NULL: up to the last that has any. */
    size_t (*groups)(const struct cast *c);
    size_t across;                                                 /* in shades, groups in a row */
    void (*row)(const struct cast *c, size_t row, struct buf *to); /* what stands before a row */
};

struct picture {
    const char *name; /* of its file, and in TSV */
    const char *level;
    const char *title;
    const char *says; /* a sentence or two for who sees it for the first time */
    const struct form *form;
    const struct grouping *grouping; /* of means */
};

/* The pass that is shown. */
struct gallery {
    struct cast *cast;
    int64_t run, epoch;
    enum part part;
    uint64_t sessions;         /* with attention of a level that is shown */
    uint64_t alone;            /* of these, with one attended session: there is no choice to see */
    uint64_t other;            /* records of levels that no picture shows */
    struct gathered *gathered; /* by picture */
    seen_vec seen;
};

struct form {
    void (*take)(struct gathered *to, const struct picture *p, struct cast *c, const seen_vec *seen,
                 const struct attention *a);
    bool (*empty)(const struct gathered *g);
    void (*svg)(const struct gallery *g, const struct picture *p, struct buf *to);
    void (*tsv)(const struct gallery *g, const struct picture *p, struct buf *to);
    /* For terminals; NULL: another picture shows it there. */
    void (*text)(const struct gallery *g, const struct picture *p, const struct blocks *b,
                 struct buf *to);
    bool wide; /* needs a page's whole width */
};

extern const struct picture pictures[]; /* the last has no name */

/* {0} is fine before.  The sessions of the examples follow from the seed and the epoch. */
void gallery_begin(struct gallery *g, struct cast *c, struct epoch epoch, int64_t examples,
                   uint64_t seed);
void gallery_add(struct gallery *g, const struct attention *a);
void gallery_release(struct gallery *g);

static inline const struct gathered *gallery_of(const struct gallery *g, const struct picture *p)
{
    return &g->gathered[p - pictures];
}

/* Whether it has gathered nothing. */
static inline bool gallery_lacks(const struct gallery *g, const struct picture *p)
{
    return p->form->empty(gallery_of(g, p));
}

/* The columns of gallery_tsv, one line. */
void gallery_tsv_head(struct buf *to);
void gallery_tsv(const struct gallery *g, struct buf *to);
void gallery_text(const struct gallery *g, const struct blocks *b, struct buf *to);

/* The columns that say where a row is from: run, epoch, part, picture. */
void gallery_tsv_begin(const struct gallery *g, const struct picture *p, struct buf *to);

extern const struct form form_chart, form_map;                 /* of means */
extern const struct form form_sessions, form_ages, form_weeks; /* of examples */

#endif
