/* The line of an epoch and the members of JSON objects, pass by pass. */
#include "train/epoch_log.h"

#include "../tap.h"

static struct pass_stats stats(int64_t number, enum part part, int64_t batches)
{
    return (struct pass_stats){.epoch = {number, part},
                               .batches = batches,
                               .sessions = 3,
                               .events = 8,
                               .left_out = 1,
                               .hits = 2,
                               .loss = 20,
                               .reciprocal = 1};
}

/* Whether the text is as expected, where # is any number. */
static bool matches(const char *text, const char *expected)
{
    for (; *expected; expected++) {
        if (*expected != '#') {
            if (*text++ != *expected)
                return false;
            continue;
        }
        size_t digits = strspn(text, "0123456789.e+-");
        if (!digits)
            return false;
        text += digits;
    }
    return !*text;
}

static void pass(struct epoch_log *log, struct pass_stats t, bool improved, struct buf *json)
{
    epoch_log_begin(log, &t);
    epoch_log_end(log, &t, improved, json);
}

static void line(const struct epoch_log *log, const char *expected)
{
    tap_ok(matches(log->line.at, expected), "%s", log->line.at);
}

static void lines(void)
{
    struct epoch_log log = {0};
    pass(&log, stats(1, PART_TRAIN, 10), false, NULL);
    line(&log, "epoch 1: train loss 2.5000 (# events/s)");
    pass(&log, stats(1, PART_VALIDATION, 4), true, NULL);
    line(&log, "epoch 1: train loss 2.5000 (# events/s); validation loss 2.5000, recall@20 0.2500, "
               "mrr@20 0.1250, best so far (# events/s)");
    pass(&log, stats(1, PART_TEST, 5), false, NULL);
    line(&log,
         "epoch 1: train loss 2.5000 (# events/s); validation loss 2.5000, recall@20 0.2500, "
         "mrr@20 0.1250, best so far (# events/s); test loss 2.5000, recall@20 0.2500, mrr@20 "
         "0.1250 (# events/s)");
    pass(&log, stats(2, PART_TRAIN, 10), false, NULL);
    line(&log, "epoch 2: train loss 2.5000 (# events/s)");
    pass(&log, stats(3, PART_TEST, 5), false, NULL);
    line(&log, "epoch 3: test loss 2.5000, recall@20 0.2500, mrr@20 0.1250 (# events/s)");
    epoch_log_release(&log);
}

static void json(void)
{
    struct epoch_log log = {0};
    struct buf text = {0};
    pass(&log, stats(7, PART_TRAIN, 10), true, &text);
    buf_byte(&text, 0);
    tap_ok(matches(text.at,
                   ",\"epoch\":7,\"part\":\"train\",\"loss\":2.5,\"events\":8,\"sessions\":3,"
                   "\"left_out\":1,\"seconds\":#"),
           "of training %s", text.at);
    buf_clear(&text);
    pass(&log, stats(7, PART_TEST, 10), true, &text);
    buf_byte(&text, 0);
    tap_ok(matches(text.at,
                   ",\"epoch\":7,\"part\":\"test\",\"loss\":2.5,\"events\":8,\"sessions\":3,"
                   "\"left_out\":1,\"recall@20\":0.25,\"mrr@20\":0.125,\"best\":true,"
                   "\"seconds\":#"),
           "of a test %s", text.at);
    buf_release(&text);
    epoch_log_release(&log);
}

static void shares(void)
{
    struct epoch_log log = {0};
    struct pass_stats half = stats(1, PART_TRAIN, 5);
    tap_ok(epoch_log_share(&log, &half) == 0, "how much of the first pass is done is not known");
    pass(&log, stats(1, PART_TRAIN, 10), false, NULL);
    struct pass_stats all = stats(2, PART_TRAIN, 10), test = stats(2, PART_TEST, 1);
    tap_ok(epoch_log_share(&log, &half) == 0.5, "of the next it is, by the batches of the first");
    tap_ok(epoch_log_share(&log, &all) == 0, "beyond them it is not");
    tap_ok(epoch_log_share(&log, &test) == 0, "each part has its own count");
    epoch_log_release(&log);
}

static void list(void *of, struct state *s)
{
    epoch_log_state(of, s);
}

/* A run that stops in the middle of an epoch goes on with its line. */
static void checkpoint(void)
{
    struct epoch_log log = {0}, later = {0};
    struct err e = {0};
    struct output_file file;
    struct safetensors saved;
    pass(&log, stats(4, PART_TRAIN, 10), false, NULL);
    log.start -= 100;
    if (output_file_open(&file, "log", &e) || state_write(&file, NULL, 0, list, &log, &e) ||
        output_file_commit(&file, &e) || safetensors_open(&saved, "log", &e)) {
        tap_ok(0, "%s", e.text);
        return;
    }
    tap_ok(!state_read(&saved, list, &later, &e), "restored %s", e.text);
    tap_ok(later.epoch == 4 && later.batches[PART_TRAIN] == 10 && !later.batches[PART_TEST] &&
               !strcmp(later.line.at, log.line.at),
           "with its line and counts");
    double spent = epoch_log_now() - later.start;
    tap_ok(spent >= 100 && spent < 200, "and with the time that was spent");
    struct pass_stats t = stats(4, PART_TEST, 2);
    epoch_log_begin(&later, &t);
    epoch_log_end(&later, &t, false, NULL);
    line(&later, "epoch 4: train loss 2.5000 (# events/s); test loss 2.5000, recall@20 0.2500, "
                 "mrr@20 0.1250 (# events/s)");
    safetensors_close(&saved);
    epoch_log_release(&log);
    epoch_log_release(&later);
}

int main(void)
{
    lines();
    json();
    shares();
    checkpoint();
    return tap_done();
}
