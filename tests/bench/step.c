/* trainer's training step and test batch at the thesis's Last.fm shape, over the bare matrix
 * products that their targets need, and its peak memory: rows "name<TAB>value<TAB>unit".
 *
 * Three made-up batches streams differ in their number of training and test batches alone, so that
 * a difference of two runs is the time of those batches.  Runs and products take turns; of each the
 * least of the rounds.  The programs come from $SESSPIPE_BIN.
 *
 * Usage: step, or step DEVICE PRECISION BATCHES: trainer's step there alone, over so many of them,
 * reading and writing included. */
#include <cblas.h>
#include <fcntl.h>
#include <math.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/mem.h"
#include "base/random.h"
#include "stream/stage.h"
#include "timing.h"

enum {
    ITEMS = 94284,
    SIZE = 100,
    SESSIONS = 100,
    TARGETS = 805,
    EVENTS = TARGETS + SESSIONS,
    HISTORY = 15,
    FEW = 2,
    MANY = 8, /* batches more, whose time is taken */
    ROUNDS = 5,
};

extern char **environ;
extern void openblas_set_num_threads(int n) __attribute__((weak));

static void fail(const char *what)
{
    fprintf(stderr, "step: %s\n", what);
    exit(1);
}

/* ---- the streams ---- */

struct shape {
    int32_t user[SESSIONS], session[SESSIONS], length[SESSIONS], item[EVENTS], history[SESSIONS];
    int64_t start[SESSIONS], history_start[SESSIONS * HISTORY];
    int32_t delta[SESSIONS * HISTORY], week[SESSIONS * HISTORY], past[SESSIONS * HISTORY];
};

/* Each user's session `number`, one a day; lengths that add up, none above 20. */
static void fill_shape(struct shape *s, struct random *r, int32_t number)
{
    int32_t known = number < HISTORY ? number : HISTORY;
    for (int i = 0; i < SESSIONS; i++) {
        s->user[i] = i, s->session[i] = number, s->length[i] = 2, s->history[i] = known;
        s->start[i] = (int64_t)number * 86400;
        for (int32_t j = 0; j < known; j++) {
            int at = i * known + j;
            s->past[at] = number - known + j;
            s->history_start[at] = (int64_t)s->past[at] * 86400;
            s->delta[at] = (number - s->past[at]) * 24 < 168 ? (number - s->past[at]) * 24 : 168;
            s->week[at] = s->past[at] * 24 % 168;
        }
    }
    for (int left = EVENTS - 2 * SESSIONS; left > 0;) {
        int32_t *length = &s->length[random_below(r, SESSIONS)];
        if (*length < 20)
            ++*length, left--;
    }
    for (int i = 0; i < EVENTS; i++)
        s->item[i] = (int32_t)random_below(r, ITEMS);
}

static int write_shape(struct frame_out *out, struct shape *s, int learn, struct err *e)
{
    size_t known = SESSIONS * (size_t)s->history[0];
    struct batch b = {.learn = learn,
                      .user = {s->user, SESSIONS},
                      .session = {s->session, SESSIONS},
                      .start = {s->start, SESSIONS},
                      .length = {s->length, SESSIONS},
                      .item = {s->item, EVENTS},
                      .history = {s->history, SESSIONS},
                      .history_delta = {s->delta, known},
                      .history_week = {s->week, known},
                      .history_session = {s->past, known},
                      .history_start = {s->history_start, known}};
    return write_batch(out, &b, e);
}

static int write_names(struct frame_out *out, struct err *e)
{
    char name[32];
    const struct attributes none = {{NULL, 0}};
    for (int32_t i = 0; i < SESSIONS + ITEMS; i++) {
        snprintf(name, sizeof name, "%d", (int)i);
        if (i < SESSIONS ? write_user(out, i, bytes_of(name), none, e)
                         : write_item(out, i - SESSIONS, bytes_of(name), none, e))
            return e->status;
    }
    return 0;
}

