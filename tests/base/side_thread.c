/* Jobs of a thread beside this one. */
#include "base/side_thread.h"

#include <signal.h>
#include <unistd.h>

#include "../tap.h"

struct counted {
    int done;
    pthread_t by;
};

static void count(void *of)
{
    struct counted *c = of;
    c->done++;
    c->by = pthread_self();
}

/* Whether this thread takes the signal. */
struct blocked {
    bool interrupt, pipe;
};

static void look(void *of)
{
    struct blocked *b = of;
    sigset_t now;
    pthread_sigmask(SIG_SETMASK, NULL, &now);
    b->interrupt = sigismember(&now, SIGINT);
    b->pipe = sigismember(&now, SIGPIPE);
}

int main(void)
{
    struct side_thread t = {0};
    struct counted c = {0};
    struct blocked b = {0};
    bool begun = true;
    side_thread_wait(&t);
    tap_ok(!t.running, "nothing to wait for");
    for (int i = 0; i < 1000; i++)
        begun = begun && side_thread_do(&t, count, &c);
    side_thread_wait(&t);
    tap_ok(begun && c.done == 1000, "%d of 1000 jobs, one after the other", c.done);
    tap_ok(!pthread_equal(c.by, pthread_self()), "by another thread");
    side_thread_do(&t, look, &b);
    side_thread_close(&t);
    tap_ok(b.interrupt && !b.pipe, "signals are others', but that of a pipe without a reader");
    side_thread_do(&t, count, &c);
    side_thread_close(&t);
    tap_ok(c.done == 1001 && !t.running, "closed, begun again, closed while a job is done");
    side_thread_close(&t);
    return tap_done();
}
