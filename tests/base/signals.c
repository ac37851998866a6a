/* Signals that are noted, waits that they end, and descriptors that others have changed. */
#define _GNU_SOURCE
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/descriptor.h"
#include "base/hangup.h"
#include "base/signals.h"
#include "base/terminal.h"
#include "base/threads.h"

#include "../files.h"
#include "../tap.h"

/* Runs in a child, since the signals are the process's: its status, or 128 + signal. */
static int in_child(int (*body)(void))
{
    fflush(stdout);
    pid_t child = fork();
    if (!child)
        exit(body());
    int status;
    waitpid(child, &status, 0);
    return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
}

/* Sends a signal to this process, or a byte into a pipe, after a while. */
static struct later {
    int signal, fd;
} later;

static void *do_later(void *to)
{
    struct later *l = to;
    usleep(50000);
    if (l->signal)
        kill(getpid(), l->signal);
    else
        (void)!write(l->fd, "x", 1);
    return NULL;
}

static int ends[2];

static void begin_later(int signal, pthread_t *thread)
{
    sigset_t all, before;
    sigfillset(&all);
    later = (struct later){signal, ends[1]};
    pthread_sigmask(SIG_BLOCK, &all, &before); /* the thread leaves them to the main one */
    threads_start(thread, do_later, &later);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
}

/* ---- signals that ask to stop ---- */

static int waits_uncaught(void)
{
    return !signals_wait(ends[0]) || signals_caught() || signals_first();
}

static int stopped(void)
{
    pthread_t thread;
    signals_catch();
    begin_later(SIGTERM, &thread);
    bool more = signals_wait(ends[0]);
    pthread_join(thread, NULL);
    return more || signals_first() != SIGTERM || signals_wait(ends[0]);
}

static int stopped_twice(void)
{
    signals_catch();
    raise(SIGINT);
    raise(SIGTERM);
    return 0;
}

static int ignored(void)
{
    signal(SIGHUP, SIG_IGN);
    signals_catch();
    raise(SIGHUP);
    if (signals_first())
        return 1;
    signals_note(SIGPIPE);
    raise(SIGINT);
    return signals_first() != SIGPIPE;
}

static int readable(void)
{
    pthread_t thread;
    signals_catch();
    begin_later(0, &thread);
    bool more = signals_wait(ends[0]);
    pthread_join(thread, NULL);
    char byte;
    return !more || read(ends[0], &byte, 1) != 1 || byte != 'x';
}

/* select cannot wait for a descriptor of a high number. */
static int high_number(void)
{
    struct rlimit most = {FD_SETSIZE + 9, FD_SETSIZE + 9};
    signals_catch();
    if (setrlimit(RLIMIT_NOFILE, &most))
        return 0; /* not here */
    int fd = fcntl(ends[0], F_DUPFD, FD_SETSIZE);
    return fd >= 0 && !signals_wait(fd);
}

static int closed(void)
{
    signals_catch();
    close(ends[0]);
    return !signals_wait(ends[0]);
}

/* ---- SIGHUP ---- */

static int hung_up(void)
{
    struct err e;
    pthread_t thread;
    if (hangup_catch(&e) || hangup_came())
        return 1;
    begin_later(SIGHUP, &thread);
    hangup_wait(ends[0]);
    pthread_join(thread, NULL);
    if (!hangup_came() || hangup_came())
        return 2;
    begin_later(0, &thread);
    hangup_wait(ends[0]);
    pthread_join(thread, NULL);
    if (hangup_came())
        return 3;
    for (int i = 0; i < 70000; i++) /* more than the pipe holds */
        kill(getpid(), SIGHUP);
    return !hangup_came() || hangup_came() ? 4 : 0;
}

static int hangup_ignored(void)
{
    struct err e;
    signal(SIGHUP, SIG_IGN);
    if (hangup_catch(&e))
        return 1;
    raise(SIGHUP);
    return hangup_came();
}

