#include "nn/ranks.h"

#include <dlfcn.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "nn/backend_file.h"

struct rank_group {
    struct ranks_transport t;
    void (*failed)(void *to, const struct err *why);
    void *to;
    int *places;      /* [count] */
    bool shares_core; /* the ranks of this host are more than its cores */
    double sent, got;
};

/* A signal handler has no argument: whether rank 0 waits for others, whether the process was asked
 * to end, and whether that has had the effect that it had before, which is there too. */
static volatile sig_atomic_t waits, asked, passed;
static struct sigaction before;

/* ---- opening ---- */

struct mpi_file {
    uint64_t (*version)(void);
    int (*open)(struct ranks_transport *t, char *why, size_t room);
    void (*about)(char *to, size_t room);
};

static bool load(struct mpi_file *f, char *why, size_t room)
{
    void *file =
        backend_file_load("sesspipe-mpi.so", "SESSPIPE_MPI",
                          " (make builds it where libopenmpi-dev is installed)", true, why, room);
    if (!file)
        return false;
    if (!backend_file_function(file, "sesspipe_mpi_version", &f->version) ||
        !backend_file_function(file, "sesspipe_mpi_open", &f->open) ||
        !backend_file_function(file, "sesspipe_mpi_about", &f->about) ||
        f->version() != RANKS_VERSION) {
        snprintf(why, room, "sesspipe-mpi.so is of another version: build both together");
        return false;
    }
    return true;
}

void ranks_about(struct buf *to)
{
    struct mpi_file f;
    char text[1000];
    bool found = load(&f, text, sizeof text);
    if (found)
        f.about(text, sizeof text);
    buf_format(to, "%s%s", found ? "sesspipe-mpi.so for " : "no: ", text);
}

bool ranks_started(void)
{
    const char *count = getenv("OMPI_COMM_WORLD_SIZE");
    return count ? strcmp(count, "1") != 0 : getenv("PMIX_RANK") != NULL;
}

static bool ranks_share_cores(void)
{
    const char *here = getenv("OMPI_COMM_WORLD_LOCAL_SIZE");
    return !here || strtol(here, NULL, 10) > sysconf(_SC_NPROCESSORS_ONLN);
}

int ranks_open(struct rank_group **r, struct err *e)
{
    struct mpi_file f;
    struct ranks_transport t;
    char why[1000];
    *r = NULL;
    if (!ranks_started())
        return 0;
    if (!load(&f, why, sizeof why) || f.open(&t, why, sizeof why))
        return err_set(e, STATUS_UNAVAILABLE,
                       "mpirun has started several processes, and MPI cannot be used: %.800s", why);
    *r = mem_zero(1, sizeof **r);
    (*r)->t = t;
    (*r)->shares_core = ranks_share_cores();
    (*r)->places = mem_zero((size_t)t.count, sizeof *(*r)->places);
    return 0;
}

/* Ends the process as if there were no other ranks. */
static void pass_on(int number)
{
    passed = 1;
    sigaction(number, &before, NULL);
    raise(number);
}

/* mpirun asks every process to end when one has gone; it may be one that rank 0 waits for. */
static void note(int number)
{
    asked = 1;
    if (!waits)
        pass_on(number);
}

void ranks_on_failure(struct rank_group *r, void (*failed)(void *to, const struct err *why),
                      void *to)
{
    struct sigaction action = {.sa_handler = note};
    sigemptyset(&action.sa_mask);
    r->failed = failed;
    r->to = to;
    sigaction(SIGTERM, &action, &before);
}

void ranks_close(struct rank_group *r)
{
    if (!r)
        return;
    if (r->failed)
        sigaction(SIGTERM, &before, NULL);
    r->t.close();
    mem_free(r->places);
    mem_free(r);
}

int ranks_rank(const struct rank_group *r)
{
    return r->t.rank;
}

int ranks_count(const struct rank_group *r)
{
    return r->t.count;
}

void ranks_busy(struct rank_group *r, bool is)
{
    r->t.busy(is);
}

/* ---- waiting ---- */

static double seconds(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + 1e-9 * (double)now.tv_nsec;
}

static void fail(struct rank_group *r)
{
    struct err e = {0};
    err_set(&e, STATUS_UNAVAILABLE,
            "another of the %d ranks has gone, and with it a part of the items: the run cannot go "
            "on; --resume continues from a checkpoint, with any number of ranks",
            r->t.count);
    r->t.busy(RANKS_LOST);
    if (r->failed)
        r->failed(r->to, &e);
}

/* A rank that waits for the others sleeps, since another program may need its core.  Before that it
 * asks again at once where each rank of this host has a core: whoever yields gets the core back
 * only after the other's share, which is longer than most transfers.  Where ranks share cores, it
 * yields, for it may wait for the one that needs its own. */
static void pause_for(const struct rank_group *r, double waited)
{
    struct timespec little = {0, 50000};
    if (waited > 2e-3)
        nanosleep(&little, NULL);
    else if (r->shares_core)
        sched_yield();
}

/* After mpirun has asked the process to end, it kills it within a second: what takes longer waits
 * for a rank that has gone. */
static void wait(struct rank_group *r)
{
    const double most = 0.7;
    double begun = seconds(), ending = 0, now = begun;
    int got;
    waits = r->t.rank == 0;
    while (!(got = r->t.test())) {
        now = seconds();
        ending = asked && ending == 0 ? now + most : ending;
        if (ending > 0 && now > ending)
            break;
        pause_for(r, now - begun);
    }
    waits = 0;
    if (got != 1)
        fail(r);
    if (asked && !passed)
        pass_on(SIGTERM);
}

/* ---- transfers ---- */

void ranks_send(struct rank_group *r, void *at, size_t bytes)
{
    for (size_t done = 0; done < bytes; done += RANKS_MOST) {
        r->t.begin_send((char *)at + done, bytes - done < RANKS_MOST ? bytes - done : RANKS_MOST);
        wait(r);
    }
    r->sent += (double)bytes;
}

/* Where each rank's bytes begin; all of them but rank 0's. */
static double place(const struct rank_group *r, const int *sizes)
{
    double others = 0;
    if (r->t.rank)
        return 0;
    for (int i = 0, at = 0; i < r->t.count; at += sizes[i++]) {
        r->places[i] = at;
        others += i ? sizes[i] : 0;
    }
    return others / (r->t.count - 1);
}

void ranks_gather(struct rank_group *r, const void *own, int bytes, void *all, const int *sizes)
{
    r->got += place(r, sizes);
    r->t.begin_gather(own, bytes, all, sizes, r->places);
    wait(r);
}

void ranks_scatter(struct rank_group *r, const void *all, const int *sizes, void *own, int bytes)
{
    r->sent += place(r, sizes);
    r->t.begin_scatter(all, sizes, r->places, own, bytes);
    wait(r);
}

void ranks_sum(struct rank_group *r, float *x, size_t n)
{
    enum { MOST = RANKS_MOST / sizeof(float) };
    for (size_t done = 0; done < n; done += MOST) {
        r->t.begin_sum(x + done, (int)(n - done < MOST ? n - done : MOST));
        wait(r);
    }
    r->got += (double)(n * sizeof *x);
}

struct ranks_bytes ranks_bytes(const struct rank_group *r)
{
    return (struct ranks_bytes){r->sent, r->got};
}
