#include "base/nth.h"
#include "base/num.h"
#include "base/time.h"
#include "data/filters.h"

/* ---- values ---- */

/* Reads every form but the fraction. */
static bool parse_division(struct filter_setting *s, const char *text)
{
    static const struct {
        const char *name;
        enum division division;
        int64_t seconds;
    } words[] = {{"last-session", DIVIDE_LAST_SESSION, 0},
                 {"leave-one-out", DIVIDE_LEAVE_ONE_OUT, 0},
                 {"last-day", DIVIDE_SPAN, 86400},
                 {"last-week", DIVIDE_SPAN, 7 * 86400}};
    s->division = DIVIDE_TIME;
    if (!strncmp(text, "time:", 5) && time_iso(text + 5, strlen(text + 5), &s->number)) {
        s->surveys = false;
        return true;
    }
    s->division = DIVIDE_NEWEST;
    if (!strncmp(text, "newest:", 7))
        return fraction_parse(text + 7, strlen(text + 7), &s->fraction);
    for (size_t i = 0; i < sizeof words / sizeof *words; i++)
        if (!strcmp(text, words[i].name)) {
            s->division = words[i].division;
            s->number = words[i].seconds;
            s->surveys = s->division == DIVIDE_SPAN;
            return true;
        }
    return false;
}

#define OTHER_DIVISIONS                                                                            \
    "newest:F, last-session, leave-one-out, time:DATE with a date such as 2014-09-24, last-day "   \
    "or "                                                                                          \
    "last-week"

int filter_parse_split(struct filter_setting *s, const char *text, struct err *e)
{
    if (parse_division(s, text))
        return 0;
    s->division = DIVIDE_FRACTION;
    s->surveys = false;
    if (!strncmp(text, "user:", 5))
        return filter_parse_fraction(s, text + 5, e);
    return err_set(e, STATUS_USAGE,
                   "'%s' is not user:F, where F is the fraction of each user's sessions that "
                   "train, " OTHER_DIVISIONS,
                   text);
}

int filter_parse_validation(struct filter_setting *s, const char *text, struct err *e)
{
    if (parse_division(s, text))
        return 0;
    s->division = DIVIDE_FRACTION;
    s->surveys = false;
    if (!fraction_parse(text, strlen(text), &s->fraction))
        return err_set(
            e, STATUS_USAGE,
            "'%s' is not a fraction from 0 to 1 with at most nine decimals, " OTHER_DIVISIONS,
            text);
    s->fraction = fraction_rest(s->fraction);
    return 0;
}

/* ---- dividing ---- */

static int64_t last_time(const struct session *s)
{
    return s->times[s->count - 1];
}

/* Calls `see` with the time of the last event of each session of the part. */
static void each_end(const struct all_user_sessions *all, enum part of,
                     void (*see)(void *to, int64_t end), void *to)
{
    for (size_t s = 0; s < session_store_sessions(&all->store); s++) {
        if (session_store_part(&all->store, s) == of)
            see(to, all_user_sessions_last(all, s));
        all_user_sessions_passed(all, s, s + 1);
    }
}

static void see_rank(void *to, int64_t end)
{
    nth_show(to, (uint64_t)end);
}

/* The end of a rank among those of the part, the first one being the oldest. */
static int64_t end_of_rank(const struct all_user_sessions *all, enum part of, uint64_t rank)
{
    struct nth n;
    nth_begin(&n, rank, TIME_BITS);
    do
        each_end(all, of, see_rank, &n);
    while (nth_again(&n));
    return (int64_t)n.value;
}

/* The ends on both sides of an edge. */
struct sides {
    int64_t edge, before, after; /* the last one before the edge, the first one at it or after */
};

static void see_sides(void *to, int64_t end)
{
    struct sides *x = to;
    if (end < x->edge && end > x->before)
        x->before = end;
    if (end >= x->edge && end < x->after)
        x->after = end;
}

