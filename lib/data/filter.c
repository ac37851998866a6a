#include "base/num.h"
#include "data/filters.h"
#include "stream/cursor.h"

/* ---- the filters ---- */

static const char item_support[] = "min-item-support", user_support[] = "min-user-support";
static const char once[] = "once"; /* not a filter: changes the one before it */

const struct filter filter_rows[] = {
    {"min-sessions", "N", "drop users with fewer than N sessions", .parse = filter_parse_count,
     .apply = filter_apply_min_sessions},
    {"min-events", "N", "drop sessions with fewer than N events", .parse = filter_parse_count,
     .apply = filter_apply_min_events},
    {"first", "TIME", "keep 1month, 2months, 3months or SECONDS of each user",
     .parse = filter_parse_span, .apply = filter_apply_first},
    {"since", "TIME", "drop events before TIME, a date or ISO 8601", .parse = filter_parse_time,
     .apply = filter_apply_since},
    {"until", "TIME", "drop events at TIME or later", .parse = filter_parse_time,
     .apply = filter_apply_until},
    {"last-sessions", "N", "keep the last N sessions of each user", .parse = filter_parse_count,
     .apply = filter_apply_last_sessions},
    {"recent", "F", "keep the newest F of all or, if split, training ones",
     .parse = filter_parse_fraction, .survey = filter_survey_recent, .apply = filter_apply_recent},
    {"user-length", "SIDE", "keep users below or above the mean session length",
     .parse = filter_parse_user_length, .survey = filter_survey_user_means,
     .apply = filter_apply_user_means},
    {"user-count", "SIDE", "keep users below or above the mean session count",
     .parse = filter_parse_user_count, .survey = filter_survey_user_means,
     .apply = filter_apply_user_means},
    {"user-group", "L-C", "both sides at once, such as below-above",
     .parse = filter_parse_user_group, .survey = filter_survey_user_means,
     .apply = filter_apply_user_means},
    {"country", "LIST", "keep the users of these countries", .parse = filter_parse_country,
     .apply = filter_apply_country},
    {"country-zone", "CET", "keep the users of the countries of this time zone",
     .parse = filter_parse_country_zone, .apply = filter_apply_country},
    {"repeats", "KIND", "drop repeats: consecutive, item (in a session), type",
     .parse = filter_parse_repeats, .apply = filter_apply_repeats},
    {item_support, "N", "drop items of fewer than N events, until none is left",
     .parse = filter_parse_count, .survey = filter_survey_support, .apply = filter_apply_support},
    {user_support, "N", "drop users of fewer than N events, until none is left",
     .parse = filter_parse_count, .survey = filter_survey_support, .apply = filter_apply_support},
    {.name = once, .help = "apply the support option before it a single time"},
    {"delta-buckets", "SHAPE:WIDTHxCOUNT", "buckets of ages: linear, quadratic, log; 3600x168",
     .parse = filter_parse_buckets, .note = filter_note_buckets},
    {"week-shift", "TIME", "shift times by seconds for the hour of the week",
     .parse = filter_parse_shift, .note = filter_note_shift},
    {"timezone", "ZONE", "the same shift as CET, UTC or +HH:MM", .parse = filter_parse_timezone,
     .note = filter_note_shift},
    {"dwell-bins", "BINS", "bins of the time to the next event: scott, N or edges",
     .parse = filter_parse_dwell, .survey = filter_survey_dwell, .apply = filter_apply_dwell,
     .note = filter_note_dwell},
    {"split", "user:F|...",
     "train on each user's first F; on all but newest:F, last-day|week|session, leave-one-out, "
     "time:DATE",
     .parse = filter_parse_split, .survey = filter_survey_split, .apply = filter_apply_split,
     .check = filter_check_split, .splits = true},
    {"validation", "F|...", "end of training: F of each user's, or as --split",
     .parse = filter_parse_validation, .survey = filter_survey_validation,
     .apply = filter_apply_validation, .check = filter_check_validation, .splits = true},
    {"drop-unseen", NULL, "drop items of the other parts that training never has", NULL,
     .survey = filter_survey_drop_unseen, .apply = filter_apply_drop_unseen},
    {"drop-unseen-users", NULL, "drop users that training never has", NULL,
     .apply = filter_apply_drop_unseen_users},
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

static bool is_support(const char *name)
{
    return !strcmp(name, item_support) || !strcmp(name, user_support);
}

static int add_once(struct filter_chain *c, struct err *e)
{
    struct filter_setting *last = c->settings.len ? &c->settings.at[c->settings.len - 1] : NULL;
    if (!last || !is_support(last->filter->name))
        return err_set(e, STATUS_USAGE, "has to come right after --%s or --%s", item_support,
                       user_support);
    last->once = true;
    return 0;
}

static void release(struct filter_setting *s)
{
    vec_release(&s->counts);
    vec_release(&s->edges);
}

int filter_chain_add(struct filter_chain *c, const struct filter *f, const char *text,
                     struct err *e)
{
    struct filter_setting s = {.filter = f, .text = text, .surveys = f->survey != NULL};
    if (f->name == once)
        return add_once(c, e);
    if (f->splits && find(c, f->name))
        return err_set(e, STATUS_USAGE, "given twice: a stream is split once");
    if (!strcmp(f->name, "split") && find(c, "validation"))
        return err_set(e, STATUS_USAGE,
                       "comes after --validation, which takes from the training "
                       "part: put --split first");
    int status = f->parse ? f->parse(&s, text, e) : 0;
    if (status)
        release(&s); /* a value may have been read in part */
    else
        vec_push(&c->settings, s);
    return status;
}

/* Filters as the header names them: "name", "name=value", "name=value once". */
static void show(const struct filter_setting *s, struct buf *to)
{
    buf_clear(to);
    buf_format(to, "%s%s%s%s", s->filter->name, s->text ? "=" : "", s->text ? s->text : "",
               s->once ? " once" : "");
}

/* Raises the least support of items and users by an entry of the header's list that names one. */
static void recall(struct bytes text, int64_t *item, int64_t *user)
{
    const struct {
        const char *name;
        int64_t *least;
    } kinds[] = {{item_support, item}, {user_support, user}};
    for (size_t i = 0; i < 2; i++) {
        size_t n = strlen(kinds[i].name) + 1;
        int64_t number; /* " once" is no number */
        if (text.len > n && !strncmp(text.at, kinds[i].name, n - 1) && text.at[n - 1] == '=' &&
            num_i64(text.at + n, text.len - n, &number) && number > *kinds[i].least)
            *kinds[i].least = number;
    }
}

void filter_chain_recall(struct filter_chain *c, const struct meta *input)
{
    struct cursor list = cursor_of(meta_find(input, "filters"));
    struct bytes text;
    struct buf shown = {0};
    int64_t item = 0, user = 0;
    uint32_t count = 0;
    if (list.at && cursor_array(&list, &count))
        while (count-- && cursor_str(&list, &text))
            recall(text, &item, &user);
    for (size_t i = 0; i < c->settings.len; i++) {
        struct filter_setting *s = &c->settings.at[i];
        if (!is_support(s->filter->name))
            continue;
        if (s->once) {
            s->least_item = s->filter->name == item_support ? s->number : 0;
            s->least_user = s->filter->name == user_support ? s->number : 0;
            continue;
        }
        show(s, &shown);
        recall((struct bytes){shown.at, shown.len}, &item, &user);
        s->least_item = item;
        s->least_user = user;
    }
    buf_release(&shown);
}

int filter_chain_note(const struct filter_chain *chain, struct meta *m, struct err *e)
{
    static const char key[] = "filters";
    struct bytes before = meta_find(m, key);
    struct cursor c = cursor_of(before);
    uint32_t count = 0;
    if (before.at && !cursor_array(&c, &count))
        return err_set(e, STATUS_DATA, "header: %s: a list is expected", key);

    struct buf list = {0}, text = {0};
    msgpack_packer pk;
    msgpack_packer_init(&pk, &list, buf_write);
    msgpack_pack_array(&pk, count + chain->settings.len);
    buf_append(&list, c.at, (size_t)(c.end - c.at));
    for (size_t i = 0; i < chain->settings.len; i++) {
        const struct filter_setting *s = &chain->settings.at[i];
        show(s, &text);
        pack_text(&pk, (struct bytes){text.at, text.len});
        if (s->filter->note)
            s->filter->note(s, m);
    }
    if (count + chain->settings.len)
        meta_set(m, key, (struct bytes){list.at, list.len});
    buf_release(&list);
    buf_release(&text);
    return 0;
}

static int apply(struct filter_setting *s, struct user_sessions *h, struct err *e)
{
    int64_t events = user_sessions_events(h), sessions = (int64_t)h->sessions.len;
    int status = s->filter->apply ? s->filter->apply(s, h, e) : 0;
    if (status)
        return status;
    user_sessions_sweep(h);
    if (!s->filter->splits) {
        s->events_dropped += events - user_sessions_events(h);
        s->sessions_dropped += sessions - (int64_t)h->sessions.len;
    }
    return 0;
}

/* The filter at or after `from` that surveys all users. */
static size_t next_survey(const struct filter_chain *c, size_t from)
{
    while (from < c->settings.len && !c->settings.at[from].surveys)
        from++;
    return from;
}

/* Applies the filters from .. end - 1. */
static int apply_some(struct filter_chain *c, size_t from, size_t end, struct user_sessions *h,
                      struct err *e)
{
    int status = 0;
    for (size_t i = from; i < end && h->sessions.len && !status; i++)
        status = apply(&c->settings.at[i], h, e);
    return status;
}

int filter_chain_apply(struct filter_chain *c, struct user_sessions *h, struct err *e)
{
    return apply_some(c, 0, next_survey(c, 0), h, e);
}

/* Applies the filters from .. end - 1 to all users and removes those without a session; `kept` is
 * room for what is left. */
static int apply_to_all(struct filter_chain *c, size_t from, size_t end,
                        struct all_user_sessions *all, struct all_user_sessions *kept,
                        const struct new_ids *ids, struct err *e)
{
    struct user_sessions h = {0};
    int status = 0;
    all_user_sessions_clear(kept);
    for (size_t u = 0; u < all_user_sessions_count(all) && !status; u++) {
        all_user_sessions_load(all, u, &h);
        h.about = new_ids_attributes(ids, h.user);
        status = apply_some(c, from, end, &h, e);
        if (!status && h.sessions.len)
            status = all_user_sessions_add(kept, &h, e);
        user_sessions_clear(&h);
    }
    if (!status)
        status = all_user_sessions_end(kept, e);
    user_sessions_release(&h);
    struct all_user_sessions swap = *all;
    *all = *kept;
    *kept = swap;
    return status;
}

/* A survey serves the filter itself and those up to the next survey. */
int filter_chain_finish(struct filter_chain *c, struct all_user_sessions *all,
                        const struct new_ids *ids, struct err *e)
{
    struct all_user_sessions room;
    int status = 0;
    all_user_sessions_open(&room, all->memory);
    for (size_t i = next_survey(c, 0); i < c->settings.len && !status;) {
        struct filter_setting *s = &c->settings.at[i];
        size_t next = next_survey(c, i + 1);
        status = s->filter->survey(s, all, e);
        if (!status)
            status = apply_to_all(c, i, next, all, &room, ids, e);
        vec_release(&s->counts);
        i = next;
    }
    all_user_sessions_release(&room);
    return status;
}

bool filter_chain_surveys(const struct filter_chain *c)
{
    return next_survey(c, 0) < c->settings.len;
}

int filter_chain_check(const struct filter_chain *c, const int64_t sessions[4], struct err *e)
{
    int status = 0;
    for (size_t i = 0; i < c->settings.len && !status; i++)
        if (c->settings.at[i].filter->check)
            status = c->settings.at[i].filter->check(&c->settings.at[i], sessions, e);
    return status;
}

bool filter_chain_splits(const struct filter_chain *c)
{
    for (size_t i = 0; i < c->settings.len; i++)
        if (c->settings.at[i].filter->splits)
            return true;
    return false;
}

bool filter_chain_may_drop(const struct filter_chain *c)
{
    for (size_t i = 0; i < c->settings.len; i++)
        if (c->settings.at[i].filter->apply && !c->settings.at[i].filter->splits)
            return true;
    return false;
}

void filter_chain_drops(const struct filter_chain *c, struct drops *d)
{
    struct buf why = {0};
    for (size_t i = 0; i < c->settings.len; i++) {
        const struct filter_setting *s = &c->settings.at[i];
        buf_clear(&why);
        buf_format(&why, "by --%s%s%s", s->filter->name, s->text ? " " : "",
                   s->text ? s->text : "");
        drops_add(d, (struct bytes){why.at, why.len}, (uint64_t)s->events_dropped,
                  (uint64_t)s->sessions_dropped);
    }
    buf_release(&why);
}

void filter_chain_release(struct filter_chain *c)
{
    for (size_t i = 0; i < c->settings.len; i++)
        release(&c->settings.at[i]);
    vec_release(&c->settings);
}
