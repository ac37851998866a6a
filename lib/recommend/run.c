#include "recommend/run.h"

#include <omp.h>

#include "base/threads.h"
#include "recommend/text.h"

enum {
    RETURNING = 1 << 14, /* users whose sessions a model remembers between answers */
    WORTH = 32           /* answers for each thread that writes them, at least */
};

/* ---- answers ---- */

/* Asks for the users who have a session, in their order. */
static void pick(struct recommending *r)
{
    vec_clear(&r->answerable);
    vec_clear(&r->place);
    for (size_t i = 0; i < r->asked.len; i++) {
        int32_t user = r->asked.at[i];
        bool answerable = r->users.at.at[user].sessions.len > 0;
        vec_push(&r->place, answerable ? (int32_t)r->answerable.len : -1);
        r->unanswered += !answerable;
        if (answerable)
            vec_push(&r->answerable,
                     ((struct question){.user = user, .top = r->top, .exclude = r->exclude}));
    }
}

/* Appends part `part` of `parts` of the answers to its text. */
static void append_part(struct recommending *r, size_t part, size_t parts)
{
    const struct text_names names = {sessions_in_users(r->in), r->engine.items};
    size_t end = r->asked.len * (part + 1) / parts;
    for (size_t i = r->asked.len * part / parts; i < end; i++) {
        const struct recommendation none = {.asked.user = r->asked.at[i]}, *answer = &none;
        if (r->place.at[i] >= 0)
            answer = &r->engine.list.at[r->place.at[i]];
        if (r->json)
            text_json(&r->text.at[part], &r->engine, &r->users, answer, &names);
        else
            text_tsv(&r->text.at[part], &r->engine, &r->users, answer, &names);
    }
}

/* Writes the answers.  Few are not worth the start of other threads. */
static int write_answers(struct recommending *r, struct err *e)
{
    size_t parts = r->asked.len / WORTH;
    parts = parts < 2 ? 1 : parts < (size_t)r->threads ? parts : (size_t)r->threads;
    int status = 0;
    while (r->text.len < parts)
        vec_push(&r->text, ((struct buf){0}));
    if (parts == 1) { /* without libgomp, which needs memory even for one thread */
        append_part(r, 0, 1);
    } else {
#pragma omp parallel for schedule(static) num_threads(r->threads)
        for (size_t part = 0; part < parts; part++)
            append_part(r, part, parts);
    }
    for (size_t part = 0; part < parts && !status; part++) {
        struct buf *text = &r->text.at[part];
        status = text->len ? output_file_write(r->output, text->at, text->len, e) : 0;
        buf_clear(text);
    }
    return status;
}

/* Answers all users of the batch and writes the answers. */
static int make(struct recommending *r, struct err *e)
{
    pick(r);
    if (r->answerable.len &&
        engine_make(&r->engine, &r->users, r->answerable.at, r->answerable.len, e))
        return e->status;
    int status = write_answers(r, e);
    vec_clear(&r->asked);
    r->newest_asked = INT64_MIN;
    r->batch++;
    return status;
}

/* ---- questions ---- */

static bool is_asked(const struct recommending *r, int32_t user)
{
    return r->asked_in.at[user] == r->batch;
}

/* The sessions of the current user have ended: asks for an answer. */
static int ask(struct recommending *r, struct err *e)
{
    if (r->current < 0)
        return 0;
    const struct known_user *user = &r->users.at.at[r->current];
    int64_t start = user->sessions.len ? user->sessions.at[user->sessions.len - 1].start : 0;
    r->newest_asked = start > r->newest_asked ? start : r->newest_asked;
    vec_push(&r->asked, r->current);
    r->asked_in.at[r->current] = r->batch;
    r->current = -1;
    return r->asked.len < (size_t)r->engine.batch ? 0 : make(r, e);
}

/* Counts the session for later ones.  If it comes out of the order of time and would count for
 * users who already wait for an answer, they are answered first. */
static int grow(struct recommending *r, const struct session *s, struct err *e)
{
    struct engine *a = &r->engine;
    int64_t last = s->times[s->count - 1];
    struct session known = *s;
    if (last < r->newest_asked && last >= session_index_newest(&a->counted.index) && make(r, e))
        return e->status;
    counted_until(&a->counted, s->times[0]);
    vec_clear(&r->known);
    for (size_t i = 0; i < s->count; i++)
        vec_push(&r->known, r->users.row.at[s->items[i]]);
    known.items = r->known.at;
    counted_come(&a->counted, &known);
    return 0;
}

static int take_session(struct recommending *r, const struct session *s, struct err *e)
{
    if (s->user != r->current) {
        if (ask(r, e))
            return e->status;
        /* a user who comes again is first answered from the sessions so far */
        if (is_asked(r, s->user) && make(r, e))
            return e->status;
        r->current = s->user;
    }
    if (users_session(&r->users, s, e))
        return sessions_in_at(r->in, e);
    return r->engine.grows ? grow(r, s, e) : 0;
}

