/* Tables of items whose rows are spread over the ranks of a run (nn/ranks.h), shard by shard: of
 * the N rows of a table rank r of R has rows rN/R .. (r+1)N/R - 1, their gradients and their
 * optimizer's state.
 *
 * Rank 0 runs the program.  On its device the address of a spread table is that of memory which
 * does not exist: the functions of the table of operations (nn/ops.h) that find such an address do
 * their work on all ranks, each on its rows by its own device, CPU or GPU; all others work as on
 * any device.  The other ranks run shards_serve.  What travels does not depend on N:
 *
 *     output_loss     states and targets to all; a maximum, a sum and the target's score of each
 *                     row back, and the joined ones to all (nn/ops.h, struct output_join); the sum
 *                     of the parts of dstate back.  dweight stays where it is.
 *     output_distill  the same, and the teacher's states to all
 *     output_rank     the same without dstate; counts and the k best of each row back
 *     gather, rows_update, ...  the rows that they name
 *     update, fill, square_sum  a few numbers
 *     upload, download          the bytes that they name
 *
 * upload, download, fill, copy, add, gather, gather_back, output_loss, output_distill, output_rank,
 * square_sum, update, rows_lazy_update, rows_update and release take spread tables, copy and add
 * only two of one shape.  gemm takes them for y = b of one row each, as tape_spread_bias calls it,
 * and like bias, bias_back, columns, activate, activate_back and normalize for layers over all rows
 * (nn/tape.h): a layer's weights go to all ranks, and the sum of the parts of their gradient comes
 * back. */
#ifndef NN_SHARDS_H
#define NN_SHARDS_H

#include "nn/ops.h"
#include "nn/ranks.h"

/* On rank 0: opens the chosen device on the other ranks too (nn/device_open.h), and lets `own`
 * reach them.  69: a rank has no such device. */
int shards_open(struct device *own, struct rank_group *ranks, const char *choice,
                const struct device_options *o, struct err *e);

/* On the other ranks: does what rank 0 asks for, until that ends. */
void shards_serve(struct rank_group *ranks);

/* A spread table of zeros, of rows of that many bytes; where the device has no shards, its own
 * memory.  op->release frees it. */
void *shards_zeros(struct device *d, int64_t rows, size_t row_bytes);

/* Whether a spread table begins at that address. */
bool shards_spread(const struct device *d, const void *at);

/* Before the device is closed, which shards_open was given. */
void shards_close(struct device *own);

#endif
