#include "data/filter.h"

#include "base/num.h"
#include "base/time.h"

/* ---- values ---- */

static int parse_count(struct filter_setting *s, const char *text, struct err *e)
{
    if (!num_i64(text, strlen(text), &s->number) || s->number < 1)
        return err_set(e, STATUS_USAGE, "'%s' is not a whole number of 1 or more", text);
    return 0;
}

/* The thesis's months are the round numbers of seconds that its code used. */
static int parse_span(struct filter_setting *s, const char *text, struct err *e)
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

static int parse_fraction(struct filter_setting *s, const char *text, struct err *e)
{
    if (!fraction_parse(text, strlen(text), &s->fraction))
        return err_set(e, STATUS_USAGE,
                       "'%s' is not a fraction from 0 to 1 with at most nine decimals", text);
    return 0;
}

static int parse_split(struct filter_setting *s, const char *text, struct err *e)
{
    if (strncmp(text, "user:", 5))
        return err_set(e, STATUS_USAGE,
                       "'%s' is not user:F, where F is the fraction of each user's sessions that "
                       "train",
                       text);
    return parse_fraction(s, text + 5, e);
}

/* ---- filters ---- */

static int apply_min_sessions(const struct filter_setting *s, struct history *h, struct err *e)
{
    (void)e;
    if (h->sessions.len < (size_t)s->number)
        history_clear(h);
    return 0;
}

static int apply_last_sessions(const struct filter_setting *s, struct history *h, struct err *e)
{
    (void)e;
    for (size_t i = 0; i + (size_t)s->number < h->sessions.len; i++)
        session_cut(h->sessions.at[i], 0);
    return 0;
}

static int apply_first(const struct filter_setting *s, struct history *h, struct err *e)
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

/* The first floor(f · n) of the user's n sessions of part `of` stay or become `first`, the rest
 * `rest`. */
static void divide(struct history *h, enum part of, struct fraction f, enum part first,
                   enum part rest)
{
    int64_t n = 0, i = 0;
    for (size_t j = 0; j < h->sessions.len; j++)
        n += h->sessions.at[j]->part == of;
    int64_t edge = fraction_floor(f, n);
    for (size_t j = 0; j < h->sessions.len; j++)
        if (h->sessions.at[j]->part == of)
            h->sessions.at[j]->part = i++ < edge ? first : rest;
}

static int apply_split(const struct filter_setting *s, struct history *h, struct err *e)
{
    for (size_t i = 0; i < h->sessions.len; i++)
        if (h->sessions.at[i]->part != PART_NONE)
            return err_set(e, STATUS_DATA,
                           "--split: the input is split already: split the stream from before");
    divide(h, PART_NONE, s->fraction, PART_TRAIN, PART_TEST);
    return 0;
}

static int apply_validation(const struct filter_setting *s, struct history *h, struct err *e)
{
    for (size_t i = 0; i < h->sessions.len; i++) {
        enum part part = h->sessions.at[i]->part;
        if (part == PART_NONE)
            return err_set(e, STATUS_DATA,
                           "--validation: the input is not split: put --split before it");
        if (part == PART_VALIDATION)
            return err_set(e, STATUS_DATA, "--validation: the input has a validation part already");
    }
    divide(h, PART_TRAIN, fraction_rest(s->fraction), PART_TRAIN, PART_VALIDATION);
    return 0;
}

const struct filter filter_rows[] = {
    {"min-sessions", "N", "drop users with fewer than N sessions", parse_count, apply_min_sessions,
     false},
    {"first", "1month|2months|3months|SECONDS",
     "drop events later than the user's first one by more than this (25e5, 5e6, 8e6 s), and what "
     "is then shorter than 2 events",
     parse_span, apply_first, false},
    {"last-sessions", "N", "keep the last N sessions of each user", parse_count,
     apply_last_sessions, false},
    {"split", "user:F", "the first F of each user's sessions (rounded down) train, the rest test",
     parse_split, apply_split, true},
    {"validation", "F",
     "of each user's training sessions, leave the first 1 - F (rounded down) in training, make the "
     "rest the validation part",
     parse_fraction, apply_validation, true},
    {0},
};

/* ---- chains ---- */

static const struct filter_setting *find(const struct filter_chain *c, const char *name)
{
    for (size_t i = 0; i < c->settings.len; i++)
        if (!strcmp(c->settings.at[i].filter->name, name))
            return &c->settings.at[i];
    return NULL;
}

int filter_chain_add(struct filter_chain *c, const struct filter *f, const char *text,
                     struct err *e)
{
    struct filter_setting s = {.filter = f, .text = text};
    if (f->splits && find(c, f->name))
        return err_set(e, STATUS_USAGE, "given twice: a stream is split once");
    if (!strcmp(f->name, "split") && find(c, "validation"))
        return err_set(e, STATUS_USAGE,
                       "stands behind --validation, which takes from the training "
                       "part: put --split first");
    int status = f->parse(&s, text, e);
    if (!status)
        vec_push(&c->settings, s);
    return status;
}

int filter_chain_apply(const struct filter_chain *c, struct history *h, struct err *e)
{
    for (size_t i = 0; i < c->settings.len && h->sessions.len; i++) {
        const struct filter_setting *s = &c->settings.at[i];
        int status = s->filter->apply(s, h, e);
        if (status)
            return status;
        history_sweep(h);
    }
    return 0;
}

bool filter_chain_splits(const struct filter_chain *c)
{
    for (size_t i = 0; i < c->settings.len; i++)
        if (c->settings.at[i].filter->splits)
            return true;
    return false;
}

void filter_chain_release(struct filter_chain *c)
{
    vec_release(&c->settings);
}
