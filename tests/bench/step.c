/* A training step and a test batch of trainer at the thesis's Last.fm and Reddit shapes: time over
 * that of the matrix products that their targets need, in the fastest installed library with the
 * same number of threads, and peak memory: rows "name<TAB>value<TAB>unit".
 *
 * Three generated streams of the same sessions differ only in their number of training and test
 * batches, so that the difference of two runs is the time of those batches: of so many that it is
 * far longer than what the runs differ by chance.  Runs and as many products alternate; the result
 * is the least time over the rounds.  Beside the products is what they would take at the
 * processor's peak.  $SESSPIPE_BIN has the programs.
 *
 * Usage: step, or step DEVICE PRECISION BATCHES: trainer's step on that device only, over that many
 * batches, including reading and writing; or step ranks: the step of several processes only. */
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
#include "peak.h"
#include "products.h"
#include "stream.h"
#include "timing.h"

enum {
    SESSIONS = 100,
    EVENTS_MOST = 905,
    HISTORY = 15,
    FEW = 2,
    ROUNDS = 8,
    OF_MPIRUN = 6, /* words before trainer's */
};

extern char **environ;

static void fail(const char *what)
{
    fprintf(stderr, "step: %s\n", what);
    exit(1);
}

/* ---- the streams ---- */

/* How many batches are learned from, and tested. */
struct batches_of {
    int learned, tested;
};

/* Sizes of a batch, and trainer's options. */
struct sizes {
    const char *name; /* prefix of the rows' names, before "step_..." */
    int items, units, targets;
    const char *embedding, *dropout, *rep;
    const char *threads;    /* "0": all */
    struct batches_of more; /* additional batches, whose time is measured */
};

static const struct sizes lastfm = {"", 94284, 100, 805, "100", "0.2", "mean", "0", {8, 16}};
static const struct sizes lastfm_alone = {"one_thread_", 94284,  100, 805,    "100",
                                          "0.2",         "mean", "1", {8, 16}};
/* So many steps that their time is far longer than what two starts of mpirun differ by. */
static const struct sizes lastfm_ranks = {"two_ranks_", 94284,  100, 805,     "100",
                                          "0.2",        "mean", "1", {32, 16}};
static const struct sizes reddit = {"reddit_", 27452, 50, 305, "50", "0", "last", "0", {64, 128}};

/* The sessions of a batch: one of each user. */
struct column_of {
    int length[SESSIONS];
    int32_t item[EVENTS_MOST];
};

/* The lengths add up, none above 20. */
static void fill_column(struct column_of *c, const struct sizes *z, struct random *r)
{
    for (int i = 0; i < SESSIONS; i++)
        c->length[i] = 2;
    for (int left = z->targets - SESSIONS; left > 0;) {
        int *length = &c->length[random_below(r, SESSIONS)];
        if (*length < 20)
            ++*length, left--;
    }
    for (int i = 0; i < z->targets + SESSIONS; i++)
        c->item[i] = (int32_t)random_below(r, (uint32_t)z->items);
}

/* The user's sessions, one a day, the first `train` of them for training. */
static int write_user_sessions(struct frame_out *out, const struct column_of *columns, int train,
                               int count, int user, struct err *e)
{
    for (int number = 0; number < count; number++) {
        const struct column_of *c = &columns[number];
        int64_t times[20];
        int at = 0;
        for (int i = 0; i < user; i++)
            at += c->length[i];
        for (int i = 0; i < c->length[user]; i++)
            times[i] = (int64_t)number * 86400;
        struct session s = {.user = user,
                            .part = number < train ? PART_TRAIN : PART_TEST,
                            .count = (size_t)c->length[user],
                            .times = times,
                            .items = (int32_t *)(uintptr_t)(c->item + at)};
        if (write_session(out, &s, e))
            return e->status;
    }
    return 0;
}

/* All sessions: HISTORY + most->learned of training for each user, then most->tested of test. */
static int write_sessions(struct frame_out *out, const struct sizes *z,
                          const struct batches_of *most, struct err *e)
{
    struct random r = random_of(1, 1);
    int train = HISTORY + most->learned, count = train + most->tested, status = 0;
    struct column_of *columns = mem_alloc((size_t)count * sizeof *columns);
    for (int i = 0; i < count; i++)
        fill_column(&columns[i], z, &r);
    for (int user = 0; user < SESSIONS && !status; user++)
        status = write_user_sessions(out, columns, train, count, user, e);
    mem_free(columns);
    return status ? status : bench_all_items(out, SESSIONS, PART_TEST, z->items, e);
}

static int write_column(struct frame_out *out, int number, int count, bool learn, struct err *e)
{
    int32_t session[SESSIONS];
    for (int user = 0; user < SESSIONS; user++)
        session[user] = user * count + number;
    return write_batch(out, session, SESSIONS, learn, e);
}

