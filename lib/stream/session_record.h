/* Session records, as both streams that hold them have them. */
#ifndef STREAM_SESSION_RECORD_H
#define STREAM_SESSION_RECORD_H

#include "stream/reader.h"

typedef VEC(struct extra) extra_vec;

/* Reads [user, part, times, items, extras?] with the ids of the record, which have to be below
 * `users` and `items`.  The arrays live until the next record; `extras` keeps those of the record.
 * 65: names what is wrong. */
int session_record_read(struct reader *r, struct tagged *t, size_t users, size_t items,
                        extra_vec *extras, struct session *s, struct err *e);

/* 65: the session begins before *last, the beginning of the session before it of the same user;
 * else sets *last. */
int session_record_order(const struct session *s, int64_t *last, struct err *e);

/* 65: some users or items (`used` of `defined`) are defined that no session uses. */
int session_record_all_used(size_t users, size_t users_used, size_t items, size_t items_used,
                            struct err *e);

#endif