/* Batches that fill the histories, then those that are learned from, then those of the test. */
static int write_passes(struct frame_out *out, int learned, int tested, struct err *e)
{
    static struct shape s;
    struct random r = random_of(1, 1);
    struct epoch train = {1, PART_TRAIN}, test = {1, PART_TEST};
    if (write_epoch(out, train, e))
        return e->status;
    for (int i = 0; i < HISTORY + learned + tested; i++) {
        if (i == HISTORY + learned && write_epoch(out, test, e))
            return e->status;
        fill_shape(&s, &r, i);
        if (write_shape(out, &s, i >= HISTORY, e))
            return e->status;
    }
    return 0;
}

static void write_stream(const char *path, int learned, int tested)
{
    struct err e = {0};
    struct stage stage = {0};
    struct meta m = {.kind = STREAM_BATCHES};
    int64_t edges[168];
    for (int i = 0; i < 168; i++)
        edges[i] = 3600 * (i + 1);
    meta_set_i64s(&m, "delta_edges", edges, 168);
    meta_set_bool(&m, "keeps_order", 1);
    meta_set_int(&m, "history", HISTORY);
    const struct bytes no_options = {"\x80", 1};
    if (stage_open(&stage, path, false, &m, "step", "1", no_options, &e) ||
        write_names(&stage.out, &e) || write_passes(&stage.out, learned, tested, &e) ||
        stage_finish(&stage, &e))
        fail(e.text);
    meta_release(&m);
}

/* ---- what is measured ---- */

static const char *device = "cpu", *precision = "f32";

/* Seconds that trainer takes for a stream. */
static double run_trainer(const char *path)
{
    char program[4096];
    const char *bin = getenv("SESSPIPE_BIN");
    snprintf(program, sizeof program, "%s/trainer", bin ? bin : "bin");
    const char *const words[] = {program, "--quiet",     "--dropout", "0.2", "--device",
                                 device,  "--precision", precision,   path,  NULL};
    posix_spawn_file_actions_t actions;
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_addopen(&actions, 1, "/dev/null", O_WRONLY, 0);
    pid_t child;
    int status;
    double begin = seconds();
    if (posix_spawn(&child, program, &actions, NULL, (char *const *)(uintptr_t)words, environ) ||
        waitpid(child, &status, 0) != child || status)
        fail("trainer failed");
    posix_spawn_file_actions_destroy(&actions);
    return seconds() - begin;
}

struct floor {
    float *state, *weight, *score, *dstate, *dweight;
};

static float *some_floats(size_t n)
{
    struct random r = random_of(2, n);
    float *x = mem_aligned(n * sizeof *x);
    for (size_t i = 0; i < n; i++)
        x[i] = random_between(&r, -1, 1);
    return x;
}

static double forward_product(const struct floor *f)
{
    double begin = seconds();
    cblas_sgemm(CblasRowMajor, CblasNoTrans, CblasTrans, TARGETS, ITEMS, SIZE, 1, f->state, SIZE,
                f->weight, SIZE, 0, f->score, ITEMS);
    return seconds() - begin;
}

static double gradient_products(const struct floor *f)
{
    double begin = seconds();
    cblas_sgemm(CblasRowMajor, CblasNoTrans, CblasNoTrans, TARGETS, SIZE, ITEMS, 1, f->score, ITEMS,
                f->weight, SIZE, 0, f->dstate, SIZE);
    cblas_sgemm(CblasRowMajor, CblasTrans, CblasNoTrans, ITEMS, SIZE, TARGETS, 1, f->score, ITEMS,
                f->state, SIZE, 0, f->dweight, SIZE);
    return seconds() - begin;
}

/* The products with one of the BLAS's threads, and with all of them. */
enum { BASE, STEPS, TESTS, FORWARD, GRADIENTS, FORWARD_ALL, GRADIENTS_ALL, KINDS };

