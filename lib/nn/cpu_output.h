/* The CPU's output layer: what the loss and the ranks share.
 *
 * Targets are processed in chunks of rows whose scores fit the workspace.  The states of a chunk
 * are transposed, so that a vector holds one item's scores for several rows.  Items are processed
 * in tiles, and each tile with some of the targets at a time: a panel.  A panel's scores stay in a
 * core's first-level cache from the product until they are used.
 *
 * The items are divided into parts, each a run of tiles with sums of its own.  A part, or a share
 * of its rows, is a piece: threads take pieces as they come to them (nn/cpu_queue.h), the large
 * ones first.  What a piece is depends on the numbers alone, and the parts' sums are added in their
 * order, so that results repeat byte for byte. */
#ifndef NN_CPU_OUTPUT_H
#define NN_CPU_OUTPUT_H

#include "nn/cpu.h"
#include "nn/cpu_queue.h"
#include "nn/cpu_tile.h"

enum {
    LINE = 16,        /* rows in a vector: a cache line of floats */
    PANEL = 32,       /* rows of a panel, at most */
    TILE_ITEMS = 144, /* items of a tile, at most: with 100 units they and their scores take 200 KB
                         of a second-level cache; fewer pay more for what each tile costs */
    STATES = 288, /* depth of a product: two vectors of each take 36 KB of a second-level cache */
    LEAST_TILES = 4, /* of a part, where there are several: a new part costs a part of a tile */
    CHUNK_ROWS = 512 /* a thread's rows of a chunk, at most: more states do not fit a second-level
                        cache */
};

/* How far a score may lie above its row's reference. */
#define FAR 4.0f

/* The current chunk.  A target's place in its chunk is its row.  In transposed matrices a row
 * is a column of [., ld]; columns beyond `rows` belong to zero states, and their results are
 * not read. */
struct chunk {
    const struct output_layer *o;
    int threads, sharers; /* threads that share the rows */
    int parts, pieces;    /* parts of the items; pieces that are a thread's at first */
    int first, rows;      /* targets first .. first+rows-1 */
    int capacity;         /* rows of the largest chunk */
    size_t ld; /* odd in cache lines, so that a column spreads over the cache; with rounded factors
                  a multiple of BF16_DEPTH */
    int width, tiles;             /* items of a tile; the last may have fewer */
    float *state;                 /* [H, ld] */
    float *score;                 /* [ld] the targets' scores */
    float *kept;                  /* [tiles, width, ld] all scores; NULL: not stored, or rounded */
    size_t panel;                 /* rows of a panel: PANEL, or with rounded factors all */
    float *passing;               /* [threads, width, panel]: panels that are not stored */
    struct parts *part;           /* [parts] */
    struct cpu_run *piece, *tile; /* [threads] what threads have not yet taken */
    float *reference;             /* [ld] the largest of the parts' references */
    double *total;                /* [ld] Σ e^(score - reference) */
    int32_t *target_row; /* [ld] rows by the tile of their targets, ascending in each tile */
    int32_t *of_tile;    /* [tiles + 2] where a tile's begin in `target_row` */
    /* Rounded factors (nn/bf16.h), with `bf16` alone. */
    bool bf16, by_float32;
    size_t deep;        /* the width rounded up to BF16_DEPTH; zeros beyond the width */
    uint16_t *state16;  /* [deep, ld] */
    uint16_t *weight16; /* [threads, width, deep]: weights of the current tile */
    uint16_t *kept16;   /* [tiles, width, ld] in place of `kept` */
    /* Additions of the chunk, grouped by the panels that they belong to. */
    size_t panels;   /* of a tile */
    int32_t *bucket; /* [tiles · panels + 1] where a panel's begin in `placed` */
    struct placed {  /* number of the addition, its item, its row in the chunk */
        int32_t number, item, row;
        float value;
    } * placed;    /* [additions] */
    float *summed; /* [additions] the scores with them */
    float *rest;   /* the caller's scratch */
};

/* What is known of the scores of one part so far, [ld] each. */
struct parts {
    float *reference;  /* no score is above it by more than FAR */
    double *sum;       /* Σ e^(score - reference) */
    float *not_finite; /* 0, or NaN once a score was not finite */
};

