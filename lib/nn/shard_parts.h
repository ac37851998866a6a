/* Private declarations of nn/shards.h: what its files share.
 *
 * Each operation is one function, which all ranks call with the same command: rank 0 with the
 * arguments that only it has (`call`), the others without (NULL). */
#ifndef NN_SHARD_PARTS_H
#define NN_SHARD_PARTS_H

#include <string.h>

#include "base/buf.h"
#include "nn/shards.h"

enum shard_verb {
    SHARD_END, /* all zeros (nn/ranks.h) */
    SHARD_OPEN,
    SHARD_MAKE,
    SHARD_RELEASE,
    SHARD_UPLOAD,
    SHARD_DOWNLOAD,
    SHARD_FILL,
    SHARD_COPY,
    SHARD_ADD,
    SHARD_SCALED,
    SHARD_PRODUCT,
    SHARD_LINEAR,
    SHARD_FACTOR,
    SHARD_BIAS,
    SHARD_ROW_SUM,
    SHARD_COLUMNS,
    SHARD_ACTIVATE,
    SHARD_ACTIVATE_BACK,
    SHARD_NORMALIZE,
    SHARD_GATHER,
    SHARD_GATHER_BACK,
    SHARD_LAZY_UPDATE,
    SHARD_ROWS_UPDATE,
    SHARD_UPDATE,
    SHARD_SQUARES,
    SHARD_LOSS,
    SHARD_DISTILL,
    SHARD_RANK,
    SHARD_VERBS
};

enum { SHARD_ARRAYS = 7, SHARD_NUMBERS = 10 };

struct shard_command {
    int32_t verb;
    int32_t array[SHARD_ARRAYS]; /* numbers of tables; -1: none */
    int64_t number[SHARD_NUMBERS];
    float value;
    struct update update;
};
_Static_assert(sizeof(struct shard_command) <= RANKS_COMMAND, "a command is as long as its end");

/* A spread table. */
struct shard_array {
    int64_t rows;
    size_t row_bytes;
    char *address; /* rank 0: no memory, only its address; NULL: released */
    void *own;     /* this rank's rows, of the device */
};

/* Memory that grows to the largest size ever needed. */
struct shard_room {
    void *at;
    size_t size;
};

enum { SHARD_ROOMS = 15 };

struct shards {
    struct rank_group *ranks;
    int rank, count;
    struct device *device;
    const struct operations *op; /* of the device alone */
    struct operations table;     /* rank 0: with those of shards_open */
    VEC(struct shard_array) arrays;
    struct shard_room host[SHARD_ROOMS], memory[SHARD_ROOMS];
    int *sizes;       /* [count] */
    size_t workspace; /* bytes for the output layer's chunks */
};

/* ---- commands ---- */

static inline struct shard_command shard_command(enum shard_verb verb)
{
    return (struct shard_command){.verb = (int32_t)verb, .array = {-1, -1, -1, -1, -1, -1, -1}};
}

/* The command for the whole tables at these addresses; false: the first of them is of no table. */
#define TABLES(...) ((const void *const[SHARD_ARRAYS]){__VA_ARGS__})
bool shard_command_of(const struct shards *s, enum shard_verb verb,
                      const void *const at[SHARD_ARRAYS], struct shard_command *c);

/* Begins a command, of rank 0 alone; sends it to the others. */
void shard_begin(struct shards *s, const struct shard_command *c);
void shard_end(struct shards *s);

/* ---- tables ---- */

/* The rows of a table that rank r has: from shard_first(.., r) on, up to shard_first(.., r + 1). */
static inline int64_t shard_first(const struct shards *s, int64_t rows, int r)
{
    return rows * r / s->count;
}

static inline int64_t shard_rows(const struct shards *s, int64_t rows)
{
    return shard_first(s, rows, s->rank + 1) - shard_first(s, rows, s->rank);
}

/* The number of the table at that address, and the place in it in bytes (NULL: it is the table's
 * begin); -1: it is none. */
int32_t shard_find(const struct shards *s, const void *address, size_t *at);

/* This rank's rows of a table; NULL: number is -1. */
static inline void *shard_own(const struct shards *s, int32_t number)
{
    return number < 0 ? NULL : s->arrays.at[number].own;
}

/* ---- memory ---- */

/* Room number i of that many bytes, on the host and on the device; valid until the next call for
 * the same number. */
void *shard_host(struct shards *s, int i, size_t bytes);
void *shard_memory(struct shards *s, int i, size_t bytes);

/* The bytes in the host's memory: those of the device where that is the host, else a copy in room
 * i. */
