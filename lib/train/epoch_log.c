#include "train/epoch_log.h"

#include <inttypes.h>
#include <time.h>

#include "base/json.h"

double epoch_log_now(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + (double)now.tv_nsec * 1e-9;
}

void epoch_log_begin(struct epoch_log *r, const struct pass_stats *t)
{
    if (t->epoch.part == PART_TRAIN || r->epoch != t->epoch.number)
        buf_clear(&r->line);
    r->epoch = t->epoch.number;
    r->start = epoch_log_now();
}

static double events_per_second(const struct epoch_log *r, const struct pass_stats *t)
{
    double seconds = epoch_log_now() - r->start;
    return seconds > 0 ? (double)t->events / seconds : 0;
}

static void append_line(struct epoch_log *r, const struct pass_stats *t, bool improved)
{
    if (r->line.len)
        r->line.len--; /* the NUL */
    else
        buf_format(&r->line, "epoch %" PRId64, t->epoch.number);
    buf_format(&r->line, "%s %s loss %.4f", r->line.at[r->line.len - 1] == ')' ? ";" : ":",
               part_name[t->epoch.part], pass_stats_pass(t).loss);
    if (t->epoch.part != PART_TRAIN)
        buf_format(&r->line, ", recall@20 %.4f, mrr@20 %.4f%s", pass_stats_recall(t),
                   pass_stats_mrr(t), improved ? ", best so far" : "");
    buf_format(&r->line, " (%.0f events/s)", events_per_second(r, t));
    buf_byte(&r->line, 0);
}

static void append_number(struct buf *to, const char *key, double value)
{
    buf_format(to, ",\"%s\":", key);
    json_number(to, value);
}

static void append_json(const struct epoch_log *r, const struct pass_stats *t, bool improved,
                        struct buf *to)
{
    bool tested = t->epoch.part != PART_TRAIN;
    buf_format(to, ",\"epoch\":%" PRId64 ",\"part\":\"%s\"", t->epoch.number,
               part_name[t->epoch.part]);
    append_number(to, "loss", pass_stats_pass(t).loss);
    buf_format(to, ",\"events\":%" PRId64 ",\"sessions\":%" PRId64 ",\"left_out\":%" PRId64,
               t->events, t->sessions, t->left_out);
    if (tested) {
        append_number(to, "recall@20", pass_stats_recall(t));
        append_number(to, "mrr@20", pass_stats_mrr(t));
        buf_format(to, ",\"best\":%s", improved ? "true" : "false");
    }
    append_number(to, "seconds", epoch_log_now() - r->start);
}

void epoch_log_end(struct epoch_log *r, const struct pass_stats *t, bool improved, struct buf *json)
{
    r->batches[t->epoch.part] = t->batches;
    append_line(r, t, improved);
    if (json)
        append_json(r, t, improved, json);
}

double epoch_log_share(const struct epoch_log *r, const struct pass_stats *t)
{
    int64_t all = r->batches[t->epoch.part];
    return all > t->batches ? (double)t->batches / (double)all : 0;
}

void epoch_log_state(struct epoch_log *r, struct state *s)
{
    double seconds = epoch_log_now() - r->start;
    state_begin(s, "report");
    state_i64(s, "epoch", &r->epoch, 0, INT64_MAX);
    state_f64(s, "seconds", &seconds);
    for (int part = PART_TRAIN; part <= PART_TEST; part++)
        state_i64(s, part_name[part], &r->batches[part], 0, INT64_MAX);
    state_bytes(s, "line", &r->line);
    if (state_restoring(s) && state_good(s) && r->line.len && r->line.at[r->line.len - 1])
        state_refuse(s, "line", "does not end in a zero byte");
    state_end(s);
    r->start = epoch_log_now() - seconds;
}

void epoch_log_release(struct epoch_log *r)
{
    buf_release(&r->line);
}