static int take(struct recommending *r, const struct sessions_record *record, struct err *e)
{
    int status = 0;
    if (record->kind == RECORD_ITEM) {
        users_item(&r->users, engine_item(&r->engine, record->named.name));
    } else if (record->kind == RECORD_USER) {
        users_user(&r->users, record->named.name, &r->saved->users);
        vec_push(&r->asked_in, 0);
    } else {
        status = take_session(r, &record->session, e);
    }
    if (!status && sessions_in_flushed(r->in))
        status = ask(r, e) || make(r, e) ? e->status : 0;
    return status;
}

/* Answers as sessions come. */
static int run_along(struct recommending *r, struct err *e)
{
    struct sessions_record record;
    enum read_result got;
    int status = engine_open(&r->engine, r->saved, &r->edges, r->device, e);
    r->users.column = r->engine.store.columns.at;
    r->users.columns = r->engine.store.columns.len;
    while (!status && (got = sessions_in_next(r->in, &record, e)) != READ_END)
        status = got == READ_ERROR ? e->status : take(r, &record, e);
    return status ? status : ask(r, e) || make(r, e) ? e->status : 0;
}

/* Stores a record of a stream in which the model counts. */
static int note(struct recommending *r, struct session_store *all,
                const struct sessions_record *record, struct err *e)
{
    struct session s = record->session;
    if (record->kind == RECORD_ITEM) {
        users_item(&r->users, record->named.id);
    } else if (record->kind == RECORD_USER) {
        users_user(&r->users, record->named.name, &r->saved->users);
        vec_push(&r->asked_in, 0);
    } else if (users_session(&r->users, &s, e)) {
        return e->status;
    }
    s.part = PART_TRAIN;
    return record->kind == RECORD_SESSION ? session_store_add(all, &s, e) : 0;
}

/* Reads all of the stream, counts in it, and then answers everybody. */
static int run_whole(struct recommending *r, struct err *e)
{
    struct session_store all = {0};
    struct sessions_record record;
    enum read_result got;
    int status = 0;
    session_store_limit(&all, (size_t)r->engine.memory);
    while (!status && (got = sessions_in_next(r->in, &record, e)) != READ_END)
        status = got == READ_ERROR ? e->status : note(r, &all, &record, e);
    if (!status)
        status = session_store_end(&all, e);
    if (!status)
        counted_take(&r->engine.counted, &all, sessions_in_items(r->in));
    session_store_release(&all);
    if (!status)
        status = engine_open(&r->engine, r->saved, &r->edges, r->device, e);
    for (size_t u = 0; u < r->users.at.len && !status; u++) {
        r->current = (int32_t)u;
        status = ask(r, e);
    }
    return status ? status : make(r, e);
}

/* Writes the vectors, with the pipeline that the model is from and the hash of its weights. */
static int write_vectors(struct recommending *r, struct err *e)
{
    const struct safetensors *file = &r->saved->file;
    struct safetensors_text text[2] = {{(char[]){"pipeline"}, {0}}, {(char[]){"model_xxh3"}, {0}}};
    static const char *const key[] = {"pipeline", "xxh3"};
    for (int i = 0; i < 2; i++) {
        struct bytes found = safetensors_text_of(file, key[i]);
        buf_append(&text[i].value, found.at, found.len);
    }
    int status = vectors_write(&r->vectors, r->engine.items, sessions_in_users(r->in), text, 2, e);
    buf_release(&text[0].value);
    buf_release(&text[1].value);
    return status;
}

int recommending_run(struct recommending *r, struct err *e)
{
    const struct meta *m = sessions_in_meta(r->in);
    int status = meta_get_i64s(m, "delta_edges", &r->edges, e);
    bool whole = r->saved->ready && !r->engine.index_path;
    r->threads = threads_to_be_had(r->threads ? r->threads : omp_get_max_threads());
    r->current = -1;
    r->batch = 1;
    r->newest_asked = INT64_MIN;
    r->engine.returning = RETURNING;
    if (whole && !r->engine.grows)
        return err_set(e, STATUS_USAGE,
                       "--frozen: without --model there are only the sessions of the input to "
                       "count in: give --index SESSIONS");
    r->engine.grows = r->engine.grows && r->saved->options->wide && !whole;
    r->vectors.user.limit = (size_t)r->engine.memory;
    r->engine.vectors = r->vectors.prefix ? &r->vectors : NULL;
    if (status || (r->engine.vectors && vectors_check(&r->vectors, e)) ||
        run_contexts_open(&r->engine.contexts, r->saved->options, m, &r->saved->dwell_edges, e))
        return e->status;
    status = whole ? run_whole(r, e) : run_along(r, e);
    return status || !r->engine.vectors ? status : write_vectors(r, e);
}

void recommending_release(struct recommending *r)
{
    engine_release(&r->engine);
    users_release(&r->users);
    vectors_release(&r->vectors);
    vec_release(&r->edges);
    vec_release(&r->asked);
    vec_release(&r->answerable);
    vec_release(&r->asked_in);
    vec_release(&r->known);
    vec_release(&r->place);
    for (size_t part = 0; part < r->text.len; part++)
        buf_release(&r->text.at[part]);
    vec_release(&r->text);
}
