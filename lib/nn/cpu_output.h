/* The CPU's output layer, what loss and ranks share.
 *
 * The targets are taken in chunks of rows whose scores fit the workspace, the items in tiles of
 * columns whose scores fit a core's cache.  A tile's scores stand end to end, [rows, columns of the
 * tile], tile after tile.  Each thread has a run of tiles of its own, always the same one, and what
 * the threads sum is added in their order, so that a result repeats byte for byte. */
#ifndef NN_CPU_OUTPUT_H
#define NN_CPU_OUTPUT_H

#include "nn/cpu.h"

/* A row's scores as far as one thread has seen them: Σ e^(score - top). */
struct part {
    double sum;
    float top;
    float not_finite; /* 0, or NaN once a score was not finite */
};

/* One chunk at a time; the pointers are scratch. */
struct chunk {
    const struct output *o;
    int threads;
    int first, rows; /* targets first .. first+rows-1 */
    int capacity;    /* rows of the largest chunk */
    int width;       /* columns of a tile; the last may have fewer */
    int tiles;
    float *scores; /* [rows · items], or one tile a thread where they are not kept */
    bool kept;
    float *score;      /* [rows] the target's */
    float *top;        /* [rows] the largest score */
    double *total;     /* [rows] Σ e^(score - top) */
    struct part *part; /* [threads, rows] */
    float *rest;       /* more_per_row floats for each row, more_per_tile_row for each tile's row */
};

/* Plans the chunks, and takes scratch: beside its own, `more` floats for each row of a chunk and
 * `tile_more` for each row of each tile, at `rest`.  `budget`: floats for the kept scores. */
void chunk_plan(struct chunk *c, struct cpu *cpu, const struct output *o, bool kept, size_t budget,
                size_t more, size_t tile_more);

/* The next chunk; false when all are done. */
bool chunk_next(struct chunk *c);

/* The columns of a tile: width of them from where. */
struct span chunk_tile(const struct chunk *c, int tile);

/* The tiles of a thread. */
struct span chunk_tiles(const struct chunk *c, int thread);

/* Where the scores of a tile stand. */
float *chunk_scores(const struct chunk *c, int thread, int tile);

/* Computes a tile's scores; row_top [rows] becomes each row's largest; the targets' scores and the
 * thread's finding of scores that are not finite are noted. */
void chunk_product(const struct chunk *c, int thread, int tile, float *row_top);

/* Raises a part's top to at least `top`; returns what the sums so far were multiplied by. */
float part_raise(struct part *p, float top);

/* Joins the threads' parts of a row into top and total; returns the row's loss. */
float chunk_join(const struct chunk *c, int row);

#endif
