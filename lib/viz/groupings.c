#include "viz/groupings.h"

#include <inttypes.h>
#include <stdlib.h>

#include "viz/format.h"

enum {
    HOUR = 3600,
    DAY = 24 * HOUR,
    MOST_RECENT = 64,
    MOST_DAYS = 63,
    LONGEST = 40,
    WEEK_HOURS = 168
};

static size_t week_hours(const struct run_names *c)
{
    (void)c;
    return WEEK_HOURS;
}

static size_t day_hours(const struct run_names *c)
{
    (void)c;
    return 24;
}

static double count_from_one(const struct run_names *c, size_t group)
{
    (void)c;
    return (double)group + 1;
}

static double the_group(const struct run_names *c, size_t group)
{
    (void)c;
    return (double)group;
}

/* ---- recency ---- */

static long by_recency(struct run_names *c, const struct attended *s)
{
    (void)c;
    return (long)(s->recency < MOST_RECENT ? s->recency : MOST_RECENT) - 1;
}

static void label_recency(const struct run_names *c, size_t group, struct buf *to)
{
    (void)c;
    buf_format(to, "%zu%s", group + 1, group + 1 == MOST_RECENT ? "+" : "");
}

const struct grouping grouping_recency = {
    .axis = "how many sessions ago (1 = the newest)",
    .of = by_recency,
    .low = count_from_one,
    .label = label_recency,
};

const struct grouping grouping_event_recency = {
    .axis = "how many events ago (1 = the last)",
    .of = by_recency,
    .low = count_from_one,
    .label = label_recency,
};

/* ---- age ---- */

static long by_age(struct run_names *c, const struct attended *s)
{
    return s->delta >= 0 && (size_t)s->delta <= c->edges.len ? s->delta : -1;
}

static double hours_of(const struct run_names *c, size_t group)
{
    return (double)run_names_age_from(c, group) / HOUR;
}

static size_t age_groups(const struct run_names *c)
{
    return c->edges.len + 1;
}

/* Marks whole days, or eight buckets if buckets do not begin at whole days. */
static bool mark_age(const struct run_names *c, size_t group)
{
    size_t days = 0, n = c->edges.len + 1;
    for (size_t i = 1; i < n; i++)
        days += run_names_age_from(c, i) % DAY == 0;
    if (days >= 2 && days <= 16)
        return run_names_age_from(c, group) % DAY == 0;
    return group % (n / 8 + 1) == 0;
}

static bool is_beyond_a_week(const struct run_names *c)
{
    return c->edges.len && c->edges.at[c->edges.len - 1] >= FORMAT_WEEK;
}

/* In days where the ages go to a week or beyond: "1 d", "7 d+". */
static void tick_age(const struct run_names *c, size_t group, struct buf *to)
{
    int64_t from = run_names_age_from(c, group);
    if (!is_beyond_a_week(c) || from % DAY)
        format_age(c, group, to);
    else
        buf_format(to, "%" PRId64 " d%s", from / DAY, group == c->edges.len ? "+" : "");
}

static void row_of_ages(const struct run_names *c, size_t row, struct buf *to)
{
    tick_age(c, row * 24, to);
}

const struct grouping grouping_age = {
    .axis = "age of the attended session",
    .of = by_age,
    .low = hours_of,
    .label = format_age,
    .tick = tick_age,
    .mark = mark_age,
    .groups = age_groups,
    .across = 24,
    .row = row_of_ages,
};

/* ---- days ---- */

static long by_days(struct run_names *c, const struct attended *s)
{
    (void)c;
    return s->age < 0 ? -1 : (long)(s->age / DAY < MOST_DAYS ? s->age / DAY : MOST_DAYS);
}

static void label_days(const struct run_names *c, size_t group, struct buf *to)
{
    (void)c;
    buf_format(to, "%zu d%s", group, group == MOST_DAYS ? "+" : "");
}

static bool mark_days(const struct run_names *c, size_t group)
{
    (void)c;
    return group % 7 == 0;
}

const struct grouping grouping_days = {
    .axis = "age of the attended session in days",
    .of = by_days,
    .low = the_group,
    .label = label_days,
    .mark = mark_days,
};

/* ---- the distance from whole days ---- */

/* Ages from half a day on, up to the last complete day around a multiple of 24 hours, so that each
 * of the 24 groups has a bucket of every day.  Needs buckets of an hour. */
