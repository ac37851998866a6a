#include "base/side_thread.h"

#include <signal.h>

#include "base/threads.h"

static void set_state(struct side_thread *t, int state)
{
    pthread_mutex_lock(&t->lock);
    t->state = state;
    pthread_cond_signal(&t->changed);
    pthread_mutex_unlock(&t->lock);
}

/* Waits as long as the state is the one given, and returns the next one. */
static int wait_while(struct side_thread *t, int state)
{
    pthread_mutex_lock(&t->lock);
    while ((int)t->state == state)
        pthread_cond_wait(&t->changed, &t->lock);
    state = t->state;
    pthread_mutex_unlock(&t->lock);
    return state;
}

static void *work(void *of)
{
    struct side_thread *t = of;
    while (wait_while(t, SIDE_IDLE) == SIDE_BUSY) {
        t->job(t->of);
        set_state(t, SIDE_IDLE);
    }
    return NULL;
}

/* Signals are the other threads': the main one looks for them.  But that no one reads what is
 * written is told to the thread that writes. */
static bool start(struct side_thread *t)
{
    sigset_t others, before;
    if (t->running)
        return true;
    pthread_mutex_init(&t->lock, NULL);
    pthread_cond_init(&t->changed, NULL);
    sigfillset(&others);
    sigdelset(&others, SIGPIPE);
    pthread_sigmask(SIG_SETMASK, &others, &before);
    t->running = threads_start(&t->thread, work, t);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    return t->running;
}

bool side_thread_do(struct side_thread *t, void (*job)(void *of), void *of)
{
    if (!start(t))
        return false;
    side_thread_wait(t);
    t->job = job;
    t->of = of;
    set_state(t, SIDE_BUSY);
    return true;
}

void side_thread_wait(struct side_thread *t)
{
    if (t->running)
        wait_while(t, SIDE_BUSY);
}

void side_thread_close(struct side_thread *t)
{
    if (!t->running)
        return;
    side_thread_wait(t);
    set_state(t, SIDE_END);
    pthread_join(t->thread, NULL);
    pthread_mutex_destroy(&t->lock);
    pthread_cond_destroy(&t->changed);
    *t = (struct side_thread){0};
}
