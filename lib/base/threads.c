#define _GNU_SOURCE /* RTLD_NEXT, sched_getaffinity */
#include "base/threads.h"

#include <dlfcn.h>
#include <pthread.h>
#include <sched.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/mem.h"

#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__) && !defined(WITH_LIBFUZZER)
#define THREADS_OF_LIBRARIES /* as their allocations (base/mem.c) */
#endif

void threads_wait_asleep(char **argv, bool again)
{
    if (!getenv("OMP_WAIT_POLICY") && !getenv("GOMP_SPINCOUNT"))
        again |= !setenv("OMP_WAIT_POLICY", "passive", 0);
    if (again)
        execv("/proc/self/exe", argv); /* where it fails the threads spin, nothing else is lost */
}

/* ---- starting threads ---- */

typedef int starting(pthread_t *thread, const pthread_attr_t *how, void *(*body)(void *), void *of);

bool threads_start(pthread_t *thread, void *(*body)(void *), void *of)
{
#ifdef THREADS_OF_LIBRARIES
    starting *next = (starting *)(size_t)dlsym(RTLD_NEXT, "pthread_create");
    return next && !next(thread, NULL, body, of);
#else
    return !pthread_create(thread, NULL, body, of);
#endif
}

#ifdef THREADS_OF_LIBRARIES

/* The threads that libraries start: libgomp would end the program with a status of its own. */
int pthread_create(pthread_t *thread, const pthread_attr_t *how, void *(*body)(void *), void *of)
{
    starting *next = (starting *)(size_t)dlsym(RTLD_NEXT, "pthread_create");
    if (!next || next(thread, how, body, of))
        mem_fail_for("no thread could be started: the system has no more, or no memory for one");
    return 0;
}

#endif

/* ---- finding out how many ---- */

int threads_processors(void)
{
    cpu_set_t allowed;
    return sched_getaffinity(0, sizeof allowed, &allowed) ? 1 : CPU_COUNT(&allowed);
}

/* Keeps the thread until all of them were started. */
static void *wait_for_all(void *gate)
{
    pthread_mutex_lock(gate);
    pthread_mutex_unlock(gate);
    return NULL;
}

int threads_to_be_had(int wanted)
{
    enum { ROOM = 1 << 20 }; /* far more than a team of threads takes */
    pthread_mutex_t gate = PTHREAD_MUTEX_INITIALIZER;
    int others = 0;
    if (wanted <= 1)
        return 1;
    pthread_t *thread = mem_alloc((size_t)wanted * sizeof *thread);
    void *room = mem_alloc(ROOM); /* stays free beside the threads */
    pthread_mutex_lock(&gate);
    while (others < wanted - 1 && threads_start(&thread[others], wait_for_all, &gate))
        others++;
    pthread_mutex_unlock(&gate);
    for (int i = 0; i < others; i++)
        pthread_join(thread[i], NULL);
    mem_free(room);
    mem_free(thread);
    return others + 1;
}
