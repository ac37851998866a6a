/* Parameters as tensors, what a step uses of the tables among them, and the backward pass, which
 * leaves one use of each table. */
#include <string.h>

#include "nn/tape_nodes.h"

const struct table_use *tape_table_uses(const struct tape *t)
{
    return t->uses;
}

/* The use of these rows (NULL: of all) by the step; NULL: none. */
static struct table_use *find_use(const struct tape *t, const struct parameter *p,
                                  const struct rows *rows)
{
    for (struct table_use *use = t->uses; use; use = use->before)
        if (use->parameter == p && use->rows == rows)
            return use;
    return NULL;
}

static void add_use(struct tape *t, struct parameter *p, const struct rows *rows, struct tensor *x)
{
    struct table_use *use = tape_host(t, sizeof *use);
    *use = (struct table_use){p, rows, x, t->uses};
    t->uses = use;
}

static struct tensor *whole_table(struct tape *t, struct parameter *p)
{
    struct table_use *known = find_use(t, p, NULL);
    if (known)
        return known->tensor;
    parameter_flush(p);
    float *grad = t->training ? parameter_gradient(p) : NULL;
    struct tensor *x = tape_tensor(t, p->value, grad, p->rows, p->cols);
    if (grad)
        add_use(t, p, NULL, x);
    return x;
}

struct tensor *tape_parameter(struct tape *t, const struct parameter *p)
{
    if (p->table)
        return whole_table(t, (struct parameter *)p);
    return tape_tensor(t, p->value, t->training ? p->grad : NULL, p->rows, p->cols);
}

struct tensor *tape_blocks(struct tape *t, const struct parameter *p, const struct rows *users)
{
    struct table_use *known = find_use(t, p, users);
    if (known)
        return known->tensor;
    int block = parameter_block(p), cols = p->cols;
    const struct rows blocks = {.count = users->unique, .at = users->row};
    struct tensor *y = p->dims > 1
                           ? tape_result(t, cols ? users->unique * (block / cols) : 0, cols, true)
                           : tape_result(t, users->unique, block, true);
    parameters_lazy_update((struct parameter *)p, users);
    t->op->gather(t->device, &blocks, block, p->value, y->value);
    if (y->grad)
        add_use(t, (struct parameter *)p, users, y);
    return y;
}

/* ---- the backward pass ---- */

/* Adds the gradient of blocks to that of the whole table. */
static void add_blocks(struct tape *t, const struct table_use *use, const struct tensor *whole)
{
    struct rows blocks = *tape_all_rows(t, use->rows->unique);
    blocks.row = use->rows->row;
    t->op->gather_back(t->device, &blocks, parameter_block(use->parameter), use->tensor->grad,
                       whole->grad);
}

/* Where the device has made both parts of `row`, joins them there too. */
static void share_joined(struct tape *t, const int32_t *row, const struct rows *a,
                         const struct rows *b)
{
    const int32_t *first = tape_shared(t, a->host, a->unique);
    const int32_t *second = tape_shared(t, b->host, b->unique);
    size_t n = (size_t)a->unique, all = n + (size_t)b->unique;
    if (!first || !second)
        return;
    int32_t *to = tape_memory(t, all * sizeof *to);
    t->op->copy(t->device, (float *)(void *)to, (const float *)(const void *)first, n);
    t->op->copy(t->device, (float *)(void *)(to + n), (const float *)(const void *)second, all - n);
    tape_share_made(t, row, (int)all, to);
}

/* Makes one use of two: the blocks of both, with the sums of their gradients. */
static void merge_blocks(struct tape *t, const struct table_use *use, struct table_use *into)
{
    int block = parameter_block(use->parameter), first = use->rows->unique;
    int count = first + into->rows->unique;
    int32_t *row = tape_host_ints(t, (size_t)count);
    float *grad = tape_floats(t, (size_t)count * (size_t)block);
    memcpy(row, use->rows->host, (size_t)first * sizeof *row);
    memcpy(row + first, into->rows->host, (size_t)(count - first) * sizeof *row);
    t->op->copy(t->device, grad, use->tensor->grad, tensor_size(use->tensor));
    t->op->copy(t->device, grad + tensor_size(use->tensor), into->tensor->grad,
                tensor_size(into->tensor));
    share_joined(t, row, use->rows, into->rows);
    const struct rows *place = tape_groups(t, row, count, &into->rows);
    float *sum = tape_gradient(t, (size_t)place->unique * (size_t)block);
    t->op->gather_back(t->device, place, block, grad, sum);
    into->tensor = tape_tensor(t, NULL, sum, place->unique, block);
}

/* Another use of the same table: of all of it, if there is one. */
static struct table_use *other_use(const struct tape *t, const struct table_use *use)
{
    struct table_use *other = find_use(t, use->parameter, NULL);
    for (struct table_use *x = t->uses; x && !other; x = x->before)
        if (x != use && x->parameter == use->parameter)
            other = x;
    return other;
}

/* Leaves one use of each table: of all of it where one was, else of the blocks of all uses. */
static void join_uses(struct tape *t)
{
    for (struct table_use **at = &t->uses; *at;) {
        struct table_use *use = *at, *other = use->rows ? other_use(t, use) : NULL;
        if (!other) {
            at = &use->before;
            continue;
        }
        *at = use->before;
        if (other->rows)
            merge_blocks(t, use, other);
        else
            add_blocks(t, use, other->tensor);
    }
}

void tape_backward(struct tape *t)
{
    for (struct node *n = t->last; n; n = n->before)
        n->back(t, n);
    t->last = NULL;
    join_uses(t);
}
