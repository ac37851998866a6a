#include "base/signals.h"

#include <errno.h>
#include <signal.h>
#include <stddef.h>
#include <sys/select.h>

static const int asking[] = {SIGINT, SIGTERM, SIGHUP};
enum { ASKING = sizeof asking / sizeof *asking };

/* Variables of the process, since a signal handler has no argument. */
static bool caught;
static volatile sig_atomic_t noted;
static struct sigaction before[ASKING]; /* what ends the program */

void signals_note(int signal)
{
    if (!noted)
        noted = signal;
}

static void note(int signal)
{
    int why = errno;
    signals_note(signal);
    for (int i = 0; i < ASKING; i++)
        if (before[i].sa_handler != SIG_IGN)
            sigaction(asking[i], &before[i], NULL);
    errno = why;
}

void signals_catch(void)
{
    struct sigaction action = {.sa_handler = note};
    sigemptyset(&action.sa_mask);
    for (int i = 0; i < ASKING; i++)
        sigaddset(&action.sa_mask, asking[i]);
    caught = true;
    for (int i = 0; i < ASKING; i++)
        sigaction(asking[i], NULL, &before[i]);
    for (int i = 0; i < ASKING; i++)
        if (before[i].sa_handler != SIG_IGN)
            sigaction(asking[i], &action, NULL);
    signal(SIGPIPE, SIG_IGN);
}

bool signals_caught(void)
{
    return caught;
}

int signals_first(void)
{
    return noted;
}

/* Signals are delivered only during the wait, so that none is missed between the test and the wait.
 */
bool signals_wait(int fd)
{
    sigset_t block, all;
    fd_set reading;
    bool ready = false;
    if (!caught || fd >= FD_SETSIZE)
        return true;
    sigemptyset(&block);
    for (int i = 0; i < ASKING; i++)
        sigaddset(&block, asking[i]);
    sigprocmask(SIG_BLOCK, &block, &all);
    while (!noted && !ready) {
        FD_ZERO(&reading);
        FD_SET(fd, &reading);
        ready = pselect(fd + 1, &reading, NULL, NULL, NULL, &all) >= 0 || errno != EINTR;
    }
    sigprocmask(SIG_SETMASK, &all, NULL);
    return !noted;
}
