/* Numbers that threads take from each other: each once, those of a thread in its order. */
#include "nn/cpu_queue.h"

#include <pthread.h>
#include <string.h>

#include "../tap.h"

enum { THREADS = 4, NUMBERS = 20000 };

struct taker {
    struct cpu_run *runs;
    int thread;
    bool up;
    atomic_uchar *taken; /* [NUMBERS] how often */
    bool ordered;        /* its own came in its order, those of others from their other end */
    bool owned;          /* each was in the run of its owner */
};

/* Where the run of a thread begins: the last has the most, the third nothing. */
static size_t begin_of(int thread)
{
    static const size_t begin[THREADS + 1] = {0, 10, 5000, 5000, NUMBERS};
    return begin[thread];
}

static void fill(struct cpu_run *runs)
{
    for (int i = 0; i < THREADS; i++)
        cpu_run_fill(&runs[i], begin_of(i), begin_of(i + 1));
}

static void *take_all(void *of)
{
    struct taker *t = of;
    size_t number, last[THREADS];
    bool before[THREADS] = {false};
    int owner;
    while (cpu_runs_take(t->runs, THREADS, t->thread, t->up, &owner, &number)) {
        bool rises = (owner == t->thread) == t->up;
        if (before[owner] && (rises ? number <= last[owner] : number >= last[owner]))
            t->ordered = false;
        if (number < begin_of(owner) || number >= begin_of(owner + 1))
            t->owned = false;
        last[owner] = number;
        before[owner] = true;
        t->taken[number]++;
    }
    return NULL;
}

static void check_threads(bool up)
{
    static struct cpu_run runs[THREADS];
    static atomic_uchar taken[NUMBERS];
    struct taker taker[THREADS];
    pthread_t thread[THREADS];
    bool ordered = true, owned = true;
    int once = 0, begun = 0;
    memset(taken, 0, sizeof taken);
    fill(runs);
    for (int i = 0; i < THREADS; i++) {
        taker[i] = (struct taker){runs, i, up, taken, true, true};
        begun += !pthread_create(&thread[i], NULL, take_all, &taker[i]);
    }
    for (int i = 0; i < begun; i++) {
        pthread_join(thread[i], NULL);
        ordered = ordered && taker[i].ordered;
        owned = owned && taker[i].owned;
    }
    for (int i = 0; i < NUMBERS; i++)
        once += taken[i] == 1;
    const char *way = up ? "ascending" : "descending";
    tap_ok(begun == THREADS && once == NUMBERS, "%s: %d of %d numbers are taken once", way, once,
           NUMBERS);
    tap_ok(ordered, "%s: each thread takes its own in order, others' from the other end", way);
    tap_ok(owned, "%s: the owner of each is named", way);
}

/* One thread, in whose hands the order is plain. */
static void check_alone(void)
{
    struct cpu_run runs[2];
    size_t number = 0;
    int owner = -1;
    cpu_run_fill(&runs[0], 3, 5);
    cpu_run_fill(&runs[1], 5, 7);
    const struct {
        size_t number;
        int owner;
    } expected[] = {{3, 0}, {4, 0}, {6, 1}, {5, 1}};
    int right = 0;
    for (size_t i = 0; i < sizeof expected / sizeof *expected; i++)
        right += cpu_runs_take(runs, 2, 0, true, &owner, &number) && number == expected[i].number &&
                 owner == expected[i].owner;
    tap_ok(right == 4, "its own first, then what another would take last");
    tap_ok(!cpu_runs_take(runs, 2, 0, true, &owner, &number) &&
               !cpu_runs_take(runs, 2, 1, false, &owner, &number),
           "and nothing after that");
    cpu_run_fill(&runs[0], UINT32_MAX - 1, UINT32_MAX);
    tap_ok(cpu_run_take(&runs[0], false, &number) && number == UINT32_MAX - 1 &&
               !cpu_run_take(&runs[0], true, &number),
           "numbers may have 32 bits");
}

int main(void)
{
    check_alone();
    check_threads(true);
    check_threads(false);
    return tap_done();
}
