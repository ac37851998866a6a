#include "baseline/answers.h"

#include <math.h>
#include <omp.h>
#include <stdlib.h>

#include "base/threads.h"
#include "baseline/by_time.h"
#include "baseline/wide.h"

/* So that records of the stream stay far below their limit, however long sessions and lists are. */
enum { BLOCK_ROWS = 4096, BLOCK_LISTED = 1 << 18 };
/* Evidence that is made at once takes some tens of megabytes. */
enum { READ_ROWS = 256 };

void answers_open(struct answers *a, const struct session_store *store, int32_t items, bool by_time)
{
    *a = (struct answers){.store = store};
    repeats_find(&a->repeats, store, items);
    days_find(&a->days, store);
    for (size_t s = 0; s < session_store_sessions(store); s++)
        if (session_store_part(store, s) != PART_TRAIN)
            vec_push(&a->questions, (int32_t)s);
    if (by_time)
        sort_by_time(&a->questions, store, session_store_start);
}

static void clear(struct answers *a)
{
    i32_vec *columns[] = {&a->user, &a->session, &a->position, &a->target, &a->rank,
                          &a->ties, &a->history, &a->length,   &a->day,    &a->top_item};
    for (size_t i = 0; i < sizeof columns / sizeof *columns; i++)
        vec_clear(columns[i]);
    vec_clear(&a->loss);
    vec_clear(&a->top_score);
    vec_clear(&a->seen);
    vec_clear(&a->asked);
}

/* Fills the columns of the question and makes room in those of the answer. */
static void ask(struct answers *a, size_t session, size_t event)
{
    const struct session_store *c = a->store;
    int32_t user = session_store_user(c, session), number = (int32_t)session - c->first.at[user];
    vec_push(&a->asked, ((struct asked){session, event}));
    vec_push(&a->user, user);
    vec_push(&a->session, number);
    vec_push(&a->position, (int32_t)event - 1);
    vec_push(&a->target, session_store_items(c, session)[event]);
    vec_push(&a->ties, 0);
    vec_push(&a->history, number);
    vec_push(&a->length, (int32_t)session_store_length(c, session));
    vec_push(&a->rank, 0);
    vec_push(&a->loss, 0);
    vec_push(&a->seen, repeats_at(&a->repeats, c, session, event));
    vec_push(&a->day, days_at(&a->days, c, session));
}

static struct moment moment_of(const struct answers *a, size_t i)
{
    size_t session = a->asked.at[i].session;
    return (struct moment){a->user.at[i], a->session.at[i], session_store_start(a->store, session),
                           session_store_items(a->store, session), a->asked.at[i].event};
}

static void note_verdict(struct answers *a, size_t i, struct verdict verdict)
{
    a->rank.at[i] = verdict.rank;
    a->loss.at[i] = (float)-log(verdict.probability);
}

static bool answer(struct answers *a, const struct baseline *b, struct baseline_work *w, size_t i,
                   int32_t top)
{
    struct moment m = moment_of(a, i);
    size_t list = i * (size_t)top;
    struct verdict verdict = baseline_answer(b, w, &m, a->target.at[i], top, a->top_item.at + list,
                                             a->top_score.at + list);
    note_verdict(a, i, verdict);
    return verdict.mixed;
}

/* How many threads answer; a model that only looks answers up gains nothing by more than one, and
 * one that learns between the answers needs them in their order. */
static int threads_of(struct answers *a, const struct baseline *b, int wanted)
{
    if (!baseline_reads_sessions(b) && (!baseline_searches(b) || baseline_is_online(b)))
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

/* Lists the sessions of the positions from i on, up to READ_ROWS events, and reads them; returns
 * the first position of the others. */
static size_t read_sessions(struct answers *a, struct baseline *b, size_t i, int threads)
{
    size_t events = 0, session = SIZE_MAX;
    vec_clear(&a->read);
    vec_clear(&a->row);
    for (; i < a->asked.len; i++) {
        if (a->asked.at[i].session != session) {
            if (events > READ_ROWS)
                break;
            session = a->asked.at[i].session;
            vec_push(&a->read, (int32_t)session);
            events += session_store_length(a->store, session) - 1;
        }
        size_t left = session_store_length(a->store, session) - a->asked.at[i].event;
        vec_push(&a->row, (int32_t)(events - left));
    }
    baseline_wide_read(b, a->read.at, a->read.len, threads);
    return i;
}

/* The same where whole sessions are read before. */
static void answer_sessions(struct answers *a, struct baseline *b, int32_t top, int threads)
{
    for (size_t from = 0, to; from < a->asked.len; from = to) {
        to = read_sessions(a, b, from, threads);
#pragma omp parallel for schedule(dynamic, 16) num_threads(threads) if (threads > 1)
        for (size_t i = from; i < to; i++) {
            size_t list = i * (size_t)top, row = (size_t)a->row.at[i - from];
            note_verdict(a, i,
                         baseline_wide_answer(b, row, a->target.at[i], top, a->top_item.at + list,
                                              a->top_score.at + list));
        }
    }
}

static void answer_all(struct answers *a, struct baseline *b, int32_t top, int threads,
                       struct pass *pass)
{
    size_t count = a->asked.len, listed = count * (size_t)top;
    vec_reserve(&a->top_item, listed);
    vec_reserve(&a->top_score, listed);
    while (a->works.len < (size_t)threads && !baseline_reads_sessions(b))
        vec_push(&a->works, baseline_work_new(b));
    if (baseline_reads_sessions(b))
        answer_sessions(a, b, top, threads);
    else
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
        .seen = column_of(a->seen),
        .day = column_of(a->day),
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
        size_t session = (size_t)a->questions.at[a->next];
        size_t count = session_store_length(a->store, session);
        while (session_store_part(a->store, session) == part && a->event + 1 < count) {
            if (a->asked.len >= BLOCK_ROWS || a->asked.len * (size_t)top >= BLOCK_LISTED)
                return;
            ask(a, session, ++a->event);
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
    i32_vec *columns[] = {&a->user, &a->session, &a->position, &a->target, &a->rank,
                          &a->ties, &a->history, &a->length,   &a->day,    &a->top_item};
    for (size_t i = 0; i < sizeof columns / sizeof *columns; i++)
        vec_release(columns[i]);
    vec_release(&a->loss);
    vec_release(&a->top_score);
    vec_release(&a->seen);
    vec_release(&a->questions);
    vec_release(&a->read);
    vec_release(&a->row);
    vec_release(&a->asked);
    repeats_release(&a->repeats);
    for (size_t i = 0; i < a->works.len; i++)
        baseline_work_free(a->works.at[i]);
    vec_release(&a->works);
}
