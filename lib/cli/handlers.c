/* What the system calls when the process is to end: by a signal, without memory, by exit. */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/num.h"
#include "base/part_file.h"
#include "cli/private.h"
#include "cli/progress.h"

/* The program that the handlers act for: a variable of the process, since the system hands them
 * nothing.  All other code is handed its struct cli. */
static struct cli *handled;

/* _exit: the thread that runs out of memory need not be the one that may run exit handlers. */
static void out_of_memory(const char *what)
{
    message_say(handled, what);
    part_file_remove_all();
    _exit(STATUS_MEMORY);
}

static void die_of(int signal)
{
    progress_clear(handled);
    part_file_remove_all();
    raise(signal); /* SA_RESETHAND has restored the default */
}

void cli_die(struct cli *cli, int number)
{
    signal(number, SIG_DFL);
    progress_clear(cli);
    part_file_remove_all();
    raise(number);
    _exit(128 + number); /* the signal was blocked */
}

static void catch_signals(void)
{
    static const int fatal[] = {SIGINT,  SIGTERM, SIGHUP,  SIGPIPE,   SIGQUIT, SIGALRM,
                                SIGUSR1, SIGUSR2, SIGXCPU, SIGVTALRM, SIGPROF};
    struct sigaction action = {.sa_handler = die_of, .sa_flags = (int)(SA_RESETHAND | SA_NODEFER)};
    sigemptyset(&action.sa_mask);
    for (size_t i = 0; i < sizeof fatal / sizeof *fatal; i++) {
        struct sigaction before;
        sigaction(fatal[i], NULL, &before);
        /* What the caller ignores (nohup, a background job) stays ignored, SIGPIPE excepted. */
        if (fatal[i] == SIGPIPE || before.sa_handler != SIG_IGN)
            sigaction(fatal[i], &action, NULL);
    }
    signal(SIGXFSZ, SIG_IGN);
}

/* The system gives a standard descriptor that was closed at the start to the first file opened,
 * which would then receive messages or records.  It is filled with /dev/null, opened so that what a
 * program reads or writes there fails. */
static void fill_descriptors(struct cli *cli)
{
    static const int mode[] = {O_WRONLY, O_RDONLY, O_WRONLY};
    for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++)
        if (fcntl(fd, F_GETFD) < 0 && errno == EBADF && open("/dev/null", mode[fd]) < 0) {
            struct err e;
            err_set(&e, STATUS_IO, "cannot open /dev/null in place of a closed descriptor: %s",
                    strerror(errno));
            cli_fail(cli, &e);
        }
}

static void end_progress(void)
{
    progress_end(handled);
}

void startup(struct cli *cli)
{
    handled = cli;
    fill_descriptors(cli);
    atexit(end_progress);
    catch_signals();
    mem_on_failure(out_of_memory);
    const char *fail_at = getenv("SESSPIPE_FAIL_ALLOC");
    int64_t n;
    if (fail_at && num_i64(fail_at, strlen(fail_at), &n) && n > 0 && n < INT32_MAX)
        mem_fail_at((long)n);
}
