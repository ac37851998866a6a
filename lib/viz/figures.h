/* The figures of one pass.  They take in its attention record by record, in memory that depends on
 * the figures and not on the pass, and are then drawn in any way. */
#ifndef VIZ_FIGURES_H
#define VIZ_FIGURES_H

#include "viz/figure.h"

/* Begins a pass; g is {0} before the first.  The records that become examples follow from the seed
 * and the epoch. */
void figures_begin(struct figures *g, struct run_names *c, struct epoch epoch, int64_t examples,
                   uint64_t seed);
void figures_add(struct figures *g, const struct attention *a);

/* Ends the pass: only then may it be drawn. */
void figures_end(struct figures *g);
void figures_release(struct figures *g);

/* Whether the pass has any attention of a known level. */
bool figures_has_attention(const struct figures *g);

/* Appends the line of column names of figures_tsv. */
void figures_tsv_head(struct buf *to);
void figures_tsv(const struct figures *g, struct buf *to);
void figures_text(const struct figures *g, const struct terminal *b, struct buf *to);

#endif