/* The edge is as far before the last end as the setting's number says. */
static void find_span(struct filter_setting *s, const struct all_user_sessions *all, enum part of)
{
    size_t ends = session_store_part_count(&all->store, of);
    s->last = ends ? end_of_rank(all, of, ends - 1) : 0;
    s->number = ends ? s->last - s->number : 0;
    struct sides x = {s->number, INT64_MIN, INT64_MAX};
    each_end(all, of, see_sides, &x);
    s->gap = x.before > INT64_MIN && x.after < INT64_MAX ? x.after - x.before : 0;
}

/* Turns a span before the last event of the part, or a share of its newest sessions, into a time:
 * sessions that end at one time are on one side of it. */
static void find_edge(struct filter_setting *s, const struct all_user_sessions *all, enum part of)
{
    size_t ends = session_store_part_count(&all->store, of);
    if (s->division == DIVIDE_SPAN) {
        find_span(s, all, of);
    } else {
        size_t newest = (size_t)fraction_floor(s->fraction, (int64_t)ends);
        s->number = newest ? end_of_rank(all, of, ends - newest) : INT64_MAX;
    }
    s->division = DIVIDE_TIME;
}

int filter_survey_split(struct filter_setting *s, const struct all_user_sessions *all,
                        struct err *e)
{
    (void)e;
    find_edge(s, all, PART_NONE);
    return 0;
}

int filter_survey_validation(struct filter_setting *s, const struct all_user_sessions *all,
                             struct err *e)
{
    (void)e;
    find_edge(s, all, PART_TRAIN);
    return 0;
}

/* Divides part `of`: its first `edge` sessions become `first`, the others `rest`. */
static void divide_at(struct user_sessions *h, enum part of, int64_t edge, enum part first,
                      enum part rest)
{
    int64_t i = 0;
    for (size_t j = 0; j < h->sessions.len; j++) {
        struct session *session = h->sessions.at[j];
        if (session->part != of)
            continue;
        session->part = i < edge ? first : rest;
        if (i++ == edge)
            h->edges.of[rest] = (struct edge){true, false, session->times[0]};
    }
}

/* No event of `first` comes at or after the edge. A session around the edge belongs to `rest`, and
 * so do the sessions that follow it, so that the parts stay in order where sessions overlap. */
static void divide_by_time(struct user_sessions *h, enum part of, int64_t edge, enum part first,
                           enum part rest)
{
    bool after = false;
    for (size_t j = 0; j < h->sessions.len; j++) {
        struct session *session = h->sessions.at[j];
        if (session->part != of)
            continue;
        after = after || last_time(session) >= edge;
        session->part = after ? rest : first;
    }
    h->edges.of[rest] = (struct edge){true, true, edge};
}

/* The last event is predicted from the event before it: both make a session of `rest`. The event
 * before the last one stays in `first` as well. */
static void leave_one_out(struct user_sessions *h, size_t session, enum part first, enum part rest)
{
    struct session *s = h->sessions.at[session];
    h->edges.of[rest] = (struct edge){true, false, last_time(s)};
    if (s->count < 3) {
        s->part = rest; /* one event alone has nothing to predict */
        return;
    }
    struct session *out = session_tail(s, 2);
    out->part = rest;
    s->part = first;
    session_cut(s, s->count - 1);
    vec_push(&h->sessions, out);
    for (size_t i = h->sessions.len - 1; i > session + 1; i--)
        h->sessions.at[i] = h->sessions.at[i - 1];
    h->sessions.at[session + 1] = out;
}

static void divide(const struct filter_setting *s, struct user_sessions *h, enum part of,
                   enum part first, enum part rest)
{
    int64_t n = 0;
    size_t last = 0;
    for (size_t j = 0; j < h->sessions.len; j++)
        if (h->sessions.at[j]->part == of) {
            n++;
            last = j;
        }
    if (n == 0)
        return;
    if (s->division == DIVIDE_TIME) {
        divide_by_time(h, of, s->number, first, rest);
        return;
    }
    int64_t edge = s->division == DIVIDE_FRACTION       ? fraction_floor(s->fraction, n)
                   : s->division == DIVIDE_LAST_SESSION ? n - 1
                                                        : n;
    if (!edge && first == of && s->division == DIVIDE_FRACTION && s->fraction.over)
        edge = 1; /* a fraction of the training part does not take all of it from a user */
    divide_at(h, of, edge, first, rest);
    if (s->division == DIVIDE_LEAVE_ONE_OUT)
        leave_one_out(h, last, first, rest);
}