static void measure(char path[3][300], const struct floor *f, double took[KINDS][ROUNDS], int round)
{
    for (int run = BASE; run <= TESTS; run++)
        took[run][round] = run_trainer(path[run]);
    for (int all = 0; all < 2; all++) {
        if (openblas_set_num_threads)
            openblas_set_num_threads(all ? (int)sysconf(_SC_NPROCESSORS_ONLN) : 1);
        forward_product(f); /* wakes the threads and warms the cache */
        took[all ? FORWARD_ALL : FORWARD][round] = forward_product(f);
        took[all ? GRADIENTS_ALL : GRADIENTS][round] = gradient_products(f);
    }
}

/* Peak memory of the runs so far in megabytes; to be asked while this program itself is small,
 * since a child's begins with its parent's. */
static double child_megabytes(void)
{
    struct rusage usage;
    getrusage(RUSAGE_CHILDREN, &usage);
    return (double)usage.ru_maxrss / 1024;
}

static double less(double a, double b)
{
    return a < b ? a : b;
}

/* The step on a device, behind the stream's reader: a difference of two runs. */
static int pipe_step(char path[3][300], int many)
{
    double least_of[2] = {INFINITY, INFINITY};
    for (int round = 0; round < 3; round++)
        for (int i = 0; i < 2; i++) {
            if (!round)
                write_stream(path[i], FEW + i * many, 1);
            least_of[i] = less(least_of[i], run_trainer(path[i]));
        }
    printf("pipe_%s_step\t%.3f\tms\n", precision, 1e3 * (least_of[1] - least_of[0]) / many);
    return 0;
}

static void remove_all(const char *folder, char path[3][300])
{
    for (int i = 0; i < 3; i++)
        unlink(path[i]);
    rmdir(folder);
}

int main(int argc, char **argv)
{
    static double took[KINDS][ROUNDS];
    double least_of[KINDS];
    char folder[256], path[3][300];
    const char *temporary = getenv("TMPDIR");
    const int batches[3][2] = {{FEW, 1}, {FEW + MANY, 1}, {FEW, 1 + MANY}};
    snprintf(folder, sizeof folder, "%s/step.XXXXXX", temporary ? temporary : "/tmp");
    if (!mkdtemp(folder))
        fail("no temporary folder");
    for (int i = 0; i < 3; i++)
        snprintf(path[i], sizeof path[i], "%s/%d.mp", folder, i);
    if (argc == 4) {
        device = argv[1], precision = argv[2];
        int status = pipe_step(path, (int)strtol(argv[3], NULL, 10));
        remove_all(folder, path);
        return status;
    }
    for (int i = 0; i < 3; i++) {
        write_stream(path[i], batches[i][0], batches[i][1]);
        run_trainer(path[i]);
    }
    double megabytes = child_megabytes();
    struct floor f = {some_floats(TARGETS * SIZE), some_floats(ITEMS * SIZE),
                      some_floats((size_t)TARGETS * ITEMS), some_floats(TARGETS * SIZE),
                      some_floats(ITEMS * SIZE)};
    for (int round = 0; round < ROUNDS; round++)
        measure(path, &f, took, round);
    for (int kind = 0; kind < KINDS; kind++)
        least_of[kind] = least(took[kind], ROUNDS);
    double step = (least_of[STEPS] - least_of[BASE]) / MANY;
    double test = (least_of[TESTS] - least_of[BASE]) / MANY;
    double forward = less(least_of[FORWARD], least_of[FORWARD_ALL]);
    double floor_time = forward + less(least_of[GRADIENTS], least_of[GRADIENTS_ALL]);
    printf("step_over_floor\t%.3f\tratio\n", step / floor_time);
    printf("step_ms\t%.1f\tms\n", 1e3 * step);
    printf("step_rss\t%.0f\tMB\n", megabytes);
    printf("test_over_floor\t%.3f\tratio\n", test / forward);
    printf("test_ms\t%.1f\tms\n", 1e3 * test);
    remove_all(folder, path);
    return 0;
}
