#include "recommend/service.h"

#include <inttypes.h>
#include <time.h>

#include "base/hangup.h"
#include "base/json.h"
#include "recommend/text.h"

/* ---- requests into questions ---- */

/* Adds a session of the last user of `asking`; items by the model's ids, -1: unknown. */
static int add_session(struct service *s, const int64_t *times, const int32_t *items, size_t count,
                       struct err *e)
{
    vec_clear(&s->number);
    for (size_t i = 0; i < count; i++) {
        vec_push(&s->number, (int32_t)s->asking.row.len);
        users_item(&s->asking, items[i]);
    }
    struct session session = {.user = (int32_t)s->asking.at.len - 1,
                              .count = count,
                              .times = times,
                              .items = s->number.at};
    return users_session(&s->asking, &session, e);
}

/* The session that was added last began and, unless it went on after `now`, ended as this one did,
 * also where the model does not know the items there. */
static void set_ends(struct service *s, const struct user_session *as, int64_t now)
{
    const struct known_user *user = &s->asking.at.at[s->asking.at.len - 1];
    struct user_session *added = &user->sessions.at[user->sessions.len - 1];
    added->start = as->start;
    added->last = as->last <= now ? as->last : added->last;
}

/* Adds the user's sessions that began before `begun`, as far as they had come at `now`. */
static int add_earlier(struct service *s, int32_t user, int64_t begun, int64_t now, struct err *e)
{
    struct users *all = &s->known->users;
    const struct known_user *known = &all->at.at[user];
    struct user_events events;
    for (size_t v = 0; v < known->sessions.len; v++) {
        const struct user_session *session = &known->sessions.at[v];
        size_t count = 0;
        if (session->start >= begun)
            break;
        if (users_events(all, session, &events, e))
            return e->status;
        while (count < (size_t)session->count && events.time[count] <= now)
            count++;
        if (!count)
            continue;
        if (add_session(s, events.time, events.item, count, e))
            return e->status;
        set_ends(s, session, now);
    }
    return 0;
}

/* Adds the session that the request itself has; counts its unknown items. */
static int add_own(struct service *s, struct waiting *w, int64_t now, struct err *e)
{
    const struct request *r = &w->request;
    vec_clear(&s->time);
    vec_clear(&s->item);
    w->unknown = 0;
    for (size_t i = 0; i < r->items.len; i++) {
        int32_t item = names_find(s->known->engine.items, request_text(r, r->items.at[i]));
        vec_push(&s->time, r->has_times ? r->times.at[i] : now);
        vec_push(&s->item, item);
        w->unknown += item < 0;
    }
    return r->items.len ? add_session(s, s->time.at, s->item.at, r->items.len, e) : 0;
}

static int64_t time_of(const struct request *r)
{
    int64_t last = r->times.len ? r->times.at[r->times.len - 1] : 0;
    int64_t now = r->now >= 0 ? r->now : (int64_t)time(NULL);
    return now > last ? now : last;
}

/* Whether a question is of this user, whom the model knows.  The model would take in the sessions
 * of both as those of one user. */
static bool is_asked(const struct service *s, struct bytes user)
{
    int32_t known = names_find(&s->known->saved.users, user);
    for (size_t i = 0; i < s->asked.len && known >= 0; i++)
        if (s->asking.at.at[s->asked.at[i].user].known == known)
            return true;
    return false;
}

