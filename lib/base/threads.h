/* The threads of OpenMP: how they wait for work, and whether they can be had. */
#ifndef BASE_THREADS_H
#define BASE_THREADS_H

#include <pthread.h>
#include <stdbool.h>

/* First thing in the main of a program that computes in parallel.  A waiting thread of libgomp
 * spins by default: next to the other programs of a pipe, or another run, it takes the core that
 * the work needs (two small trainings on two cores took ten times as long).  libgomp reads how to
 * wait from the environment before main, so the program sets OMP_WAIT_POLICY=passive and starts
 * itself once more; not where the caller has chosen (OMP_WAIT_POLICY, GOMP_SPINCOUNT).  `again`:
 * something else that is read before main has been put into the environment, so it starts anyway.
 */
void threads_wait_asleep(char **argv, bool again);

/* How many of `wanted` threads a parallel region can have, the calling one among them, found by
 * starting them: libgomp itself would end the program where it gets no thread. Memory for what
 * libgomp allocates beside the threads is there too. 1: the caller must not open a parallel region.
 */
int threads_to_be_had(int wanted);

/* How many processors the program may use. */
int threads_processors(void);

/* Starts a thread.  False: none is to be had, and the caller does without; a library that gets none
 * ends the program (71). */
bool threads_start(pthread_t *thread, void *(*body)(void *), void *of);

#endif