/* Batches that fill the histories, then training batches, then test batches. */
static int write_passes(struct frame_out *out, const struct batches_of *used,
                        const struct batches_of *most, struct err *e)
{
    struct epoch train = {1, PART_TRAIN}, test = {1, PART_TEST};
    int first = HISTORY + most->learned, count = first + most->tested, status = 0;
    status = write_epoch(out, train, e);
    for (int i = 0; i < HISTORY + used->learned && !status; i++)
        status = write_column(out, i, count, i >= HISTORY, e);
    if (!status)
        status = write_epoch(out, test, e);
    for (int i = 0; i < used->tested && !status; i++)
        status = write_column(out, first + i, count, true, e);
    return status;
}

static void write_stream(const char *path, const struct sizes *z, struct batches_of used,
                         struct batches_of most)
{
    struct err e = {0};
    struct output stage = {0};
    struct meta m = {.kind = STREAM_BATCHES};
    meta_set_bool(&m, "keeps_order", 1);
    meta_set_int(&m, "history", HISTORY);
    if (bench_stream_open(&stage, path, &m, &e) ||
        bench_names(&stage.out, SESSIONS + 1, z->items, &e) ||
        write_sessions(&stage.out, z, &most, &e) || write_passes(&stage.out, &used, &most, &e) ||
        output_finish(&stage, &e))
        fail(e.text);
    meta_release(&m);
}

/* ---- measurements ---- */

static const char *device = "cpu", *precision = "f32";

/* Processes of mpirun that share the items; "1": trainer without mpirun. */
static const char *ranks = "1";

/* Where its messages go then. */
static char notes[300];

/* One thread is measured in processor time, which other work on the machine hardly changes. */
static bool in_processor_time;

/* Seconds so far: of this program, or of trainers that have ended. */
static double clock_of(int who)
{
    struct rusage usage;
    if (!in_processor_time)
        return seconds();
    getrusage(who, &usage);
    return (double)(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) +
           1e-6 * (double)(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec);
}

/* Seconds that trainer takes for a stream. */
static double run_trainer(const char *path, const struct sizes *z)
{
    char program[4096];
    const char *bin = getenv("SESSPIPE_BIN");
    snprintf(program, sizeof program, "%s/trainer", bin ? bin : "bin");
    const char *const words[] = {"mpirun",     "--oversubscribe",
                                 "--bind-to",  "none",
                                 "-n",         ranks,
                                 program,      "-o",
                                 "/dev/null",  "--embedding",
                                 z->embedding, "--dropout",
                                 z->dropout,   "--threads",
                                 z->threads,   "--session-rep",
                                 z->rep,       "--device",
                                 device,       "--precision",
                                 precision,    path,
                                 NULL};
    const char *const *command = strcmp(ranks, "1") ? words : words + OF_MPIRUN;
    posix_spawn_file_actions_t actions;
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0);
    posix_spawn_file_actions_addopen(&actions, 2, notes, O_WRONLY | O_CREAT | O_TRUNC, 0600);
    pid_t child;
    int status;
    double begin = clock_of(RUSAGE_CHILDREN);
    if (posix_spawnp(&child, command[0], &actions, NULL, (char *const *)(uintptr_t)command,
                     environ) ||
        waitpid(child, &status, 0) != child || status)
        fail("trainer failed");
    posix_spawn_file_actions_destroy(&actions);
    return clock_of(RUSAGE_CHILDREN) - begin;
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

/* Seconds of one of many products in a row: like a batch's, a mean over some time. */
static double forward_product(const struct floor *f, const struct library *l)
{
    int many = f->z->more.tested;
    double begin = clock_of(RUSAGE_SELF);
    for (int i = 0; i < many; i++)
        library_product(l, false, true, f->z->targets, f->z->items, f->z->units, f->state,
                        f->weight, f->score);
    return (clock_of(RUSAGE_SELF) - begin) / many;
}

static double gradient_products(const struct floor *f, const struct library *l)
{
    int many = f->z->more.learned;
    double begin = clock_of(RUSAGE_SELF);
    for (int i = 0; i < many; i++) {
        library_product(l, false, false, f->z->targets, f->z->units, f->z->items, f->score,
                        f->weight, f->dstate);
        library_product(l, true, false, f->z->items, f->z->units, f->z->targets, f->score, f->state,
                        f->dweight);
    }
    return (clock_of(RUSAGE_SELF) - begin) / many;
}

/* Least times of runs, and of a library's products. */
enum { BASE, STEPS, TESTS, RUNS };

/* The stream of a run. */
static void write_run(const char *path, const struct sizes *z, int run)
{
    struct batches_of most = {FEW + z->more.learned, 1 + z->more.tested};
    write_stream(
        path, z,
        (struct batches_of){run == STEPS ? most.learned : FEW, run == TESTS ? most.tested : 1},
        most);
}

