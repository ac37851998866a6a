#include "baseline/answers.h"

#include <math.h>
#include <omp.h>
#include <stdlib.h>

#include "base/threads.h"

/* So that records of the stream stay far below their limit, however long sessions and lists are. */
enum { BLOCK_ROWS = 4096, BLOCK_LISTED = 1 << 18 };

void answers_keep(struct answers *a, const struct session *s, int32_t number)
{
    struct question q = {s->user, number, s->part, s->times[0], a->items.len, s->count};
    vec_append(&a->items, s->items, s->count);
    vec_push(&a->questions, q);
}

/* Of one time in the order of the input, in which their items are. */
static int compare_questions(const void *x, const void *y)
{
    const struct question *p = x, *q = y;
    if (p->time != q->time)
        return p->time < q->time ? -1 : 1;
    return (p->start > q->start) - (p->start < q->start);
}

void answers_sort(struct answers *a)
{
    if (a->questions.len)
        qsort(a->questions.at, a->questions.len, sizeof *a->questions.at, compare_questions);
}

static void clear(struct answers *a)
{
    i32_vec *columns[] = {&a->user, &a->session, &a->position, &a->target,  &a->rank,
                          &a->ties, &a->history, &a->length,   &a->top_item};
    for (size_t i = 0; i < sizeof columns / sizeof *columns; i++)
        vec_clear(columns[i]);
    vec_clear(&a->loss);
    vec_clear(&a->top_score);
    vec_clear(&a->asked);
}

/* Fills the columns of the question and makes room in those of the answer. */
static void ask(struct answers *a, const struct question *q, size_t question, size_t event)
{
    vec_push(&a->asked, ((struct asked){question, event}));
    vec_push(&a->user, q->user);
    vec_push(&a->session, q->number);
    vec_push(&a->position, (int32_t)event - 1);
    vec_push(&a->target, a->items.at[q->start + event]);
    vec_push(&a->ties, 0);
    vec_push(&a->history, q->number);
    vec_push(&a->length, (int32_t)q->count);
    vec_push(&a->rank, 0);
    vec_push(&a->loss, 0);
}

static struct moment moment_of(const struct answers *a, size_t i)
{
    const struct question *q = &a->questions.at[a->asked.at[i].question];
    return (struct moment){q->user, q->number, q->time, a->items.at + q->start,
                           a->asked.at[i].event};
}

static bool answer(struct answers *a, const struct baseline *b, struct baseline_work *w, size_t i,
                   int32_t top)
{
    struct moment m = moment_of(a, i);
    size_t list = i * (size_t)top;
    struct verdict verdict = baseline_answer(b, w, &m, a->target.at[i], top, a->top_item.at + list,
                                             a->top_score.at + list);
    a->rank.at[i] = verdict.rank;
    a->loss.at[i] = (float)-log(verdict.probability);
    return verdict.mixed;
}

/* How many threads answer; a model that only looks answers up gains nothing by more than one, and
 * one that learns between the answers needs them in their order. */
static int threads_of(struct answers *a, const struct baseline *b, int wanted)
{
    if (!baseline_searches(b) || baseline_is_online(b))
        return 1;
    if (!a->threads)
        a->threads = threads_to_be_had(wanted ? wanted : omp_get_max_threads());
    return a->threads;
}

/* Every answer has its own place, so that the number of threads changes only the time. */
static int64_t answer_each(struct answers *a, struct baseline *b, int32_t top, int threads)
{
    size_t count = a->asked.len;
    int64_t mixed = 0;
    if (threads == 1) { /* without libgomp, which needs memory even for one thread */
        for (size_t i = 0; i < count; i++) {
            struct moment m = moment_of(a, i);
            baseline_advance(b, &m);
            mixed += answer(a, b, a->works.at[0], i, top);
        }
        return mixed;
    }
#pragma omp parallel for schedule(dynamic, 16) num_threads(threads) reduction(+ : mixed)
    for (size_t i = 0; i < count; i++)
        mixed += answer(a, b, a->works.at[omp_get_thread_num()], i, top);
    return mixed;
}

static void answer_all(struct answers *a, struct baseline *b, int32_t top, int threads,
                       struct pass *pass)
{
    size_t count = a->asked.len, listed = count * (size_t)top;
    vec_reserve(&a->top_item, listed);
    vec_reserve(&a->top_score, listed);
    while (a->works.len < (size_t)threads)
        vec_push(&a->works, baseline_work_new(b));
    a->mixed += answer_each(a, b, top, threads);
    a->top_item.len = a->top_score.len = listed;
    a->predicted += (int64_t)count;
    for (size_t i = 0; i < count; i++)
        pass->loss += a->loss.at[i];
    pass->events += (int64_t)count;
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

/* Adds questions until the block is full or none is left; a long session may continue in the next
 * block. */
static void fill(struct answers *a, enum part part, int32_t top)
{
    for (; a->next < a->questions.len; a->next++, a->event = 0) {
        const struct question *q = &a->questions.at[a->next];
        while (q->part == part && a->event + 1 < q->count) {
            if (a->asked.len >= BLOCK_ROWS || a->asked.len * (size_t)top >= BLOCK_LISTED)
                return;
            ask(a, q, a->next, ++a->event);
        }
    }
}

bool answers_next(struct answers *a, struct baseline *b, enum part part, int32_t top, int threads,
                  struct ranks *ranks, struct tops *tops, struct pass *pass)
{
    clear(a);
    fill(a, part, top);
    answer_all(a, b, top, threads_of(a, b, threads), pass);
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
    vec_release(&a->asked);
    for (size_t i = 0; i < a->works.len; i++)
        baseline_work_free(a->works.at[i]);
    vec_release(&a->works);
}
