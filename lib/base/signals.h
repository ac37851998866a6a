/* Signals that ask a program to stop where it can save first: between two pieces of work.
 *
 * Before signals_catch nothing here has an effect: signals end the program as they did. */
#ifndef BASE_SIGNALS_H
#define BASE_SIGNALS_H

#include <stdbool.h>

/* From now on the first SIGINT, SIGTERM or SIGHUP (those that are not ignored) is only noted, and
 * the next one ends the program at once, as before this call.  SIGPIPE is ignored: a reader that
 * went away is noted too (signals_note), and what is written from then on is lost. */
void signals_catch(void);

/* Whether signals_catch was called. */
bool signals_caught(void);

/* The signal that was noted first, or 0. */
int signals_first(void);
void signals_note(int signal);

/* Waits until `fd` can be read without waiting, has ended or failed.  False: a signal was noted. */
bool signals_wait(int fd);

#endif
