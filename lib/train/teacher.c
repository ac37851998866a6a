#include "train/teacher.h"

#include <string.h>

#include "model/item_output.h"

/* ---- opening ---- */

int teacher_open(struct teacher *t, const struct model_options *o, struct err *e)
{
    *t = (struct teacher){.weight = (float)o->teacher_weight,
                          .temperature = (float)o->teacher_temperature};
    if (saved_model_open(&t->saved, o->teacher, e))
        return e->status;
    const struct model_options *own = t->saved.options;
    if (strcmp(t->saved.class->name, "improved") || own->wide || item_output_aims(own))
        return err_set(e, STATUS_USAGE,
                       "--teacher %s: it has to be a --model improved without --wide and --decoder "
                       "embedding",
                       o->teacher);
    if (!t->saved.reversed)
        return err_set(e, STATUS_USAGE,
                       "--teacher %s: it reads sessions from their beginning, as what it is to "
                       "teach does: train it on batches of batcher --reverse",
                       o->teacher);
    return 0;
}

int teacher_begin(struct teacher *t, const struct model_data *data, const struct names *items,
                  struct device *d, struct err *e)
{
    const struct model_names names = {.items = items};
    for (int32_t i = 0; i < names_count(items); i++) {
        struct bytes name = names_at(items, i);
        if (names_find(&t->saved.items, name) < 0)
            return err_set(e, STATUS_DATA,
                           "--teacher %s: it does not know item '%.*s': train it on the same "
                           "sessions",
                           t->saved.path, (int)name.len, (const char *)name.at);
    }
    model_open(&t->model, t->saved.class, t->saved.options, data, d);
    parameters_hold(&t->model.parameters, d);
    return saved_model_weights(&t->saved, &t->model, &names, e);
}

void teacher_close(struct teacher *t)
{
    model_close(&t->model);
    if (t->saved.path)
        saved_model_close(&t->saved);
    *t = (struct teacher){0};
}

/* ---- a batch ---- */

/* A column of events with each session from its end; empty where it is empty. */
static struct column from_end(struct tape *tape, const struct batch *b, struct column events)
{
    int32_t *to = tape_host_ints(tape, events.len);
    const int32_t *from = column_i32(events);
    size_t first = 0;
    for (size_t s = 0; events.len && s < b->length.len; s++) {
        size_t n = (size_t)column_i32(b->length)[s];
        for (size_t i = 0; i < n; i++)
            to[first + i] = from[first + n - 1 - i];
        first += n;
    }
    return (struct column){to, events.len};
}

/* Which of its rows says something of each target: from a session's end it predicts event j after
 * the events behind it, in row n - 2 - j of n - 1; nothing of the last event, -1.  share [targets].
 */
static const struct rows *rows_of_targets(const struct teacher *t, struct tape *tape,
                                          const struct batch *b, const float **share)
{
    int32_t *row = tape_host_ints(tape, b->item.len), targets = 0;
    float *weight = tape_host(tape, b->item.len * sizeof *weight);
    for (size_t s = 0; s < b->length.len; s++) {
        int32_t n = column_i32(b->length)[s], first = targets;
        for (int32_t j = 1; j < n; j++, targets++) {
            bool last = j == n - 1;
            row[targets] = last ? -1 : first + n - 2 - j;
            weight[targets] = last ? 0 : t->weight;
        }
    }
    *share = tape_numbers(tape, weight, targets, 1)->value;
    return tape_rows(tape, row, targets);
}

struct taught teacher_says(struct teacher *t, struct tape *tape, const struct batch *b)
{
    struct batch turned = *b;
    struct forward f;
    const float *share;
    turned.item = from_end(tape, b, b->item);
    turned.place = from_end(tape, b, b->place);
    tape_learn(tape, false);
    model_forward_deep(&t->model, tape, &turned, &f);
    const struct tensor *weight = model_output(&t->model, tape, &f),
                        *bias = model_output_bias(tape, &f);
    const struct rows *rows = rows_of_targets(t, tape, b, &share);
    const struct tensor *state = tape_gather(tape, f.state, rows);
    tape_learn(tape, true);
    return (struct taught){.width = state->cols,
                           .state = state->value,
                           .weight = weight->value,
                           .bias = bias->value,
                           .share = share,
                           .temperature = t->temperature};
}