void *shard_to_host(struct shards *s, int i, const void *at, size_t bytes);

/* The host's bytes in the device's memory, likewise. */
void *shard_to_device(struct shards *s, int i, const void *host, size_t bytes);

/* Rank 0's bytes of the device, on all ranks in the host's memory: its own, or room i. */
void *shard_spread_bytes(struct shards *s, int i, const void *at, size_t bytes);

/* ---- operations ---- */

struct shard_bytes { /* of upload, download: number 0, 1 = from, to in bytes */
    const void *from;
    void *to;
};
void shard_upload(struct shards *s, const struct shard_command *c, const struct shard_bytes *b);
void shard_download(struct shards *s, const struct shard_command *c, const struct shard_bytes *b);

/* array 0; number 0, 1 = from, to in floats */
void shard_fill(struct shards *s, const struct shard_command *c);

/* array 0 = or += array 1, or += value array 1 */
void shard_copy(struct shards *s, const struct shard_command *c);
void shard_add(struct shards *s, const struct shard_command *c);
void shard_scaled(struct shards *s, const struct shard_command *c);

/* Layers over all rows of tables (nn/shard_layers.c), whose weights are of rank 0. */
enum { SHARD_OUT, SHARD_IN, SHARD_TURNED, SHARD_LD };
/* array 0 [., out] = array 1 [., in] op(weight) + value array 0 */
void shard_linear(struct shards *s, const struct shard_command *c, const float *weight);
/* The sums over all rows, of rank 0's device until the next operation: [out, in] = array 0ᵀ array
 * 1, and [out] = array 0. */
const float *shard_factor(struct shards *s, const struct shard_command *c);
const float *shard_row_sum(struct shards *s, const struct shard_command *c);
void shard_bias(struct shards *s, const struct shard_command *c, const float *bias); /* [out] */
/* array 0 or part of its columns += or = array 1 or part of its; numbers SHARD_COLS, ... */
enum { SHARD_COLS, SHARD_AT_TO, SHARD_LD_TO, SHARD_AT_FROM, SHARD_LD_FROM, SHARD_ADDS };
void shard_columns(struct shards *s, const struct shard_command *c);
/* number 0 = the activation */
void shard_activate(struct shards *s, const struct shard_command *c);
void shard_activate_back(struct shards *s, const struct shard_command *c);
/* arrays y, x, kept; number SHARD_OUT */
void shard_normalize(struct shards *s, const struct shard_command *c);

/* Puts the operations on layers into rank 0's table. */
void shard_set_layers(struct operations *table);

/* Products and squares: a number on rank 0. */
double shard_product(struct shards *s, const struct shard_command *c);
double shard_squares(struct shards *s, const struct shard_command *c);

/* Rows of tables; number 0 = rows named (-1: all), 1 = columns. */
struct shard_rows_call {
    const int32_t *row; /* host, ascending */
    const float *from;  /* [rows, cols] */
    float *to;          /* [rows, cols] */
};

/* Rank 0: the distinct rows of positions, ascending, and which of them each position has (-1:
 * none); both on the host. */
struct shard_distinct {
    int count;
    const int32_t *row, *place;
};
struct shard_distinct shard_distinct(struct shards *s, const struct rows *r);

void shard_gather(struct shards *s, const struct shard_command *c, const struct shard_rows_call *r);
void shard_gather_back(struct shards *s, const struct shard_command *c,
                       const struct shard_rows_call *r);
void shard_lazy_update(struct shards *s, const struct shard_command *c,
                       const struct shard_rows_call *r);
void shard_rows_update(struct shards *s, const struct shard_command *c,
                       const struct shard_rows_call *r);
void shard_update(struct shards *s, const struct shard_command *c);

/* The output layer: arrays weight, bias, dweight, dbias, candidate, and of a teacher weight and
 * bias; numbers SHARD_TARGETS, ...; value: factor, or the teacher's temperature. */
enum {
    SHARD_TARGETS,
    SHARD_WIDTH,
    SHARD_ITEMS,
    SHARD_ADDED,
    SHARD_WANTS,
    SHARD_CHUNK,
    SHARD_BEST,
    SHARD_TAUGHT
};
enum { SHARD_DSTATE = 1, SHARD_DADDED = 2 };
struct shard_output_call {
    const struct output_layer *o;
    const struct taught *by; /* NULL: no teacher */
    float *loss, *dstate;
    int32_t *rank, *ties, *item;
    float *score;
};
void shard_loss(struct shards *s, const struct shard_command *c, const struct shard_output_call *o);
void shard_rank(struct shards *s, const struct shard_command *c, const struct shard_output_call *o);

#endif
