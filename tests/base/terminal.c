/* Terminals behind names and descriptors. */
#define _GNU_SOURCE /* posix_openpt */
#include "base/terminal.h"

#include <fcntl.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../tap.h"

/* Of a process without a terminal, /dev/tty is none. */
static bool takes_without_one(void)
{
    fflush(stdout);
    pid_t child = fork();
    if (!child) {
        setsid();
        _exit(terminal_takes("/dev/tty"));
    }
    int status;
    return waitpid(child, &status, 0) != child || status;
}

int main(void)
{
    tap_ok(!terminal_takes("/dev/null") && !terminal_takes("no-such-file") && !terminal_takes("."),
           "a device, what is not there and a folder are no terminals");
    tap_ok(!takes_without_one(), "nor is /dev/tty where the process has none");
    int fd = open("/dev/null", O_RDONLY);
    tap_ok(!terminal_columns(fd), "what is no terminal has no width");
    close(fd);
    int master = posix_openpt(O_RDWR | O_NOCTTY);
    if (master < 0 || grantpt(master) || unlockpt(master))
        return tap_done();
    struct winsize size = {0};
    fd = open(ptsname(master), O_RDWR | O_NOCTTY);
    ioctl(master, TIOCSWINSZ, &size);
    tap_ok(terminal_takes(ptsname(master)) && terminal_columns(fd) == 80,
           "80 columns where it does not say");
    size.ws_col = 33;
    ioctl(master, TIOCSWINSZ, &size);
    tap_ok(terminal_columns(fd) == 33, "or as many as it says");
    close(fd);
    close(master);
    return tap_done();
}
