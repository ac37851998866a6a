/* A client of recommender --requests: how long after it was due an answer comes, at the median, for
 * 90 % and for 99 % of the requests, at 1,000 requests a second and one at a time; and from the
 * start of the program to its first answer.  Requests are due at fixed times, whether earlier ones
 * have been answered or not, so that a stall counts for all that it holds up.
 *
 * Beside them, the time to read the weights of all items once with all threads.  $SESSPIPE_BIN has
 * the programs.
 *
 * Usage: requests [ITEMS]: 94284. */
#define _GNU_SOURCE
#include <math.h>
#include <poll.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/mem.h"
#include "base/random.h"
#include "stream.h"
#include "timing.h"

enum { UNITS = 100, RATE = 1000, SECONDS = 5, ALONE = 300 };

static void fail(const char *what)
{
    fprintf(stderr, "requests: %s\n", what);
    exit(1);
}

static const char *bin(void)
{
    const char *from = getenv("SESSPIPE_BIN");
    return from ? from : "bin";
}

/* ---- an untrained model ---- */

static void write_stream(const char *path, int32_t items)
{
    struct err e = {0};
    struct output stage = {0};
    struct meta m = {.kind = STREAM_BATCHES};
    meta_set_bool(&m, "keeps_order", 1);
    meta_set_int(&m, "history", 15);
    if (bench_stream_open(&stage, path, &m, &e) || bench_names(&stage.out, 1, items, &e) ||
        bench_all_items(&stage.out, 0, PART_TRAIN, items, &e) ||
        write_epoch(&stage.out, (struct epoch){1, PART_TRAIN}, &e) || output_finish(&stage, &e))
        fail(e.text);
    meta_release(&m);
}

static void make_model(const char *model, int32_t items)
{
    char stream[100], command[4096];
    snprintf(stream, sizeof stream, "%s.mp", model);
    write_stream(stream, items);
    snprintf(command, sizeof command,
             "'%s/trainer' --quiet --embedding %d --max-steps 0 --save %s %s >/dev/null", bin(),
             UNITS, model, stream);
    if (system(command))
        fail("trainer failed");
    unlink(stream);
}

/* ---- the service ---- */

struct service_run {
    pid_t pid;
    int to, from;
    int32_t items;
    struct random random;
};

static void start(struct service_run *s, const char *model)
{
    char program[4096];
    int in[2], out[2];
    snprintf(program, sizeof program, "%s/recommender", bin());
    if (pipe(in) || pipe(out))
        fail("no pipe");
    s->pid = fork();
    if (!s->pid) {
        dup2(in[0], STDIN_FILENO);
        dup2(out[1], STDOUT_FILENO);
        close(in[1]);
        close(out[0]);
        execl(program, program, "--quiet", "--requests", "--model", model, (char *)NULL);
        _exit(127);
    }
    close(in[0]);
    close(out[1]);
    s->to = in[1];
    s->from = out[0];
}

static void stop(struct service_run *s)
{
    int status;
    close(s->to);
    close(s->from);
    if (waitpid(s->pid, &status, 0) != s->pid || status)
        fail("recommender failed");
}

static void ask(struct service_run *s)
{
    char line[200];
    int n =
        snprintf(line, sizeof line, "{\"items\": [\"%d\", \"%d\", \"%d\"], \"now\": 1300000000}\n",
                 (int)random_below(&s->random, (uint32_t)s->items),
                 (int)random_below(&s->random, (uint32_t)s->items),
                 (int)random_below(&s->random, (uint32_t)s->items));
    if (write(s->to, line, (size_t)n) != n)
        fail("recommender does not read");
}

/* How many answers end in what can be read now. */
static int answers(struct service_run *s)
{
    char block[1 << 16];
    ssize_t n = read(s->from, block, sizeof block);
    int lines = 0;
    if (n <= 0)
        fail("recommender ended");
    for (ssize_t i = 0; i < n; i++)
        lines += block[i] == '\n';
    return lines;
}

/* took [n] = seconds from when each request was due to its answer; rate 0: due when the one before
 * is answered. */
static void measure(struct service_run *s, double rate, int n, double *took)
{
    double begin = seconds(), due = begin;
    int sent = 0, answered = 0;
    while (answered < n) {
        double moment = seconds();
        while (sent < n && (rate > 0 ? begin + sent / rate <= moment : sent == answered)) {
            due = moment;
            ask(s);
            sent++;
        }
        double wait = rate > 0 && sent < n ? begin + sent / rate - seconds() : 1;
        struct timespec pause = {(time_t)fmax(wait, 0),
                                 (long)(1e9 * (fmax(wait, 0) - floor(fmax(wait, 0))))};
        if (ppoll(&(struct pollfd){s->from, POLLIN, 0}, 1, &pause, NULL) <= 0)
            continue;
        int got = answers(s);
        for (moment = seconds(); got--; answered++)
            took[answered] = moment - (rate > 0 ? begin + answered / rate : due);
    }
}

/* ---- rows ---- */

static int by_value(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static void show(const char *how, int32_t items, double *took, int n)
{
    qsort(took, (size_t)n, sizeof *took, by_value);
    for (int p = 50; p < 100; p += p == 50 ? 40 : 9)
        printf("requests_%s_p%d_%d\t%.2f\tms\n", how, p, (int)items,
               1e3 * took[(int)ceil(p / 100.0 * n) - 1]);
    fflush(stdout);
}

/* Seconds to read so many floats, all threads at once.  They are written first: pages that never
 * were are all one page of zeros. */
static double time_reading(size_t n)
{
    float *x = mem_alloc(n * sizeof *x), sum = 0;
    double best = INFINITY;
    for (size_t i = 0; i < n; i++)
        x[i] = 1e-9f;
    for (int round = 0; round < 10; round++) {
        double begin = seconds();
#pragma omp parallel for simd reduction(+ : sum)
        for (size_t i = 0; i < n; i++)
            sum += x[i];
        double took = seconds() - begin;
        best = took < best ? took : best;
    }
    mem_free(x);
    if (!(sum > 0))
        fail("a sum of positive numbers is not positive");
    return best;
}

int main(int argc, char **argv)
{
    struct service_run s = {.items = argc > 1 ? (int32_t)strtol(argv[1], NULL, 10) : 94284,
                            .random = random_of(1, 0)};
    char model[] = "/tmp/requests-XXXXXX";
    static double took[RATE * SECONDS];
    int file = mkstemp(model);
    if (file < 0 || s.items < 1)
        fail("no temporary file, or no number of items");
    close(file);
    signal(SIGPIPE, SIG_IGN);
    make_model(model, s.items);
    double begin = seconds();
    start(&s, model);
    measure(&s, 0, 1, took);
    printf("requests_first_%d\t%.0f\tms\n", (int)s.items, 1e3 * (seconds() - begin));
    measure(&s, 0, ALONE, took);
    show("alone", s.items, took, ALONE);
    measure(&s, RATE, RATE * SECONDS, took);
    show("1000", s.items, took, RATE * SECONDS);
    stop(&s);
    printf("requests_read_weights_%d\t%.2f\tms\n", (int)s.items,
           1e3 * time_reading((size_t)s.items * UNITS));
    unlink(model);
    return 0;
}
