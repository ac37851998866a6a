#include "base/threads.h"

#include <pthread.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/mem.h"

void threads_wait_asleep(char **argv, bool again)
{
    if (!getenv("OMP_WAIT_POLICY") && !getenv("GOMP_SPINCOUNT"))
        again |= !setenv("OMP_WAIT_POLICY", "passive", 0);
    if (again)
        execv("/proc/self/exe", argv); /* where it fails the threads spin, nothing else is lost */
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
    while (others < wanted - 1 && !pthread_create(&thread[others], NULL, wait_for_all, &gate))
        others++;
    pthread_mutex_unlock(&gate);
    for (int i = 0; i < others; i++)
        pthread_join(thread[i], NULL);
    mem_free(room);
    mem_free(thread);
    return others + 1;
}
