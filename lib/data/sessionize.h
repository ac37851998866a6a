/* A raw log in, the records of a `sessions` stream out: users and items get their ids, in order of
 * first use, as their sessions are written.  What stays in memory is one user's events and the
 * names of users and items. */
#ifndef DATA_SESSIONIZE_H
#define DATA_SESSIONIZE_H

#include "data/profiles.h"
#include "data/raw.h"
#include "data/sessions.h"
#include "stream/record.h"

struct sessionizer {
    const struct session_rules *rules;
    const struct profiles *profiles; /* of the users */
    struct frame_out *out;
    struct names users; /* of the log */
    struct names items; /* of the log, whether a session uses them or not */
    i32_vec item_ids;   /* theirs in the stream, -1 = not used so far */
    struct buf titles;  /* of the items, end to end */
    VEC(size_t) title_ends;
    struct bytes user; /* whose rows are being read; len = 0 before the first */
    event_vec events;
    struct session_set sessions;
    struct buf packed; /* attributes of one item */
    int32_t users_written, items_written;
};

/* What the arguments point to stays the caller's and has to outlive the sessionizer. */
void sessionizer_open(struct sessionizer *s, const struct session_rules *rules,
                      const struct profiles *profiles, struct frame_out *out);

/* Reads the log to its end, in which each user's rows stand together, and writes its sessions.
 * 65: also a user who comes back after another. */
int sessionizer_run(struct sessionizer *s, struct raw_log *log, struct err *e);

void sessionizer_release(struct sessionizer *s);

#endif
