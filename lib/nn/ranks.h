/* The processes of a run that mpirun has started, its ranks: numbers from 0 on, and the transport
 * of bytes between rank 0 and all others.
 *
 * MPI is opened at run time, as a GPU is (nn/device_open.h): sesspipe-mpi.so, beside the program or
 * in ../lib/sesspipe from there, or the file that the environment variable SESSPIPE_MPI names.  A
 * process that mpirun did not start looks for no such file.
 *
 * Every rank calls the same transport functions in the same order.  Rank 0 finds out that another
 * rank has gone from mpirun, which then asks every process to end. */
#ifndef NN_RANKS_H
#define NN_RANKS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"

/* What sesspipe-mpi.so fills in.  Each begin_ starts a transfer in which all ranks take part, of at
 * most RANKS_MOST bytes a rank; one at a time. */
struct ranks_transport {
    int rank, count;
    void (*begin_send)(void *at, size_t bytes); /* rank 0's bytes to all */
    /* own bytes [sizes[rank]] of every rank to rank 0's all [.], and back; sizes, places [count] on
     * rank 0: in bytes */
    void (*begin_gather)(const void *own, int bytes, void *all, const int *sizes,
                         const int *places);
    void (*begin_scatter)(const void *all, const int *sizes, const int *places, void *own,
                          int bytes);
    void (*begin_sum)(float *x, int n); /* the sums over all ranks, in rank 0's x */
    int (*test)(void);                  /* 1: it has ended; 0: not yet; -1: it has failed */
    /* Whether rank 0 is in the middle of what the others take part in; RANKS_LOST: and one has gone
     */
    void (*busy)(int is);
    void (*close)(void);
    uint64_t version; /* RANKS_VERSION of the file */
};

enum { RANKS_LOST = 2, RANKS_VERSION = 1, RANKS_MOST = 1 << 26, RANKS_COMMAND = 256 };

struct rank_group; /* opaque */

/* Whether mpirun has started this process as one of several. */
bool ranks_started(void);

/* Joins the other ranks; *r NULL: mpirun did not start this process.  Rank 0 ends all others when
 * it ends: they get RANKS_COMMAND zeros, the command to end.  69: MPI cannot be opened. */
int ranks_open(struct rank_group **r, struct err *e);
void ranks_close(struct rank_group *r); /* NULL is allowed */

int ranks_rank(const struct rank_group *r);
int ranks_count(const struct rank_group *r);

/* Calls failed(to, why), which must not return, where another rank has gone. */
void ranks_on_failure(struct rank_group *r, void (*failed)(void *to, const struct err *why),
                      void *to);

/* Transfers, which wait for their end.  bytes of any size; what of sizes [count] is more than
 * RANKS_MOST in all is the caller's to divide. */
void ranks_send(struct rank_group *r, void *at, size_t bytes);
void ranks_gather(struct rank_group *r, const void *own, int bytes, void *all, const int *sizes);
void ranks_scatter(struct rank_group *r, const void *all, const int *sizes, void *own, int bytes);
void ranks_sum(struct rank_group *r, float *x, size_t n);
void ranks_busy(struct rank_group *r, bool is);

/* Bytes that rank 0 has sent to one other rank, and got from it, on average over them. */
struct ranks_bytes {
    double sent, got;
};
struct ranks_bytes ranks_bytes(const struct rank_group *r);

/* Appends what --version says of MPI: "sesspipe-mpi.so for Open MPI v4.1.4 ...", "no: ...". */
void ranks_about(struct buf *to);

#endif
