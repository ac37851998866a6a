/* A training step and a test batch of trainer at the thesis's Last.fm and Reddit shapes: time over
 * that of the matrix products that their targets need, in the fastest installed library with the
 * same number of threads, and peak memory: rows "name<TAB>value<TAB>unit".
 *
 * Three generated streams of batches differ only in their number of training and test batches, so
 * that the difference of two runs is the time of those batches.  Runs and products alternate; the
 * result is the least time over the rounds.  $SESSPIPE_BIN has the programs.
 *
 * Usage: step, or step DEVICE PRECISION BATCHES: trainer's step on that device only, over that many
 * batches, including reading and writing. */
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
#include "nn/bf16.h"
#include "products.h"
#include "stream/output.h"
#include "timing.h"

enum {
    SESSIONS = 100,
    EVENTS_MOST = 905,
    HISTORY = 15,
    FEW = 2,
    MANY = 8, /* additional batches, whose time is measured */
    ROUNDS = 12,
};

extern char **environ;

static void fail(const char *what)
{
    fprintf(stderr, "step: %s\n", what);
    exit(1);
}

/* ---- the streams ---- */

/* Sizes of a batch, and trainer's options. */
struct sizes {
    const char *name; /* prefix of the rows' names, before "step_..." */
    int items, units, targets;
    const char *embedding, *dropout, *rep;
    const char *threads; /* "0": all */
};

static const struct sizes lastfm = {"", 94284, 100, 805, "100", "0.2", "mean", "0"};
static const struct sizes lastfm_alone = {"one_thread_", 94284, 100,    805,
                                          "100",         "0.2", "mean", "1"};
static const struct sizes reddit = {"reddit_", 27452, 50, 305, "50", "0", "last", "0"};

struct shape {
    int32_t user[SESSIONS], session[SESSIONS], length[SESSIONS], item[EVENTS_MOST];
    int32_t history[SESSIONS];
    int64_t start[SESSIONS], history_start[SESSIONS * HISTORY];
    int32_t delta[SESSIONS * HISTORY], week[SESSIONS * HISTORY], past[SESSIONS * HISTORY];
};

/* Fills session `number` of each user, one a day; the lengths add up, none above 20. */
static void fill_shape(struct shape *s, const struct sizes *z, struct random *r, int32_t number)
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
    for (int left = z->targets - SESSIONS; left > 0;) {
        int32_t *length = &s->length[random_below(r, SESSIONS)];
        if (*length < 20)
            ++*length, left--;
    }
    for (int i = 0; i < z->targets + SESSIONS; i++)
        s->item[i] = (int32_t)random_below(r, (uint32_t)z->items);
}

static int write_shape(struct frame_out *out, const struct sizes *z, struct shape *s, int learn,
                       struct err *e)
{
    size_t known = SESSIONS * (size_t)s->history[0];
    struct batch b = {.learn = learn,
                      .user = {s->user, SESSIONS},
                      .session = {s->session, SESSIONS},
                      .start = {s->start, SESSIONS},
                      .length = {s->length, SESSIONS},
                      .item = {s->item, (size_t)(z->targets + SESSIONS)},
                      .history = {s->history, SESSIONS},
                      .history_delta = {s->delta, known},
                      .history_week = {s->week, known},
                      .history_session = {s->past, known},
                      .history_start = {s->history_start, known}};
    return write_batch(out, &b, e);
}

static int write_names(struct frame_out *out, const struct sizes *z, struct err *e)
{
    char name[32];
    const struct attributes none = {{NULL, 0}};
    for (int32_t i = 0; i < SESSIONS + z->items; i++) {
        snprintf(name, sizeof name, "%d", (int)i);
        if (i < SESSIONS ? write_user(out, i, bytes_of(name), none, e)
                         : write_item(out, i - SESSIONS, bytes_of(name), none, e))
            return e->status;
    }
    return 0;
}

/* Batches that fill the histories, then training batches, then test batches. */
static int write_passes(struct frame_out *out, const struct sizes *z, int learned, int tested,
                        struct err *e)
{
    static struct shape s;
    struct random r = random_of(1, 1);
    struct epoch train = {1, PART_TRAIN}, test = {1, PART_TEST};
    if (write_epoch(out, train, e))
        return e->status;
    for (int i = 0; i < HISTORY + learned + tested; i++) {
        if (i == HISTORY + learned && write_epoch(out, test, e))
            return e->status;
        fill_shape(&s, z, &r, i);
        if (write_shape(out, z, &s, i >= HISTORY, e))
            return e->status;
    }
    return 0;
}

