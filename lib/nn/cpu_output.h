/* The CPU's output layer, what loss and ranks share.
 *
 * The targets are taken in chunks of rows whose scores fit the workspace, and their states are
 * transposed, so that a vector holds one item's scores of as many rows.  The items are taken in
 * tiles, and of each tile some targets at once, a panel: its scores stay in a core's first cache
 * from the product until they are used up.  Each thread has a run of tiles of its own, always the
 * same one, and what the threads sum is added in their order, so that a result repeats byte for
 * byte. */
#ifndef NN_CPU_OUTPUT_H
#define NN_CPU_OUTPUT_H

#include "nn/cpu.h"
#include "nn/cpu_tile.h"

enum {
    LINE = 16,       /* rows that are gone through as one vector: a cache line of floats */
    PANEL = 32,      /* rows of a panel, at most */
    TILE_ITEMS = 96, /* items of a tile, at most: a panel of them and its factors fit 32 KB */
    STATES = 96,     /* states that a tile is multiplied with at once: a vector's width is 6 KB */
    CHUNK_ROWS = 512 /* of a chunk, at most: the states of more would not stay in a second cache */
};

/* One chunk at a time.  A target's place in its chunk is its row.  Transposed, a row is a column of
 * [., ld]; those beyond `rows` have states of zeros, and nothing is read from them. */
struct chunk {
    const struct output_layer *o;
    int threads;
    int first, rows;    /* targets first .. first+rows-1 */
    int capacity;       /* rows of the largest chunk */
    size_t ld;          /* odd in cache lines, so that a column spreads over the cache; or with
                         * rounded factors a multiple of BF16_DEPTH */
    int width, tiles;   /* items of a tile; the last may have fewer */
    float *state;       /* [H, ld] */
    float *score;       /* [ld] the target's */
    float *kept;        /* [tiles, width, ld]; NULL: not kept, or rounded */
    size_t panel;       /* rows of a panel: PANEL, or with rounded factors all */
    float *passing;     /* [threads, width, panel]: panels that are not kept */
    struct parts *part; /* [threads] */
    float *top;         /* [ld] the largest score */
    double *total;      /* [ld] Σ e^(score - top) */
    /* Rounded factors (nn/bf16.h), with `bf16` alone. */
    bool bf16;
    size_t deep;        /* the width, up to a multiple of BF16_DEPTH; zeros beyond it */
    uint16_t *state16;  /* [deep, ld] */
    uint16_t *weight16; /* [threads, width, deep]: those of the tile at hand */
    uint16_t *kept16;   /* [tiles, width, ld] in place of `kept` */
    float *rest;        /* what the caller asked for */
};

/* The scores as far as one thread has seen them, [ld] each. */
struct parts {
    float *top;
    double *sum;       /* Σ e^(score - top) */
    float *not_finite; /* 0, or NaN once a score was not finite */
};

/* Some rows of a tile: their scores x, `ld` floats from one item to the next. */
struct panel {
    struct span item, row;
    float *x;
    size_t ld;
    uint16_t *rounded; /* where rounded exponentials go, `ld` of the chunk apart; or NULL */
};

/* Plans the chunks, so that the scores of one fit the workspace; bf16: factors are rounded. */
void chunk_plan(struct chunk *c, const struct cpu *cpu, const struct output_layer *o, bool bf16);

/* Takes scratch; `keep`: with room for all scores of a chunk; `rest`: floats for the caller. */
void chunk_open(struct chunk *c, struct cpu *cpu, bool keep, size_t rest);

/* The next chunk; false when all are done. */
bool chunk_next(struct chunk *c);

/* The targets' scores, `score`: one thread's share of them before the tiles; or as they come, those
 * in a panel.  Of float32 both are the same to the last bit. */
void chunk_target_scores(const struct chunk *c, int thread);
void chunk_note_targets(const struct chunk *c, const struct panel *p);

/* The items of a tile, and a tile's panel number i, kept or passing: false beyond the last. */
struct span chunk_tile(const struct chunk *c, int tile);
bool chunk_panel(const struct chunk *c, int thread, int tile, size_t i, struct panel *p);

/* Computes a panel's scores; raises the tops of the thread's parts to its largest ones.  raise
 * [panel]: what the parts' sums were multiplied by for it. */
void chunk_scores(const struct chunk *c, int thread, const struct panel *p, float *raise);

/* Adds a panel's e^(score - top) to the sums.  `replace`: they also take the scores' place, and go
 * rounded to where the panel wants them. */
void chunk_sum(const struct chunk *c, int thread, const struct panel *p, bool replace);

/* Joins the threads' parts of a row into top and total; returns the row's loss. */
float chunk_join(const struct chunk *c, int row);

#endif
