/* A raw log in, the records of a `sessions` stream out: users and items get their ids, in order of
 * first use, as their sessions are written.  What stays in memory is one user's events, the names
 * of items, and with grouped rows those of users. */
#ifndef DATA_SESSIONIZER_H
#define DATA_SESSIONIZER_H

#include "data/extra_columns.h"
#include "data/profiles.h"
#include "data/raw.h"
#include "data/regroup.h"
#include "data/session_cut.h"
#include "stream/record.h"

struct title {
    size_t from, len;
};

struct sessionizer {
    const struct session_rules *rules;
    const struct profiles *profiles; /* of the users */
    struct raw_log *log;
    struct frame_out *out;
    struct names users; /* of the log, where rows are grouped */
    struct names items; /* of the log, whether a session uses them or not */
    i32_vec item_ids;   /* theirs in the stream, -1 = not used so far */
    bool least_title;   /* of an item's titles the least is taken, not the first */
    struct buf titles;
    VEC(struct title) item_titles;
    VEC(struct extra_columns) carried;
    i32_vec codes;            /* theirs, a row of them for each event */
    i32_vec columns;          /* the same of the session that is written, column by column */
    VEC(struct extra) extras; /* of that session */
    struct bytes user;        /* whose rows are being read; len = 0 before the first */
    event_vec events;
    struct session_set sessions;
    struct buf packed; /* attributes of one item */
    int32_t users_read, users_written, items_written;
};

/* What the arguments point to stays the caller's and has to outlive the sessionizer. */
void sessionizer_open(struct sessionizer *s, const struct session_rules *rules,
                      const struct profiles *profiles, struct raw_log *log);

/* Reads the log to its end, in which each user's rows stand together, and writes its sessions.
 * 65: also a user who comes back after another. */
int sessionizer_run(struct sessionizer *s, struct frame_out *out, struct err *e);

/* The same in two steps, for a log in any order: what is read waits in *rows, which is opened here;
 * users are then written in byte order of their names. */
int sessionizer_read(struct sessionizer *s, struct regroup *rows, size_t memory, struct err *e);
int sessionizer_write(struct sessionizer *s, struct regroup *rows, struct frame_out *out,
                      struct err *e);

void sessionizer_release(struct sessionizer *s);

#endif
