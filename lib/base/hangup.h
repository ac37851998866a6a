/* SIGHUP as a request to read files again, for programs that answer for a long time. */
#ifndef BASE_HANGUP_H
#define BASE_HANGUP_H

#include <stdbool.h>

#include "base/err.h"

/* From now on SIGHUP is only noted, unless the caller of the program ignores it.  71. */
int hangup_catch(struct err *e);

/* Waits until `fd` can be read without waiting, has ended or failed, or SIGHUP comes. */
void hangup_wait(int fd);

/* Whether SIGHUP has come since the last call. */
bool hangup_came(void);

#endif
