/* Work that threads of the CPU take as they come to it.  Each has a run of numbers of its own and
 * takes them one by one; a thread that has none left takes the number that another thread would
 * take last.  So nobody waits long for a thread that other programs hold up, and each finds in its
 * cache what it left there.  What is done for a number must not depend on who takes it. */
#ifndef NN_CPU_QUEUE_H
#define NN_CPU_QUEUE_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* The numbers from .. to-1 of a thread, as from · 2³² + to; in a cache line of its own. */
struct cpu_run {
    _Alignas(64) _Atomic uint64_t left;
};

static inline void cpu_run_fill(struct cpu_run *r, size_t from, size_t to)
{
    atomic_init(&r->left, (uint64_t)from << 32 | to);
}

static inline bool cpu_run_take(struct cpu_run *r, bool first, size_t *number)
{
    uint64_t left = atomic_load(&r->left), rest;
    do {
        size_t from = left >> 32, to = (uint32_t)left;
        if (from >= to)
            return false;
        *number = first ? from : to - 1;
        rest = first ? left + ((uint64_t)1 << 32) : left - 1;
    } while (!atomic_compare_exchange_weak(&r->left, &left, rest));
    return true;
}

/* Takes a number for a thread; `owner` is whose it was.  up: threads take their own numbers in
 * ascending order, else in descending order.  False: none is left. */
static inline bool cpu_runs_take(struct cpu_run *runs, int threads, int thread, bool up, int *owner,
                                 size_t *number)
{
    for (int i = 0; i < threads; i++) {
        *owner = (thread + i) % threads;
        if (cpu_run_take(&runs[*owner], i ? !up : up, number))
            return true;
    }
    return false;
}

#endif
