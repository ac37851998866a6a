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
    float *kept;       /* [rows · items] */
    float *passing;    /* [threads, rows · width]: tiles that are not kept */
    float *score;      /* [rows] the target's */
    float *top;        /* [rows] the largest score */
    double *total;     /* [rows] Σ e^(score - top) */
    struct part *part; /* [threads, rows] */
    float *rest;       /* what the caller asked for */
};

/* Floats of scratch that a caller wants at `rest`. */
struct chunk_more {
    size_t fixed, row, tile_row; /* at all, for each row of a chunk, for each row of each tile */
};

/* Plans the chunks, so that the scores of one fit the workspace, and takes scratch; `keep`: with
 * room for all its scores. */
void chunk_plan(struct chunk *c, struct cpu *cpu, const struct output *o, bool keep,
                struct chunk_more more);

/* The next chunk; false when all are done. */
bool chunk_next(struct chunk *c);

/* The columns of a tile, and the tile of a column. */
struct span chunk_tile(const struct chunk *c, int tile);

static inline int chunk_tile_of(const struct chunk *c, int32_t item)
{
    return item / c->width;
}

/* Where the scores of a tile are kept, and where those of one that is not. */
float *chunk_kept(const struct chunk *c, int tile);
float *chunk_passing(const struct chunk *c, int thread);

/* Computes a tile's scores into x. */
void chunk_product(const struct chunk *c, int tile, float *x);

/* Looks at one row x of the tile that has the columns s: notes the target's score and scores that
 * are not finite, raises the top of the thread's part; *raise is what the part's sum was multiplied
 * by for it.  Returns the row's largest score in this tile. */
float chunk_see(const struct chunk *c, int thread, struct span s, int row, const float *x,
                float *raise);

/* Joins the threads' parts of a row into top and total; returns the row's loss. */
float chunk_join(const struct chunk *c, int row);

#endif
