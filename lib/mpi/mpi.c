/* MPI for the ranks of a run (nn/ranks.h): the file sesspipe-mpi.so. */
#include <mpi.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "nn/ranks.h"

#define EXPORT __attribute__((visibility("default")))

/* Variables of the process, as MPI's own state is: what runs at its exit has no argument. */
static MPI_Request pending = MPI_REQUEST_NULL;
static bool failed, is_closed;
static int is_busy, own_rank;

static void check(int got)
{
    failed |= got != MPI_SUCCESS;
}

static void begin_send(void *at, size_t bytes)
{
    check(MPI_Ibcast(at, (int)bytes, MPI_BYTE, 0, MPI_COMM_WORLD, &pending));
}

static void begin_gather(const void *own, int bytes, void *all, const int *sizes, const int *places)
{
    check(MPI_Igatherv(own, bytes, MPI_BYTE, all, sizes, places, MPI_BYTE, 0, MPI_COMM_WORLD,
                       &pending));
}

static void begin_scatter(const void *all, const int *sizes, const int *places, void *own,
                          int bytes)
{
    check(MPI_Iscatterv(all, sizes, places, MPI_BYTE, own, bytes, MPI_BYTE, 0, MPI_COMM_WORLD,
                        &pending));
}

static void begin_sum(float *x, int n)
{
    check(MPI_Ireduce(own_rank ? x : MPI_IN_PLACE, x, n, MPI_FLOAT, MPI_SUM, 0, MPI_COMM_WORLD,
                      &pending));
}

static int test(void)
{
    int done = 0;
    if (!failed)
        check(MPI_Test(&pending, &done, MPI_STATUS_IGNORE));
    return failed ? -1 : done;
}

static void busy(int is)
{
    is_busy = is;
}

static void close_all(void)
{
    char end[RANKS_COMMAND] = {0};
    if (is_closed)
        return;
    is_closed = true;
    if (!own_rank) {
        begin_send(end, sizeof end);
        check(MPI_Wait(&pending, MPI_STATUS_IGNORE));
    }
    MPI_Finalize();
}

/* Of rank 0 alone, which may end anywhere, with an error of the input too. */
static void at_exit(int status, void *unused)
{
    (void)unused;
    if (is_closed)
        return;
    if (!failed && !is_busy)
        close_all();
    else if (is_busy != RANKS_LOST) /* else mpirun ends all */
        MPI_Abort(MPI_COMM_WORLD, status);
}

EXPORT int sesspipe_mpi_open(struct ranks_transport *t, char *why, size_t room)
{
    int level;
    if (MPI_Init_thread(NULL, NULL, MPI_THREAD_FUNNELED, &level) != MPI_SUCCESS) {
        snprintf(why, room, "MPI_Init_thread failed");
        return -1;
    }
    MPI_Comm_set_errhandler(MPI_COMM_WORLD, MPI_ERRORS_RETURN);
    *t = (struct ranks_transport){.begin_send = begin_send,
                                  .begin_gather = begin_gather,
                                  .begin_scatter = begin_scatter,
                                  .begin_sum = begin_sum,
                                  .test = test,
                                  .busy = busy,
                                  .close = close_all};
    MPI_Comm_rank(MPI_COMM_WORLD, &t->rank);
    MPI_Comm_size(MPI_COMM_WORLD, &t->count);
    own_rank = t->rank;
    if (!own_rank)
        on_exit(at_exit, NULL);
    return 0;
}

EXPORT uint64_t sesspipe_mpi_version(void)
{
    return RANKS_VERSION;
}

EXPORT void sesspipe_mpi_about(char *to, size_t room)
{
    char text[MPI_MAX_LIBRARY_VERSION_STRING];
    int length;
    MPI_Get_library_version(text, &length);
    snprintf(to, room, "%.*s", (int)strcspn(text, ",\n"), text);
}