static void write_stream(const char *path, const struct sizes *z, int learned, int tested)
{
    struct err e = {0};
    struct output stage = {0};
    struct meta m = {.kind = STREAM_BATCHES};
    int64_t edges[168];
    for (int i = 0; i < 168; i++)
        edges[i] = 3600 * (i + 1);
    meta_set_i64s(&m, "delta_edges", edges, 168);
    meta_set_bool(&m, "keeps_order", 1);
    meta_set_int(&m, "history", HISTORY);
    const struct bytes no_options = {"\x80", 1};
    if (output_open(&stage, path, false, &m, "step", "1", no_options, &e) ||
        write_names(&stage.out, z, &e) || write_passes(&stage.out, z, learned, tested, &e) ||
        output_finish(&stage, &e))
        fail(e.text);
    meta_release(&m);
}

/* ---- measurements ---- */

static const char *device = "cpu", *precision = "f32";

/* Seconds that trainer takes for a stream. */
static double run_trainer(const char *path, const struct sizes *z)
{
    char program[4096];
    const char *bin = getenv("SESSPIPE_BIN");
    snprintf(program, sizeof program, "%s/trainer", bin ? bin : "bin");
    const char *const words[] = {program,         "--quiet",  "--embedding", z->embedding,
                                 "--dropout",     z->dropout, "--threads",   z->threads,
                                 "--session-rep", z->rep,     "--device",    device,
                                 "--precision",   precision,  path,          NULL};
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
    const struct sizes *z;
    struct library lib[LIBRARIES_MOST];
    int libraries;
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

static double forward_product(const struct floor *f, const struct library *l)
{
    double begin = seconds();
    library_product(l, false, true, f->z->targets, f->z->items, f->z->units, f->state, f->weight,
                    f->score);
    return seconds() - begin;
}

static double gradient_products(const struct floor *f, const struct library *l)
{
    double begin = seconds();
    library_product(l, false, false, f->z->targets, f->z->units, f->z->items, f->score, f->weight,
                    f->dstate);
    library_product(l, true, false, f->z->items, f->z->units, f->z->targets, f->score, f->state,
                    f->dweight);
    return seconds() - begin;
}

/* Least times of runs, and of a library's products. */
enum { BASE, STEPS, TESTS, RUNS };
struct took {
    double run[RUNS], forward[LIBRARIES_MOST], all[LIBRARIES_MOST];
};

static double less(double a, double b)
{
    return a < b ? a : b;
}

static void measure(char path[RUNS][300], const struct floor *f, struct took *t)
{
    int threads = !strcmp(f->z->threads, "0") ? omp_get_num_procs() : 1;
    for (int run = BASE; run < RUNS; run++)
        t->run[run] = less(t->run[run], run_trainer(path[run], f->z));
    for (int i = 0; i < f->libraries; i++) {
        const struct library *l = &f->lib[i];
        library_threads(l, threads);
        forward_product(f, l); /* starts the threads and warms the cache */
        double forward = forward_product(f, l);
        t->forward[i] = less(t->forward[i], forward);
        t->all[i] = less(t->all[i], forward + gradient_products(f, l));
    }
}

/* Peak memory in megabytes of the runs so far.  Call it while this program is small: a child's peak
 * begins with its parent's memory. */
static double child_megabytes(void)
{
    struct rusage usage;
    getrusage(RUSAGE_CHILDREN, &usage);
    return (double)usage.ru_maxrss / 1024;
}

/* Time of a step on a device including the stream's reader: the difference of two runs. */
static int pipe_step(char path[3][300], int many)
{
    double least_of[2] = {INFINITY, INFINITY};
    for (int round = 0; round < 3; round++)
        for (int i = 0; i < 2; i++) {
            if (!round)
                write_stream(path[i], &lastfm, FEW + i * many, 1);
            least_of[i] = less(least_of[i], run_trainer(path[i], &lastfm));
        }
    printf("pipe_%s_step\t%.3f\tms\n", precision, 1e3 * (least_of[1] - least_of[0]) / many);
    return 0;
}

/* The step of one thread with factors rounded to bf16 over the step in float32, where the processor
 * has the instructions. */
static void measure_bf16(char path[RUNS][300])
{
    static const char *const precisions[] = {"f32", "bf16"};
    double least_of[2][2] = {{INFINITY, INFINITY}, {INFINITY, INFINITY}};
    if (bf16_missing())
        return;
    for (int run = BASE; run <= STEPS; run++)
        write_stream(path[run], &lastfm_alone, FEW + (run == STEPS ? MANY : 0), 1);
    for (int round = 0; round < ROUNDS; round++)
        for (int i = 0; i < 2; i++)
            for (int run = BASE; run <= STEPS; run++) {
                precision = precisions[i];
                least_of[i][run] = less(least_of[i][run], run_trainer(path[run], &lastfm_alone));
            }
    precision = precisions[0];
    printf("bf16_step_over_f32\t%.3f\tratio\n",
           (least_of[1][STEPS] - least_of[1][BASE]) / (least_of[0][STEPS] - least_of[0][BASE]));
}

static void remove_all(const char *folder, char path[3][300])
{
    for (int i = 0; i < 3; i++)
        unlink(path[i]);
    rmdir(folder);
}

static void measure_shape(const struct sizes *z, char path[RUNS][300])
{
    const int batches[RUNS][2] = {{FEW, 1}, {FEW + MANY, 1}, {FEW, 1 + MANY}};
    struct took t;
    for (int i = 0; i < RUNS; i++) {
        write_stream(path[i], z, batches[i][0], batches[i][1]);
        run_trainer(path[i], z);
    }
    double megabytes = child_megabytes();
    size_t targets = (size_t)z->targets, items = (size_t)z->items, units = (size_t)z->units;
    struct floor f = {.z = z,
                      .state = some_floats(targets * units),
                      .weight = some_floats(items * units),
                      .score = some_floats(targets * items),
                      .dstate = some_floats(targets * units),
                      .dweight = some_floats(items * units)};
    f.libraries = libraries_open(f.lib);
    for (size_t i = 0; i < sizeof t / sizeof(double); i++)
        ((double *)&t)[i] = INFINITY;
    for (int round = 0; round < ROUNDS; round++)
        measure(path, &f, &t);
    int fastest = 0, forward = 0;
    for (int i = 1; i < f.libraries; i++) {
        fastest = t.all[i] < t.all[fastest] ? i : fastest;
        forward = t.forward[i] < t.forward[forward] ? i : forward;
    }
    double step = (t.run[STEPS] - t.run[BASE]) / MANY, test = (t.run[TESTS] - t.run[BASE]) / MANY;
    printf("%sstep_over_floor\t%.3f\tratio\n", z->name, step / t.all[fastest]);
    printf("%sstep_ms\t%.1f\tms\n", z->name, 1e3 * step);
    printf("%sstep_floor\t%.1f\tms, %s\n", z->name, 1e3 * t.all[fastest], f.lib[fastest].name);
    if (z == &lastfm)
        printf("step_rss\t%.0f\tMB\n", megabytes);
    printf("%stest_over_floor\t%.3f\tratio\n", z->name, test / t.forward[forward]);
    printf("%stest_ms\t%.1f\tms\n", z->name, 1e3 * test);
    fflush(stdout);
    float *memory[] = {f.state, f.weight, f.score, f.dstate, f.dweight};
    for (size_t i = 0; i < sizeof memory / sizeof *memory; i++)
        mem_free(memory[i]);
}

int main(int argc, char **argv)
{
    static const struct sizes *const all[] = {&reddit, &lastfm, &lastfm_alone};
    char folder[256], path[RUNS][300];
    const char *temporary = getenv("TMPDIR");
    snprintf(folder, sizeof folder, "%s/step.XXXXXX", temporary ? temporary : "/tmp");
    if (!mkdtemp(folder))
        fail("no temporary folder");
    for (int i = 0; i < RUNS; i++)
        snprintf(path[i], sizeof path[i], "%s/%d.mp", folder, i);
    int status = 0;
    if (argc == 4) {
        device = argv[1], precision = argv[2];
        status = pipe_step(path, (int)strtol(argv[3], NULL, 10));
    } else {
        for (size_t i = 0; i < sizeof all / sizeof *all; i++)
            measure_shape(all[i], path);
        measure_bf16(path);
    }
    remove_all(folder, path);
    return status;
}
