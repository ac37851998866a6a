#include "model/item_decoder.h"

#include <string.h>

void item_decoder_declare_items(struct item_decoder *d, struct model *m)
{
    item_output_declare_items(&d->output, m);
}

void item_decoder_declare(struct item_decoder *d, struct model *m, int in, int state)
{
    parameters_add_gru(&m->parameters, &d->gru, "intra_gru", in, state, model_reset_before(m));
    item_output_declare(&d->output, m, state);
}

/* Inputs are all events but the last, targets all but the first.  The arrays have room for `more`
 * inputs. */
static int32_t *split_events(struct item_decoder *d, struct tape *t, const struct batch *b,
                             size_t more, struct forward *f)
{
    size_t count = b->length.len;
    const int32_t *item = column_i32(b->item);
    int32_t *input = tape_host(t, (b->item.len + more) * sizeof *input);
    int32_t *target = tape_host(t, b->item.len * sizeof *target);
    int32_t *owner = tape_host(t, b->item.len * sizeof *owner);
    d->length = tape_host(t, count * sizeof *d->length);
    f->targets = 0;
    for (size_t i = 0; i < count; i++) {
        int32_t length = column_i32(b->length)[i];
        d->length[i] = length ? length - 1 : 0;
        for (int32_t j = 0; j + 1 < length; j++) {
            input[f->targets] = item[j];
            owner[f->targets] = (int32_t)i;
            target[f->targets++] = item[j + 1];
        }
        item += length;
    }
    f->target = target;
    f->owner = owner;
    return input;
}

struct tensor *item_decoder_read(struct item_decoder *d, const struct model *m, struct tape *t,
                                 const struct batch *b, struct column more, struct forward *f)
{
    int32_t *item = split_events(d, t, b, more.len, f);
    int inputs = f->targets, others = (int)more.len;
    if (others)
        memcpy(item + inputs, more.at, more.len * sizeof *item);
    const int32_t *place;
    struct tensor *table = tape_different_rows(t, d->output.item, item, inputs + others, &place);
    struct tensor *x = tape_gather(t, table, tape_rows(t, place, inputs));
    d->steps = tape_ragged(t, d->length, (int)b->length.len);
    d->input = tape_dropout(t, x, (float)m->options->dropout);
    return tape_gather(t, table, tape_rows(t, place + inputs, others));
}

void item_decoder_output(struct item_decoder *d, const struct model *m, struct tape *t,
                         struct tensor *states, struct forward *f)
{
    d->states = states;
    item_output_state(&d->output, t, tape_dropout(t, states, (float)m->options->dropout), f);
    item_output_layer(&d->output, f);
}
