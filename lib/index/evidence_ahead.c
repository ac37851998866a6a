#include "index/evidence_ahead.h"

#include <signal.h>

#include "base/threads.h"

static void set_state(struct evidence_ahead *a, int state)
{
    pthread_mutex_lock(&a->lock);
    a->state = state;
    pthread_cond_signal(&a->changed);
    pthread_mutex_unlock(&a->lock);
}

/* Waits until the state is one of two. */
static int wait_for(struct evidence_ahead *a, int one, int other)
{
    pthread_mutex_lock(&a->lock);
    while ((int)a->state != one && (int)a->state != other)
        pthread_cond_wait(&a->changed, &a->lock);
    int state = a->state;
    pthread_mutex_unlock(&a->lock);
    return state;
}

static void *work(void *of)
{
    struct evidence_ahead *a = of;
    while (wait_for(a, AHEAD_ASKED, AHEAD_END) == AHEAD_ASKED) {
        a->made = evidence_make(a->maker, a->picked.at, a->picked.len, a->ended);
        set_state(a, AHEAD_MADE);
    }
    return NULL;
}

/* Signals are the other threads': the main one looks for them. */
static bool start(struct evidence_ahead *a)
{
    sigset_t all, before;
    if (a->running)
        return true;
    pthread_mutex_init(&a->lock, NULL);
    pthread_cond_init(&a->changed, NULL);
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    a->running = threads_start(&a->thread, work, a);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    return a->running;
}

void evidence_ahead_ask(struct evidence_ahead *a, struct evidence_maker *maker,
                        const int32_t *picked, size_t count, bool ended)
{
    if (!start(a))
        return;
    a->maker = maker;
    a->ended = ended;
    vec_clear(&a->picked);
    vec_append(&a->picked, picked, count);
    set_state(a, AHEAD_ASKED);
}

static bool was_asked(const struct evidence_ahead *a, const struct evidence_maker *maker,
                      const int32_t *picked, size_t count, bool ended)
{
    return a->maker == maker && a->ended == ended && a->picked.len == count &&
           (!count || !memcmp(a->picked.at, picked, count * sizeof *picked));
}

struct evidence evidence_ahead_take(struct evidence_ahead *a, struct evidence_maker *maker,
                                    const int32_t *picked, size_t count, bool ended)
{
    if (a->running && wait_for(a, AHEAD_NOTHING, AHEAD_MADE) == AHEAD_MADE) {
        set_state(a, AHEAD_NOTHING);
        if (was_asked(a, maker, picked, count, ended))
            return a->made;
    }
    return evidence_make(maker, picked, count, ended);
}

void evidence_ahead_close(struct evidence_ahead *a)
{
    if (a->running) {
        wait_for(a, AHEAD_NOTHING, AHEAD_MADE);
        set_state(a, AHEAD_END);
        pthread_join(a->thread, NULL);
        pthread_mutex_destroy(&a->lock);
        pthread_cond_destroy(&a->changed);
    }
    vec_release(&a->picked);
    *a = (struct evidence_ahead){0};
}
