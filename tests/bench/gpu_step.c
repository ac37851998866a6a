/* Training steps on a GPU at the thesis's shapes of Last.fm and Reddit; the host generates batches
 * while the GPU computes: rows "name<TAB>value<TAB>unit".  For each step also the share of its time
 * that the host takes to queue it: near 1 the GPU waits for launches.
 *
 * Usage: gpu_step [tiny]; `tiny` takes the same paths with sizes for the emulation. */
#include <string.h>

#include "running.h"
#include "timing.h"

static const struct shape small = {"tiny", 60, 130, 8, 0.2, "mean"};

/* Training sessions of the thesis's data sets: four fifths of all sessions. */
enum { LASTFM_SESSIONS = 500000, REDDIT_SESSIONS = 908000 };

static const struct variant variants[] = {
    {"", "ii-rnn", {0}},
    {"_inter", "ii-rnn", {.inter = "hidden,delta"}},
};

static void wait_for(struct running *r)
{
    float last;
    struct err e = {0};
    if (learner_flush(&r->learner, &e))
        bench_fail(&e);
    r->device->op->download(r->device, &last, r->model.parameters.value, sizeof last);
}

static void measure(const struct shape *s, const struct variant *v, const char *precision,
                    int steps, int sessions)
{
    struct err e = {0};
    struct device *d;
    struct device_options o = {.precision = precision_of(precision), .workspace = 1 << 30};
    if (device_choose("cuda", &o, &d, &e))
        bench_fail(&e);
    int32_t active = s == &small ? SESSIONS : ACTIVE_MOST;
    struct running *r = open_running(s, v, active, active, d);
    wait_for(r);
    double begin = seconds(), host = 0;
    for (int i = 0; i < steps; i++) {
        double from = seconds();
        run_batch(r, SESSIONS, true);
        host += seconds() - from;
    }
    wait_for(r);
    double step = (seconds() - begin) / steps;
    printf("gpu_%s%s_%s_step\t%.3f\tms\n", s->name, v->name, precision, 1e3 * step);
    printf("gpu_%s%s_%s_events\t%.0f\tevents/s\n", s->name, v->name, precision, s->targets / step);
    printf("gpu_%s%s_%s_host\t%.3f\tratio\n", s->name, v->name, precision, host / steps / step);
    printf("gpu_%s%s_%s_epoch\t%.2f\ts\n", s->name, v->name, precision, step * sessions / SESSIONS);
    fflush(stdout);
    close_running(r);
}

int main(int argc, char **argv)
{
    static const char *const precision[] = {"f32", "tf32", "bf16"};
    bool tiny = argc > 1 && !strcmp(argv[1], "tiny");
    for (size_t v = 0; v < sizeof variants / sizeof *variants; v++)
        for (size_t p = 0; p < sizeof precision / sizeof *precision; p++) {
            if (tiny) {
                measure(&small, &variants[v], precision[p], 2, SESSIONS);
                continue;
            }
            measure(&lastfm, &variants[v], precision[p], 200, LASTFM_SESSIONS);
            measure(&reddit, &variants[v], precision[p], 200, REDDIT_SESSIONS);
        }
    return 0;
}
