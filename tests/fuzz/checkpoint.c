/* The state of a training run: the first byte chooses the model, the others are the checkpoint's
 * tensors.  Whatever is restored is safe to continue from: a test batch runs on it. */
#include "fuzz.h"
#include "tensors.h"
#include "../model/pair.h"
#include "train/best.h"
#include "train/epoch_log.h"

struct run {
    struct pair pair;
    struct best best;
    struct epoch_log log;
};

static void run_state(void *of, struct state *s)
{
    struct run *r = of;
    state_begin(s, "learner");
    learner_state(&r->pair.learner, s);
    state_end(s);
    state_begin(s, "best");
    best_state(&r->best, &r->pair.model.parameters, s);
    state_end(s);
    state_begin(s, "log");
    epoch_log_state(&r->log, s);
    state_end(s);
}

/* The hash alone is wrong: all else was restored. */
static bool is_restored(int status, const struct err *e)
{
    return !status || strstr(e->text, "the bytes do not fit it");
}

static void run_on(struct run *r)
{
    static struct made made[PAIR_BATCHES];
    struct outcome o;
    struct err e;
    if (!made[0].batch.user.len)
        make_batches(made);
    learner_begin(&r->pair.learner, (struct epoch){1, PART_TEST});
    if (learner_batch(&r->pair.learner, &made[PAIR_BATCHES - 1].batch, &o, &e) &&
        e.status != STATUS_FAIL)
        abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const struct {
        const char *name;
        struct model_shape shape;
    } models[] = {
        {"ii-rnn",
         {.session_rep = "mean", .inter = "hidden", .gru = "reset-after", .embedding = 3}},
        {"hrnn", {.gru = "reset-after", .embedding = 3, .propagate = "init"}},
        {"sasrec", {.embedding = 4}},
    };
    struct run r = {0};
    struct safetensors file;
    struct err e = {0};
    if (!size)
        return 0;
    unsigned chosen = data[0] % (sizeof models / sizeof *models);
    if (safetensors_open(&file, tensors_file(data + 1, size - 1), &e))
        return 0;
    pair_open(&r.pair, models[chosen].name, &models[chosen].shape);
    best_init(&r.best, SAVE_BY_RECALL, false, true);
    int status = state_read(&file, run_state, &r, &e);
    if (status && (status != STATUS_DATA || !*e.text))
        abort();
    if (is_restored(status, &e))
        run_on(&r);
    epoch_log_release(&r.log);
    best_release(&r.best);
    pair_close(&r.pair);
    safetensors_close(&file);
    return 0;
}
