/* usage: used COMMAND [ARGUMENT...]
 *
 * Runs a command and writes what it took: seconds, seconds that processors worked for it, and its
 * peak memory in megabytes; what it says on standard error is not shown.  Ends as the command does.
 * A process begins with the peak of the one that it was made of, so this one has to be small. */
#define _DEFAULT_SOURCE
#include <fcntl.h>
#include <stdio.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static double seconds(struct timeval t)
{
    return (double)t.tv_sec + (double)t.tv_usec / 1e6;
}

static double now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

int main(int argc, char **argv)
{
    if (argc < 2)
        return fputs("usage: used COMMAND [ARGUMENT...]\n", stderr), 64;
    double begun = now();
    pid_t child = fork();
    if (child < 0)
        return perror("used"), 71;
    if (!child) {
        int nowhere = open("/dev/null", O_WRONLY | O_CLOEXEC);
        dup2(nowhere, STDERR_FILENO);
        execvp(argv[1], argv + 1);
        _exit(127);
    }
    int status;
    struct rusage used;
    if (wait4(child, &status, 0, &used) < 0)
        return perror("used"), 71;
    printf("%.3f %.3f %.1f\n", now() - begun, seconds(used.ru_utime) + seconds(used.ru_stime),
           (double)used.ru_maxrss / 1024);
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}
