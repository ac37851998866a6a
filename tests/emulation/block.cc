/* A block of threads: which thread waits where, and which may continue. */
#include "inside.h"

#include <stdio.h>

/* Weak: defined under ThreadSanitizer only, which has to be told of barriers. */
extern "C" {
void __tsan_acquire(void *p) __attribute__((weak));
void __tsan_release(void *p) __attribute__((weak));
}

EMULATED_LOCAL uint3 threadIdx, blockIdx;
dim3 blockDim, gridDim;

/* All __shared__ arrays are in one section whose borders the linker defines.  This word makes sure
 * that the section exists. */
extern char __start_emulated_shared[] __attribute__((visibility("hidden")));
extern char __stop_emulated_shared[] __attribute__((visibility("hidden")));
__attribute__((used, section("emulated_shared"))) static uint32_t shared_word;

enum waiting { RUNNING, AT_BARRIER, AT_WARP, ENDED };

struct block_thread {
    uint3 index;
    enum waiting waiting;
    emulated_place at;
    uint32_t mask;
    bool truth, votes;
    int from; /* lane of the warp whose value is wanted */
    uint64_t value, result;
};

static const int WARP = 32;
static struct block_thread block_threads[1024];
static int thread_count;
static const emulated_launch *launch;
static uint3 block_index;
static EMULATED_LOCAL int current;

/* Tags for ThreadSanitizer: threads begin after `begin`, and what follows the block comes after
 * `end`. */
static char begin, end;

static void meet(void (*how)(void *), void *at)
{
    if (how)
        how(at);
}

/* ---- threads ---- */

static void enter(int i)
{
    current = i;
    threadIdx = block_threads[i].index;
    blockIdx = block_index;
}

void one_thread(int i)
{
    enter(i);
    meet(__tsan_acquire, &begin);
    launch->thread();
    meet(__tsan_release, &end);
    block_threads[i].waiting = ENDED;
}

/* The calling thread waits in this way until let_go releases it. */
static uint64_t stop(enum waiting waiting, emulated_place at, void *with)
{
    int i = current;
    block_threads[i].waiting = waiting;
    block_threads[i].at = at;
    meet(__tsan_release, with);
    threads_stop(i);
    enter(i);
    meet(__tsan_acquire, with);
    return block_threads[i].result;
}

static void let_go(int i, uint64_t result)
{
    block_threads[i].result = result;
    block_threads[i].waiting = RUNNING;
    threads_go(i);
}

static const char *describe(int i, char *to, size_t room)
{
    uint3 t = block_threads[i].index;
    int n = snprintf(to, room, "thread (%u, %u, %u) ", t.x, t.y, t.z);
    if (block_threads[i].waiting == ENDED)
        snprintf(to + n, room - (size_t)n, "ended");
    else
        snprintf(to + n, room - (size_t)n, "waits at %s (%s:%d)", block_threads[i].at.what,
                 block_threads[i].at.file, block_threads[i].at.line);
    return to;
}

[[noreturn]] static void apart(int i, int j)
{
    char one[300], other[300];
    emulation_die("%s, %s: they never meet", describe(i, one, sizeof one),
                  describe(j, other, sizeof other));
}

static bool same_place(const emulated_place &a, const emulated_place &b)
{
    return a.line == b.line && a.what == b.what && (a.file == b.file || !strcmp(a.file, b.file));
}

/* ---- barriers ---- */

int emulated_barrier(emulated_place at, bool truth)
{
    block_threads[current].truth = truth;
    return (int)stop(AT_BARRIER, at, &block_threads);
}

static void barrier_all(void)
{
    uint64_t true_ones = 0;
    for (int i = 0; i < thread_count; i++) {
        if (block_threads[i].waiting == ENDED ||
            !same_place(block_threads[i].at, block_threads[0].at))
            apart(i, block_threads[0].waiting == ENDED ? 0 : i ? 0 : 1);
        true_ones += block_threads[i].truth;
    }
    for (int i = 0; i < thread_count; i++)
        let_go(i, true_ones);
}

/* ---- warps ---- */

int emulated_lane(void)
{
    return current % WARP;
}

static struct block_thread *warp_of(int i)
{
    return &block_threads[i / WARP * WARP];
}

static uint64_t meet_warp(emulated_place at, uint32_t mask)
{
    int i = current;
    block_threads[i].mask = mask;
    if (!(mask >> i % WARP & 1))
        emulation_die("%s (%s:%d): its mask 0x%x lacks the thread itself, lane %d", at.what,
                      at.file, at.line, mask, i % WARP);
    return stop(AT_WARP, at, warp_of(i));
}

