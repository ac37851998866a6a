/* Which pass's weights are kept: by validation, by test, or the last; what a checkpoint has of it.
 */
#include "train/best.h"

#include <math.h>

#include "nn/device_open.h"
#include "../tap.h"

enum { WEIGHTS = 5 };

/* A learner with a model of a few weights. */
struct fake {
    struct model model;
    struct learner learner;
};

static void fake_open(struct fake *f)
{
    struct optimizer o = {0};
    *f = (struct fake){.model.device = cpu_open(&(struct device_options){.threads = 1}),
                       .learner.model = &f->model};
    parameters_add(&f->model.parameters, "w", 1, (const int64_t[]){WEIGHTS}, 1);
    parameters_allocate(&f->model.parameters, f->model.device, o.update.kind, false, 1);
}

static void fake_close(struct fake *f)
{
    parameters_release(&f->model.parameters);
    device_close(f->model.device);
}

/* A pass of the part ends, with so many hits of 100 targets and all weights `weight`. */
static int pass(struct best *b, struct fake *f, int64_t epoch, enum part part, int hits,
                float weight, bool *improved)
{
    struct err e = {0};
    struct device *d = f->model.device;
    d->op->fill(d, f->model.parameters.value, weight, WEIGHTS);
    f->learner.steps += 10;
    f->learner.stats = (struct pass_stats){.epoch = {epoch, part}, .events = 100, .hits = hits};
    return best_pass(b, &f->learner, improved, &e);
}

static bool kept(const struct best *b, float weight, const char *on, int64_t epoch, int64_t step)
{
    return b->weights && b->weights[0] == weight && b->weights[WEIGHTS - 1] == weight &&
           !strcmp(b->selected_on, on) && b->epoch == epoch && b->step == step;
}

static void by_validation(void)
{
    struct fake f;
    struct best b;
    bool improved[6];
    fake_open(&f);
    best_init(&b, SAVE_BY_RECALL, false, true);
    pass(&b, &f, 1, PART_TRAIN, 90, 1, &improved[0]);
    tap_ok(!improved[0] && !b.weights, "a training pass chooses nothing");
    pass(&b, &f, 1, PART_VALIDATION, 10, 2, &improved[0]);
    pass(&b, &f, 1, PART_TEST, 80, 3, &improved[1]);
    tap_ok(improved[0] && !improved[1] && kept(&b, 2, "validation", 1, 20),
           "validation chooses, whatever the test says");
    pass(&b, &f, 2, PART_VALIDATION, 10, 4, &improved[2]);
    pass(&b, &f, 3, PART_VALIDATION, 9, 5, &improved[3]);
    tap_ok(!improved[2] && !improved[3] && b.waiting == 2 && kept(&b, 2, "validation", 1, 20),
           "passes that are not better are counted");
    pass(&b, &f, 4, PART_VALIDATION, 11, 6, &improved[4]);
    tap_ok(improved[4] && !b.waiting && b.recall == 0.11 && kept(&b, 6, "validation", 4, 60),
           "a better one takes the place");
    best_release(&b);
    fake_close(&f);
}

static void by_test(void)
{
    struct fake f;
    struct best b;
    struct err e;
    bool improved;
    fake_open(&f);
    best_init(&b, SAVE_BY_RECALL, false, true);
    pass(&b, &f, 1, PART_TEST, 0, 1, &improved);
    tap_ok(improved && kept(&b, 1, "test", 1, 10),
           "without validation the test chooses, also with nothing right");
    best_release(&b);

    best_init(&b, SAVE_BY_RECALL, false, true);
    f.learner.stats = (struct pass_stats){.epoch = {1, PART_VALIDATION}};
    tap_ok(!best_pass(&b, &f.learner, &improved, &e) && !improved && !b.weights && !b.waiting,
           "a pass without targets chooses nothing");
    pass(&b, &f, 1, PART_TEST, 50, 2, &improved);
    tap_ok(!improved && !b.weights, "nor does the test behind it");
    best_release(&b);
    fake_close(&f);
}

