#include <stdlib.h>
#include <strings.h>

#include "base/num.h"
#include "base/time.h"
#include "data/filters.h"

/* ---- how many sessions, and how long ---- */

int filter_apply_min_sessions(const struct filter_setting *s, struct user_sessions *h,
                              struct err *e)
{
    (void)e;
    if (h->sessions.len < (size_t)s->number)
        user_sessions_clear(h);
    return 0;
}

int filter_apply_min_events(const struct filter_setting *s, struct user_sessions *h, struct err *e)
{
    (void)e;
    for (size_t i = 0; i < h->sessions.len; i++)
        if (h->sessions.at[i]->count < (size_t)s->number)
            session_cut(h->sessions.at[i], 0);
    return 0;
}

int filter_apply_last_sessions(const struct filter_setting *s, struct user_sessions *h,
                               struct err *e)
{
    (void)e;
    for (size_t i = 0; i + (size_t)s->number < h->sessions.len; i++)
        session_cut(h->sessions.at[i], 0);
    return 0;
}

/* ---- the first part of a history ---- */

/* The months are those of the thesis, whose code used round numbers of seconds. */
int filter_parse_span(struct filter_setting *s, const char *text, struct err *e)
{
    static const struct {
        const char *name;
        int64_t seconds;
    } spans[] = {{"1month", 2500000}, {"2months", 5000000}, {"3months", 8000000}};
    for (size_t i = 0; i < sizeof spans / sizeof *spans; i++)
        if (!strcmp(text, spans[i].name)) {
            s->number = spans[i].seconds;
            return 0;
        }
    double seconds; /* num_f64: "25e5" is a whole number too */
    if (!num_f64(text, strlen(text), &seconds) || seconds < 0 || seconds > (double)TIME_LIMIT ||
        seconds != (double)(int64_t)seconds)
        return err_set(e, STATUS_USAGE,
                       "'%s' is not 1month, 2months, 3months or a whole number of seconds", text);
    s->number = (int64_t)seconds;
    return 0;
}

int filter_apply_first(const struct filter_setting *s, struct user_sessions *h, struct err *e)
{
    (void)e;
    int64_t last = h->sessions.at[0]->times[0] + s->number;
    for (size_t i = 0; i < h->sessions.len; i++) {
        struct session *session = h->sessions.at[i];
        size_t count = session->count;
        while (count && session->times[count - 1] > last)
            count--;
        session_cut(session, count < 2 ? 0 : count); /* one event alone has nothing to predict */
    }
    return 0;
}

/* ---- what happened since or until a time ---- */

int filter_parse_time(struct filter_setting *s, const char *text, struct err *e)
{
    if (time_iso(text, strlen(text), &s->number))
        return 0;
    return err_set(e, STATUS_USAGE,
                   "'%s' is not a date such as 2014-09-24, or a time such as 2014-09-24T12:00:00Z",
                   text);
}

/* Keeps the events before the time; one that is left alone has nothing to predict. */
static void keep_before(struct session *session, int64_t time)
{
    size_t count = session->count;
    while (count && session->times[count - 1] >= time)
        count--;
    if (count < session->count)
        session_cut(session, count < 2 ? 0 : count);
}

int filter_apply_until(const struct filter_setting *s, struct user_sessions *h, struct err *e)
{
    (void)e;
    for (size_t i = 0; i < h->sessions.len; i++)
        keep_before(h->sessions.at[i], s->number);
    return 0;
}

int filter_apply_since(const struct filter_setting *s, struct user_sessions *h, struct err *e)
{
    (void)e;
    for (size_t i = 0; i < h->sessions.len; i++) {
        struct session *session = h->sessions.at[i];
        size_t before = 0;
        while (before < session->count && session->times[before] < s->number)
            before++;
        if (!before)
            continue;
        if (session->count - before < 2) {
            session_cut(session, 0);
            continue;
        }
        h->sessions.at[i] = session_tail(session, session->count - before);
        mem_free(session);
    }
    return 0;
}

/* ---- repeats inside a session ---- */

enum { REPEATS_CONSECUTIVE, REPEATS_ITEM, REPEATS_TYPE };

int filter_parse_repeats(struct filter_setting *s, const char *text, struct err *e)
{
    static const char *const words[] = {"consecutive", "item", "type"};
    for (int i = 0; i < 3; i++)
        if (!strcmp(text, words[i])) {
            s->number = i;
            return 0;
        }
    return err_set(e, STATUS_USAGE, "'%s' is not consecutive, item or type", text);
}

