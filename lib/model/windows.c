#include "model/windows.h"

#include <string.h>

static int windows_of(int inputs, int most)
{
    return inputs > most ? 1 + inputs - most : 1;
}

struct windows windows_make(struct tape *t, const struct batch *b, int most)
{
    struct windows w = {0};
    int count = 0, total = 0;
    for (size_t i = 0; i < b->length.len; i++) {
        int inputs = column_i32(b->length)[i] - 1;
        count += windows_of(inputs, most);
        total += inputs > most ? windows_of(inputs, most) * most : inputs > 0 ? inputs : 0;
    }
    w.length = tape_host(t, (size_t)count * sizeof *w.length);
    w.input = tape_host(t, (size_t)total * sizeof *w.input);
    w.row = tape_host(t, b->item.len * sizeof *w.row);
    w.target = tape_host(t, b->item.len * sizeof *w.target);
    w.owner = tape_host(t, b->item.len * sizeof *w.owner);
    const int32_t *item = column_i32(b->item);
    for (size_t i = 0; i < b->length.len; i++) {
        int events = column_i32(b->length)[i], inputs = events > 0 ? events - 1 : 0;
        int first = inputs < most ? inputs : most;
        w.length[w.count++] = first;
        memcpy(w.input + w.total, item, (size_t)first * sizeof *item);
        for (int j = 0; j < first; j++)
            w.row[w.targets + j] = w.total + j;
        w.total += first;
        for (int j = first; j < inputs; j++) {
            w.length[w.count++] = most;
            memcpy(w.input + w.total, item + j + 1 - most, most * sizeof *item);
            w.total += most;
            w.row[w.targets + j] = w.total - 1;
        }
        memcpy(w.target + w.targets, item + 1, (size_t)inputs * sizeof *item);
        for (int j = 0; j < inputs; j++)
            w.owner[w.targets + j] = (int32_t)i;
        w.targets += inputs;
        item += events;
    }
    return w;
}

struct tensor *windows_targets(struct tape *t, const struct windows *w, struct tensor *x)
{
    return w->total > w->targets ? tape_gather(t, x, tape_rows(t, w->row, w->targets)) : x;
}

void windows_forward(const struct windows *w, struct forward *f)
{
    *f = (struct forward){.targets = w->targets, .target = w->target, .owner = w->owner};
}

void windows_weights(struct tape *t, const struct windows *w, const struct attention_weights *a,
                     struct forward *f)
{
    int32_t *at = tape_host(t, (size_t)w->targets * sizeof *at);
    int32_t *count = tape_host(t, (size_t)w->targets * sizeof *count);
    for (int i = 0; i < w->targets; i++) {
        at[i] = a->at[w->row[i]];
        count[i] = a->at[w->row[i] + 1] - at[i];
    }
    f->weight[LEVEL_ITEM] = a->weight;
    f->weights[LEVEL_ITEM] = a->total;
    f->item_at = at;
    f->item_count = count;
}