static void ignore(int signal)
{
    (void)signal;
}

static int interrupted(void)
{
    struct err e;
    pthread_t thread, other;
    sigaction(SIGUSR1, &(struct sigaction){.sa_handler = ignore}, NULL);
    if (hangup_catch(&e))
        return 1;
    begin_later(SIGUSR1, &thread);
    struct later more = {0, ends[1]};
    usleep(100000);
    threads_start(&other, do_later, &more);
    hangup_wait(ends[0]);
    pthread_join(thread, NULL);
    pthread_join(other, NULL);
    return hangup_came() || !descriptor_ready(ends[0]);
}

static int no_pipe(void)
{
    struct err e;
    struct rlimit before, few;
    getrlimit(RLIMIT_NOFILE, &before);
    few = (struct rlimit){3, before.rlim_max};
    setrlimit(RLIMIT_NOFILE, &few);
    int status = hangup_catch(&e);
    setrlimit(RLIMIT_NOFILE, &before); /* a search for leaks at the end opens files */
    return status != STATUS_MEMORY;
}

/* ---- descriptors and threads ---- */

static int unblocked(void)
{
    char byte = 0;
    pthread_t thread;
    fcntl(ends[0], F_SETFL, O_NONBLOCK);
    begin_later(0, &thread);
    bool early = descriptor_ready(ends[0]);
    ssize_t got = descriptor_read(ends[0], &byte, 1);
    pthread_join(thread, NULL);
    return early || got != 1 || byte != 'x' || descriptor_read(-1, &byte, 1) != -1;
}

static int few_threads(void)
{
    struct rlimit room = {200 << 20, 200 << 20};
    if (threads_to_be_had(0) != 1 || threads_to_be_had(1) != 1 || threads_to_be_had(3) != 3)
        return 1;
#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
    if (!setrlimit(RLIMIT_AS, &room)) { /* a stack of 8 MiB each */
        int had = threads_to_be_had(1000);
        return had < 1 || had > 200;
    }
#endif
    (void)room;
    return threads_processors() < 1;
}

static void terminals(void)
{
    text_to_file("file", "text");
    tap_ok(!terminal_takes("file") && !terminal_takes("nowhere") && !terminal_takes("/dev/null"),
           "no terminals");
    tap_ok(terminal_takes(NULL) == terminal_takes("-"), "standard output by name");
    tap_ok(!terminal_columns(-1), "nothing has no columns");
    int master = posix_openpt(O_RDWR | O_NOCTTY);
    if (master >= 0 && !grantpt(master) && !unlockpt(master))
        tap_ok(terminal_takes(ptsname(master)), "a terminal by name");
    close(master);
}

int main(void)
{
    static const struct {
        const char *what;
        int (*body)(void);
        int expected;
    } cases[] = {
        {"where no signal is caught, no wait is needed", waits_uncaught, 0},
        {"a signal ends the wait, and is the first", stopped, 0},
        {"the second signal ends the program", stopped_twice, 128 + SIGTERM},
        {"what the caller ignores stays ignored", ignored, 0},
        {"a byte ends the wait", readable, 0},
        {"a descriptor of a high number is not waited for", high_number, 0},
        {"nor one that is closed", closed, 0},
        {"SIGHUP is noted, once", hung_up, 0},
        {"unless it is ignored", hangup_ignored, 0},
        {"another signal does not end the wait for it", interrupted, 0},
        {"without descriptors: 71", no_pipe, 0},
        {"a descriptor that does not block is read as any other", unblocked, 0},
        {"as many threads as there is room for", few_threads, 0},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        if (pipe(ends))
            return 1;
        int status = in_child(cases[i].body);
        tap_ok(status == cases[i].expected, "%s: %d", cases[i].what, status);
        close(ends[0]);
        close(ends[1]);
    }
    terminals();
    return tap_done();
}
