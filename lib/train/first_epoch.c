#include "train/first_epoch.h"

/* The columns of a batch. */
enum { BATCH_COLUMNS = 13 }; /* and a NULL after them */
static void columns_of(struct batch *b, struct column *column[BATCH_COLUMNS],
                       size_t size[BATCH_COLUMNS])
{
    struct column *const all[BATCH_COLUMNS] = {&b->start,
                                               &b->history_start,
                                               &b->user,
                                               &b->session,
                                               &b->length,
                                               &b->item,
                                               &b->history,
                                               &b->history_delta,
                                               &b->history_week,
                                               &b->history_session,
                                               &b->history_length,
                                               &b->history_item,
                                               NULL};
    for (int i = 0; i < BATCH_COLUMNS; i++) {
        column[i] = all[i];
        size[i] = i < 2 ? sizeof(int64_t) : sizeof(int32_t);
    }
}

/* Keeps a copy of the record. */
static void keep(struct first_epoch *a, const struct batches_record *r)
{
    struct batches_record copy = *r;
    struct column *column[BATCH_COLUMNS];
    size_t size[BATCH_COLUMNS], bytes = 0;
    if (r->kind == RECORD_BATCH) {
        columns_of(&copy.batch, column, size);
        for (int i = 0; column[i]; i++)
            bytes += column[i]->len * size[i];
        char *memory = mem_alloc(bytes), *to = memory;
        for (int i = 0; column[i]; i++) {
            size_t n = column[i]->len * size[i];
            if (!column[i]->at)
                continue;
            if (n)
                memcpy(to, column[i]->at, n);
            column[i]->at = to;
            to += n;
        }
        vec_push(&a->memory, memory);
    }
    vec_push(&a->kept, copy);
}

static void note_events(struct first_epoch *a, const struct batch *b)
{
    for (size_t i = 0, at = 0; i < b->user.len; i++)
        for (int32_t k = 0; k < column_i32(b->length)[i]; k++, at++) {
            vec_push(&a->user, column_i32(b->user)[i]);
            vec_push(&a->item, column_i32(b->item)[at]);
        }
}

/* Reads from the first record of the pass, *r, up to the first that is not a batch of it. */
static enum read_result read_pass(struct first_epoch *a, struct batches_in *in,
                                  struct batches_record *r, struct err *e)
{
    enum read_result got = READ_RECORD;
    keep(a, r);
    while ((got = batches_in_next(in, r, e)) == READ_RECORD) {
        keep(a, r);
        if (r->kind != RECORD_BATCH)
            break;
        note_events(a, &r->batch);
    }
    return got;
}

static void forget(struct first_epoch *a)
{
    for (size_t i = 0; i < a->memory.len; i++)
        mem_free(a->memory.at[i]);
    vec_release(&a->memory);
    vec_release(&a->kept);
    a->next = 0;
}

enum read_result first_epoch_next(struct first_epoch *a, struct batches_in *in,
                                  struct batches_record *r, struct err *e)
{
    if (a->next < a->kept.len) {
        *r = a->kept.at[a->next++];
        return READ_RECORD;
    }
    if (a->kept.len)
        forget(a);
    enum read_result got = batches_in_next(in, r, e);
    if (got != READ_RECORD || !a->wanted || a->done || r->kind != RECORD_EPOCH ||
        r->epoch.part != PART_TRAIN)
        return got;
    a->done = true;
    if (read_pass(a, in, r, e) == READ_ERROR)
        return READ_ERROR;
    *r = a->kept.at[a->next++];
    return READ_RECORD;
}

void first_epoch_release(struct first_epoch *a)
{
    forget(a);
    vec_release(&a->user);
    vec_release(&a->item);
}
