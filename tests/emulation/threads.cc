/* The threads of a block as real threads, which are kept from block to block: for
 * ThreadSanitizer. */
#include "inside.h"

#include <linux/futex.h>
#include <pthread.h>
#include <sys/syscall.h>
#include <unistd.h>

static struct {
    int go; /* futex: 1 = this thread may go on */
    pthread_t thread;
} workers[1024];
static int made;

static int lock; /* futex: held */
static int over; /* futex: the block has ended */
static int count, moving, ended;

/* Raw futexes: ThreadSanitizer knows those of pthreads, and would derive from each meeting of two
 * threads an order that a device does not guarantee. */
static void sleep_while(int *word, int value)
{
    syscall(SYS_futex, word, FUTEX_WAIT_PRIVATE, value, NULL, NULL, 0);
}

static void wake(int *word)
{
    syscall(SYS_futex, word, FUTEX_WAKE_PRIVATE, 1, NULL, NULL, 0);
}

static void take_lock(void)
{
    while (__atomic_exchange_n(&lock, 1, __ATOMIC_ACQUIRE))
        sleep_while(&lock, 1);
}

static void drop_lock(void)
{
    __atomic_store_n(&lock, 0, __ATOMIC_RELEASE);
    wake(&lock);
}

static void signal_to(int *word)
{
    __atomic_store_n(word, 1, __ATOMIC_RELEASE);
    wake(word);
}

static void wait_for(int *word)
{
    while (!__atomic_load_n(word, __ATOMIC_ACQUIRE))
        sleep_while(word, 0);
    __atomic_store_n(word, 0, __ATOMIC_RELAXED);
}

/* The calling thread stops or ends; the last one to do so releases others. */
static void step_back(bool end)
{
    take_lock();
    ended += end;
    if (!--moving) {
        if (ended == count)
            signal_to(&over);
        else
            all_stopped();
    }
    drop_lock();
}

static void *work(void *argument)
{
    int i = (int)(intptr_t)argument;
    for (;;) {
        wait_for(&workers[i].go);
        one_thread(i);
        step_back(true);
    }
    return NULL;
}

void threads_go(int i)
{
    moving++;
    signal_to(&workers[i].go);
}

void threads_stop(int i)
{
    step_back(false);
    wait_for(&workers[i].go);
}

bool threads_fault(const void *)
{
    return false;
}

void threads_run(int threads, const int *order)
{
    for (; made < threads; made++)
        if (pthread_create(&workers[made].thread, NULL, work, (void *)(intptr_t)made))
            emulation_die("no thread %d", made);
    take_lock();
    count = threads;
    moving = ended = 0;
    for (int i = 0; i < threads; i++)
        threads_go(order[i]);
    drop_lock();
    wait_for(&over);
}