int filter_apply_split(const struct filter_setting *s, struct user_sessions *h, struct err *e)
{
    for (size_t i = 0; i < h->sessions.len; i++)
        if (h->sessions.at[i]->part != PART_NONE)
            return err_set(e, STATUS_DATA,
                           "--split: the input is split already: split the stream from before");
    divide(s, h, PART_NONE, PART_TRAIN, PART_TEST);
    return 0;
}

static int refuse_unsplit(const char *option, const struct user_sessions *h, struct err *e)
{
    for (size_t i = 0; i < h->sessions.len; i++)
        if (h->sessions.at[i]->part == PART_NONE)
            return err_set(e, STATUS_DATA, "--%s: the input is not split: put --split before it",
                           option);
    return 0;
}

int filter_apply_validation(const struct filter_setting *s, struct user_sessions *h, struct err *e)
{
    if (refuse_unsplit("validation", h, e))
        return e->status;
    for (size_t i = 0; i < h->sessions.len; i++)
        if (h->sessions.at[i]->part == PART_VALIDATION)
            return err_set(e, STATUS_DATA, "--validation: the input has a validation part already");
    divide(s, h, PART_TRAIN, PART_TRAIN, PART_VALIDATION);
    return 0;
}

/* ---- parts that came out empty ---- */

static int refuse_empty(const struct filter_setting *s, const char *part, struct err *e)
{
    return err_set(e, STATUS_DATA,
                   "--%s %s: the %s part has no session: it divides the sessions of each user, and "
                   "no user has enough of them: newest:F takes the newest F of all sessions",
                   s->filter->name, s->text, part);
}

int filter_check_split(const struct filter_setting *s, const int64_t sessions[4], struct err *e)
{
    bool asked =
        s->division == DIVIDE_FRACTION ? s->fraction.over > 0 : s->division < DIVIDE_NEWEST;
    return asked && !sessions[PART_TRAIN] && sessions[PART_VALIDATION] + sessions[PART_TEST]
               ? refuse_empty(s, "training", e)
               : 0;
}

int filter_check_validation(const struct filter_setting *s, const int64_t sessions[4],
                            struct err *e)
{
    bool asked = s->division == DIVIDE_FRACTION && s->fraction.over < s->fraction.under;
    if (filter_check_split(s, sessions, e))
        return e->status;
    return asked && !sessions[PART_VALIDATION] && sessions[PART_TRAIN]
               ? refuse_empty(s, "validation", e)
               : 0;
}

/* ---- items and users unseen in training ---- */

int filter_survey_drop_unseen(struct filter_setting *s, const struct all_user_sessions *all,
                              struct err *e)
{
    const struct session_store *c = &all->store;
    (void)e;
    for (size_t i = 0; i < session_store_sessions(c); i++) {
        count_items(&s->counts, session_store_items(c, i), session_store_length(c, i),
                    session_store_part(c, i) == PART_TRAIN);
        all_user_sessions_passed(all, i, i + 1);
    }
    return 0;
}

int filter_apply_drop_unseen(const struct filter_setting *s, struct user_sessions *h, struct err *e)
{
    if (refuse_unsplit("drop-unseen", h, e))
        return e->status;
    for (size_t i = 0; i < h->sessions.len; i++)
        if (h->sessions.at[i]->part != PART_TRAIN)
            session_keep_items(h->sessions.at[i], s->counts.at, 1);
    return 0;
}

int filter_apply_drop_unseen_users(const struct filter_setting *s, struct user_sessions *h,
                                   struct err *e)
{
    (void)s;
    if (refuse_unsplit("drop-unseen-users", h, e))
        return e->status;
    for (size_t i = 0; i < h->sessions.len; i++)
        if (h->sessions.at[i]->part == PART_TRAIN)
            return 0;
    user_sessions_clear(h);
    return 0;
}
