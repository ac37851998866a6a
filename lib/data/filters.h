/* The functions of the filters by subject, for the rows of filter.c; struct filter says what each
 * kind does. */
#ifndef DATA_FILTERS_H
#define DATA_FILTERS_H

#include "data/filter.h"

/* ---- filter_values.c: values that several filters take ---- */

/* A whole number from 1. */
int filter_parse_count(struct filter_setting *s, const char *text, struct err *e);
/* From 0 to 1. */
int filter_parse_fraction(struct filter_setting *s, const char *text, struct err *e);

/* ---- filter_user.c: filters of one user ---- */

int filter_apply_min_sessions(const struct filter_setting *s, struct user_sessions *h,
                              struct err *e);
int filter_apply_min_events(const struct filter_setting *s, struct user_sessions *h, struct err *e);
int filter_apply_last_sessions(const struct filter_setting *s, struct user_sessions *h,
                               struct err *e);
int filter_parse_span(struct filter_setting *s, const char *text, struct err *e);
int filter_apply_first(const struct filter_setting *s, struct user_sessions *h, struct err *e);
int filter_parse_time(struct filter_setting *s, const char *text, struct err *e);
int filter_apply_since(const struct filter_setting *s, struct user_sessions *h, struct err *e);
int filter_apply_until(const struct filter_setting *s, struct user_sessions *h, struct err *e);
int filter_parse_repeats(struct filter_setting *s, const char *text, struct err *e);
int filter_apply_repeats(const struct filter_setting *s, struct user_sessions *h, struct err *e);
int filter_parse_country(struct filter_setting *s, const char *text, struct err *e);
int filter_parse_country_zone(struct filter_setting *s, const char *text, struct err *e);
int filter_apply_country(const struct filter_setting *s, struct user_sessions *h, struct err *e);

/* ---- filter_split.c ---- */

int filter_parse_split(struct filter_setting *s, const char *text, struct err *e);
int filter_parse_validation(struct filter_setting *s, const char *text, struct err *e);
int filter_survey_split(struct filter_setting *s, const struct all_user_sessions *all,
                        struct err *e);
int filter_survey_validation(struct filter_setting *s, const struct all_user_sessions *all,
                             struct err *e);
int filter_apply_split(const struct filter_setting *s, struct user_sessions *h, struct err *e);
int filter_apply_validation(const struct filter_setting *s, struct user_sessions *h, struct err *e);
int filter_check_split(const struct filter_setting *s, const int64_t sessions[4], struct err *e);
int filter_check_validation(const struct filter_setting *s, const int64_t sessions[4],
                            struct err *e);
int filter_survey_drop_unseen(struct filter_setting *s, const struct all_user_sessions *all,
                              struct err *e);
int filter_apply_drop_unseen(const struct filter_setting *s, struct user_sessions *h,
                             struct err *e);
int filter_apply_drop_unseen_users(const struct filter_setting *s, struct user_sessions *h,
                                   struct err *e);

/* ---- filter_all.c: statistics of all users ---- */

int filter_parse_user_length(struct filter_setting *s, const char *text, struct err *e);
int filter_parse_user_count(struct filter_setting *s, const char *text, struct err *e);
int filter_parse_user_group(struct filter_setting *s, const char *text, struct err *e);
int filter_survey_user_means(struct filter_setting *s, const struct all_user_sessions *all,
                             struct err *e);
int filter_apply_user_means(const struct filter_setting *s, struct user_sessions *h, struct err *e);
int filter_survey_support(struct filter_setting *s, const struct all_user_sessions *all,
                          struct err *e);
int filter_apply_support(const struct filter_setting *s, struct user_sessions *h, struct err *e);
int filter_survey_recent(struct filter_setting *s, const struct all_user_sessions *all,
                         struct err *e);
int filter_apply_recent(const struct filter_setting *s, struct user_sessions *h, struct err *e);
int filter_parse_dwell(struct filter_setting *s, const char *text, struct err *e);
int filter_survey_dwell(struct filter_setting *s, const struct all_user_sessions *all,
                        struct err *e);
int filter_apply_dwell(const struct filter_setting *s, struct user_sessions *h, struct err *e);
void filter_note_dwell(const struct filter_setting *s, struct meta *m);

/* ---- filter_time.c: how times are read, which only the header says ---- */

int filter_parse_buckets(struct filter_setting *s, const char *text, struct err *e);
void filter_note_buckets(const struct filter_setting *s, struct meta *m);
int filter_parse_shift(struct filter_setting *s, const char *text, struct err *e);
int filter_parse_timezone(struct filter_setting *s, const char *text, struct err *e);
void filter_note_shift(const struct filter_setting *s, struct meta *m);

#endif