static void the_last(void)
{
    struct fake f;
    struct best b;
    struct err e;
    fake_open(&f);
    best_init(&b, SAVE_BY_LAST, false, true);
    pass(&b, &f, 1, PART_TRAIN, 0, 1, NULL);
    pass(&b, &f, 1, PART_VALIDATION, 50, 2, NULL);
    pass(&b, &f, 2, PART_TRAIN, 0, 3, NULL);
    pass(&b, &f, 2, PART_VALIDATION, 20, 4, NULL);
    tap_ok(kept(&b, 3, "last", 2, 30), "the last training pass's weights");
    best_release(&b);

    best_init(&b, SAVE_BY_RECALL, false, true);
    pass(&b, &f, 3, PART_TRAIN, 0, 7, NULL);
    tap_ok(!b.weights && !best_finish(&b, &f.learner, &e) && kept(&b, 7, "last", 3, 50),
           "where no pass could choose, the weights at the end");
    pass(&b, &f, 4, PART_TRAIN, 0, 8, NULL);
    tap_ok(!best_finish(&b, &f.learner, &e) && kept(&b, 7, "last", 3, 50),
           "not where one has chosen");
    best_release(&b);

    best_init(&b, SAVE_BY_RECALL, false, false);
    pass(&b, &f, 5, PART_TEST, 7, 9, NULL);
    tap_ok(b.recall == 0.07 && !b.weights && !best_finish(&b, &f.learner, &e) && !b.weights,
           "weights that nobody saves are not kept");
    best_release(&b);
    fake_close(&f);
}

/* A pass whose loss over 100 targets is `loss`. */
static void pass_of_loss(struct best *b, struct fake *f, int64_t epoch, int hits, double loss)
{
    struct err e = {0};
    f->learner.stats = (struct pass_stats){
        .epoch = {epoch, PART_VALIDATION}, .events = 100, .hits = hits, .loss = 100 * loss};
    best_pass(b, &f->learner, NULL, &e);
}

static void waiting_by_loss(void)
{
    struct fake f;
    struct best recall, loss;
    fake_open(&f);
    best_init(&recall, SAVE_BY_RECALL, false, false);
    best_init(&loss, SAVE_BY_RECALL, true, false);
    const struct {
        int hits;
        double loss;
    } passes[] = {{10, 5}, {10, 4}, {9, 3}, {12, 3.5}, {11, 3}};
    for (int i = 0; i < 5; i++) {
        pass_of_loss(&recall, &f, i + 1, passes[i].hits, passes[i].loss);
        pass_of_loss(&loss, &f, i + 1, passes[i].hits, passes[i].loss);
        if (i == 2)
            tap_ok(recall.waiting == 2 && !loss.waiting, "a lower loss is worth the wait");
    }
    tap_ok(recall.waiting == 1 && loss.waiting == 2 && loss.recall == 0.12,
           "by loss a better recall is not, and is the best all the same");
    best_release(&recall);
    best_release(&loss);
    fake_close(&f);
}

static void diverged(void)
{
    struct fake f;
    struct best b;
    fake_open(&f);
    best_init(&b, SAVE_BY_RECALL, false, true);
    pass(&b, &f, 1, PART_TEST, 5, 1, NULL);
    tap_ok(pass(&b, &f, 2, PART_TEST, 6, NAN, NULL) == STATUS_FAIL && kept(&b, 1, "test", 1, 10),
           "weights that are not finite are refused, the last good ones stay");
    best_release(&b);
    fake_close(&f);
}

struct both {
    struct best best;
    struct parameters *parameters;
};

static void list(void *of, struct state *s)
{
    struct both *b = of;
    best_state(&b->best, b->parameters, s);
}

static void through_file(struct both *from, struct both *to, const char *name)
{
    struct err e = {0};
    struct output_file file;
    struct safetensors saved;
    if (output_file_open(&file, name, &e) || state_write(&file, NULL, 0, list, from, &e) ||
        output_file_commit(&file, &e) || safetensors_open(&saved, name, &e)) {
        tap_ok(0, "%s", e.text);
        return;
    }
    tap_ok(!state_read(&saved, list, to, &e), "%s: restored %s", name, e.text);
    safetensors_close(&saved);
}

static void checkpoint(void)
{
    struct fake f;
    struct both from, to;
    fake_open(&f);
    best_init(&from.best, SAVE_BY_RECALL, false, true);
    best_init(&to.best, SAVE_BY_RECALL, false, true);
    from.parameters = to.parameters = &f.model.parameters;
    through_file(&from, &to, "none");
    tap_ok(to.best.recall == -1 && !to.best.weights, "before any pass there is nothing to keep");
    pass(&from.best, &f, 1, PART_VALIDATION, 40, 2, NULL);
    pass(&from.best, &f, 2, PART_VALIDATION, 30, 3, NULL);
    through_file(&from, &to, "one");
    tap_ok(to.best.validated && to.best.recall == 0.4 && to.best.waiting == 1 &&
               kept(&to.best, 2, "validation", 1, 10),
           "the best so far, with its weights");
    pass(&to.best, &f, 3, PART_TEST, 90, 4, NULL);
    tap_ok(kept(&to.best, 2, "validation", 1, 10), "and it is still validation that chooses");
    best_release(&from.best);
    best_release(&to.best);
    fake_close(&f);
}

int main(void)
{
    by_validation();
    by_test();
    the_last();
    waiting_by_loss();
    diverged();
    checkpoint();
    return tap_done();
}