struct took {
    double run[RUNS], forward[LIBRARIES_MOST], all[LIBRARIES_MOST];
    double operation; /* at the processor's peak, with the same number of threads */
};

static double less(double a, double b)
{
    return a < b ? a : b;
}

static void measure(char path[RUNS][300], const struct floor *f, struct took *t)
{
    int threads = !strcmp(f->z->threads, "0") ? omp_get_num_procs() : 1;
    run_trainer(path[BASE], f->z); /* fetches the memory that a host took back in the meantime */
    for (int run = BASE; run < RUNS; run++)
        t->run[run] = less(t->run[run], run_trainer(path[run], f->z));
    peak_operations(threads); /* starts the threads */
    t->operation = less(t->operation, 1 / peak_operations(threads));
    for (int i = 0; i < f->libraries; i++) {
        const struct library *l = &f->lib[i];
        library_threads(l, threads);
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
                write_stream(path[i], &lastfm, (struct batches_of){FEW + i * many, 1},
                             (struct batches_of){FEW + many, 1});
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
    in_processor_time = true;
    for (int run = BASE; run <= STEPS; run++)
        write_run(path[run], &lastfm_alone, run);
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

/* Bytes that went between the processes of the last run. */
static double travelled(void)
{
    char line[500];
    double to = 0, from = 0;
    FILE *f = fopen(notes, "r");
    if (!f)
        fail("no messages");
    while (fgets(line, sizeof line, f))
        if (sscanf(line, "trainer: %lf MB went to each other rank and %lf MB came", &to, &from) ==
            2)
            break;
    fclose(f);
    return 1e6 * (to + from);
}

/* The step of two processes of one thread each, which share the items, over the step of one, and
 * the bytes of a step over those of the states and their gradients. */
static void measure_ranks(char path[RUNS][300])
{
    static const char *const counts[] = {"1", "2"};
    double least_of[2][2] = {{INFINITY, INFINITY}, {INFINITY, INFINITY}}, bytes[2] = {0, 0};
    if (system("command -v mpirun >/dev/null"))
        return;
    in_processor_time = false;
    setenv("OMPI_ALLOW_RUN_AS_ROOT", "1", 1);
    setenv("OMPI_ALLOW_RUN_AS_ROOT_CONFIRM", "1", 1);
    for (int run = BASE; run <= STEPS; run++)
        write_run(path[run], &lastfm_ranks, run);
    for (int round = 0; round < ROUNDS / 2; round++)
        for (int i = 0; i < 2; i++)
            for (int run = BASE; run <= STEPS; run++) {
                ranks = counts[i];
                least_of[i][run] = less(least_of[i][run], run_trainer(path[run], &lastfm_ranks));
                bytes[run] = travelled();
            }
    ranks = counts[0];
    printf("two_ranks_step_over_one\t%.3f\tratio\n",
           (least_of[1][STEPS] - least_of[1][BASE]) / (least_of[0][STEPS] - least_of[0][BASE]));
    int many = lastfm_ranks.more.learned;
    printf("two_ranks_step_bytes\t%.0f\tbytes\n", (bytes[STEPS] - bytes[BASE]) / many);
    printf("two_ranks_step_bytes_over_states\t%.3f\tratio\n",
           (bytes[STEPS] - bytes[BASE]) / many /
               (2.0 * sizeof(float) * lastfm_ranks.targets * lastfm_ranks.units));
}

static void remove_all(const char *folder, char path[3][300])
{
    for (int i = 0; i < 3; i++)
        unlink(path[i]);
    unlink(notes);
    rmdir(folder);
}

static void measure_shape(const struct sizes *z, char path[RUNS][300])
{
    struct took t;
    in_processor_time = !strcmp(z->threads, "1");
    for (int i = 0; i < RUNS; i++) {
        write_run(path[i], z, i);
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
    double step = (t.run[STEPS] - t.run[BASE]) / z->more.learned;
    double test = (t.run[TESTS] - t.run[BASE]) / z->more.tested;
    printf("%sstep_over_floor\t%.3f\tratio\n", z->name, step / t.all[fastest]);
    printf("%sstep_ms\t%.1f\tms\n", z->name, 1e3 * step);
    double peak = 6.0 * z->targets * z->items * z->units * t.operation;
    printf("%sstep_over_peak\t%.3f\tratio\n", z->name, step / peak);
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
    snprintf(notes, sizeof notes, "%s/notes", folder);
    int status = 0;
    if (argc == 4) {
        device = argv[1], precision = argv[2];
        status = pipe_step(path, (int)strtol(argv[3], NULL, 10));
    } else if (argc == 2) {
        measure_ranks(path);
    } else {
        for (size_t i = 0; i < sizeof all / sizeof *all; i++)
            measure_shape(all[i], path);
        measure_bf16(path);
        measure_ranks(path);
    }
    remove_all(folder, path);
    return status;
}
