#include "base/hangup.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <unistd.h>

/* The handler writes to a pipe, so that the wait ends whichever thread the signal interrupts.  A
 * variable of the process, since a signal handler has no argument. */
static int ends[2] = {-1, -1};

static void note(int signal)
{
    int why = errno;
    (void)signal;
    if (write(ends[1], "", 1) < 0)
        errno = 0; /* the pipe is full of notes */
    errno = why;
}

int hangup_catch(struct err *e)
{
    struct sigaction action = {.sa_handler = note, .sa_flags = SA_RESTART}, before;
    if (pipe(ends))
        return err_set(e, STATUS_MEMORY, "cannot make a pipe: %s", strerror(errno));
    for (int i = 0; i < 2; i++) {
        fcntl(ends[i], F_SETFL, O_NONBLOCK);
        fcntl(ends[i], F_SETFD, FD_CLOEXEC);
    }
    sigemptyset(&action.sa_mask);
    if (!sigaction(SIGHUP, NULL, &before) && before.sa_handler != SIG_IGN)
        sigaction(SIGHUP, &action, NULL);
    return 0;
}

void hangup_wait(int fd)
{
    struct pollfd both[2] = {{.fd = fd, .events = POLLIN}, {.fd = ends[0], .events = POLLIN}};
    while (poll(both, 2, -1) < 0 && errno == EINTR)
        ;
}

bool hangup_came(void)
{
    char notes[64];
    bool came = false;
    while (read(ends[0], notes, sizeof notes) > 0)
        came = true;
    return came;
}
