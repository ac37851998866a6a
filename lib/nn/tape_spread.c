/* The output layer's bias where the rows of tables are spread (nn/shards.h). */
#include "nn/tape_nodes.h"

struct spread_bias {
    struct node node;
    struct tape_spread_bias b;
    int items;
};

static void spread_bias_back(struct tape *t, struct node *n)
{
    const struct spread_bias *own = (const struct spread_bias *)n;
    const struct tape_spread_bias *b = &own->b;
    if (b->own && b->own->grad)
        t->op->add(t->device, b->own->grad, b->grad, (size_t)own->items);
    if (b->factor->grad)
        t->op->gemm(t->device, false, false, 1, 1, own->items, b->grad, own->items, b->number, 1, 1,
                    b->factor->grad, 1);
}

struct tensor *tape_spread_bias(struct tape *t, const struct tape_spread_bias *b, int items)
{
    bool learns = t->training && b->grad && (b->factor->grad || (b->own && b->own->grad));
    if (b->own)
        t->op->copy(t->device, b->room, b->own->value, (size_t)items);
    else
        t->op->fill(t->device, b->room, 0, (size_t)items);
    t->op->gemm(t->device, false, true, 1, items, 1, b->factor->value, 1, b->number, 1, 1, b->room,
                items);
    if (learns) {
        struct spread_bias *n = tape_record(t, sizeof *n, spread_bias_back);
        n->b = *b;
        n->items = items;
        t->op->fill(t->device, b->grad, 0, (size_t)items);
    }
    return tape_tensor(t, b->room, learns ? b->grad : NULL, 1, items);
}

struct tensor *tape_no_bias(struct tape *t, int items)
{
    return t->device->shards ? tape_tensor(t, NULL, NULL, 1, items) : tape_zeros(t, 1, items);
}