/* Makes a question of the request, unless nothing is known to answer it with. */
static int ask(struct service *s, struct waiting *w, struct err *e)
{
    const struct request *r = &w->request;
    int64_t now = time_of(r), begun = r->times.len ? r->times.at[0] : r->items.len ? now : now + 1;
    struct bytes name = r->has_user ? request_text(r, r->user) : (struct bytes){NULL, 0};
    int32_t user = r->has_user ? names_find(&s->known->names, name) : -1;
    w->later = r->has_user && is_asked(s, name);
    if (w->later)
        return 0;
    if (r->has_user)
        users_user(&s->asking, name, &s->known->saved.users);
    else
        vec_push(&s->asking.at, ((struct known_user){.known = -1}));
    if ((user >= 0 && add_earlier(s, user, begun, now, e)) || add_own(s, w, now, e))
        return e->status;
    int32_t number = (int32_t)s->asking.at.len - 1;
    if (!s->asking.at.at[number].sessions.len)
        return 0;
    vec_push(&s->asked, ((struct question){.user = number,
                                           .top = r->top ? r->top : s->top,
                                           .exclude = r->exclude_seen < 0 ? s->exclude
                                                      : r->exclude_seen   ? EXCLUDE_HISTORY
                                                                          : EXCLUDE_NONE,
                                           .now = now}));
    vec_push(&s->asker, w);
    return 0;
}

/* ---- answers ---- */

/* Begins the line with the id and what names the request. */
static void begin_line(struct waiting *w)
{
    const struct request *r = &w->request;
    buf_clear(&w->answer);
    buf_byte(&w->answer, '{');
    if (r->id.len) {
        buf_text(&w->answer, "\"id\":");
        buf_append(&w->answer, r->id.at, r->id.len);
        buf_byte(&w->answer, ',');
    }
    w->answered = true;
}

static void refuse(struct waiting *w, const struct err *e)
{
    begin_line(w);
    buf_text(&w->answer, "\"error\":");
    json_text(&w->answer, bytes_of(e->text));
    buf_text(&w->answer, "}\n");
}

/* answer NULL: there is nothing to answer with. */
static void answer_one(struct service *s, struct waiting *w, const struct recommendation *answer)
{
    const struct request *r = &w->request;
    begin_line(w);
    if (r->has_user) {
        buf_text(&w->answer, "\"user\":");
        json_text(&w->answer, request_text(r, r->user));
        buf_byte(&w->answer, ',');
    }
    if (answer)
        text_answer(&w->answer, &s->known->engine, &s->asking, answer, &s->known->titles);
    else
        buf_format(&w->answer, "\"items\":[],\"reason\":\"%s\"",
                   r->items.len ? "none of the items is known" : "no session of the user is known");
    buf_format(&w->answer, ",\"unknown\":%" PRId64 "}\n", w->unknown);
}

static void clear_questions(struct service *s)
{
    int64_t keep = s->asking.keep;
    users_release(&s->asking);
    s->asking = (struct users){.keep = keep};
    engine_forget(&s->known->engine);
    vec_clear(&s->asked);
    vec_clear(&s->asker);
}

/* Answers the waiting requests that choose among the set, all at once but for those that are of one
 * user (is_asked). */
static void answer_among(struct service *s, const struct item_set *among)
{
    struct engine *a = &s->known->engine;
    struct err e;
    clear_questions(s);
    for (size_t i = 0; i < s->count; i++)
        if (!s->waiting.at[i].answered && s->waiting.at[i].among == among &&
            ask(s, &s->waiting.at[i], &e))
            refuse(&s->waiting.at[i], &e);
    a->allowed = among ? among->has.at : NULL;
    int status = engine_make(a, &s->asking, s->asked.at, s->asked.len, &e);
    for (size_t i = 0; i < s->asked.len; i++)
        if (status)
            refuse(s->asker.at[i], &e);
        else
            answer_one(s, s->asker.at[i], &a->list.at[i]);
    for (size_t i = 0; i < s->count; i++)
        if (!s->waiting.at[i].answered && !s->waiting.at[i].later &&
            s->waiting.at[i].among == among)
            answer_one(s, &s->waiting.at[i], NULL);
}

static int answer_all(struct service *s, struct err *e)
{
    if (!s->count)
        return 0;
    for (size_t i = 0; i < s->count; i++)
        while (!s->waiting.at[i].answered)
            answer_among(s, s->waiting.at[i].among);
    buf_clear(&s->out);
    for (size_t i = 0; i < s->count; i++)
        buf_append(&s->out, s->waiting.at[i].answer.at, s->waiting.at[i].answer.len);
    s->count = 0;
    return output_file_write(s->output, s->out.at, s->out.len, e);
}

