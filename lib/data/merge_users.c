#define _GNU_SOURCE /* qsort_r */
#include "data/merge_users.h"

#include <stdlib.h>

/* Runs are read in no order: each lets the system map some pages of every file. */
enum { RUNS_TOGETHER = 32 };

void merge_users_open(struct merge_users *m, size_t memory)
{
    *m = (struct merge_users){0};
    all_user_sessions_open(&m->all, memory);
}

/* ---- reading ---- */

static int end_run(struct merge_users *m, struct err *e)
{
    if (!m->reading.sessions.len)
        return 0;
    struct merge_run run = {.place = (int32_t)m->runs.len, .stream = (uint32_t)m->stream};
    vec_push(&m->runs, run);
    int status = all_user_sessions_add(&m->all, &m->reading, e);
    user_sessions_clear(&m->reading);
    return status;
}

int merge_users_add(struct merge_users *m, uint64_t stream, const struct session *s, struct err *e)
{
    if (s->part != PART_NONE)
        return err_set(e, STATUS_DATA,
                       "the sessions are split already: merge streams before they are split");
    if ((s->user != m->reading.user || stream != m->stream) && end_run(m, e))
        return e->status;
    m->stream = stream;
    m->reading.user = s->user;
    user_sessions_add(&m->reading, s);
    return 0;
}

/* The first bytes of a name, as a number that is in their order. */
static uint64_t first_bytes(struct bytes name)
{
    uint64_t x = 0;
    for (size_t i = 0; i < sizeof x; i++)
        x = x << 8 | (i < name.len ? (unsigned char)name.at[i] : 0);
    return x;
}

/* The user of a run. */
static struct bytes run_user(const struct merge_users *m, const struct merge_run *run)
{
    return names_at(m->names, m->all.user.at[run->place]);
}

static int compare_runs(const void *a, const void *b, void *merging)
{
    const struct merge_run *x = a, *y = b;
    if (x->first_bytes != y->first_bytes)
        return x->first_bytes < y->first_bytes ? -1 : 1;
    int order = bytes_compare(run_user(merging, x), run_user(merging, y));
    return order ? order : (x->place > y->place) - (x->place < y->place);
}

int merge_users_end(struct merge_users *m, const struct names *names, struct err *e)
{
    if (end_run(m, e) || all_user_sessions_end(&m->all, e))
        return e->status;
    m->names = names;
    for (size_t i = 0; i < m->runs.len; i++)
        m->runs.at[i].first_bytes = first_bytes(run_user(m, &m->runs.at[i]));
    if (m->runs.len)
        qsort_r(m->runs.at, m->runs.len, sizeof *m->runs.at, compare_runs, m);
    return 0;
}

/* ---- giving ---- */

static int compare_sessions(const void *a, const void *b)
{
    const struct merge_session *x = a, *y = b;
    if (x->start != y->start)
        return x->start < y->start ? -1 : 1;
    return (x->number > y->number) - (x->number < y->number);
}

/* When the sessions of a stream that were looked at had all ended. */
struct stream_end {
    uint64_t stream;
    int64_t ended;
    bool any;
};

/* Counts the sessions of the user in which one of another stream may go on: of the streams before,
 * the one that ended last, and the last of the others, say all. */
static void count_adjoined(struct merge_users *m)
{
    struct stream_end last = {0}, other = {0};
    for (size_t i = 0; i < m->sessions.len; i++) {
        const struct merge_session *s = &m->sessions.at[i];
        struct stream_end now = {s->stream, all_user_sessions_last(&m->all, s->number), true};
        const struct stream_end *before = last.stream == s->stream ? &other : &last;
        m->adjoined += before->any && s->start - before->ended < m->gap;
        bool is_last = !last.any || now.ended > last.ended;
        if (is_last && last.stream != now.stream)
            other = last;
        if (is_last)
            last = now;
        else if (now.stream != last.stream && (!other.any || now.ended > other.ended))
            other = now;
    }
}

static bool begin_user(struct merge_users *m)
{
    const int32_t *first = m->all.store.first.at;
    size_t from = m->next_run;
    if (from % RUNS_TOGETHER == 0)
        all_user_sessions_forget(&m->all);
    vec_clear(&m->sessions);
    m->next_session = 0;
    for (; m->next_run < m->runs.len; m->next_run++) {
        const struct merge_run *run = &m->runs.at[m->next_run];
        if (m->all.user.at[run->place] != m->all.user.at[m->runs.at[from].place])
            break;
        for (int32_t s = first[run->place]; s < first[run->place + 1]; s++)
            vec_push(&m->sessions,
                     ((struct merge_session){session_store_start(&m->all.store, (size_t)s),
                                             (size_t)s, run->stream}));
    }
    if (!m->sessions.len)
        return false;
    qsort(m->sessions.at, m->sessions.len, sizeof *m->sessions.at, compare_sessions);
    count_adjoined(m);
    return true;
}

const struct session *merge_users_next(struct merge_users *m)
{
    if (m->next_session == m->sessions.len && !begin_user(m))
        return NULL;
    const struct merge_session *s = &m->sessions.at[m->next_session++];
    size_t place = (size_t)m->runs.at[m->next_run - 1].place; /* all of the user have their id */
    session_view_of(&m->view, &m->all, place, s->number);
    return &m->view.session;
}

void merge_users_release(struct merge_users *m)
{
    all_user_sessions_release(&m->all);
    user_sessions_release(&m->reading);
    vec_release(&m->runs);
    vec_release(&m->sessions);
    session_view_release(&m->view);
}