uint64_t emulated_exchange(emulated_place at, uint32_t mask, uint64_t value, int from)
{
    struct block_thread *l = &block_threads[current];
    l->votes = false;
    l->value = value;
    l->from = from;
    if (from < 0 || from >= WARP || !(mask >> from & 1))
        emulation_die("%s (%s:%d): reads lane %d, which is not in the mask 0x%x", at.what, at.file,
                      at.line, from, mask);
    return meet_warp(at, mask);
}

uint32_t emulated_vote(emulated_place at, uint32_t mask, bool truth)
{
    block_threads[current].votes = true;
    block_threads[current].truth = truth;
    return (uint32_t)meet_warp(at, mask);
}

/* The first thread of the mask that has not arrived where thread i waits; -1: all have. */
static int missing(int i)
{
    struct block_thread *l = &block_threads[i];
    int first = i / WARP * WARP;
    for (int j = first; j < first + WARP; j++)
        if (l->mask >> (j - first) & 1) {
            if (j >= thread_count)
                emulation_die("%s (%s:%d): its mask 0x%x names lane %d; the block has %d threads",
                              l->at.what, l->at.file, l->at.line, l->mask, j - first, thread_count);
            if (block_threads[j].waiting != AT_WARP || block_threads[j].mask != l->mask ||
                !same_place(block_threads[j].at, l->at))
                return j;
        }
    return -1;
}

static void warp_go(int i)
{
    uint32_t mask = block_threads[i].mask, vote = 0;
    struct block_thread *warp = warp_of(i);
    uint64_t value[WARP];
    for (int j = 0; j < WARP; j++)
        if (mask >> j & 1) {
            value[j] = warp[j].value;
            vote |= (uint32_t)warp[j].truth << j;
        }
    for (int j = 0; j < WARP; j++)
        if (mask >> j & 1)
            let_go((int)(warp - block_threads) + j, warp[j].votes ? vote : value[warp[j].from]);
}

void all_stopped(void)
{
    int stuck = -1, without = -1, gone = 0;
    for (int i = 0; i < thread_count; i++)
        if (block_threads[i].waiting == AT_WARP) {
            int j = missing(i);
            if (j < 0) {
                warp_go(i);
                gone++;
            } else {
                stuck = i;
                without = j;
            }
        }
    if (gone)
        return;
    if (stuck >= 0)
        apart(stuck, without);
    barrier_all();
}

/* ---- a block ---- */

/* Not by memset: sanitizers use the space between the arrays. */
static __attribute__((no_sanitize("address"))) void spoil_shared(uint32_t garbage, void *dynamic,
                                                                 size_t bytes)
{
    volatile uint32_t *at = (volatile uint32_t *)__start_emulated_shared;
    for (; (char *)at + 4 <= __stop_emulated_shared; at++)
        *at = garbage;
    for (size_t i = 0; i < bytes; i++)
        ((volatile char *)dynamic)[i] = (char)(garbage >> i % 4 * 8);
}

void order_fill(const thread_order &o, int n, int *to)
{
    uint32_t state = 1;
    for (int i = 0; i < n; i++)
        to[i] = o.kind == thread_order::BACKWARD ? n - 1 - i : i;
    for (int i = n - 1; o.kind == thread_order::SHUFFLED && i > 0; i--) {
        state = state * 1664525u + 1013904223u;
        int j = (int)((uint64_t)state * (uint64_t)(i + 1) >> 32), was = to[i];
        to[i] = to[j];
        to[j] = was;
    }
}

static void *dynamic_shared;

void *emulated_shared(void)
{
    return dynamic_shared;
}

void block_run(const emulated_launch &l, uint3 index, const thread_order &order)
{
    static int turns[1024], turns_count, turns_kind = -1;
    launch = &l;
    block_index = index;
    blockDim = l.block;
    gridDim = l.grid;
    thread_count = (int)(l.block.x * l.block.y * l.block.z);
    if (thread_count != turns_count || (int)order.kind != turns_kind) {
        order_fill(order, thread_count, turns);
        turns_count = thread_count;
        turns_kind = order.kind;
    }
    dynamic_shared = shared_place(l.shared);
    spoil_shared(order.garbage, dynamic_shared, l.shared);
    uint3 next = {0, 0, 0};
    for (int i = 0; i < thread_count; i++) {
        block_threads[i].waiting = RUNNING;
        block_threads[i].index = next;
        if (++next.x == l.block.x) {
            next.x = 0;
            if (++next.y == l.block.y) {
                next.y = 0;
                next.z++;
            }
        }
    }
    meet(__tsan_release, &begin);
    threads_run(thread_count, turns);
    meet(__tsan_acquire, &end);
}