/* ---- requests ---- */

static int find_set(const struct service *s, struct waiting *w, struct err *e)
{
    const struct request *r = &w->request;
    w->among = NULL;
    if (!r->has_candidates)
        return 0;
    struct bytes name = request_text(r, r->candidates);
    w->among = item_sets_find(&s->known->sets, name);
    return w->among ? 0
                    : err_set(e, STATUS_DATA,
                              "candidates: there is no set '%.*s': --candidates "
                              "NAME=FILE gives it",
                              name.len < 80 ? (int)name.len : 80, name.at);
}

static void take_line(struct service *s, struct bytes line, bool is_long)
{
    struct waiting *w = &s->waiting.at[s->count++];
    struct err e;
    w->answered = false;
    if (request_read(&w->request, line, &e) || find_set(s, w, &e)) {
        if (is_long)
            err_set(&e, STATUS_DATA, "a line above %d bytes", LINE_LIMIT);
        refuse(w, &e);
    }
}

/* Reads all files again.  Where they cannot be read, those that were read before stay. */
static void know_again(struct service *s)
{
    struct known *fresh = mem_zero(1, sizeof *fresh);
    struct err e = {0};
    int status = known_open(fresh, &s->files, s->device, &e);
    if (status)
        cli_warn(s->cli, "after SIGHUP: %s: answers go on from the files as they were", e.text);
    struct known *old = status ? fresh : s->known;
    s->known = status ? s->known : fresh;
    known_release(old);
    mem_free(old);
}

/* Answers what waits, then waits for more. */
static int pause_input(struct service *s, struct lines *in, struct err *e)
{
    if (answer_all(s, e))
        return e->status;
    hangup_wait(in->fd);
    return 0;
}

/* Reads a request, or waits for one; *end: no more come. */
static int take_next(struct service *s, struct lines *in, bool *end, struct err *e)
{
    struct bytes line;
    enum line_result got = lines_ready(in, e);
    if (got == LINE_END)
        return pause_input(s, in, e);
    if (got == LINE_TEXT)
        got = lines_next(in, &line, e);
    *end = got == LINE_END;
    if (got == LINE_ERROR)
        return e->status;
    if (!*end)
        take_line(s, line, got == LINE_LONG);
    return s->count == (size_t)s->batch || *end ? answer_all(s, e) : 0;
}

static int run(struct service *s, struct lines *in, struct err *e)
{
    bool end = false;
    while (!end) {
        if (hangup_came()) {
            if (answer_all(s, e))
                return e->status;
            know_again(s);
        }
        if (take_next(s, in, &end, e))
            return e->status;
    }
    return 0;
}

int service_run(struct service *s, struct err *e)
{
    struct lines in;
    s->asking.keep = s->files.keep;
    s->known = mem_zero(1, sizeof *s->known);
    vec_reserve(&s->waiting, (size_t)s->batch);
    memset(s->waiting.at, 0, (size_t)s->batch * sizeof *s->waiting.at);
    if (hangup_catch(e) || known_open(s->known, &s->files, s->device, e))
        return e->status;
    lines_open(&in, NULL, 0);
    int status = run(s, &in, e);
    lines_close(&in);
    return status;
}

void service_release(struct service *s)
{
    known_release(s->known);
    mem_free(s->known);
    for (int32_t i = 0; i < s->batch; i++) {
        request_release(&s->waiting.at[i].request);
        buf_release(&s->waiting.at[i].answer);
    }
    vec_release(&s->waiting);
    item_sets_release(&s->files.sets);
    users_release(&s->asking);
    vec_release(&s->asked);
    vec_release(&s->asker);
    vec_release(&s->time);
    vec_release(&s->item);
    vec_release(&s->number);
    buf_release(&s->out);
}