struct happening {
    int32_t item;
    int64_t action;
    size_t event;
};

static int compare_happenings(const void *a, const void *b)
{
    const struct happening *x = a, *y = b;
    if (x->item != y->item)
        return x->item < y->item ? -1 : 1;
    if (x->action != y->action)
        return (x->action > y->action) - (x->action < y->action);
    return (x->event > y->event) - (x->event < y->event);
}

/* The code of the event's action; without codes all events are of one type. */
static int64_t action_of(const struct session *s, size_t event)
{
    for (size_t i = 0; i < s->extra_count; i++) {
        const struct extra *x = &s->extras[i];
        if (!x->column.at || !bytes_equal(x->key, bytes_of("action")))
            continue;
        switch (x->type) {
        case COLUMN_U8:
            return column_u8(x->column)[event];
        case COLUMN_I32:
            return column_i32(x->column)[event];
        case COLUMN_I64:
            return column_i64(x->column)[event];
        case COLUMN_F32:
            return (int64_t)column_f32(x->column)[event];
        }
    }
    return 0;
}

/* Marks the events that repeat an earlier event of the session. */
static void mark_repeats(const struct session *s, bool by_type, bool *repeat)
{
    struct happening *all = mem_alloc(s->count * sizeof *all);
    for (size_t i = 0; i < s->count; i++)
        all[i] = (struct happening){s->items[i], by_type ? action_of(s, i) : 0, i};
    qsort(all, s->count, sizeof *all, compare_happenings);
    for (size_t i = 0; i < s->count; i++)
        repeat[all[i].event] =
            i && all[i].item == all[i - 1].item && all[i].action == all[i - 1].action;
    mem_free(all);
}

static void drop_repeats(struct session *s, int64_t kind)
{
    bool *repeat = mem_alloc(s->count * sizeof *repeat);
    if (kind == REPEATS_CONSECUTIVE)
        for (size_t i = 0; i < s->count; i++)
            repeat[i] = i && s->items[i] == s->items[i - 1];
    else
        mark_repeats(s, kind == REPEATS_TYPE, repeat);
    size_t kept = 0;
    for (size_t i = 0; i < s->count; i++)
        if (!repeat[i])
            session_move(s, kept++, i);
    session_cut(s, kept < 2 ? 0 : kept);
    mem_free(repeat);
}

int filter_apply_repeats(const struct filter_setting *s, struct user_sessions *h, struct err *e)
{
    (void)e;
    for (size_t i = 0; i < h->sessions.len; i++)
        drop_repeats(h->sessions.at[i], s->number);
    return 0;
}

/* ---- countries ---- */

int filter_parse_country(struct filter_setting *s, const char *text, struct err *e)
{
    if (!*text)
        return err_set(e, STATUS_USAGE, "'%s' is not a list of countries with commas between them",
                       text);
    s->list = text;
    return 0;
}

int filter_parse_country_zone(struct filter_setting *s, const char *text, struct err *e)
{
    if (strcasecmp(text, "CET"))
        return err_set(e, STATUS_USAGE, "'%s' is not a zone that is known: CET is", text);
    s->list = "Norway,Sweden,Denmark,Germany,France,Netherlands,Belgium,Spain,Italy,Switzerland,"
              "Austria,Poland,Czech Republic,Slovenia,Slovakia,Croatia,Hungary,"
              "Bosnia and Herzegovina";
    return 0;
}

/* Whether the list has the name between two commas or ends; some names hold commas themselves. */
static bool listed(const char *list, struct bytes name)
{
    for (const char *at = list; *at; at++) {
        while (*at == ' ')
            at++;
        if (!strncasecmp(at, name.at, name.len)) {
            const char *end = at + name.len + strspn(at + name.len, " ");
            if (!*end || *end == ',')
                return true;
        }
        at += strcspn(at, ",");
        if (!*at)
            return false;
    }
    return false;
}

int filter_apply_country(const struct filter_setting *s, struct user_sessions *h, struct err *e)
{
    (void)e;
    struct bytes country = attributes_find(h->about, "country");
    if (!country.len || memchr(country.at, 0, country.len) || !listed(s->list, country))
        user_sessions_clear(h);
    return 0;
}