static long by_day_distance(struct run_names *c, const struct attended *s)
{
    if (s->delta < 0 || (size_t)s->delta >= c->edges.len)
        return -1;
    int64_t from = run_names_age_from(c, (size_t)s->delta),
            to = run_names_age_to(c, (size_t)s->delta);
    int64_t last = c->edges.at[c->edges.len - 1];
    if (to - from != HOUR || from % HOUR || from < DAY / 2 ||
        to > last - ((last - DAY / 2) % DAY + DAY) % DAY)
        return -1;
    return (long)((from - DAY / 2) % DAY / HOUR);
}

static double day_distance(const struct run_names *c, size_t group)
{
    (void)c;
    return (double)group - 12;
}

static void label_day_distance(const struct run_names *c, size_t group, struct buf *to)
{
    (void)c;
    if (group == 12)
        buf_text(to, "k × 24 h");
    else
        buf_format(to, "%s%d h", group < 12 ? "−" : "+", abs((int)group - 12));
}

static bool mark_day_distance(const struct run_names *c, size_t group)
{
    (void)c;
    return group % 4 == 0;
}

const struct grouping grouping_day = {
    .axis = "age, in hours from the nearest multiple of 24 h",
    .of = by_day_distance,
    .low = day_distance,
    .label = label_day_distance,
    .mark = mark_day_distance,
    .groups = day_hours,
};

/* ---- the week ---- */

static long by_week(struct run_names *c, const struct attended *s)
{
    (void)c;
    return s->week < WEEK_HOURS ? s->week : -1;
}

static void row_of_week(const struct run_names *c, size_t row, struct buf *to)
{
    (void)c;
    buf_text(to, format_day[row % 7]);
}

const struct grouping grouping_week = {
    .axis = "hour of the day (UTC, or as the log was shifted)",
    .of = by_week,
    .low = the_group,
    .label = format_week,
    .groups = week_hours,
    .across = 24,
    .row = row_of_week,
};

/* ---- length ---- */

static long by_length(struct run_names *c, const struct attended *s)
{
    (void)c;
    return s->length < 1 ? -1 : (s->length < LONGEST ? s->length : LONGEST) - 1;
}

static void label_length(const struct run_names *c, size_t group, struct buf *to)
{
    (void)c;
    buf_format(to, "%zu%s", group + 1, group + 1 == LONGEST ? "+" : "");
}

const struct grouping grouping_length = {
    .axis = "events in the attended session",
    .of = by_length,
    .low = count_from_one,
    .label = label_length,
};

/* The mean weight of a session's events is 1 at any length, so only their spread can depend on the
 * length: this takes the largest. */
static long of_strongest(struct run_names *c, const struct attended *s)
{
    (void)c;
    return s->heaviest ? (long)(s->of < LONGEST ? s->of : LONGEST) - 1 : -1;
}

const struct grouping grouping_strongest = {
    .axis = "events that there are to choose from",
    .of = of_strongest,
    .low = count_from_one,
    .label = label_length,
};

/* ---- popularity ---- */

/* By the session's median item (the lower one of two), so that a single hit does not make a session
 * popular. */
static long by_popularity(struct run_names *c, const struct attended *s)
{
    if (s->length < 1)
        return -1;
    int32_t *train = mem_alloc((size_t)s->length * sizeof *train);
    for (int32_t i = 0; i < s->length; i++)
        train[i] = c->train.at[s->items[i]];
    int32_t median = popularity_median(train, (size_t)s->length);
    bool known = train[0] >= 0;
    mem_free(train);
    return known ? popularity_group(run_names_popularity(c), median) : -1;
}

static double least_popularity(const struct run_names *c, size_t group)
{
    return popularity_low(&c->popularity, (int)group);
}

static void label_popularity(const struct run_names *c, size_t group, struct buf *to)
{
    int32_t low = popularity_low(&c->popularity, (int)group);
    int32_t high = popularity_high(&c->popularity, (int)group);
    buf_format(to, low == high ? "%d" : "%d–%d", (int)low, (int)high);
}

static size_t popularity_groups(const struct run_names *c)
{
    return (size_t)c->popularity.groups + 1;
}

const struct grouping grouping_popularity = {
    .axis = "training events of the session's median item",
    .of = by_popularity,
    .low = least_popularity,
    .label = label_popularity,
    .groups = popularity_groups,
};

const struct grouping grouping_event_popularity = {
    .axis = "training events of the event's item",
    .of = by_popularity,
    .low = least_popularity,
    .label = label_popularity,
    .groups = popularity_groups,
};
