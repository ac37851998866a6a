#include "model/item_decoder.h"

#include "model/batch_events.h"

void item_decoder_declare_items(struct item_decoder *d, struct model *m)
{
    item_output_declare_items(&d->output, m);
}

void item_decoder_declare(struct item_decoder *d, struct model *m, int in, int state, int clusters)
{
    parameters_add_grus(&m->parameters, &d->gru, clusters, "intra_gru", false, in, state,
                        model_reset_before(m));
    item_output_declare(&d->output, m, state);
}

/* Inputs are all events but the last, targets all but the first.  Returns the inputs and, after
 * them, all events of earlier sessions, as numbers of events. */
static int32_t *split_events(struct item_decoder *d, struct tape *t, const struct batch *b,
                             size_t earlier, struct forward *f)
{
    size_t count = b->length.len, events = b->item.len;
    int32_t *input = tape_host_ints(t, events + earlier), *target = tape_host_ints(t, events);
    int32_t *owner = tape_host_ints(t, events);
    d->length = tape_host_ints(t, count);
    f->targets = 0;
    for (size_t i = 0, event = 0; i < count; i++) {
        int32_t length = column_i32(b->length)[i];
        d->length[i] = length ? length - 1 : 0;
        for (int32_t j = 0; j + 1 < length; j++) {
            input[f->targets] = (int32_t)event + j;
            owner[f->targets] = (int32_t)i;
            target[f->targets++] = (int32_t)event + j + 1;
        }
        event += (size_t)length;
    }
    for (size_t i = 0; i < earlier; i++)
        input[(size_t)f->targets + i] = batch_first_earlier(b) + (int32_t)i;
    f->target = batch_items(t, b, target, f->targets);
    f->owner = owner;
    tape_share(t, owner, f->targets, NULL, owner);
    return input;
}

struct tensor *item_decoder_read(struct item_decoder *d, const struct model *m, struct tape *t,
                                 const struct batch *b, bool earlier, struct forward *f)
{
    int others = earlier ? (int)b->history_item.len : 0;
    d->event = split_events(d, t, b, (size_t)others, f);
    const int32_t *item = batch_items(t, b, d->event, f->targets + others), *place;
    int inputs = f->targets;
    struct tensor *table = tape_different_rows(t, d->output.item, item, inputs + others, &place);
    struct tensor *x = tape_gather(t, table, tape_rows(t, place, inputs));
    d->steps = tape_ragged(t, d->length, (int)b->length.len);
    d->input = tape_dropout(t, x, (float)m->options->dropout);
    return tape_gather(t, table, tape_rows(t, place + inputs, others));
}

float *item_decoder_last(const struct item_decoder *d, struct tape *t, const struct tensor *x,
                         int count)
{
    float *out = tape_memory(t, (size_t)count * (size_t)x->cols * sizeof *out);
    int32_t *last = tape_host_ints(t, (size_t)count), rows = 0;
    for (int i = 0; i < count; i++) {
        rows += d->length[i];
        last[i] = d->length[i] ? rows - 1 : -1;
    }
    struct device *of = tape_device(t);
    of->op->gather(of, tape_rows(t, last, count), x->cols, x->value, out);
    return out;
}

void item_decoder_weights(const struct item_decoder *d, struct tape *t,
                          const struct attention_weights *a, struct forward *f)
{
    int32_t *count = tape_host_ints(t, (size_t)d->steps->total);
    for (int i = 0; i < d->steps->total; i++)
        count[i] = a->at[i + 1] - a->at[i];
    f->weight[LEVEL_ITEM] = a->weight;
    f->weights[LEVEL_ITEM] = a->total;
    f->item_at = a->at;
    f->item_count = count;
}

void item_decoder_output(struct item_decoder *d, const struct model *m, struct tape *t,
                         struct tensor *states, struct forward *f)
{
    d->states = states;
    item_output_state(&d->output, t, tape_dropout(t, states, (float)m->options->dropout), f);
    item_output_layer(&d->output, f);
}
