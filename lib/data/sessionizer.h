/* Makes the records of a `sessions` stream from a raw log. Users and items get their ids in order
 * of first use. Memory holds one user's events, the names of items, and with grouped rows those of
 * users. */
#ifndef DATA_SESSIONIZER_H
#define DATA_SESSIONIZER_H

#include "data/extra_columns.h"
#include "data/item_table.h"
#include "data/profiles.h"
#include "data/raw.h"
#include "data/regroup.h"
#include "data/session_cut.h"
#include "stream/record.h"

struct sessionizer {
    const struct session_rules *rules;
    const struct profiles *profiles; /* of the users */
    struct raw_log *log;
    struct frame_out *out;
    struct names users;      /* of the log, where rows are grouped */
    struct item_table items; /* of the log */
    i32_vec item_ids;        /* theirs in the stream, -1 = not used so far */
    i32_vec numbers;         /* of the items of one batch of rows */
    struct regroup *rows;    /* where they are in any order */
    VEC(struct extra_columns) carried;
    i32_vec codes;            /* their codes, a row for each event */
    i32_vec columns;          /* those of the current session, column by column */
    VEC(struct extra) extras; /* of that session */
    struct bytes user;        /* whose rows are being read; len = 0 before the first */
    event_vec events;
    struct session_set sessions;
    struct buf packed; /* attributes of one item */
    int32_t users_read, users_written, items_written;
};

/* The caller keeps what the arguments point to until sessionizer_release. */
void sessionizer_open(struct sessionizer *s, const struct session_rules *rules,
                      const struct profiles *profiles, struct raw_log *log);

/* Reads a log in which each user's rows are together, to its end, and writes its sessions. 65: also
 * where rows of a user follow those of another one. */
int sessionizer_run(struct sessionizer *s, struct frame_out *out, struct err *e);

/* The same in two steps for a log in any order: sessionizer_read opens *rows and fills it;
 * sessionizer_write writes the users in byte order of their names. */
int sessionizer_read(struct sessionizer *s, struct regroup *rows, size_t memory, struct err *e);
int sessionizer_write(struct sessionizer *s, struct regroup *rows, struct frame_out *out,
                      struct err *e);

void sessionizer_release(struct sessionizer *s);

#endif