/* Some tiles, all of a part, and of the rows a share; who computes them. */
struct piece {
    struct span tile;
    int part, share, thread;
};

/* Some rows of a tile: their scores x, `ld` floats from one item to the next. */
struct panel {
    struct span item, row;
    float *x;
    size_t ld;
    uint16_t *rounded; /* destination of rounded exponentials, row stride the chunk's ld; or NULL */
};

/* How the threads divide the scores. */
struct sharing {
    int sharers; /* how many share the rows: a divisor of all threads; the others share the items */
    bool dealt;  /* pieces are taken by chunk_take; else each thread has one, its own */
};

/* Plans chunks whose scores fit the workspace, all of them with `keep`.  bf16: factors are
 * rounded. */
void chunk_plan(struct chunk *c, const struct cpu *cpu, const struct output_layer *o,
                struct sharing by, bool keep, bool bf16);

/* Takes scratch memory.  keep: with room for all scores of a chunk; rest: floats for the caller. */
void chunk_open(struct chunk *c, struct cpu *cpu, bool keep, size_t rest);

/* Prepares the next chunk; false when all are done. */
bool chunk_next(struct chunk *c);

/* Fills `target_row` and `of_tile` for chunk_note_targets and the gradients. */
void chunk_place_targets(const struct chunk *c);

/* Fills `score`, the targets' scores: chunk_target_scores computes one thread's share before the
 * walk over the tiles; the other copies the targets' scores from a panel.  In float32 both are
 * equal to the last bit. */
void chunk_target_scores(const struct chunk *c, int thread);
void chunk_note_targets(const struct chunk *c, int tile, const struct panel *p);

/* A thread's first piece, and the next one that it can take, the first included: false if none is
 * left.  Both set the part's sums of the piece's rows to 0. */
struct piece chunk_piece(const struct chunk *c, int thread);
bool chunk_take(const struct chunk *c, int thread, struct piece *p);

/* Takes a tile, the last first: it may still be in the cache of the thread whose piece it was.
 * Where no rows are shared. */
bool chunk_take_tile(const struct chunk *c, int thread, int *tile);

/* A piece's rows, in whole vectors: some may lie beyond the chunk's. */
static inline struct span chunk_rows(const struct chunk *c, const struct piece *w)
{
    size_t all = c->bf16 ? c->ld : cpu_padded((size_t)c->rows);
    return cpu_share(all, LINE, w->share, c->sharers);
}

/* The items of a tile; number i of a piece's panels of a tile, false beyond the last. */
struct span chunk_tile(const struct chunk *c, int tile);
bool chunk_panel(const struct chunk *c, const struct piece *w, size_t tile, size_t i,
                 struct panel *p);

/* Computes a panel's scores; the panel may also be some whole vectors of rows of one. */
void chunk_scores(const struct chunk *c, int thread, const struct panel *p);

/* Where one of LINE rows' largest scores `top` lies above the part's reference by more than FAR,
 * it becomes the reference: true, and raise [LINE] = the factors by which the part's sums were
 * multiplied for it.  So the exponentials of new scores are computed beside their largest in one
 * go, and once more where this is true, which is rare. */
bool chunk_raise(const struct chunk *c, int part, size_t row, const float *top, float *raise);

/* Adds the gradients of a row's additions, after chunk_join. */
void chunk_addition_gradients(const struct chunk *c, size_t row, float share);

/* The same of those in a panel, whose numbers are the slopes of the loss by its scores. */
void chunk_addition_slopes(const struct chunk *c, const struct panel *p);

/* Whether all scores of a row, after all panels, were finite. */
bool chunk_finite(const struct chunk *c, size_t row);

/* Joins the parts' references and sums of a row into reference and total, which is NaN where a
 * score was not finite. */
void chunk_join(const struct chunk *c, size_t row);

/* After that, of a part of the items (o->join) and in the thread that called the operation: joins
 * reference and total with those of the other parts.  scores: the targets' scores too. */
void chunk_join_parts(const struct chunk *c, bool scores);

/* The loss of a row, after that. */
float chunk_loss(const struct chunk *c, size_t row);

#endif
