/* Writes sessions with ids counted anew in order of first use, so that an output defines no user
 * and no item that none of its sessions has. */
#ifndef DATA_REINDEX_H
#define DATA_REINDEX_H

#include "data/user_sessions.h"
#include "stream/record.h"

/* The new ids and the attributes of users or of items, by the ids of the input. */
struct labels {
    const struct names *names; /* the input's, not owned */
    i32_vec id;                /* -1: not used yet */
    int32_t used;
    struct buf packed; /* attributes end to end */
    VEC(size_t) end;   /* where those of each one end in packed */
};

/* Notes a name record of the input; the ids of an input come in order. */
void labels_note(struct labels *l, const struct named *n);
/* Valid until the next labels_note. */
struct attributes labels_attributes(const struct labels *l, int32_t id);
void labels_release(struct labels *l);

struct relabel {
    struct labels users, items;
    const int64_t *train; /* by item id of the input: how often it stands in the training part, what
                             item records then say; NULL: sessions are not split */
    i32_vec scratch;
    struct buf packed;
};

/* Writes the user's sessions, what they use for the first time before them. */
int relabel_write(struct relabel *r, struct frame_out *out, const struct history *h, struct err *e);
int relabel_session(struct relabel *r, struct frame_out *out, const struct session *s,
                    struct err *e); /* one */
void relabel_release(struct relabel *r);

#endif
