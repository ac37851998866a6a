#include "baseline/answers.h"

#include <math.h>

/* A record of the stream stays far below its limit, however long sessions and lists are. */
enum { BLOCK_ROWS = 4096, BLOCK_LISTED = 1 << 18 };

void answers_keep(struct answers *a, const struct session *s, int32_t number)
{
    struct question q = {s->user, number, s->part, a->items.len, s->count};
    vec_append(&a->items, s->items, s->count);
    vec_push(&a->questions, q);
}

static void clear(struct answers *a)
{
    i32_vec *columns[] = {&a->user, &a->session, &a->position, &a->target,  &a->rank,
                          &a->ties, &a->history, &a->length,   &a->top_item};
    for (size_t i = 0; i < sizeof columns / sizeof *columns; i++)
        vec_clear(columns[i]);
    vec_clear(&a->loss);
    vec_clear(&a->top_score);
}

static void answer(struct answers *a, const struct baseline *b, const struct question *q,
                   size_t target, int32_t top, struct pass *pass)
{
    const int32_t *items = a->items.at + q->start;
    struct verdict verdict = baseline_rank(b, q->user, items[target - 1], items[target]);
    float loss = (float)-log(verdict.probability);
    vec_push(&a->user, q->user);
    vec_push(&a->session, q->number);
    vec_push(&a->position, (int32_t)target - 1);
    vec_push(&a->target, items[target]);
    vec_push(&a->rank, verdict.rank);
    vec_push(&a->ties, 0);
    vec_push(&a->history, q->number);
    vec_push(&a->length, (int32_t)q->count);
    vec_push(&a->loss, loss);
    pass->loss += loss;
    pass->events++;
    if (!top)
        return;
    vec_reserve(&a->top_item, (size_t)top);
    vec_reserve(&a->top_score, (size_t)top);
    baseline_top(b, q->user, items[target - 1], top, a->top_item.at + a->top_item.len,
                 a->top_score.at + a->top_score.len);
    a->top_item.len += (size_t)top;
    a->top_score.len += (size_t)top;
}

#define column_of(v) ((struct column){(v).at, (v).len})

static void lay_out(const struct answers *a, int32_t top, struct ranks *ranks, struct tops *tops)
{
    *ranks = (struct ranks){
        .user = column_of(a->user),
        .session = column_of(a->session),
        .position = column_of(a->position),
        .target = column_of(a->target),
        .rank = column_of(a->rank),
        .ties = column_of(a->ties),
        .history = column_of(a->history),
        .length = column_of(a->length),
        .loss = column_of(a->loss),
    };
    *tops = (struct tops){
        .user = column_of(a->user),
        .session = column_of(a->session),
        .position = column_of(a->position),
        .k = top,
        .item = column_of(a->top_item),
        .score = column_of(a->top_score),
    };
}

/* Answers until a block is full or all is answered; a long session may go on in the next block. */
static void fill(struct answers *a, const struct baseline *b, enum part part, int32_t top,
                 struct pass *pass)
{
    for (; a->next < a->questions.len; a->next++, a->event = 0) {
        const struct question *q = &a->questions.at[a->next];
        while (q->part == part && a->event + 1 < q->count) {
            if (a->rank.len >= BLOCK_ROWS || a->top_item.len >= BLOCK_LISTED)
                return;
            answer(a, b, q, ++a->event, top, pass);
        }
    }
}

bool answers_next(struct answers *a, const struct baseline *b, enum part part, int32_t top,
                  struct ranks *ranks, struct tops *tops, struct pass *pass)
{
    clear(a);
    fill(a, b, part, top, pass);
    lay_out(a, top, ranks, tops);
    if (a->rank.len == 0)
        a->next = 0;
    return a->rank.len > 0;
}

void answers_release(struct answers *a)
{
    i32_vec *columns[] = {&a->items, &a->user, &a->session, &a->position, &a->target,
                          &a->rank,  &a->ties, &a->history, &a->length,   &a->top_item};
    for (size_t i = 0; i < sizeof columns / sizeof *columns; i++)
        vec_release(columns[i]);
    vec_release(&a->loss);
    vec_release(&a->top_score);
    vec_release(&a->questions);
}
