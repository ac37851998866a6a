/* A thread beside the caller's that does one job at a time. */
#ifndef BASE_SIDE_THREAD_H
#define BASE_SIDE_THREAD_H

#include <pthread.h>
#include <stdbool.h>

/* {0} has no thread. */
struct side_thread {
    bool running;
    pthread_t thread;
    pthread_mutex_t lock;
    pthread_cond_t changed;
    enum { SIDE_IDLE, SIDE_BUSY, SIDE_END } state;
    void (*job)(void *of);
    void *of;
};

/* Begins job(of), once the job before is done.  False: no thread is to be had, and the caller does
 * the job. */
bool side_thread_do(struct side_thread *t, void (*job)(void *of), void *of);

/* Waits until no job is left: what it has written can be read. */
void side_thread_wait(struct side_thread *t);

void side_thread_close(struct side_thread *t); /* waits as well; *t is {0} again */

#endif
