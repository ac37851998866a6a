/* The filters by subject, for the rows of filter.c; each as struct filter says. */
#ifndef DATA_FILTERS_H
#define DATA_FILTERS_H

#include "data/filter.h"

#define FILTER_PARSE(name)                                                                         \
    int filter_parse_##name(struct filter_setting *s, const char *text, struct err *e)
#define FILTER_SURVEY(name)                                                                        \
    int filter_survey_##name(struct filter_setting *s, const struct all_user_sessions *all,        \
                             struct err *e)
#define FILTER_APPLY(name)                                                                         \
    int filter_apply_##name(const struct filter_setting *s, struct user_sessions *h, struct err *e)
#define FILTER_NOTE(name) void filter_note_##name(const struct filter_setting *s, struct meta *m)

/* ---- values that several take ---- */

FILTER_PARSE(count);    /* a whole number from 1 */
FILTER_PARSE(fraction); /* 0..1 */

/* ---- filter_user.c: what looks at one user ---- */

FILTER_APPLY(min_sessions);
FILTER_APPLY(min_events);
FILTER_APPLY(last_sessions);
FILTER_PARSE(span);
FILTER_APPLY(first);
FILTER_PARSE(repeats);
FILTER_APPLY(repeats);
FILTER_PARSE(country);
FILTER_PARSE(country_zone);
FILTER_APPLY(country);

/* ---- filter_split.c ---- */

FILTER_PARSE(split);
FILTER_PARSE(validation);
FILTER_SURVEY(split);
FILTER_SURVEY(validation);
FILTER_APPLY(split);
FILTER_APPLY(validation);
FILTER_SURVEY(drop_unseen);
FILTER_APPLY(drop_unseen);

/* ---- filter_all.c: statistics of all users ---- */

FILTER_PARSE(user_length);
FILTER_PARSE(user_count);
FILTER_PARSE(user_group);
FILTER_SURVEY(user_means);
FILTER_APPLY(user_means);
FILTER_SURVEY(support);
FILTER_APPLY(support);
FILTER_SURVEY(recent);
FILTER_APPLY(recent);
FILTER_PARSE(dwell);
FILTER_SURVEY(dwell);
FILTER_APPLY(dwell);

/* ---- filter_time.c: how time is read, in the header alone ---- */

FILTER_PARSE(buckets);
FILTER_NOTE(buckets);
FILTER_PARSE(shift);
FILTER_PARSE(timezone);
FILTER_NOTE(shift);

#endif
