/* Signals that ask a program to stop, for programs that save their work before they end.
 *
 * Before signals_catch the functions here have no effect: a signal ends the program. */
#ifndef BASE_SIGNALS_H
#define BASE_SIGNALS_H

#include <stdbool.h>

/* From now on the first SIGINT, SIGTERM or SIGHUP (those that are not ignored) is only noted, and
 * the next one ends the program at once, as before this call.  SIGPIPE is ignored: a reader that
 * has gone is noted too (signals_note), and what is written after that is lost. */
void signals_catch(void);

/* Whether signals_catch was called. */
bool signals_caught(void);

/* The signal that was noted first, or 0. */
int signals_first(void);
void signals_note(int signal);

/* Waits until `fd` can be read without waiting, has ended or failed.  False: a signal was noted. */
bool signals_wait(int fd);

#endif
