/* How the threads of OpenMP wait for work. */
#ifndef BASE_THREADS_H
#define BASE_THREADS_H

/* First thing in the main of a program that computes in parallel.  A waiting thread of libgomp
 * spins by default: next to the other programs of a pipe, or another run, it takes the core that
 * the work needs (two small trainings on two cores took ten times as long).  libgomp reads how to
 * wait from the environment before main, so the program sets OMP_WAIT_POLICY=passive and starts
 * itself once more; not where the caller has chosen (OMP_WAIT_POLICY, GOMP_SPINCOUNT). */
void threads_wait_asleep(char **argv);

#endif
